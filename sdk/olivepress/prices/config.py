"""Sources from configuration: the `[[source]]` tables of a TOML file, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from olivepress.prices.ccxt_tickers import CcxtTickers
from olivepress.prices.csv_file import CsvFile
from olivepress.prices.errors import PriceError, QuoteError
from olivepress.prices.genai_prices import GenaiPrices
from olivepress.prices.http_json import HttpJson
from olivepress.prices.json_data import Layout
from olivepress.prices.json_file import JsonFile
from olivepress.prices.litellm_table import LitellmTable
from olivepress.prices.source import Source


class SourceConfigError(PriceError, ValueError):
    """A `[[source]]` table is not acceptable. `place` says which and where, `reason` what is wrong."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Package(_Table):
    type: Literal["genai-prices", "litellm"]
    venues: tuple[str, ...] | None = None

    def build(self, _folder: Path) -> Source:
        return (GenaiPrices if self.type == "genai-prices" else LitellmTable)(self.venues)


class _Csv(_Table):
    type: Literal["csv"]
    path: Path
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)

    def build(self, folder: Path) -> Source:
        return CsvFile(folder / self.path, self.columns, self.constants)


class _Json(_Table):
    type: Literal["json"]
    path: Path
    records: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)

    def build(self, folder: Path) -> Source:
        return JsonFile(folder / self.path, Layout(self.records, self.fields, self.constants))


class _Http(_Table):
    type: Literal["http"]
    name: str = Field(min_length=1)
    url: str
    records: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: int = Field(default=8, ge=1, le=120)
    max_bytes: int = Field(default=10_000_000, ge=1)
    retries: int = Field(default=2, ge=0, le=10)

    def build(self, _folder: Path) -> Source:
        return HttpJson(
            self.name,
            self.url,
            Layout(self.records, self.fields, self.constants),
            self.headers,
            timeout_seconds=self.timeout_seconds,
            max_bytes=self.max_bytes,
            retries=self.retries,
        )


class _Ccxt(_Table):
    type: Literal["ccxt"]
    exchange: str = Field(min_length=1)
    symbols: tuple[str, ...]
    at_par: tuple[str, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict)

    def build(self, _folder: Path) -> Source:
        return CcxtTickers(self.exchange, self.symbols, self.at_par, self.settings)


class _Sources(BaseModel):
    source: list[Annotated[_Package | _Csv | _Json | _Http | _Ccxt, Field(discriminator="type")]]


def sources_from(tables: list[Mapping[str, Any]], folder: Path) -> list[Source]:
    """The sources that `tables` describe; paths of files are relative to `folder`.

    Raises SourceConfigError, which names the table by its number, from 1, and the field.
    """
    try:
        parsed = _Sources.model_validate({"source": tables}).source
    except ValidationError as error:
        first = error.errors()[0]
        number, *rest = first["loc"][1:]
        place = ".".join(str(part) for part in (f"source {int(number) + 1}", *rest))
        raise SourceConfigError(place, first["msg"]) from error
    sources = []
    for number, table in enumerate(parsed, 1):
        try:
            sources.append(table.build(folder))
        except QuoteError as error:
            raise SourceConfigError(f"source {number}", str(error)) from error
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise SourceConfigError(f"source {names.index(name) + 1}", f"the name {name} is used twice")
    return sources
