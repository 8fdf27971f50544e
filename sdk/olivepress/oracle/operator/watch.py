"""The chain as an operator sees it, also while its node does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from olivepress.errors import OlivepressError
from olivepress.oracle.client import OracleClient
from olivepress.oracle.operator.clock import Clock, seconds
from olivepress.oracle.snapshot import OracleState, read_state

_LOG = logging.getLogger(__name__)

TIMEOUT = 10
"""Seconds that the node has for an answer."""


@dataclass(frozen=True, slots=True)
class Sight:
    """`state` is as of the last answer; `blind` says that the last question had none.

    `ahead` is this machine's clock less the chain's time: at most a block's time when both clocks are right.
    """

    state: OracleState
    blind: bool
    ahead: int
    balances: dict[str, int]


class ChainWatch:
    """Asks the node, and remembers its last answer. `problem` says why there was none."""

    def __init__(self, client: OracleClient, clock: Clock, balances: Sequence[str] = ()) -> None:
        self.problem = "the node has not answered yet"
        self._client = client
        self._clock = clock
        self._addresses = tuple(balances)
        self._state: OracleState | None = None
        self._balances: dict[str, int] = {}
        self._seen_at = 0

    async def look(self) -> Sight | None:
        """What is known now; None before the first answer."""
        try:
            async with asyncio.timeout(TIMEOUT):
                self._state = await read_state(self._client)
                self._balances = await self._read_balances()
        except TimeoutError:
            self._lost(f"no answer within {TIMEOUT} s")
        except (OlivepressError, TypeError, ValueError, KeyError) as error:
            # A node may answer anything, and the chain may change between two reads.
            self._lost(str(error))
        else:
            if self.problem:
                _LOG.info("the node answers: block=%s", self._state.block)
            self.problem = ""
            self._seen_at = self._clock.elapsed()
        if self._state is None:
            return None
        chain_time = self._state.block_time + self._clock.elapsed() - self._seen_at
        ahead = seconds(self._clock.now()) - chain_time
        return Sight(self._state, bool(self.problem), ahead, self._balances)

    def _lost(self, reason: str) -> None:
        if not self.problem:
            _LOG.warning("the node does not answer: %s", reason)
        self.problem = f"the node does not answer: {reason}"

    async def _read_balances(self) -> dict[str, int]:
        calls = [("eth_getBalance", [address, "latest"]) for address in self._addresses]
        answers = await self._client.transport.batch(calls) if calls else []
        return {address: int(answer, 16) for address, answer in zip(self._addresses, answers, strict=True)}
