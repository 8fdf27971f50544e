"""Errors of the price layer.

OlivepressError
  PriceError
    QuoteError        one field of one quote is not acceptable (also a ValidationError)
    SourceError       a whole source could not be read
"""

from __future__ import annotations

from olivepress.errors import OlivepressError, ValidationError


class PriceError(OlivepressError):
    """Base class of the price layer's errors."""


class QuoteError(PriceError, ValidationError):
    """A field of a quote is missing or not acceptable: `field`, `value`, and in words what is `allowed`."""


class SourceError(PriceError):
    """A source could not be read at all. `source` names it, `reason` says why."""

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"price source {source}: {reason}")
