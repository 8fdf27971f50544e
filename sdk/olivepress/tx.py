"""Sending transactions (skeleton: the signatures stand, the bodies follow)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from olivepress.rpc import Transport
from olivepress.signer import Signer


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction. `logs` are the node's JSON objects, in order."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    index: int
    succeeded: bool
    gas_used: int
    effective_gas_price: int
    contract_address: str | None
    logs: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """EIP-1559 fees in wei per gas."""

    priority_fee: int = 1_000_000_000
    base_fee_percent: int = 200
    max_fee_limit: int | None = None
    refresh_seconds: float = 10.0
    bump_percent: int = 15
    stuck_seconds: float | None = None
    max_bumps: int = 5


class PendingTx:
    """A transaction that the node has taken."""

    hash: bytes
    nonce: int

    async def receipt(self, timeout: float = 60.0) -> Receipt:
        """Raises Reverted, TransactionDropped, ReceiptTimeout."""
        raise NotImplementedError

    async def bump(self) -> None: ...

    async def cancel(self) -> None: ...


class TransactionSender:
    """Signs and sends for one key."""

    def __init__(
        self,
        transport: Transport,
        signer: Signer,
        chain_id: int,
        *,
        fees: FeePolicy | None = None,
        gas_percent: int = 120,
        journal: Any = None,
        decode_error: Callable[[bytes], Exception] | None = None,
        before_wait: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self.transport = transport
        self.signer = signer
        self.chain_id = chain_id
        self.decode_error = decode_error

    @property
    def address(self) -> str:
        return self.signer.address

    async def send(
        self, to: str | bytes | None, data: bytes = b"", value: int = 0, gas: int | None = None
    ) -> PendingTx:
        """`to` None creates a contract; `gas` None estimates."""
        raise NotImplementedError

    async def execute(
        self,
        to: str | bytes | None,
        data: bytes = b"",
        value: int = 0,
        gas: int | None = None,
        timeout: float = 60.0,
    ) -> Receipt:
        """send and wait."""
        return await (await self.send(to, data, value, gas)).receipt(timeout)

    async def call(self, to: str | bytes, data: bytes, *, block: int | str = "latest") -> bytes:
        """eth_call from the sender's address; a revert raises the decoded error."""
        raise NotImplementedError

    async def close(self) -> None: ...
