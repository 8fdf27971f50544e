"""Prices of AI compute: sources in, `Quote`s out.

Quote, Unit, Kind, Market            one observed price
Source, Reading, Rejected, Failure   what a source is and what it gives
collect                              read many sources; a bad one is named and stops nobody
GenaiPrices                          LLM list prices of the installed genai-prices package
CsvFile                              quotes of any kind from a CSV file (format in docs/spec/index.md)
simulate_gpu                         seeded GPU-hour paths, marked `simulated`
PriceError > QuoteError, SourceError
"""

from olivepress.prices.csv_file import CsvFile
from olivepress.prices.errors import PriceError, QuoteError, SourceError
from olivepress.prices.genai_prices import GenaiPrices
from olivepress.prices.quote import Kind, Market, Quote, Unit
from olivepress.prices.simulate import simulate_gpu
from olivepress.prices.source import Failure, Reading, Rejected, Source, collect

__all__ = [
    "CsvFile",
    "Failure",
    "GenaiPrices",
    "Kind",
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
