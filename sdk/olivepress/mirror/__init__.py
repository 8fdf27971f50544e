"""The exchange rebuilt from its logs: books, positions, money, trades.

mirror = Mirror()
async for item in EventStream(transport, deployment):
    mirror.apply(item)
"""

from olivepress.mirror.book import OrderBook, checksum
from olivepress.mirror.fold import fill_fees, fold
from olivepress.mirror.lookup import MirrorError
from olivepress.mirror.mirror import Mirror
from olivepress.mirror.state import AccountState, ExchangeState, PositionState, SeriesState

__all__ = [
    "AccountState",
    "ExchangeState",
    "Mirror",
    "MirrorError",
    "OrderBook",
    "PositionState",
    "SeriesState",
    "checksum",
    "fill_fees",
    "fold",
]
