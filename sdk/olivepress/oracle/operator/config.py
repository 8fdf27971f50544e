"""The configuration file of an operator. Every error names the field, its value and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from olivepress.errors import ConfigurationError
from olivepress.index import AnyMethodology, IndexLayerError, load, load_file
from olivepress.oracle.operator.panel import PacedSource, Panel
from olivepress.oracle.operator.schedule import Schedule
from olivepress.oracle.operator.step import FeedRule
from olivepress.oracle.settings import KeySource, Listen, Settings, read_settings
from olivepress.prices.config import SourceConfigError, sources_from

Symbol = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,32}$")]
Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")]


class FeedTable(Settings):
    """A `[[feed]]`.

    :param methodology: names of shipped documents, or paths that end in `.toml`; the shipped one of the
        feed's name by default
    """

    symbol: Symbol
    methodology: tuple[str, ...] = ()
    deviation_bps: int = Field(default=100, ge=1, le=10_000)

    def rule(self, folder: Path) -> FeedRule:
        """With its documents read. ConfigurationError names the feed and the document."""
        documents: list[AnyMethodology] = []
        for name in self.methodology or (self.symbol,):
            try:
                documents.append(load_file(folder / name) if name.endswith(".toml") else load(name))
            except IndexLayerError as error:
                raise ConfigurationError(f"feed {self.symbol}: methodology {name!r}: {error}") from None
        for document in documents:
            if document.id != self.symbol:
                raise ConfigurationError(
                    f"feed {self.symbol}: methodology is for {document.id!r}; allowed: one for {self.symbol}"
                )
        return FeedRule(self.symbol, tuple(documents), self.deviation_bps)


class Pace(Settings):
    """What a `[[source]]` table may say beside the settings of its kind (docs/spec/index.md).

    :param deadline_seconds: the source counts as failed when it has not answered by then
    :param every_seconds: it is read no more often than this; every time by default
    """

    deadline_seconds: int | None = Field(default=None, ge=1, le=1_800)
    every_seconds: int = Field(default=0, ge=0, le=86_400)


class OperatorConfig(Settings):
    """The whole file; `olivepress oracle init` writes one with a comment on every field.

    :param rpc: address of the node, or `env:NAME` of a variable that holds it; so for each of `relays`
    :param state: folder of what must survive a restart, relative to the file
    :param audit_days: audit records older than this are removed; 0 keeps them for ever
    :param clock_skew_seconds: this clock may be behind the chain's by so much
    :param balances: addresses whose gas money is among the metrics, e.g. of a relay that you pay for
    """

    manifest: Path
    rpc: str = Field(min_length=1)
    key: KeySource
    relays: tuple[str, ...] = Field(min_length=1)
    feed: tuple[FeedTable, ...] = Field(min_length=1)
    source: tuple[dict[str, Any], ...] = Field(min_length=1)
    schedule: Schedule = Schedule()
    state: Path = Path("operator-state")
    audit_days: int = Field(default=400, ge=0, le=36_500)
    listen: Listen = "127.0.0.1:9464"
    clock_skew_seconds: int = Field(default=30, ge=1, le=600)
    balances: tuple[Address, ...] = ()

    @field_validator("relays")
    @classmethod
    def _each_relay_once(cls, relays: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(relays)) != len(relays):
            raise ValueError("each relay once")
        return relays

    @model_validator(mode="after")
    def _each_feed_once(self) -> Self:
        symbols = [feed.symbol for feed in self.feed]
        if len(set(symbols)) != len(symbols):
            raise ValueError(f"feed: {', '.join(symbols)}: allowed is each symbol once")
        return self

    def rules(self, folder: Path) -> list[FeedRule]:
        """The feeds with their methodologies; paths are relative to `folder`."""
        return [feed.rule(folder) for feed in self.feed]

    def panel(self, folder: Path) -> Panel:
        """The sources. ConfigurationError names the table and the field."""
        grid = self.schedule.grid_seconds
        paces = [_pace(number, table, grid) for number, table in enumerate(self.source, 1)]
        tables: list[Mapping[str, Any]] = [
            {name: given for name, given in table.items() if name not in Pace.model_fields}
            for table in self.source
        ]
        try:
            sources = sources_from(tables, folder)
        except SourceConfigError as error:
            raise ConfigurationError(str(error)) from None
        usual = min(20, grid // 2)
        return Panel(
            [
                PacedSource(source, pace.deadline_seconds or usual, pace.every_seconds)
                for source, pace in zip(sources, paces, strict=True)
            ]
        )


def _pace(number: int, table: dict[str, Any], grid: int) -> Pace:
    given = {name: table[name] for name in Pace.model_fields if name in table}
    try:
        pace = Pace.model_validate(given)
    except ValueError as error:
        raise ConfigurationError(f"source {number}: {_first(error)}") from None
    if pace.deadline_seconds is not None and pace.deadline_seconds >= grid:
        raise ConfigurationError(
            f"source {number}: deadline_seconds is {pace.deadline_seconds}; "
            f"allowed: less than schedule.grid_seconds, {grid}"
        )
    return pace


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))} is {first['input']!r}: {first['msg']}"


def load_config(path: Path) -> OperatorConfig:
    """Reads the file. Raises ConfigurationError."""
    return read_settings(path, OperatorConfig)


def resolved(field: str, text: str) -> str:
    """The text itself, or the value of the variable that `env:NAME` names. ConfigurationError."""
    if not text.startswith("env:"):
        return text
    variable = text.removeprefix("env:")
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(f"{field}: environment variable {variable} is not set")
    return value


__all__: Sequence[str] = ("FeedTable", "OperatorConfig", "Pace", "load_config", "resolved")
