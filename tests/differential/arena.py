"""The model and the contracts side by side: every action runs on both, and all that they tell is compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from differential.actions import Action
from differential.evm import CHAIN_ID, DEPLOYER, Contracts, interface_of, views_of
from differential.generator.world import EVERYBODY, FIRST_DAY, MAX_LAG
from differential.invariants import Invariants
from differential.model_side import ModelSide
from differential.outcome import NO_TOKEN, Outcome, heard, named_error, plain
from differential.reads import Reads
from differential.views import Views
from differential.words import Word, Words
from olivepress.contracts.artifacts import Artifact
from olivepress.events.model import Book

DAY = 86_400
FULL_EVERY = 10
VIEWS_EVERY = 500


class Disagreement(AssertionError):
    """Model and contracts differ, or an invariant of docs/spec is broken.

    :param kind: what differs, the same for the same fault
    :param text: both sides
    """

    def __init__(self, action: Action | None, kind: str, text: str) -> None:
        super().__init__(action, kind, text)
        self.action = action
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}\nafter {self.action}"


class Step(NamedTuple):
    """What both sides made of an action."""

    outcome: Outcome
    words: int


class Arena:
    """One deployment and one model, from their beginnings on.

    :param full_every: actions after which everything there is is compared, not only what is touched
    """

    def __init__(
        self,
        *,
        full_every: int = FULL_EVERY,
        artifacts: Mapping[str, Artifact] | None = None,
        coinbase: str = "0x" + "00" * 20,
    ) -> None:
        start = FIRST_DAY * DAY
        self.contracts = Contracts(max_lag=MAX_LAG, time=start, artifacts=artifacts, coinbase=coinbase)
        addresses = self.contracts.addresses
        self.model = ModelSide(addresses, owner=DEPLOYER, chain_id=CHAIN_ID, max_lag=MAX_LAG)
        self.exchange, self.oracle = self.model.exchange, self.model.oracle
        self.actions = 0
        self.words_compared = 0
        self._full_every = full_every
        self._words = Words(self.exchange, self.oracle)
        self._reads = Reads(self.contracts, self.exchange)
        self._invariants = Invariants(self.exchange, self.oracle)
        self._people = [*EVERYBODY, addresses["exchange"]]
        self._views = Views(self.contracts, self.model, self._reads, self._people)
        for one in EVERYBODY:  # for good: the model knows no allowances
            approval = Action(start, one, "usdc.approve", (addresses["exchange"], 2**256 - 1))
            self._send(approval)
            self.model.run(approval)

    @property
    def views(self) -> set[tuple[str, str]]:
        """The views compared so far: kind of contract and name."""
        return self._reads.compared

    # --- one action ---

    def step(self, action: Action) -> Step:
        """Runs an action on both sides. Raises Disagreement, also where a side or a reading of it crashes."""
        try:
            return self._step(action)
        except Disagreement:
            raise
        except Exception as crash:  # shrunk like any other difference
            raise Disagreement(action, f"crash {type(crash).__name__}", str(crash)) from crash

    def _step(self, action: Action) -> Step:
        before = self._invariants.before(action)
        chain = self._send(action)
        model = self.model.run(action)
        if model != chain:
            raise Disagreement(action, _first_difference(model, chain), _both(model, chain))
        self.actions += 1
        accounts, series = self._reads.touched(action, model)
        words = self._compare(action, self._after(action, model, accounts, series))
        if model.error == "" or self.actions % 4 == 0:
            self._check(action, self._reads.figures(action.at, accounts, series))
        broken = self._invariants.after(action, model, before)
        views = self.actions % VIEWS_EVERY == 0
        if views or self.actions % self._full_every == 0:
            words += self.compare_all(action, views=views)
        if broken:
            raise Disagreement(action, f"invariant {broken[0]}", broken[1])
        self.words_compared += words
        return Step(model, words)

    def _send(self, action: Action) -> Outcome:
        """On the contracts."""
        self.contracts.set_time(action.at)
        address = action.args[0] if action.target == "token" else self.contracts.addresses[action.target]
        if action.target == "token" and not self.contracts.code_at(address):
            return Outcome(NO_TOKEN, (), ())  # its creation was left out by shrinking
        answer = self.contracts.send(action.sender, address, action.calldata())
        events = tuple(map(heard, answer.logs))
        if answer.error is not None:
            return Outcome(*named_error(answer.error), events)
        if action.function == "":
            return Outcome("", (), events)
        entry = interface_of(action.target).functions[action.function]
        values = plain(entry.decode_output(answer.data))
        if action.target == "oracle" and action.function in views_of("oracle"):
            return Outcome("", values, events)
        # ERC-20 functions return true, which says nothing.
        return Outcome("", () if action.target in ("usdc", "token") else values, events)

    # --- the state ---

    def _after(
        self, action: Action, outcome: Outcome, accounts: set[int], series: set[int]
    ) -> Iterator[Word]:
        """What is compared after every action: all that it names or told of."""
        yield from self._words.quick(accounts, series)
        if action.target == "oracle":
            yield from self._words.feeds()
        for event in outcome.events:
            if event[0] == Book.__name__:
                yield from self._touched(event)

    def _touched(self, event: tuple[Any, ...]) -> Iterator[Word]:
        """The levels that the records of a Book event name."""
        _, number, _, records, _ = event
        series = self.exchange.state.series[number]
        ids = [one[1] for one in records if one[0] in ("Placed", "Cancelled", "Filled")]
        places = {(order_id >> 72 & 1, order_id >> 48 & 0xFFFFFF) for order_id in ids}
        for side, tick in places:
            yield from self._words.level(series, series.sides[side], tick)

    def _compare(self, action: Action | None, words: Iterable[Word]) -> int:
        try:
            return self._compare_words(action, words)
        except ValueError as misfit:
            raise Disagreement(action, "width", str(misfit)) from misfit

    def _compare_words(self, action: Action | None, words: Iterable[Word]) -> int:
        count = 0
        addresses, storage = self.contracts.addresses, self.contracts.raw_storage
        for what, target, slot, expected, mask in words:
            count += 1
            found = storage(addresses[target], slot)
            if (found ^ expected) & mask:
                text = f"model {expected & mask:#x}, contracts {found & mask:#x}"
                name = what if isinstance(what, str) else " ".join(map(str, what))
                raise Disagreement(
                    action, f"word of {re.sub('[0-9]+.*', '', name).strip()}", f"{name}: {text}"
                )
        return count

    def compare_all(self, action: Action | None = None, *, views: bool = True) -> int:
        """Everything there is, and every promise. The words compared.

        :param views: every view of every contract too, which takes as long as hundreds of actions
        """
        time = action.at if action is not None else FIRST_DAY * DAY
        today = time // DAY
        words = self._compare(action, self._everything(today))
        self._check(action, self._balances())
        self._check(action, self._sums())
        self._check(action, self._reads.everything(time))
        if views:
            self._check(action, self._views.everything(time))
        broken = self._invariants.always(time)
        if broken:
            raise Disagreement(action, f"invariant {broken[0]}", broken[1])
        return words

    def _everything(self, today: int) -> Iterator[Word]:
        yield from self._words.quick(self.exchange.state.accounts, self.exchange.state.series)
        yield from self._words.rest(self._people, today)
        yield from self._words.oracle(FIRST_DAY - 1, today)
        for series in self.exchange.state.series.values():
            yield from self._words.book(series)

    def _balances(self) -> Iterator[tuple[str, Any, Any]]:
        """Of collateral and of every position token, and the tokens' supplies."""
        view = self._reads.view
        usdc = self.exchange.collateral
        holders = {*self._people, *usdc.balances}
        for one in holders:
            held = view.token_balance(usdc.address, one)
            yield f"collateral of {one}", usdc.balances.get(one, 0), held
        for token in self.exchange.state.tokens.values():
            for one in {*self._people, *token.balances}:
                held = view.token_balance(token.address, one)
                yield f"tokens {token.address} of {one}", token.balances.get(one, 0), held
            supply = self.contracts.storage(token.address, 2)
            yield f"supply of {token.address}", sum(token.balances.values()), supply

    def _sums(self) -> Iterator[tuple[str, Any, Any]]:
        """What both sides keep in other shapes: young fees are in the hot word, live series in places."""
        view = self._reads.view
        for number, series in self.exchange.state.series.items():
            both = view.money(number).fees + view.hot(number).fees
            yield f"fees of series {number}", series.money.fees, both
        for feed, live in self.exchange.state.feed_series.items():
            yield f"series of feed {feed}", sorted(filter(None, live)), view.feed_series(feed)

    def _check(self, action: Action | None, pairs: Iterable[tuple[str, Any, Any]]) -> None:
        for what, model, chain in pairs:
            if model != chain:
                raise Disagreement(action, what.split(" ")[0], f"{what}: model {model}, contracts {chain}")


def _first_difference(model: Outcome, chain: Outcome) -> str:
    if model.error != chain.error:
        return f"outcome {model.error.partition(':')[0] or 'ok'} / {chain.error.partition(':')[0] or 'ok'}"
    if model.values != chain.values:
        return "error values" if model.error else "return values"
    return "events"


def _both(model: Outcome, chain: Outcome) -> str:
    return f"\n  model     {model}\n  contracts {chain}"


Replay = Callable[[list[Action]], Disagreement | None]


def replay(actions: Iterable[Action], **options: Any) -> Disagreement | None:
    """Runs actions on a fresh arena, comparing everything after each, and the views after the last. The first
    disagreement, if any."""
    arena = Arena(**({"full_every": 1} | options))
    last = None
    try:
        for last in actions:
            arena.step(last)
        arena.compare_all(last)
    except Disagreement as found:
        return found
    return None
