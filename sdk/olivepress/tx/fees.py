"""EIP-1559 fees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic

from olivepress.rpc import Transport


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Fees in wei per gas, times in seconds.

    The most a transaction pays is base fee x `base_fee_percent` / 100 + `priority_fee`, at most
    `max_fee_limit`; the base fee is read again after `refresh_seconds`. A transaction that waits longer
    than `stuck_seconds` (None: never) is replaced with fees `bump_percent` higher, at most `max_bumps`
    times. Nodes refuse bumps below 10.
    """

    priority_fee: int = 1_000_000_000
    base_fee_percent: int = 200
    max_fee_limit: int | None = None
    refresh_seconds: float = 10.0
    bump_percent: int = 15
    stuck_seconds: float | None = None
    max_bumps: int = 5


class FeeSource:
    """The fees of the moment: (max fee, priority fee)."""

    def __init__(self, transport: Transport, policy: FeePolicy) -> None:
        self._transport = transport
        self._policy = policy
        self._fees: tuple[int, int] | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    def fresh(self) -> tuple[int, int] | None:
        """The fees when they are young enough, without waiting."""
        return self._fees if monotonic() - self._read_at < self._policy.refresh_seconds else None

    async def read(self, *, force: bool = False) -> tuple[int, int]:
        """The fees, from the latest block when they are too old or when forced."""
        async with self._reading:
            fees = None if force else self.fresh()
            if fees is None:
                block = await self._transport.request("eth_getBlockByNumber", ["latest", False])
                base = int(block.get("baseFeePerGas") or "0x0", 16)
                limit = base * self._policy.base_fee_percent // 100 + self._policy.priority_fee
                if self._policy.max_fee_limit is not None:
                    limit = min(limit, self._policy.max_fee_limit)
                fees = self._fees = (limit, min(self._policy.priority_fee, limit))
                self._read_at = monotonic()
            return fees
