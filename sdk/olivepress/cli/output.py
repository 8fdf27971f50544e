"""What a command prints: a table for people, or one JSON document."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from rich.console import Console
from rich.table import Table

from olivepress.types import OrderId
from olivepress.units import plain


def plain_data(value: Any) -> Any:
    """Dataclasses, decimals, dates and enums as JSON values. Decimals and order ids become text: JavaScript
    would round them."""
    if isinstance(value, OrderId):
        return str(int(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain_data(getattr(value, field.name)) for field in fields}
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_data(item) for item in value]
    return value


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(plain_data(value), indent=2))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; every column but the first is aligned to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    Console().print(table)


def print_pairs(title: str, pairs: Mapping[str, object]) -> None:
    """A short list of named values."""
    table = Table(show_header=False, box=None)
    table.add_column(style="dim")
    table.add_column(overflow="fold")  # a hash that is cut is of no use
    for name, value in pairs.items():
        table.add_row(name, shown(value))
    console = Console()
    console.print(
        title, style="bold", soft_wrap=True, highlight=False
    )  # a table's own title breaks at its width
    console.print(table)


def shown(value: object) -> str:
    """A value for people: thousands separators, no needless zeros, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, OrderId):
        return str(int(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return str(value)
