"""All operators of a local market and a relay, in one process and one after the other.

Every operator runs the daemon's own step, and the relay plans by the relay's own rules; what is missing is
HTTP between them, the files, and the waiting: time here is whatever the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import SignedReport
from olivepress.oracle.operator import Operator
from olivepress.oracle.relay.planner import Planner
from olivepress.oracle.relay.reports import RoundKey
from olivepress.oracle.relay.settings import Timing
from olivepress.oracle.snapshot import OracleState, read_state


class Board(Protocol):
    """The oracle to which a committee reports: on a chain, or in a simulation."""

    async def state(self) -> OracleState:
        """The oracle now."""
        ...

    async def submit(self, operator_set: int, reports: Sequence[SignedReport]) -> object:
        """Puts one round in force, or raises what the oracle refuses it with."""
        ...


class ChainBoard:
    """The contract, through a client that pays."""

    def __init__(self, oracle: OracleClient) -> None:
        self.oracle = oracle

    async def state(self) -> OracleState:
        return await read_state(self.oracle)

    async def submit(self, operator_set: int, reports: Sequence[SignedReport]) -> object:
        return await self.oracle.submit_reports(operator_set, reports)


class Committee:
    """`board` gets what the relay at `address` would send."""

    def __init__(self, board: Board, operators: Sequence[Operator], address: str) -> None:
        self.board = board
        self.operators = tuple(operators)
        self._address = address

    async def observe(self, at: int, online: Callable[[int], bool] = lambda number: True) -> int:
        """One time of the grid: poll, compute, audit, sign, collect, submit. Returns the updates sent.

        :param online: whether operator number n, from 0, is there
        """
        state = await self.board.state()
        collected: dict[RoundKey, dict[str, SignedReport]] = {}
        for number, operator in enumerate(self.operators):
            if not online(number):
                continue
            await operator.poll(at)
            for entry in operator.step(at, state).entries:
                for signed in operator.sign(entry):
                    collected.setdefault(RoundKey.of(signed), {})[signed.operator] = signed
        return await self._submit(collected)

    async def _submit(self, collected: dict[RoundKey, dict[str, SignedReport]]) -> int:
        planner = Planner(Timing(), self._address)
        sent = 0
        while collected:
            planner.look(collected, await self.board.state(), now=0)
            due = planner.next()
            if due is None or due.operators is None:
                break
            await self.board.submit(due.operators.id, due.reports)
            sent += 1
        return sent
