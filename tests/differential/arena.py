"""The model and the contracts side by side: every action runs on both, and all that they tell is compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from differential.actions import Action, is_view, python_name
from differential.evm import CHAIN_ID, DEPLOYER, Contracts, interface_of
from differential.generator.world import EVERYBODY, FIRST_DAY, MAX_LAG
from differential.invariants import Invariants
from differential.outcome import Outcome, named_error, plain, returned, told
from differential.reads import Reads
from differential.updates import Update
from differential.words import Word, Words
from olivepress.contracts.artifacts import Artifact
from olivepress.events.model import Book
from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.operators import Batch, Report
from olivepress.oracle.codec import OracleDomain
from olivepress.reverts import ERC20InsufficientBalance, MalleableSignature, OnlyExchange, UnknownFunction
from olivepress.reverts.base import ContractError

DAY = 86_400
FULL_EVERY = 25
NO_TOKEN = "no token there"
# Reads of the model that need no time.
_TIMELESS = {"accumulated", "heartbeat"}


class Disagreement(AssertionError):
    """Model and contracts differ, or a promise of design.md section 9 is broken.

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
        self.oracle = IndexOracle(DEPLOYER, MAX_LAG)
        self.exchange = Exchange(
            self.oracle,
            owner=DEPLOYER,
            address=addresses["exchange"],
            collateral=addresses["usdc"],
            factory=addresses["factory"],
        )
        self.domain = OracleDomain(CHAIN_ID, addresses["oracle"])
        self.actions = 0
        self.words_compared = 0
        self._full_every = full_every
        self._words = Words(self.exchange, self.oracle)
        self._reads = Reads(self.contracts, self.exchange)
        self._invariants = Invariants(self.exchange, self.oracle)
        self._people = [*EVERYBODY, addresses["exchange"]]
        for one in EVERYBODY:  # the model knows no allowances
            self._send(Action(start, one, "usdc.approve", (addresses["exchange"], 2**256 - 1)))

    # --- one action ---

    def step(self, action: Action) -> Step:
        """Runs an action on both sides. Raises Disagreement."""
        before = self._invariants.before(action)
        chain = self._send(action)
        model = self._model(action)
        if model != chain:
            raise Disagreement(action, _first_difference(model, chain), _both(model, chain))
        self.actions += 1
        accounts, series = self._reads.touched(action, model)
        words = self._compare(action, self._after(action, model, accounts, series))
        if model.error == "" or self.actions % 4 == 0:
            self._check(action, self._reads.figures(action.at, accounts, series))
        broken = self._invariants.after(action, model, before)
        if self.actions % self._full_every == 0:
            words += self.compare_all(action)
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
        events = tuple(told(one) for one in answer.events)
        if answer.error is not None:
            return Outcome(*named_error(answer.error), events)
        if action.function == "":
            return Outcome("", (), events)
        entry = interface_of(action.target).functions[action.function]
        values = plain(entry.decode_output(answer.data))
        if action.target == "oracle" and is_view("oracle", action.function):
            return Outcome("", values, events)
        # ERC-20 functions return true, which says nothing.
        return Outcome("", () if action.target in ("usdc", "token") else values, events)

    def _model(self, action: Action) -> Outcome:
        """On the model."""
        tokens = self.exchange.state.tokens.values()
        if action.target == "token" and not any(one.address == action.args[0] for one in tokens):
            return Outcome(NO_TOKEN, (), ())
        try:
            values = returned(self._call(action))
            error = ""
        except ContractError as refused:
            error, values = named_error(refused)
        events = [*self.oracle.log.drain(), *self.exchange.log.drain()]
        return Outcome(error, values, tuple(told(one) for one in events))

    def _call(self, action: Action) -> Any:
        call = Call(action.sender, action.at)
        match action.target, action.function:
            case "exchange", "":
                raise UnknownFunction(b"", {"selector": action.args[0][:4]})
            case "exchange", _:
                return getattr(self.exchange, python_name(action.function))(call, *action.args)
            case "oracle", function:
                return self._call_oracle(function, call, action.args)
            case "usdc", function:
                return self._call_usdc(function, call, action.args)
            case "token", function:
                return self._call_token(function, call, action.args)
        raise ValueError(f"no such target: {action.verb}")

    def _call_oracle(self, function: str, call: Call, args: tuple[Any, ...]) -> Any:
        method = getattr(self.oracle, python_name(function))
        if is_view("oracle", function):
            return method(*args) if function in _TIMELESS else method(*args, call.time)
        if function == "addFeed":
            return method(call, FeedInfo(*args[0]))
        if function in ("addOperatorSet", "rotateOperators"):
            args = tuple(plain(one) for one in args)
        if function not in ("update", "noteRange"):
            return method(call, *args)
        update: Update = args[0]
        try:
            return method(call, self._batch(update))
        except ContractError as refused:
            # Recovering signers is not the model's: a malleable one names nobody there.
            s = update.malleable()
            if refused.name == "WrongOperators" and s is not None:
                raise MalleableSignature(b"", {"s": s}) from None
            raise

    def _batch(self, update: Update) -> Batch:
        signers = update.recovered(self.domain)
        return Batch(
            observed_at=update.observed_at,
            version=update.version,
            operator_set=update.operator_set,
            signers=update.signers,
            feeds=update.feeds,
            medians=update.medians,
            silent=update.silent,
            reports=tuple(Report(one, values) for one, values in zip(signers, update.values, strict=True)),
        )

    def _call_usdc(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        """Collateral is not the exchange's: a plain book of balances stands for it."""
        balances = self.exchange.collateral.balances
        if function == "mint":
            to, amount = args
            balances[to] = balances.get(to, 0) + amount
        elif function == "transfer":
            to, amount = args
            held = balances.get(call.sender, 0)
            if held < amount:
                values = {"sender": call.sender, "balance": held, "needed": amount}
                raise ERC20InsufficientBalance(b"", values)
            balances[call.sender] = held - amount
            balances[to] = balances.get(to, 0) + amount
        else:
            raise ValueError(f"collateral has no {function} here")

    def _call_token(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        address = args[0]
        series, long = next(key for key, one in self.exchange.state.tokens.items() if one.address == address)
        if function == "transfer":
            self.exchange.transfer_token(call, series, long, *args[1:])
        else:  # mint and burn are the exchange's own
            raise OnlyExchange(b"", {"caller": call.sender})

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
        _, number, _, records = event
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

    def compare_all(self, action: Action | None = None) -> int:
        """Everything there is, and every promise. The words compared."""
        time = action.at if action is not None else FIRST_DAY * DAY
        today = time // DAY
        words = self._compare(action, self._everything(today))
        self._check(action, self._balances())
        self._check(action, self._sums())
        self._check(action, self._reads.everything(time))
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
    """Runs actions on a fresh arena, comparing everything after each. The first disagreement, if any."""
    arena = Arena(**({"full_every": 1} | options))
    for action in actions:
        try:
            arena.step(action)
        except Disagreement as found:
            return found
    return None
