"""Rules changed on purpose, one line each: the run must notice."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from dataclasses import dataclass
from types import FunctionType, TracebackType
from typing import Any


@dataclass
class Mutant:
    """One line of the model, changed while the mutant is in force (`with`).

    :param rule: what the line says, in words
    :param where: module under olivepress.model and function, e.g. 'margin._require'
    :param line: text that stands in the function exactly once
    :param change: what stands there instead
    """

    rule: str
    where: str
    line: str
    change: str

    def __enter__(self) -> Mutant:
        function = self._function()
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.line) != 1:
            raise ValueError(f"{self.where}: {self.line!r} stands there {source.count(self.line)} times")
        space: dict[str, Any] = {}
        module = sys.modules[function.__module__]
        changed = compile(source.replace(self.line, self.change), module.__file__ or "", "exec")
        exec(changed, vars(module), space)
        self._code = function.__code__
        # The code object is swapped, so that every place that imported the function has the change.
        function.__code__ = space[function.__name__].__code__
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._function().__code__ = self._code

    def _function(self) -> FunctionType:
        module, *names = self.where.split(".")
        found: Any = importlib.import_module(f"olivepress.model.{module}")
        for name in names:
            found = getattr(found, name)
        return found  # type: ignore[no-any-return]


MODEL: dict[str, Mutant] = {
    "taker-fee-rounded-down": Mutant(
        "fees are rounded up",
        "matching.exchange",
        "(amount * spec.taker_fee + 999_999) // 1_000_000",
        "amount * spec.taker_fee // 1_000_000",
    ),
    "gap-at-its-edge": Mutant(
        "a maker's order is retired when its mark moved by more than the gap",
        "matching._dead",
        "against * 10_000 > was",
        "against * 10_000 >= was",
    ),
    "order-lives-a-second-longer": Mutant(
        "an order is dead from its expiry second on",
        "matching._dead",
        "order.expiry <= c.now",
        "order.expiry < c.now",
    ),
    "reduce-only-not-clipped": Mutant(
        "a resting reduce-only order trades no more than its position",
        "matching._fill",
        "lots = min(lots, most)",
        "lots = min(lots, held)",
    ),
    "basis-without-open-interest": Mutant(
        "a trade pulls the basis by its size against open interest",
        "mark.follow",
        "traded_lots + hot.open_interest",
        "traded_lots",
    ),
    "mark-rounded-down": Mutant("marks are rounded half up", "mark._ticks", "(price + 128)", "price"),
    "fixing-forgets-stale-seconds": Mutant(
        "the fixed part of the mark counts fresh seconds only",
        "mark._fixing",
        "seconds = fresh + remaining",
        "seconds = window",
    ),
    "maintenance-margin-rounded-down": Mutant(
        "requirements are rounded up",
        "margin._maintain",
        "-(-min(rate * abs(net) + offset, most) // RATE)",
        "min(rate * abs(net) + offset, most) // RATE",
    ),
    "gains-count-in-full": Mutant(
        "gains count for initial margin at gainPct",
        "margin._leg",
        "value * spec.gain_pct // 100",
        "value",
    ),
    "nothing-left-unmargined": Mutant(
        "margin is checked also when nothing is left in the series that was traded",
        "trading.finish",
        " or not Position(*c.before).idle",
        "",
    ),
    "challengeable-leg-offsets": Mutant(
        "a series that may be challenged offsets those of its own window only",
        "margin._groups",
        "kin += spec.window_start, spec.expiry_day",
        "pass",
    ),
    "silent-lot-shields": Mutant(
        "lots at a stale index are a doubt about the account, and no shield of it",
        "liquidation._sure",
        "m.equity + margin.doubt(state, account, call.time) >= needed",
        "True",
    ),
    "reward-unbounded": Mutant(
        "the keeper earns no more than the account may lose",
        "liquidation._reward",
        "min(freed * KEEPER_BPS // 10_000, allowed - max(loss, 0))",
        "freed * KEEPER_BPS // 10_000",
    ),
    "auction-rounds-shorts-up": Mutant(
        "lots of an auction are rounded towards zero",
        "liquidation._move",
        "towards_zero(given.lots * x.fraction, WHOLE)",
        "given.lots * x.fraction // WHOLE",
    ),
    "declared-a-second-early": Mutant(
        "a deficit is declared after a whole auction below zero",
        "liquidation.declare",
        "call.time < since + AUCTION",
        "call.time < since + AUCTION - 1",
    ),
    "gain-drawn-a-day-early": Mutant(
        "a gain is drawn no sooner than the second midnight after the last fill",
        "realise._draw_gain",
        "(position.last_fill_day + 2)",
        "(position.last_fill_day + 1)",
    ),
    "loser-keeps-its-cash": Mutant(
        "losers pay what their cash allows when they are settled",
        "settlement._settle_account",
        "paid = min(-claim, account.cash)",
        "paid = min(-claim, account.cash // 2)",
    ),
    "insurance-repaid-first": Mutant(
        "a debt paid late first raises the winners' share, then repays insurance",
        "realise._repay",
        "raised = min(amount, money.claims - money.collected)",
        "raised = 0",
    ),
    "late-round-confirms": Mutant(
        "a waiting round is confirmed within a heartbeat or dropped",
        "oracle.IndexOracle._resolve_pending",
        "at < waiting.time + state.info.heartbeat",
        "at <= waiting.time + state.info.heartbeat",
    ),
}
