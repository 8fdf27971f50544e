"""A local chain on which each operation can be measured from one and the same state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from olivepress import devchain
from olivepress.contracts.artifacts import exchange_interface
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.errors import OlivepressError, RpcError
from olivepress.manifest import Deployment
from olivepress.reverts.decode import decode
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender, revert_data

DAY = 86_400
START = 20_780 * DAY  # 2026-11-23 00:00 UTC
ACCOUNTS = 40
# Above the contracts' compiler target: since Prague calldata has a floor price, so it must be counted.
HARDFORK = "prague"
SETUP_GAS = 25_000_000


class BenchError(OlivepressError):
    """A transaction of the measurement failed, so that there is nothing to measure."""


@dataclass(frozen=True)
class Tx:
    """A transaction from an unlocked account."""

    sender: str
    to: str
    data: bytes

    def json(self) -> dict[str, str]:
        return {"from": self.sender, "to": self.to, "data": "0x" + self.data.hex(), "gas": hex(SETUP_GAS)}


class Bench:
    """Mines what it is given, one second a block, at times that never depend on the wall clock."""

    def __init__(self, chain: DevChain, deployment: Deployment) -> None:
        self.chain = chain
        self.deployment = deployment
        self.time = START + DAY // 2
        self.exchange = deployment.exchange
        self.oracle = deployment.oracle
        self.collateral = deployment.collateral
        self._functions = exchange_interface()

    def exchange_tx(self, sender: str, function: str, *arguments: Any) -> Tx:
        return Tx(sender, self.exchange, self._functions.encode(function, *arguments))

    async def read(self, function: str, *arguments: Any) -> Any:
        """First return value of a function of the exchange."""
        call = {"to": self.exchange, "data": "0x" + self._functions.encode(function, *arguments).hex()}
        answer = await self.chain.transport.request("eth_call", [call, "latest"])
        return self._functions.functions[function].decode_output(bytes.fromhex(answer[2:]))[0]

    async def mine(self, *txs: Tx) -> list[dict[str, Any]]:
        """All in one block, in their order; their receipts. Raises BenchError when one reverts."""
        self.time += 1
        calls: list[tuple[str, Sequence[Any]]] = [("evm_setNextBlockTimestamp", [self.time])]
        calls += [("eth_sendTransaction", [tx.json()]) for tx in txs]
        answers = await self.chain.transport.batch([*calls, ("evm_mine", [])])
        hashes = answers[1:-1]
        receipts = await self.chain.transport.batch([("eth_getTransactionReceipt", [one]) for one in hashes])
        for tx, receipt in zip(txs, receipts, strict=True):
            if receipt is None or receipt["status"] != "0x1":
                raise BenchError(f"{tx.data[:4].hex()} from {tx.sender} failed: {await self._reason(tx)}")
        return receipts

    async def trace(self, tx: Tx) -> list[dict[str, Any]]:
        """Every step that the transaction would take in the next block."""
        options = {"disableStorage": True, "blockOverrides": {"time": hex(self.time + 1)}}
        answer = await self.chain.transport.request("debug_traceCall", [tx.json(), "latest", options])
        steps: list[dict[str, Any]] = answer["structLogs"]
        return steps

    async def _reason(self, tx: Tx) -> str:
        try:
            await self.chain.transport.request("eth_call", [tx.json(), "latest"])
        except RpcError as error:
            data = revert_data(error)
            return str(error if data is None else repr(decode(data)))
        return "it succeeds when tried again"

    def warp(self, to: int) -> None:
        """The next block comes one second after `to`."""
        if to < self.time:
            raise BenchError(f"{to} is before {self.time}")
        self.time = to


@asynccontextmanager
async def open_bench() -> AsyncIterator[Bench]:
    """A fresh chain with everything deployed by the SDK."""
    launched = devchain.launch(
        accounts=ACCOUNTS, timestamp=START, gas_limit=2_000_000_000, extra=("--hardfork", HARDFORK)
    )
    async with launched as chain:
        await chain.set_block_interval(1)
        signer = LocalSigner(chain.keys[0])
        sender = TransactionSender(chain.transport, signer, chain.chain_id, before_wait=chain.mine_pending)
        yield Bench(chain, await deploy_all(sender))


def intrinsic_gas(data: bytes) -> int:
    """What a transaction costs before its first opcode."""
    return 21_000 + calldata_gas(data)


def calldata_gas(data: bytes) -> int:
    zeros = data.count(0)
    return 4 * zeros + 16 * (len(data) - zeros)
