"""Runs operations, each from the same state of the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from gas.chain import Bench, Tx, open_bench
from gas.market import Market
from gas.operations import OPERATIONS, gas_of


@dataclass(frozen=True)
class Measured:
    """`gas` of the row; `used` by the whole transaction. `steps`: its trace, when asked for."""

    operation: str
    tx: Tx
    gas: int
    used: int
    logs: list[dict[str, Any]]
    steps: list[dict[str, Any]]


async def run(bench: Bench, operations: Iterable[str], *, trace: bool = False) -> AsyncIterator[Measured]:
    """Builds the market once, then goes back to it before each operation."""
    market = Market(bench)
    await market.build()
    time = bench.time
    for operation in operations:
        snapshot = await bench.chain.snapshot()
        tx = await OPERATIONS[operation](market)
        steps = await bench.trace(tx) if trace else []
        (receipt,) = await bench.mine(tx)
        used = int(receipt["gasUsed"], 16)
        yield Measured(operation, tx, gas_of(operation, tx, used), used, receipt["logs"], steps)
        await bench.chain.revert(snapshot)
        bench.time = time


async def measure(operations: Iterable[str] = tuple(OPERATIONS)) -> dict[str, int]:
    """Gas by operation, on a chain of its own."""
    async with open_bench() as bench:
        return {one.operation: one.gas async for one in run(bench, operations)}
