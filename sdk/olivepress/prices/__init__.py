"""Prices of AI compute: sources in, `Quote`s out.

Quote, Unit, Kind, Market            one observed price
Source, Reading, Rejected, Failure   what a source is and what it gives
collect                              read many sources; a bad one is named and stops nobody
GenaiPrices, LitellmTable            LLM list prices of the installed packages of those names
CsvFile, JsonFile, HttpJson, Layout  quotes of any kind from files and endpoints (docs/spec/index.md)
CcxtTickers                          coins on any exchange that ccxt knows
simulate_gpu                         seeded GPU-hour paths, marked `simulated`
olivepress.prices.config             sources from `[[source]]` tables of a TOML file
PriceError > QuoteError, SourceError
"""

from olivepress.prices.ccxt_tickers import CcxtTickers
from olivepress.prices.csv_file import CsvFile
from olivepress.prices.errors import PriceError, QuoteError, SourceError
from olivepress.prices.genai_prices import GenaiPrices
from olivepress.prices.http_json import HttpJson
from olivepress.prices.json_data import Layout
from olivepress.prices.json_file import JsonFile
from olivepress.prices.litellm_table import LitellmTable
from olivepress.prices.quote import Kind, Market, Quote, Unit
from olivepress.prices.simulate import simulate_gpu
from olivepress.prices.source import Failure, Reading, Rejected, Source, collect

__all__ = [
    "CcxtTickers",
    "CsvFile",
    "Failure",
    "GenaiPrices",
    "HttpJson",
    "JsonFile",
    "Kind",
    "Layout",
    "LitellmTable",
    "Market",
    "PriceError",
    "Quote",
    "QuoteError",
    "Reading",
    "Rejected",
    "Source",
    "SourceError",
    "Unit",
    "collect",
    "simulate_gpu",
]
