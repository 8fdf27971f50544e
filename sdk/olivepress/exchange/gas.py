"""Gas limits of the calls that trade, so that no request is spent on an estimate.

What is not used is not charged, but a node sets the whole limit aside in its block: the limits are therefore
close to the worst case of the call. Measured on Anvil: a resting order 110,000 to 215,000, 31,000 in a large
batch; a step 8,000 to 11,000; a cancel 9,000 in a batch; tests/sdk/exchange/test_gas.py compares.
"""

from __future__ import annotations

DEFAULT_STEPS = 64
"""Resting orders the contract looks at when the caller does not say."""

_CALL = 500_000
"""Everything but orders: margin over ten series in their averaging windows, a first position and price
level."""
_ORDER = 60_000
"""A resting order in slots that were never used."""
_STEP = 25_000
"""One resting order met, of a maker of its own, at a level of its own."""
_CANCEL = 30_000

APPROVE = 80_000
DEPOSIT = 300_000
MASS_CANCEL = 120_000

# An estimate runs at the time of the last block: where time decides, as on a local chain whose clock jumps,
# it would refuse what the next block accepts.
REFRESH_MARK = 250_000
SETTLE = 500_000
CHALLENGE = 400_000
RULE = 400_000
# Liquidations race: each looks at margin over ten series once, an auction moves as many, closing looks again
# and again.
ASSESS = 700_000
AUCTION = 2_000_000
_LIQUIDATE = 1_200_000
_REALISE = 500_000
_PAYER = 100_000


def realise(payers: int) -> int:
    """Limit of `realise` with so many named payers."""
    return _REALISE + payers * _PAYER


def liquidate(max_steps: int) -> int:
    """Limit of closing lots of another account through the book."""
    return _LIQUIDATE + (max_steps or DEFAULT_STEPS) * _STEP


def place(post_only: bool, max_steps: int) -> int:
    """Limit of one placing."""
    return batch(1, 0, post_only, max_steps)


def spread(max_steps: int) -> int:
    """Limit of a calendar spread."""
    return 2 * place(False, max_steps) + ASSESS


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
