"""Methodologies: the documents that say how quotes become an index value.

A methodology is a TOML file, checked on loading, never changed once published: a change is a new version.
Its hash stands in the oracle's feed and in every audit record.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from olivepress.index.errors import MethodologyError
from olivepress.prices.quote import Kind, Market, Quote, Unit

_NAME = r"^[A-Z0-9]+(-[A-Z0-9]+)*$"

#: A roll is announced at least this long before it takes effect.
NOTICE = timedelta(days=7)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Flagship(_Document):
    """The model that stands for a vendor from the start of `effective` (UTC) until its next one.

    `items` are the names under which catalogues list it, the preferred one first; none where the venues do
    not sell it, so that the vendor has no part in the index for that time. `announced` is the day on
    which the designation was fixed; those with which the index begins need none.
    """

    effective: date
    announced: date | None = None
    model: str = Field(min_length=1)
    items: tuple[str, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.effective.day != 1:
            raise ValueError(f"effective = {self.effective}: rolls happen on the first of a month")
        if self.announced is not None and self.effective - self.announced < NOTICE:
            raise ValueError(
                f"announced = {self.announced}: allowed is 7 days or more before {self.effective}"
            )
        return self


class Vendor(_Document):
    """A vendor: the venue names that sources use for it, and its flagships in order of time."""

    name: str = Field(min_length=1)
    venues: tuple[str, ...] = Field(min_length=1)
    flagship: tuple[Flagship, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [flagship.effective for flagship in self.flagship]
        if days != sorted(set(days)):
            raise ValueError(f"vendor {self.name}: the flagships' dates must rise from one to the next")
        for flagship in self.flagship[1:]:
            if flagship.announced is None:
                raise ValueError(f"vendor {self.name}: {flagship.model} needs the day it was announced")
        return self

    def flagship_on(self, day: date) -> Flagship | None:
        """The designation in force on `day` (UTC); None before the vendor's first."""
        current = [flagship for flagship in self.flagship if flagship.effective <= day]
        return current[-1] if current else None


class Blend(_Document):
    """Parts of each kind of token in the blended price."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    cached_input: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        total = self.input + self.output + self.cached_input
        rest = total
        for factor in (2, 5):
            while rest and rest % factor == 0:
                rest //= factor
        if rest != 1:
            raise ValueError(
                f"parts sum to {total}: allowed are sums made of 2s and 5s, which divide exactly"
            )
        return self

    def parts(self) -> dict[Unit, int]:
        """Unit -> parts, without those of no part."""
        parts = {
            Unit.INPUT_MTOK: self.input,
            Unit.OUTPUT_MTOK: self.output,
            Unit.CACHED_INPUT_MTOK: self.cached_input,
        }
        return {unit: part for unit, part in parts.items() if part}


class _Common(_Document):
    id: str = Field(pattern=_NAME)
    version: int = Field(ge=1, lt=2**16)
    title: str = Field(min_length=1)
    unit: str = Field(min_length=1)

    @cached_property
    def canonical(self) -> bytes:
        """The document as JSON: keys sorted, no spaces, decimals as text, ASCII only."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode("ascii")

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of `canonical`: 32 bytes."""
        return hashlib.sha256(self.canonical).digest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A changed document, checked like any other; pydantic's own would keep the hash of the old one."""
        return type(self).model_validate(self.model_dump() | dict(update or {}))


class LlmBlend(_Common):
    """Median over vendors of the blended list price of their designated flagships.

    sources            packages whose quotes count, the preferred one first
    max_age_days       an older quote is stale
    minimum_vendors    fewest vendors with a price for a value to be published
    majority           also required: more than this part of the vendors designated on the day
    max_above          a blend more than this many times above the vendors' median is an outlier
    max_below          a blend more than this many times below it is one; cheap vendors are far below
    """

    kind: Literal["llm-blend"]
    sources: tuple[str, ...] = Field(min_length=1)
    max_age_days: int = Field(ge=1, le=366)
    minimum_vendors: int = Field(ge=1)
    majority: Decimal = Field(ge=0, lt=1)
    max_above: Decimal = Field(gt=1)
    max_below: Decimal = Field(gt=1)
    blend: Blend
    vendor: tuple[Vendor, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [vendor.name for vendor in self.vendor]
        if len(set(names)) != len(names):
            raise ValueError(f"vendors {names}: a vendor is listed twice")
        firsts = [vendor.flagship[0] for vendor in self.vendor]
        begins = min(first.effective for first in firsts)
        for vendor, first in zip(self.vendor, firsts, strict=True):
            if first.effective > begins and first.announced is None:
                raise ValueError(f"vendor {vendor.name}: {first.model} needs the day it was announced")
        return self

    def venues(self) -> frozenset[str]:
        """Every venue name that the methodology reads."""
        return frozenset(venue for vendor in self.vendor for venue in vendor.venues)

    def wants(self, quote: Quote) -> bool:
        """Whether the quote is of a model that is, was or will be a designated flagship."""
        return (quote.venue, quote.item) in self._items

    @cached_property
    def _items(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (venue, item)
            for vendor in self.vendor
            for flagship in vendor.flagship
            for venue in vendor.venues
            for item in flagship.items
        )


class ProviderMedian(_Common):
    """Median over providers of the lowest eligible price of one item.

    items              names under which sources list the item
    price_unit, market, kinds   what is eligible
    fresh_minutes      a provider's last quote is fresh for so long
    carry_hours        and is carried for so long when it is missing; then the provider leaves the median
    minimum_fresh      fewest fresh providers for a value to be published; carried ones do not count
    max_ratio          a price this many times above or below the providers' median is an outlier
    cap                largest weight of one group of providers
    groups             provider -> group, for providers under one owner; others are a group of their own
    """

    kind: Literal["provider-median"]
    items: tuple[str, ...] = Field(min_length=1)
    price_unit: Unit = Unit.GPU_HOUR
    market: Market = Market.ON_DEMAND
    kinds: tuple[Kind, ...] = (Kind.LIST, Kind.OFFER)
    fresh_minutes: int = Field(ge=1)
    carry_hours: int = Field(ge=0, le=24 * 7)
    minimum_fresh: int = Field(ge=1)
    max_ratio: Decimal = Field(gt=1)
    cap: Decimal = Field(gt=0, le=1)
    groups: dict[str, str] = Field(default_factory=dict)

    def wants(self, quote: Quote) -> bool:
        """Whether the quote is of this item."""
        return quote.item in self.items and quote.unit is self.price_unit


class Asset(_Document):
    """A coin of a basket, by its ticker, and how much of it the basket holds."""

    item: str = Field(min_length=1)
    quantity: Decimal = Field(gt=0)


class Basket(_Common):
    """Value of fixed quantities of coins, one index point being one USD.

    kinds              what is eligible
    fresh_minutes      an older price is stale
    max_deviation      a venue this far from the median over venues is an outlier, as a part of the median
    minimum_venues     fewest venues that agree on a price, for every asset
    """

    kind: Literal["basket"]
    kinds: tuple[Kind, ...] = (Kind.TRADE, Kind.OFFER)
    fresh_minutes: int = Field(ge=1)
    max_deviation: Decimal = Field(gt=0, lt=1)
    minimum_venues: int = Field(ge=1)
    asset: tuple[Asset, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        items = [asset.item for asset in self.asset]
        if len(set(items)) != len(items):
            raise ValueError(f"assets {items}: an asset is listed twice")
        return self

    def wants(self, quote: Quote) -> bool:
        """Whether the quote is of a coin in the basket."""
        return quote.unit is Unit.COIN and any(quote.item == asset.item for asset in self.asset)


AnyMethodology = LlmBlend | ProviderMedian | Basket


class _Holder(BaseModel):
    document: Annotated[AnyMethodology, Field(discriminator="kind")]


def parse(name: str, text: str) -> AnyMethodology:
    """Read a methodology from TOML. Raises MethodologyError, which says what is wrong in words.

    `designations = "LLM-FLAGSHIP"` takes over the vendors of a shipped methodology. With `venues` and a table
    `items` (model -> names) beside it, the same models are read at those venues, under those names.
    """
    try:
        raw = _with_designations(name, tomllib.loads(text, parse_float=Decimal))
        return _Holder.model_validate({"document": raw}).document
    except tomllib.TOMLDecodeError as error:
        raise MethodologyError(name, f"not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][2:])
        raise MethodologyError(name, f"{place}: {first['msg']}".removeprefix(": ")) from error


def _with_designations(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    if "designations" not in raw:
        return raw
    raw = dict(raw)
    base = load(str(raw.pop("designations")))
    if not isinstance(base, LlmBlend) or "vendor" in raw:
        raise MethodologyError(name, "designations: allowed is an LLM methodology, and no vendors beside it")
    venues, items = raw.pop("venues", None), raw.pop("items", None)
    if (venues is None) != (items is None):
        raise MethodologyError(name, "venues and items: allowed is both or neither")
    vendors = base.model_dump()["vendor"]
    if venues is not None and items is not None:
        unknown = sorted(items.keys() - {roll["model"] for vendor in vendors for roll in vendor["flagship"]})
        if unknown:
            raise MethodologyError(name, f"items: {', '.join(unknown)} is no flagship of {base.id}")
        for vendor in vendors:
            vendor["venues"] = venues
            for roll in vendor["flagship"]:
                roll["items"] = items.get(roll["model"], [])
    return raw | {"vendor": vendors}


def load_file(path: Path) -> AnyMethodology:
    """Read a methodology from a TOML file of your own. Raises MethodologyError."""
    try:
        return parse(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MethodologyError(path.name, str(error)) from error


@cache
def load(index: str) -> AnyMethodology:
    """The shipped methodology of `index`, such as `LLM-FLAGSHIP`. Raises MethodologyError."""
    if index not in names():
        raise MethodologyError(index, f"not shipped; there are {', '.join(names())}")
    methodology = parse(index, _folder().joinpath(f"{index}.toml").read_text(encoding="utf-8"))
    if methodology.id != index:
        raise MethodologyError(index, f"the file holds {methodology.id}")
    return methodology


@cache
def names() -> tuple[str, ...]:
    """Names of the shipped methodologies."""
    files = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def _folder() -> Traversable:
    return resources.files("olivepress.index") / "methodologies"
