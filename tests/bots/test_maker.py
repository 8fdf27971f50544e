"""The market maker's rules, each as a property over any view, and the plain cases by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot_views import NOW, view, views
from olivepress.types import Phase, Side, TimeInForce
from olivepress_bots.actions import Action, Cancel, CancelAll, Place
from olivepress_bots.maker import MakerConfig, decide, fair_ticks, reservation_ticks
from olivepress_bots.view import MarketView, OwnOrder

CONFIG = MakerConfig(basis=Decimal("0.020"), levels=3, level_lots=10, max_position=100)

configs = st.builds(
    MakerConfig,
    basis=st.decimals("-0.02", "0.02", places=3),
    levels=st.integers(1, 6),
    half_spread_bps=st.decimals("0.1", 40, places=1) | st.decimals(40, 400, places=1),
    level_step_bps=st.decimals("0.1", 100, places=1),
    level_lots=st.sampled_from([5, 10, 20, 70]),
    skew_bps=st.decimals(0, 1000, places=1),
    max_position=st.integers(1, 250),
    tolerance_ticks=st.integers(0, 20),
)


def resting_after(view_: MarketView, actions: list[Action]) -> list[tuple[Side, int, int]]:
    """(side, tick, lots) of the maker's orders once the actions are carried out."""
    if any(isinstance(action, CancelAll) for action in actions):
        kept: list[OwnOrder] = []
    else:
        gone = {action.order_id for action in actions if isinstance(action, Cancel)}
        kept = [order for order in view_.orders if order.order_id not in gone]
    rested = [(order.side, order.tick, order.lots) for order in kept]
    return rested + [(a.side, a.tick, a.lots) for a in actions if isinstance(a, Place)]


@given(views(), configs)
def test_never_crosses_itself(view_: MarketView, config: MakerConfig) -> None:
    after = resting_after(view_, decide(view_, config, NOW))
    bids = [tick for side, tick, _ in after if side is Side.BUY]
    asks = [tick for side, tick, _ in after if side is Side.SELL]
    assert not bids or not asks or max(bids) < min(asks)


@given(views(), configs)
def test_never_takes_from_others(view_: MarketView, config: MakerConfig) -> None:
    for action in decide(view_, config, NOW):
        if isinstance(action, Place):
            best = view_.best_other(action.side.opposite)
            assert action.post_only
            assert best is None or (action.tick - best) * action.side.sign < 0


@given(views(), configs)
def test_respects_position_margin_and_band(view_: MarketView, config: MakerConfig) -> None:
    actions = decide(view_, config, NOW)
    limit = min(config.max_position, view_.lots_by_margin)
    for side in Side:
        lots = sum(lots for s, _, lots in resting_after(view_, actions) if s is side)
        assert lots == 0 or lots + side.sign * view_.position <= limit
    for action in actions:
        if isinstance(action, Place):
            assert max(view_.lowest, 1) <= action.tick <= min(view_.highest, view_.price_cap - 1)
            assert view_.min_lots <= action.lots
            assert NOW < action.expiry <= min(NOW + config.order_life, view_.expires_at)


@given(views(), configs)
def test_deciding_twice_changes_nothing(view_: MarketView, config: MakerConfig) -> None:
    """Once the orders are as wanted, the same view with them in the book asks for no change: nothing is
    churned."""
    actions = decide(view_, config, NOW)
    if any(isinstance(action, CancelAll) for action in actions):
        return
    gone = {action.order_id for action in actions if isinstance(action, Cancel)}
    kept = [order for order in view_.orders if order.order_id not in gone]
    new = [
        OwnOrder(1000 + number, action.side, action.tick, action.lots, action.expiry)
        for number, action in enumerate(actions)
        if isinstance(action, Place)
    ]
    books: dict[Side, dict[int, int]] = {Side.BUY: dict(view_.bids), Side.SELL: dict(view_.asks)}
    for order in view_.orders:
        if order.order_id in gone and order.alive_at(NOW):
            books[order.side][order.tick] -= order.lots
    for order in new:
        books[order.side][order.tick] = books[order.side].get(order.tick, 0) + order.lots
    bids = tuple(sorted(((tick, lots) for tick, lots in books[Side.BUY].items() if lots), reverse=True))
    asks = tuple(sorted((tick, lots) for tick, lots in books[Side.SELL].items() if lots))
    after = replace(view_, orders=(*kept, *new), bids=bids, asks=asks)
    assert decide(after, config.model_copy(update={"renew_before": 0}), NOW) == []


def test_own_orders_are_no_opposite_side() -> None:
    """A level counts where somebody else is in it; dead orders of one's own take nothing from it."""
    mine = OwnOrder(1, Side.SELL, 4_010, 5, 0)
    dead = OwnOrder(2, Side.SELL, 4_012, 5, NOW)
    asks = ((4_010, 5), (4_012, 5))
    assert view(asks=asks, orders=(mine, dead)).best_other(Side.SELL) == 4_012
    assert view(asks=((4_010, 6),), orders=(mine,)).best_other(Side.SELL) == 4_010
    assert view(asks=((4_010, 5),), orders=(mine,)).best_other(Side.SELL) is None


@given(st.integers(-100, 99), st.integers(1, 100))
def test_longer_inventory_quotes_lower(position: int, more: int) -> None:
    fair = fair_ticks(view(), CONFIG)
    shorter = reservation_ticks(view(position=position), CONFIG, fair)
    longer = reservation_ticks(view(position=min(position + more, 100)), CONFIG, fair)
    assert longer < shorter


def test_flat_maker_quotes_both_sides_around_index_plus_basis() -> None:
    actions = decide(view(), CONFIG, NOW)
    # Fair 4.000 + 0.020 = 4020 ticks; half spread 20 bps = 8.04 ticks, steps of 15 bps = 6.03 ticks.
    assert [(a.side, a.tick, a.lots, a.tif) for a in actions if isinstance(a, Place)] == [
        (Side.BUY, 4011, 10, TimeInForce.GTT),
        (Side.BUY, 4005, 10, TimeInForce.GTT),
        (Side.BUY, 3999, 10, TimeInForce.GTT),
        (Side.SELL, 4029, 10, TimeInForce.GTT),
        (Side.SELL, 4035, 10, TimeInForce.GTT),
        (Side.SELL, 4041, 10, TimeInForce.GTT),
    ]


def test_in_the_averaging_window_the_mark_is_the_fair_value() -> None:
    assert fair_ticks(view(phase=Phase.FIXING), CONFIG) == 4020
    assert fair_ticks(view(phase=Phase.FIXING, index=9_000), CONFIG) == 4020


def test_an_order_kept_out_of_tolerance_never_meets_a_new_quote() -> None:
    """A wide tolerance must not leave a bid above the new ask when the fair value fell."""
    tight = MakerConfig(levels=1, half_spread_bps=Decimal(5), tolerance_ticks=50, level_lots=10)
    high_bid = OwnOrder(1, Side.BUY, 4010, 10, NOW + 9_000)
    actions = decide(view(bids=((4010, 10),), orders=(high_bid,)), tight, NOW)
    assert actions[0] == Cancel(1)
    assert [(a.side, a.tick) for a in actions if isinstance(a, Place)] == [
        (Side.BUY, 3998),
        (Side.SELL, 4002),
    ]


def test_quotes_stay_short_of_the_other_side_of_the_book() -> None:
    cheap_offer = view(asks=((4005, 3),))
    ticks = [a.tick for a in decide(cheap_offer, CONFIG, NOW) if isinstance(a, Place) and a.side is Side.BUY]
    assert ticks == [4004, 3999]
    dear_bid = view(bids=((4035, 3),))
    ticks = [a.tick for a in decide(dear_bid, CONFIG, NOW) if isinstance(a, Place) and a.side is Side.SELL]
    assert ticks == [4036, 4041]


def test_replaces_only_what_changed() -> None:
    kept = OwnOrder(1, Side.BUY, 4011, 10, NOW + 9_000)
    wrong_price = OwnOrder(2, Side.BUY, 3950, 10, NOW + 9_000)
    partly_filled = OwnOrder(3, Side.SELL, 4029, 4, NOW + 9_000)
    dying = OwnOrder(4, Side.SELL, 4035, 10, NOW + 60)
    orders = (kept, wrong_price, partly_filled, dying)
    book = view(bids=((4011, 10), (3950, 10)), asks=((4029, 4), (4035, 10)), orders=orders)
    actions = decide(book, CONFIG, NOW)
    assert [a.order_id for a in actions if isinstance(a, Cancel)] == [2, 3, 4]
    places = [(a.side, a.tick) for a in actions if isinstance(a, Place)]
    assert places == [
        (Side.BUY, 4005),
        (Side.BUY, 3999),
        (Side.SELL, 4029),
        (Side.SELL, 4035),
        (Side.SELL, 4041),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        {"stale": True},
        {"reduce_only": True},
        {"index": None},
        {"observed_at": NOW - 601},
        {"expires_at": NOW + 3600},
        {"phase": Phase.EXPIRED},
    ],
)
def test_stops_and_cancels_everything(reason: dict[str, object]) -> None:
    order = OwnOrder(1, Side.BUY, 4011, 10, 0)
    assert decide(view(orders=(order,), bids=((4011, 10),), **reason), CONFIG, NOW) == [CancelAll()]
    assert decide(view(**reason), CONFIG, NOW) == []


def test_config_names_the_wrong_field() -> None:
    with pytest.raises(ValidationError, match="levels"):
        MakerConfig(levels=0)
    with pytest.raises(ValidationError, match="half_spread"):
        MakerConfig(half_spread=3)  # type: ignore[call-arg]
