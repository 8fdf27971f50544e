"""Errors of the price layer.

OlivepressError
  PriceError
    QuoteError        one field of one quote is not acceptable (also a ValueError)
    SourceError       a whole source could not be read
"""

from __future__ import annotations

from olivepress.errors import OlivepressError


class PriceError(OlivepressError):
    """Base class of the price layer's errors."""


class QuoteError(PriceError, ValueError):
    """A field of a quote is missing or not acceptable.

    `field` is the field's name, `value` what it held, `allowed` what it may hold.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(f"quote field {field} = {value!r}: allowed is {allowed}")


class SourceError(PriceError):
    """A source could not be read at all. `source` names it, `reason` says why."""

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"price source {source}: {reason}")
