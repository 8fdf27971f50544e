"""All operators of a local market and a relay, in one process and one after the other.

Every operator runs the daemon's own step, and the relay plans by the relay's own rules; what is missing is
HTTP between them, the files, and the waiting: time here is whatever the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import SignedReport
from olivepress.oracle.operator import Operator
from olivepress.oracle.relay.planner import Planner
from olivepress.oracle.relay.reports import RoundKey
from olivepress.oracle.relay.settings import Timing
from olivepress.oracle.snapshot import read_state


class Committee:
    """`oracle` sends what the relay at `address` would send."""

    def __init__(self, oracle: OracleClient, operators: Sequence[Operator], address: str) -> None:
        self.oracle = oracle
        self.operators = tuple(operators)
        self._address = address

    async def observe(self, at: int, online: Callable[[int], bool] = lambda number: True) -> int:
        """One time of the grid: poll, compute, audit, sign, collect, submit. Returns the updates sent.

        :param online: whether operator number n, from 0, is there
        """
        state = await read_state(self.oracle)
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
            planner.look(collected, await read_state(self.oracle), now=0)
            due = planner.next()
            if due is None or due.operators is None:
                break
            await self.oracle.submit_reports(due.operators.id, due.reports)
            sent += 1
        return sent
