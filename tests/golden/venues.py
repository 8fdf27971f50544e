"""The two places where an example is played: the model, and the contracts in an in-process EVM."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any, Protocol

from differential.evm import Contracts
from differential.interfaces import interface_of
from differential.setting import DEPLOYER
from differential.updates import OPERATORS, sign
from differential.view import View
from olivepress.contracts.abi import snake_case
from olivepress.events import default_decoder
from olivepress.events.model import Event, event_classes
from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.operators import make_batch
from olivepress.oracle.codec import OracleDomain
from olivepress.types import SeriesSpec

MIDNIGHT = 1_728_000_000
"""Second 0 of every example: the midnight that begins UTC day 20000."""
MAX_LAG = 3_600
UNIT = 10**8
SYMBOL, METHODOLOGY = b"INDEX".ljust(32, b"\0"), bytes(32)
OPERATOR = OPERATORS[0]
CHAIN_ID = 31337
Figures = dict[str, Any]


class Venue(Protocol):
    """Times are unix seconds, accounts their numbers, people their addresses."""

    events: list[Event]  # without those of tokens

    def add_feed(self, heartbeat: int, bound_bps: int) -> None: ...
    def report(self, at: int, value: int) -> None: ...
    def call(self, at: int, sender: str, verb: str, args: list[Any]) -> list[Any]: ...
    def fund(self, person: str, amount: int) -> None: ...
    def account_of(self, person: str) -> int: ...
    def account(self, number: int, at: int) -> Figures: ...
    def position(self, number: int, series: int) -> Figures: ...
    def series(self, number: int, at: int) -> Figures: ...
    def feed(self, at: int) -> Figures: ...
    def sums(self) -> Figures: ...
    def tokens(self, series: int, long: bool, person: str) -> int: ...


def _clocks(since: int, negative_since: int) -> Figures:
    """Counted from second 0 of the example; 0 for not."""
    times = {"flagged": since, "negative": negative_since}
    return {name: time and time - MIDNIGHT for name, time in times.items()}


def _margin(m: Any, cash: int) -> Figures:
    return {
        "cash": cash,
        "equity": m.equity,
        "imEquity": m.im_equity,
        "IM": m.initial_margin,
        "MM": m.maintenance_margin,
        "ordersMargin": m.orders_margin,
    }


class ModelVenue:
    """The model."""

    def __init__(self) -> None:
        self.oracle = IndexOracle(DEPLOYER, MAX_LAG)
        self.exchange = Exchange(self.oracle, owner=DEPLOYER)
        self.events: list[Event] = []

    def add_feed(self, heartbeat: int, bound_bps: int) -> None:
        call = Call(DEPLOYER, MIDNIGHT)
        self.oracle.add_operator_set(call, [OPERATOR.address], 1)
        self.oracle.add_feed(call, FeedInfo(SYMBOL, METHODOLOGY, 1, heartbeat, bound_bps))

    def report(self, at: int, value: int) -> None:
        who = OPERATOR.address
        self.oracle.update(Call(DEPLOYER, at), make_batch(1, [who], at, 1, {who: {1: value * UNIT}}))

    def call(self, at: int, sender: str, verb: str, args: list[Any]) -> list[Any]:
        answer = getattr(self.exchange, snake_case(verb))(Call(sender, at), *args)
        logged = self.exchange.log.drain()
        self.events = [one for one in logged if type(one).__name__ in event_classes()]
        if answer is None:
            return []
        return list(answer) if isinstance(answer, tuple) else [answer]

    def fund(self, person: str, amount: int) -> None:
        balances = self.exchange.collateral.balances
        balances[person] = balances.get(person, 0) + amount

    def account_of(self, person: str) -> int:
        return self.exchange.state.principals[person].account

    def account(self, number: int, at: int) -> Figures:
        m = self.exchange.account_margin(number, at)
        clock = self.exchange.state.clocks.get(number, (0, 0, 0))
        withdrawable = {"withdrawable": self.exchange.withdrawable(number, at)}
        return _margin(m, m.cash) | withdrawable | _clocks(*clock[:2])

    def position(self, number: int, series: int) -> Figures:
        p = self.exchange.position(number, series)
        return {
            "lots": p.lots,
            "quote": p.quote,
            "claim": p.claim,
            "openBuy": p.open_buy,
            "openSell": p.open_sell,
            "epoch": p.epoch,
        }

    def series(self, number: int, at: int) -> Figures:
        one = self.exchange.state.series[number]
        mark = self.exchange.mark_of(number, at)
        best = [
            side.ticks[place] if side.ticks else 0 for side, place in zip(one.sides, (-1, 0), strict=True)
        ]
        moved = {"mark": mark.mark, "deltaMark": mark.delta_mark, "stale": mark.stale}
        book = {"bid": best[0], "ask": best[1]}
        hot = {"basis": one.hot.basis, "openInterest": one.hot.open_interest}
        names = ("pool", "advance", "claims", "collected", "drawn", "fees", "bounty")
        return moved | book | hot | {name: getattr(one.money, name) for name in names}

    def feed(self, at: int) -> Figures:
        price, time, fresh = self.oracle.latest(1, at)
        status = self.oracle.feed_status(1)
        return _feed(price, time, fresh, status.pending is not None, status.round) | _totals(
            self.oracle.accumulated(1, at)
        )

    def sums(self) -> Figures:
        state = self.exchange.state
        return {
            "insurance": state.insurance.get(1, 0),
            "deficit": state.deficits.get(1, 0),
            "treasury": state.office.treasury,
            "bonds": state.office.bonds,
        }

    def tokens(self, series: int, long: bool, person: str) -> int:
        return self.exchange.token_balance(series, long, person)


def _feed(price: int, time: int, fresh: bool, pending: bool, rounds: int) -> Figures:
    status = {"fresh": fresh, "pending": pending, "rounds": rounds}
    return {"value": price // UNIT, "time": time - MIDNIGHT} | status


def _totals(totals: tuple[int, ...]) -> Figures:
    return {"valueSeconds": totals[0] // UNIT, "freshSeconds": totals[1]}


class ContractsVenue:
    """The shipped contracts."""

    def __init__(self) -> None:
        self.contracts = Contracts(max_lag=MAX_LAG, time=MIDNIGHT)
        self.view = View(self.contracts)
        self.domain = OracleDomain(CHAIN_ID, self.contracts.addresses["oracle"])
        self.events: list[Event] = []

    def _send(self, at: int, sender: str, target: str, function: str, args: list[Any]) -> list[Any]:
        entry = interface_of(target).functions[function]
        address = self.contracts.addresses.get(target, target)
        return self._raw(at, sender, address, entry.encode(*args), entry)

    def _raw(self, at: int, sender: str, address: str, data: bytes, entry: Any) -> list[Any]:
        self.contracts.set_time(at)
        answer = self.contracts.send(sender, address, data)
        if answer.error is not None:
            raise answer.error
        self.events = default_decoder().decode_all(answer.logs)
        return list(entry.decode_output(answer.data))

    def add_feed(self, heartbeat: int, bound_bps: int) -> None:
        self._send(MIDNIGHT, DEPLOYER, "oracle", "addOperatorSet", [[OPERATOR.address], 1])
        info = (SYMBOL, METHODOLOGY, 1, heartbeat, bound_bps)
        self._send(MIDNIGHT, DEPLOYER, "oracle", "addFeed", [info])

    def report(self, at: int, value: int) -> None:
        update = sign(self.domain, 1, 1, [OPERATOR], at, {OPERATOR: {1: value * UNIT}})
        self._send(at, DEPLOYER, "oracle", "update", [update.packed()])

    def call(self, at: int, sender: str, verb: str, args: list[Any]) -> list[Any]:
        if verb == "transferToken":
            series, long, to, lots = args
            entry = interface_of("token").functions["transfer"]
            self._raw(at, sender, self.view.token(series, long), entry.encode(to, lots), entry)
            return []
        plain = [astuple(one) if isinstance(one, SeriesSpec) else one for one in args]
        return self._send(at, sender, "exchange", verb, plain)

    def fund(self, person: str, amount: int) -> None:
        self._send(MIDNIGHT, person, "usdc", "mint", [person, amount])
        self._send(MIDNIGHT, person, "usdc", "approve", [self.contracts.addresses["exchange"], 2**256 - 1])

    def account_of(self, person: str) -> int:
        return int(self.view.principal(person).account)

    def account(self, number: int, at: int) -> Figures:
        self.contracts.set_time(at)
        ((_, _, margin, withdrawable, _),) = self.contracts.read("lens", "accountInfo", number)
        names = ("equity", "imEquity", "losses", "IM", "MM", "ordersMargin")
        figures = dict(zip(names, margin[1:7], strict=True))
        clock = self.view.clock(number)
        figures |= {"cash": self.view.cash(number), "withdrawable": withdrawable}
        return figures | _clocks(clock.since, clock.negative_since)

    def position(self, number: int, series: int) -> Figures:
        p = self.view.position(number, series)
        claim, left = self.view.claim(number, series)
        settled = p.open_count == 255
        return {
            "lots": 0 if settled else p.lots,
            "quote": left if settled else p.quote,
            "claim": claim,
            "openBuy": 0 if settled else p.open_buy,
            "openSell": 0 if settled else p.open_sell,
            "epoch": p.epoch,
        }

    def series(self, number: int, at: int) -> Figures:
        self.contracts.set_time(at)
        mark, delta_mark, stale = self.contracts.read("lens", "markOf", number)
        hot, money = self.view.hot(number), self.view.money(number)
        names = ("pool", "advance", "claims", "collected", "drawn", "bounty")
        return {name: getattr(money, name) for name in names} | {
            "mark": mark,
            "deltaMark": delta_mark,
            "stale": stale,
            "bid": hot.bid,
            "ask": hot.ask if hot.ask != 2**24 - 1 else 0,
            "basis": hot.basis,
            "openInterest": hot.open_interest,
            "fees": money.fees + hot.fees,
        }

    def feed(self, at: int) -> Figures:
        self.contracts.set_time(at)
        price, time, fresh = self.contracts.read("oracle", "latest", 1)
        state = self.view.feed(1)
        totals = self.contracts.read("oracle", "accumulated", 1, at)
        return _feed(price, time, fresh, bool(state.pending), state.round) | _totals(totals)

    def sums(self) -> Figures:
        return {
            "insurance": self.view.insurance(1),
            "deficit": self.view.deficit(1),
            "treasury": self.view.treasury,
            "bonds": self.contracts.read("exchange", "bonds")[0],
        }

    def tokens(self, series: int, long: bool, person: str) -> int:
        return self.view.token_balance(self.view.token(series, long), person)
