"""What no life can meet in the model's rules, each with its reason (boundaries.py)."""

from __future__ import annotations

Key = tuple[str, str, str]
"""Function, text and case: lines move."""

REASONS: dict[str, tuple[Key, ...]] = {
    "of the oracle's constructor, which each life calls once": (
        ("oracle.IndexOracle.__init__", "if owner == ZERO_ADDRESS", "true"),
        ("oracle.IndexOracle.__init__", "if not 1 <= max_lag <= DAY", "true"),
        ("oracle.IndexOracle.__init__", "1 <= max_lag", "equal"),
        ("oracle.IndexOracle.__init__", "1 <= max_lag", "one above"),
        ("oracle.IndexOracle.__init__", "max_lag <= DAY", "equal"),
        ("oracle.IndexOracle.__init__", "max_lag <= DAY", "one above"),
    ),
    "for whoever packs an update; the contract only checks it": (
        ("operators.make_batch", "if operator in values", "true"),
        ("operators.make_batch", "if operator in values", "false"),
        ("operators.make_batch", "if operator not in values", "true"),
        ("operators.make_batch", "if operator not in values", "false"),
        ("operators._lower_median", "(len(values) - 1) // 2", "with a remainder"),
    ),
    "needs 4,294,967,294 orders at one tick": (("book.rest", "if index == _LAST_INDEX", "true"),),
    "asked only about a side that an order would cross": (
        ("book.best", "side.ticks[-1] if side.ticks else 0", "false"),
        ("book.best", "side.ticks[0] if side.ticks else NO_ASK", "false"),
    ),
    "a step is 1 or -1": (("book._trim", "step > 0", "equal"),),
    "the contract's type has no such value": (
        ("listing._check_prices", "spec.tick_size <= (1 << 64) - 1", "one above"),
        ("listing._check_prices", "spec.tick_value <= (1 << 32) - 1", "one above"),
        ("listing._check_prices", "spec.min_lots <= 255", "one above"),
        ("listing._check_prices", "0 <= spec.max_basis", "one above"),
        ("listing._check_rates", "0 <= spec.taker_fee", "one above"),
        ("listing._check_rates", "0 <= spec.maker_rebate", "one above"),
        ("listing._check_rates", "0 <= spec.spread_bps", "one above"),
        ("listing._check_rates", "0 <= spec.gain_pct", "one above"),
    ),
    "an absolute value": (("listing.list_series", "0 <= abs(basis) >> 8", "one above"),),
    "the terms checked before leave no such value": (
        ("listing._check_prices", "1 <= spec.open_interest_cap", "one above"),
        ("listing._check_rates", "1 <= scaled", "equal"),
        ("listing._check_rates", "1 <= scaled", "one above"),
    ),
    "a feed without a value was last heard of in 1970": (
        ("feed.Feed.fresh_at", "self.time != 0", "decisive"),
    ),
    "when the end of a window is final, so is its start": (
        ("oracle.IndexOracle.window", "start_fixed", "decisive"),
    ),
    "a window is whole days, and 50 divides them": (
        ("margin._groups", "(series.expiry - series.fixing) // 50", "with a remainder"),
    ),
    "a series that is listed by an account has a position of it": (
        ("ledger.tidy", "position is None", "decisive"),
        ("margin._other", "if position is None", "true"),
        ("margin.recheck", "position is None", "decisive"),
        ("margin.doubt", "position is None", "decisive"),
        ("settlement._pay_debts", "position is not None", "decisive"),
    ),
    "for mypy: where there is no series or account, what comes next refuses too": (
        ("book.kill_orders", "series is None", "decisive"),
        ("margin.recheck", "series is None", "decisive"),
        ("margin.doubt", "series is None", "decisive"),
        ("settlement.draw", "account is None", "decisive"),
        ("settlement.collect_bounty", "series is None", "decisive"),
        ("trading.cancel", "series is None", "decisive"),
    ),
    "in a closed series only empty positions are not settled": (
        ("settlement.draw", "not position.settled", "decisive"),
        ("tokens._add_claim", "position.settled", "decisive"),
    ),
    "a settled position is struck when nothing is left": (
        ("settlement._pay_debts", "position.quote < 0", "equal"),
    ),
    "only what is listed is struck": (("ledger.strike", "if series not in account.series", "true"),),
    "asked only about series that are not settled": (
        ("mark.expired", "not hot.settled", "decisive"),
        ("liquidation._move", "series.hot.settled", "decisive"),  # a settled one has expired
    ),
    "the time of the guardian's brake is 0 where it is off": (
        ("reads.Reads.reduce_only", "found.hot.guarded", "decisive"),
        ("trading.place", "hot.guarded", "decisive"),
    ),
    "without lots there is nothing to reduce, which was refused before": (
        ("liquidation.liquidate", "c.position.lots < 0", "equal"),
        ("liquidation._most_lots", "held > 0", "equal"),
    ),
    "maintenance margin is above equity by then": (
        ("liquidation._allowed", "before.maintenance_margin == 0", "decisive"),
    ),
    "who is below zero is below maintenance margin": (("liquidation._note", "negative_since", "decisive"),),
    "only a reduce-only order takes less than it asks for, and one that has nothing to take is refused": (
        ("trading._take", "flags & REDUCE_ONLY", "decisive"),
        ("trading._take", "filled", "decisive"),
    ),
    "no call begins above the cap": (
        ("trading.finish", "hot.open_interest > c.open_before", "decisive"),
        ("trading.finish", "hot.open_interest > c.open_before", "equal"),
    ),
    "the other operand finds the same position": (
        ("trading.load", "series.positions.get(account.id)", "decisive"),
    ),
    "a token that is not there has no address to call": (("tokens.transfer", "if token is None", "true"),),
    "both sides are multiples of ten or more": (
        ("challenges.Average.thin", "self.fresh * 100 < self.elapsed * MIN_COVERAGE", "one below"),
        ("feed.Feed.beyond", "abs(value - origin) * 10_000 > self.info.deviation_bps * origin", "one above"),
        ("mark._fixing", "(window - remaining - fresh) * 50 > window", "one above"),
    ),
    "the same amount was refused before": (("liquidation.declare", "amount > before", "equal"),),
    "it must be a multiple of a minute, or of ten": (
        ("oracle.IndexOracle.add_feed", "1 <= info.heartbeat", "equal"),
        ("oracle.IndexOracle.add_feed", "info.heartbeat <= DAY", "one above"),
        ("oracle.IndexOracle.add_feed", "1 <= bound", "equal"),
        ("oracle.IndexOracle.add_feed", "bound <= MAX_BOUND_BPS", "one above"),
    ),
    "day 0 is long over": (("oracle.IndexOracle._fixable_at", "state.time != 0", "decisive"),),
    "what is ahead is a part of the mark": (("mark._fixing", "mark", "decisive"),),
    "for mypy: without a level there is no order": (("book.remove", "level is None", "decisive"),),
    "needs a key made for it: test_signatures.py has one": (
        ("operators.verify", "report.s > HALF_ORDER", "equal"),
    ),
    "needs more than 4,096 orders: test_views.py has them": (
        ("reads.Reads.depth", "MOST", "decisive"),
        ("reads.Reads.orders", "MOST", "decisive"),
    ),
    "needs a quote of 2^78 to the unit, which no edge makes: huge_quote goes beyond it": (
        ("matching.fits", "-most <= position.quote", "equal"),
        ("matching.fits", "-most <= position.quote", "one above"),
        ("matching.fits", "position.quote < most", "equal"),
        ("matching.fits", "position.quote < most", "one below"),
    ),
    "no bond is 0": (("challenges._refund", "if amount", "false"),),
}

UNMET = frozenset(key for keys in REASONS.values() for key in keys)
