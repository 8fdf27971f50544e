"""The exchange in plain Python: what the contracts do, to the unit. See docs/ARCHITECTURE.md."""

from olivepress.model.exchange import Exchange
from olivepress.model.oracle import IndexOracle
from olivepress.model.state import Call

__all__ = ["Call", "Exchange", "IndexOracle"]
