"""A local Anvil chain (skeleton: the signatures stand, the bodies follow)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from olivepress.rpc import Transport


class DevChain:
    """A running chain. `keys` are the funded private keys, `accounts` their addresses."""

    url: str
    ws_url: str
    ipc_path: str | None
    chain_id: int
    keys: tuple[str, ...]
    accounts: tuple[str, ...]
    transport: Transport

    async def mine(self, blocks: int = 1, *, timestamp: int | None = None) -> int:
        """Mines; returns the number of the last block. `timestamp` (unix seconds) is the first block's."""
        raise NotImplementedError

    async def mine_pending(self) -> int | None:
        """Mines one block if transactions wait, else nothing. Fits TransactionSender(before_wait=...)."""
        raise NotImplementedError

    async def timestamp(self) -> int: ...  # type: ignore[empty-body]
    async def block_number(self) -> int: ...  # type: ignore[empty-body]
    async def set_next_timestamp(self, timestamp: int) -> None: ...
    async def increase_time(self, seconds: int) -> None: ...
    async def set_block_interval(self, seconds: int) -> None: ...
    async def snapshot(self) -> str: ...  # type: ignore[empty-body]
    async def revert(self, snapshot: str) -> None: ...
    async def set_balance(self, address: str, wei: int) -> None: ...
    async def set_automine(self, on: bool) -> None: ...
    async def set_interval_mining(self, seconds: int) -> None: ...


@asynccontextmanager
async def launch(
    *,
    block_time: str | int | None = None,
    accounts: int = 10,
    gas_limit: int = 100_000_000,
    timestamp: int | None = None,
    seed: int | None = None,
    mnemonic: str | None = None,
    chain_id: int = 31337,
    ipc: bool = False,
) -> AsyncIterator[DevChain]:
    """Starts Anvil. `block_time` None: blocks only on demand (`mine`)."""
    raise NotImplementedError
    yield
