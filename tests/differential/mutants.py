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
    "served-agent-taken": Mutant(
        "who serves an account cannot be invited by another",
        "accounts.invite",
        "serving is not None and serving.account == account",
        "serving is not None",
    ),
    "lots-without-cost-dropped": Mutant(
        "a series with lots stays on the account's list, whatever they cost",
        "ledger.tidy",
        "position.lots or position.quote",
        "position.quote",
    ),
    "loss-of-a-round-trip-not-listed": Mutant(
        "a series in which only a loss is left joins the account's list",
        "trading.finish",
        " or p.quote",
        "",
    ),
    "lots-without-cost-unmargined": Mutant(
        "lots need margin, whatever they cost",
        "trading.finish",
        "p.lots or p.open_count",
        "p.open_count",
    ),
    "settled-order-cancelled": Mutant(
        "no order outlives its series",
        "trading.cancel",
        " or position.settled",
        "",
    ),
    "two-lifetimes": Mutant(
        "an order is immediate-or-cancel or fill-or-kill, not both",
        "trading._validate",
        "flags not in VALID_FLAGS",
        "flags not in VALID_FLAGS and flags & 3 != 3",
    ),
    "claim-of-a-stranger": Mutant(
        "who redeems without a position has a settled one from then on",
        "tokens._add_claim",
        "if not position.settled:",
        "if False:",
    ),
    "tokens-to-nobody": Mutant(
        "nothing is minted to the zero address",
        "tokens.mint",
        "if to == ZERO_ADDRESS:",
        "if False:",
    ),
    "wrapped-in-silence": Mutant(
        "nobody wraps while other lots of theirs have no fresh index",
        "tokens.wrap",
        "if m.stale:",
        "if False:",
    ),
    "wrapped-beyond-the-limit": Mutant(
        "open orders may not take back more than the limit allows",
        "tokens.wrap",
        "_limit(state, account, series)",
        "pass",
    ),
    "ruling-within-published": Mutant(
        "the average itself can always be ruled",
        "challenges.rule",
        "min(low, mean), max(high, mean)",
        "low, max(high, mean)",
    ),
    "auction-at-expiry": Mutant(
        "no auction moves a series from its expiry second on",
        "liquidation._move",
        "call.time >= series.expiry",
        "call.time > series.expiry",
    ),
    "flat-in-a-silent-feed": Mutant(
        "a loss without lots needs no index to be declared",
        "liquidation._loss_in",
        "at.stale and position.lots",
        "at.stale",
    ),
    "nine-midnights": Mutant(
        "one report crosses eight midnights at most",
        "oracle.IndexOracle._close_days",
        "today >= day + MAX_MIDNIGHTS",
        "today > day + MAX_MIDNIGHTS",
    ),
    "listed-without-the-brake": Mutant(
        "a series that is listed while its feed brakes is reduce-only",
        "listing.list_series",
        "insurance.brake(state, spec.feed)",
        "pass",
    ),
    "settled-in-listed-order": Mutant(
        "an account's series are settled in the order of their numbers",
        "settlement.settle_accounts",
        "sorted(account.series)",
        "account.series",
    ),
    "debts-by-number": Mutant(
        "debts are paid in the order of expiry",
        "settlement._pay_debts",
        "(series.spec.expiry_day, number)",
        "(0, number)",
    ),
    "halted-before-value": Mutant(
        "a value that cannot be is refused before a halted feed",
        "oracle.IndexOracle._take_round",
        "    self._check_value(batch.operator_set, feed, state, price)\n"
        "    if state.halted:\n        refuse(FeedHalted, feed)\n",
        "    if state.halted:\n        refuse(FeedHalted, feed)\n"
        "    self._check_value(batch.operator_set, feed, state, price)\n",
    ),
    "declared-beyond-the-feed": Mutant(
        "no more is declared in a feed than was lost in it",
        "liquidation.declare",
        "min(amount, -m.equity)",
        "-m.equity",
    ),
    "declared-in-doubt": Mutant(
        "nothing is declared while lots at a silent index may cover it",
        "liquidation.declare",
        "_sure(state, call, account, m, 0)",
        "pass",
    ),
    "doubt-at-maintenance": Mutant(
        "a doubt is the initial margin's share of the silent lots",
        "margin.doubt",
        "series.spec.im_bps",
        "series.spec.mm_bps",
    ),
    "doubt-rounded-down": Mutant(
        "a doubt is rounded up",
        "margin.doubt",
        "-(-scaled // 10_000)",
        "scaled // 10_000",
    ),
    "last-bounty-kept": Mutant(
        "a bounty is paid when the fees left are just what it is",
        "settlement.collect_bounty",
        "_for_fees(series.money) < amount",
        "_for_fees(series.money) <= amount",
    ),
    "closed-for-nothing": Mutant(
        "lots whose closing frees no maintenance margin are not closed",
        "liquidation._reward",
        "if freed <= 0:",
        "if freed == 0:",
    ),
    "payers-of-a-full-pool": Mutant(
        "payers are asked only where the pool is short",
        "realise._draw_gain",
        "series.money.pool < wanted and payers",
        "payers",
    ),
    "alive-a-tick-beyond": Mutant(
        "an order beyond the band is dead",
        "matching._dead",
        "w.tick > w.high",
        "w.tick > w.high + 1",
    ),
    "clock-kept-a-second-longer": Mutant(
        "a clock at which nobody looked for a third of an auction starts anew",
        "liquidation._clock",
        "clock.looked_at + MEMORY",
        "clock.looked_at + MEMORY + 1",
    ),
}
