"""Errors of the index layer.

OlivepressError
  IndexLayerError
    MethodologyError  a methodology document is not acceptable, or unknown (also a ValueError)
    AuditError        an audit record cannot be read, or is of another methodology
    HistoryError      the recorded table cannot answer for that day
"""

from __future__ import annotations

from olivepress.errors import OlivepressError


class IndexLayerError(OlivepressError):
    """Base class of the index layer's errors."""


class MethodologyError(IndexLayerError, ValueError):
    """A methodology document is not acceptable, or unknown. `name` says which, `reason` what is wrong."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"methodology {name}: {reason}")


class AuditError(IndexLayerError):
    """An audit record cannot be read or recomputed."""


class HistoryError(IndexLayerError):
    """The recorded price table cannot answer."""
