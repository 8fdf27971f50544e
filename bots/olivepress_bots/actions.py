"""What a strategy may ask for. Plain frozen values: the runner turns them into one batch, a simulation into
model calls."""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.types import Side, TimeInForce


@dataclass(frozen=True, slots=True)
class Place:
    """Place an order.

    Args:
        side: BUY or SELL.
        tick: limit price, ticks.
        lots: size, lots.
        tif: GTC, GTT (needs `expiry`), IOC or FOK.
        post_only: skip the order when it would take.
        expiry: unix second at which the resting order dies, 0 for never.
        client_id: number that comes back in every record of the order (64 bits).
    """

    side: Side
    tick: int
    lots: int
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    expiry: int = 0
    client_id: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one resting order."""

    order_id: int


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel every order of the account in this series."""


Action = Place | Cancel | CancelAll
