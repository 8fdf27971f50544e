"""Gas limits of the calls that trade, so that no request is spent on an estimate.

What is not used is not charged, but a node sets the whole limit aside in its block: the limits are therefore
close to the worst case of the call and no higher. Measured on Anvil; tests/sdk/exchange keeps them honest.
"""

from __future__ import annotations

DEFAULT_STEPS = 64
"""Resting orders the contract looks at when the caller does not say."""

_CALL = 250_000
"""Everything but orders: margin over ten series, a fresh position, a fresh level, the event."""
_ORDER = 110_000
"""A resting order in slots that were never used."""
_STEP = 42_000
"""One resting order met: a maker's fresh position and its record."""
_CANCEL = 30_000

APPROVE = 80_000
DEPOSIT = 300_000
MASS_CANCEL = 120_000


def place(post_only: bool, max_steps: int) -> int:
    """Limit of one placing."""
    return batch(1, 0, post_only, max_steps)


def cancel() -> int:
    """Limit of one cancelling."""
    return _CALL + _CANCEL


def batch(places: int, cancels: int, post_only: bool, max_steps: int) -> int:
    """Limit of a batch; `post_only` when every order in it is.

    A post-only order meets dead orders only, and rarely: a few steps are set aside for them.
    """
    steps = max_steps or DEFAULT_STEPS
    if post_only:
        steps = min(steps, 4)
    return _CALL + places * _ORDER + cancels * _CANCEL + (steps * _STEP if places else 0)
