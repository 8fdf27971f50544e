"""The model and the contracts side by side: every action runs on both, and all that they tell is compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from differential.actions import Action
from differential.evm import Contracts
from differential.interfaces import interface_of, views_of
from differential.invariants import Invariants
from differential.model_side import ModelSide
from differential.outcome import NO_TOKEN, Outcome, heard, named_error, plain
from differential.reads import Reads
from differential.setting import CHAIN_ID, DAY, DEPLOYER, EVERYBODY, FIRST_DAY, MAX_LAG, NOBODY
from differential.views import Views
from differential.words import Words
from olivepress.contracts.artifacts import Artifact

READS_EVERY = 10
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

    :param reads_every: actions after which all that the lens shows of series and books is compared
    """

    def __init__(
        self,
        *,
        reads_every: int = READS_EVERY,
        artifacts: Mapping[str, Artifact] | None = None,
        coinbase: str = NOBODY,
    ) -> None:
        start = FIRST_DAY * DAY
        self.contracts = Contracts(max_lag=MAX_LAG, time=start, artifacts=artifacts, coinbase=coinbase)
        addresses = self.contracts.addresses
        self.model = ModelSide(addresses, owner=DEPLOYER, chain_id=CHAIN_ID, max_lag=MAX_LAG)
        self.exchange, self.oracle = self.model.exchange, self.model.oracle
        self.actions = 0
        self.words_compared = 0
        self._reads_every = reads_every
        self._words = Words(self.exchange, self.oracle, addresses)
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
        views = self.actions % VIEWS_EVERY == 0
        reads = views or self.actions % self._reads_every == 0 or self._turns(action.at)
        if reads:  # so that a change that Words does not look at stays unseen for so long at most
            self._words.forget()
        words = self._compare(action)
        broken = self._invariants.after(action, model, before) or self._invariants.always(action.at)
        if broken:
            raise Disagreement(action, f"invariant {broken[0]}", broken[1])
        if reads:
            self._read(action, views=views)
        self.words_compared += words
        return Step(model, words)

    def _turns(self, time: int) -> bool:
        """Whether a series' fixing, its end or the end of its brake is now, or in a second."""
        series = self.exchange.state.series.values()
        return any({time, time + 1} & {one.fixing, one.expiry, one.money.reduce_only_until} for one in series)

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

    def compare_all(self, action: Action) -> int:
        """The whole state, every promise and every view, which takes as long as dozens of actions. The words
        compared."""
        self._words.forget()
        words = self._compare(action)
        self._read(action, views=True)
        broken = self._invariants.always(action.at)
        if broken:
            raise Disagreement(action, f"invariant {broken[0]}", broken[1])
        return words

    def _compare(self, action: Action) -> int:
        """All of storage, balances, margins and marks. The words compared."""
        words = self._compare_words(action)
        self._check(action, self._balances())
        self._check(action, self._sums())
        self._check(action, self._reads.figures(action.at))
        return words

    def _read(self, action: Action, *, views: bool) -> None:
        """What readers see of it."""
        self._check(action, self._reads.books(action.at))
        if views:
            self._check(action, self._views.everything(action.at))

    def _compare_words(self, action: Action) -> int:
        count, days = 0, range(FIRST_DAY - 1, action.at // DAY + 2)
        try:
            for group in self._words.everything(self._people, days):
                count += len(group.words)
                for (what, _, _, expected, mask), found in group.differing(self.contracts.raw_storage):
                    kind = re.sub("[0-9]+.*", "", what).strip()
                    text = f"{what}: model {expected & mask:#x}, contracts {found & mask:#x}"
                    raise Disagreement(action, f"word of {kind}", text)
        except ValueError as misfit:
            raise Disagreement(action, "width", str(misfit)) from misfit
        return count

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
            yield f"fees of series {number}", series.money.fees, view.fees(number)
        for feed in range(1, self.oracle.feed_count + 1):
            live = self.exchange.state.feed_series.get(feed, ())
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


def replay(actions: Iterable[Action], **options: Any) -> Disagreement | None:
    """Runs actions on a fresh arena, comparing what readers see after each, and all views after the last. The
    first disagreement, if any."""
    arena = Arena(**({"reads_every": 1} | options))
    last = None
    try:
        for last in actions:
            arena.step(last)
        if last is not None:
            arena.compare_all(last)
    except Disagreement as found:
        return found
    return None
