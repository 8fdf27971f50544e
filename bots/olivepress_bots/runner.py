"""The runner: the only part of a bot that does I/O. It takes a view, asks the strategies, sends one batch a
series.

After `stop` has been called nothing more is sent but the mass cancel, and `stop` returns when that is
through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from olivepress.errors import OlivepressError, OutcomeUnknown, TransactionError, TransportError
from olivepress_bots.actions import Action
from olivepress_bots.view import MarketView

Decide = Callable[[MarketView, int], list[Action]]
"""A strategy with its configuration bound: (view, now) -> actions."""

Config = TypeVar("Config")

log = logging.getLogger("olivepress.bots")


def bind(decide: Callable[[MarketView, Config, int], list[Action]], config: Config) -> Decide:
    """A strategy with its configuration."""
    return lambda view, now: decide(view, config, now)


class Venue(Protocol):
    """Where one account trades: a chain, or a simulation."""

    async def view(self, symbol: str) -> MarketView:
        """The market and the account as they are now."""
        ...

    async def execute(self, symbol: str, actions: Sequence[Action]) -> None:
        """Carries the actions out, in one batch where the venue can. Raises what the venue raises."""
        ...

    async def cancel_everything(self) -> None:
        """Kills every order of the account."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Wait after a lost connection, seconds: doubles from `first` to `limit`, starts again after a
    success."""

    first: int = 1
    limit: int = 30


class Runner:
    """Runs one account's strategies, one for each series, on a venue.

    Args:
        name: shown in the log.
        venue: where the account trades.
        strategies: symbol -> strategy with its configuration bound.
    """

    def __init__(self, name: str, venue: Venue, strategies: Mapping[str, Decide]) -> None:
        self.name = name
        self.venue = venue
        self.strategies = dict(strategies)
        self.refused = 0
        """Batches that the chain refused."""
        self._sending = asyncio.Lock()
        self._stopping = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """True from the moment `stop` is called."""
        return self._stopping.is_set()

    async def step(self, now: int) -> int:
        """One round over all series at time `now`; returns how many actions were sent.

        A refusal by the chain is logged and counted, and the other series still get their turn. A lost
        connection is raised.
        """
        sent = 0
        for symbol, decide in self.strategies.items():
            async with self._sending:
                if self.stopping:
                    return sent
                view = await self.venue.view(symbol)
                actions = decide(view, now)
                # The view took time to read: a stop in the meantime must not be answered with new orders.
                if not actions or self.stopping:
                    continue
                sent += await self._send(symbol, actions)
        return sent

    async def _send(self, symbol: str, actions: Sequence[Action]) -> int:
        try:
            await self.venue.execute(symbol, actions)
        except OutcomeUnknown as error:
            log.warning("%s: %s: %s", self.name, symbol, error)
            await self._resolve(error)
        except TransactionError as error:
            self.refused += 1
            log.warning("%s: %s refused: %s", self.name, symbol, error)
            return 0
        return len(actions)

    async def _resolve(self, error: OutcomeUnknown) -> None:
        """Orders that may or may not be in the book are never left open: the chain is asked until it
        answers."""
        try:
            await error.resolve()
        except TransactionError as outcome:
            log.warning("%s: %s", self.name, outcome)

    async def run(self, clock: Callable[[], int], interval: int, backoff: Backoff | None = None) -> None:
        """Steps every `interval` seconds until `stop`. A lost connection is waited out and tried again."""
        backoff = backoff or Backoff()
        wait = backoff.first
        while not self.stopping:
            try:
                await self.step(clock())
            except TransportError as error:
                log.warning("%s: %s; next try in %d s", self.name, error, wait)
                pause, wait = wait, min(wait * 2, backoff.limit)
            else:
                pause, wait = interval, backoff.first
            await self._pause(pause)

    async def _pause(self, seconds: int) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def stop(self) -> bool:
        """Stops: waits for the batch that is under way, then cancels every order. Nothing is sent afterwards.

        Returns False when the orders could not be cancelled (no connection): then they die at their expiry.
        """
        first = not self.stopping
        self._stopping.set()
        async with self._sending:
            if not first:
                return True
            try:
                await self.venue.cancel_everything()
            except OlivepressError as error:
                log.error("%s: orders may be open until their expiry: %s", self.name, error)
                return False
        return True
