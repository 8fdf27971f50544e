"""The audit record of one index value: everything that went in, what was done with it, and what came out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from olivepress.index.errors import AuditError
from olivepress.prices.quote import Quote


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AuditedQuote(_Part):
    """One quote, whether it was used, and why or why not."""

    quote: Quote
    used: bool
    reason: str


class Excluded(_Part):
    """Something a source gave that was no quote, or a source that gave nothing."""

    source: str
    entry: str
    reason: str


class Component(_Part):
    """One price inside a member's value: `parts` of it count. USD per the quote's unit."""

    unit: str
    price: Decimal
    parts: Decimal


class Member(_Part):
    """A vendor or provider in the median. `value` is in the index's unit, `weight` a fraction as text."""

    name: str
    item: str
    source: str
    observed_at: datetime
    components: tuple[Component, ...]
    value: Decimal
    weight: str
    carried: bool = False


class MethodologyRef(_Part):
    """Which methodology, and its SHA-256 in hex."""

    id: str
    version: int
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class AuditRecord(_Part):
    """One index value at `as_of`, or the reason why there is none.

    `value` is in `unit` (USD), `value_e8` the same x 1e8, half up, as operators sign it; both are None when
    the status is `withheld`. `members` are what the median is taken of, `absent` the vendors or providers
    that should have had a price and had none. `quotes` are all quotes of items that the methodology names,
    now or ever; `unrelated` counts the others.
    """

    format: Literal["olivepress-audit-1"] = "olivepress-audit-1"
    index: str
    methodology: MethodologyRef
    unit: str
    as_of: datetime
    status: Literal["published", "withheld"]
    reason: str
    estimator: str
    value: Decimal | None
    value_e8: int | None
    members: tuple[Member, ...]
    absent: tuple[Excluded, ...]
    quotes: tuple[AuditedQuote, ...]
    unrelated: int = 0
    rejected: tuple[Excluded, ...] = ()
    failures: tuple[Excluded, ...] = ()

    def to_json(self) -> str:
        """The record as JSON text; decimals are text, times are UTC."""
        return self.model_dump_json(indent=1)

    def save(self, path: Path) -> None:
        """Write the record as JSON."""
        path.write_text(self.to_json() + "\n", encoding="utf-8")


def load_record(path: Path) -> AuditRecord:
    """Read a saved record. Raises AuditError, which names the file and the field."""
    try:
        return AuditRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"audit record {path.name}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise AuditError(f"audit record {path.name}: {place}: {first['msg']}") from error
