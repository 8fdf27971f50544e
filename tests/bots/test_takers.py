"""The hedger keeps to its schedule and its limits; the noise trader is repeatable and keeps to its limits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot_views import NOW, view, views
from olivepress.types import Phase, Side, TimeInForce
from olivepress_bots import hedger, noise
from olivepress_bots.actions import Cancel, Place
from olivepress_bots.hedger import HedgerConfig
from olivepress_bots.noise import NoiseConfig
from olivepress_bots.view import MarketView, OwnOrder

HEDGE = HedgerConfig(target=100, start=NOW - 50, end=NOW + 50, clip=30)
ASKS = ((4_030, 10), (4_040, 10))


def test_buys_what_the_schedule_lacks_but_no_more_than_a_clip() -> None:
    assert hedger.decide(view(asks=ASKS), HEDGE, NOW) == [Place(Side.BUY, 4_060, 30, TimeInForce.IOC)]
    assert hedger.decide(view(asks=ASKS, position=35), HEDGE, NOW) == [
        Place(Side.BUY, 4_060, 15, TimeInForce.IOC)
    ]
    assert hedger.decide(view(asks=ASKS, position=50), HEDGE, NOW) == []


def test_waits_for_a_price_it_likes() -> None:
    assert hedger.decide(view(), HEDGE, NOW) == []
    assert hedger.decide(view(asks=((4_061, 10),)), HEDGE, NOW) == []
    dear = HEDGE.model_copy(update={"limit_price": Decimal("4.029")})
    assert hedger.decide(view(asks=ASKS), dear, NOW) == []


def test_a_seller_of_compute_hedges_the_other_way() -> None:
    seller = HEDGE.model_copy(update={"side": Side.SELL})
    bids = ((4_000, 10),)
    assert hedger.decide(view(bids=bids), seller, NOW) == [Place(Side.SELL, 3_980, 30, TimeInForce.IOC)]
    assert hedger.decide(view(bids=bids, position=-45), seller, NOW) == [
        Place(Side.SELL, 3_980, 5, TimeInForce.IOC)
    ]
    cheap = seller.model_copy(update={"limit_price": Decimal("4.001")})
    assert hedger.decide(view(bids=bids), cheap, NOW) == []


@pytest.mark.parametrize("reason", [{"stale": True}, {"reduce_only": True}, {"observed_at": NOW - 601}])
def test_takers_wait_while_the_index_is_stale(reason: dict[str, object]) -> None:
    assert hedger.decide(view(asks=ASKS, **reason), HEDGE, NOW) == []
    always = NoiseConfig(seed=1, act_pct=100, rest_pct=0)
    assert noise.decide(view(asks=ASKS, bids=((4_000, 5),)), always, NOW) != []
    assert noise.decide(view(asks=ASKS, bids=((4_000, 5),), **reason), always, NOW) == []


@given(views(), st.sampled_from(Side), st.integers(-100, 200), st.integers(1, 500), st.integers(1, 60))
def test_hedger_never_exceeds_target_clip_margin_or_band(
    view_: MarketView, side: Side, shift: int, target: int, clip: int
) -> None:
    config = HedgerConfig(side=side, target=target, start=NOW - 100, end=NOW + 100, clip=clip)
    for action in hedger.decide(view_, config, NOW + shift):
        assert isinstance(action, Place)
        assert action.side is side
        assert action.tif is TimeInForce.IOC
        assert action.lots <= clip
        assert side.sign * view_.position + action.lots <= min(target, view_.lots_by_margin)
        assert 0 < action.tick < view_.price_cap
        assert side.sign * (action.tick - view_.mark) <= view_.mark * Decimal("0.01")
        assert action.tick <= view_.highest if side is Side.BUY else action.tick >= view_.lowest


@given(st.integers(0, 10_000), st.integers(1, 1_000))
def test_schedule_rises_from_nothing_to_the_target(elapsed: int, target: int) -> None:
    config = HedgerConfig(target=target, start=NOW, end=NOW + 5_000)
    now = hedger.scheduled(config, NOW + elapsed)
    assert hedger.scheduled(config, NOW) == 0
    assert hedger.scheduled(config, NOW + 5_000) == target
    assert 0 <= now <= hedger.scheduled(config, NOW + elapsed + 1) <= target


noise_configs = st.builds(
    NoiseConfig,
    seed=st.integers(0, 2**32),
    act_pct=st.just(100),
    rest_pct=st.integers(0, 100),
    max_lots=st.integers(1, 50),
    max_position=st.integers(1, 100),
)


@given(views(), noise_configs)
def test_noise_keeps_within_limits_and_band(view_: MarketView, config: NoiseConfig) -> None:
    limit = min(config.max_position, view_.lots_by_margin)
    for action in noise.decide(view_, config, NOW):
        if not isinstance(action, Place):
            continue
        resting = sum(order.lots for order in view_.orders if order.side is action.side)
        assert action.side.sign * view_.position + resting + action.lots <= limit
        assert max(view_.lowest, 1) <= action.tick <= min(view_.highest, view_.price_cap - 1)
        best = view_.best_other(action.side.opposite)
        if action.tif is TimeInForce.IOC:
            assert best is not None
            assert (action.tick - best) * action.side.sign >= 0
        else:
            assert action.post_only
            assert best is None or (action.tick - best) * action.side.sign < 0


@given(views(), noise_configs)
def test_noise_repeats_for_the_same_seed(view_: MarketView, config: NoiseConfig) -> None:
    assert noise.decide(view_, config, NOW) == noise.decide(replace(view_), config.model_copy(), NOW)


def test_noise_differs_between_seeds_and_times() -> None:
    market = view(asks=ASKS, bids=((4_000, 10),))
    config = NoiseConfig(seed=1, max_lots=10)
    by_time = {str(noise.decide(market, config, NOW + second)) for second in range(50)}
    by_seed = {str(noise.decide(market, config.model_copy(update={"seed": seed}), NOW)) for seed in range(50)}
    assert len(by_time) > 5
    assert len(by_seed) > 5


def test_noise_counts_what_it_has_in_the_book() -> None:
    config = NoiseConfig(seed=3, act_pct=100, rest_pct=0, max_lots=20, max_position=30)
    resting = OwnOrder(1, Side.BUY, 3_990, 28, NOW + 1_000)
    market = view(asks=ASKS, bids=((3_990, 28),), orders=(resting,))
    bought = [
        action.lots
        for second in range(60)
        for action in noise.decide(market, config, NOW + second)
        if isinstance(action, Place) and action.side is Side.BUY
    ]
    assert bought
    assert max(bought) <= 2


def test_noise_goes_home_when_it_holds_too_much() -> None:
    config = NoiseConfig(seed=3, act_pct=100, rest_pct=0, max_position=30)
    full = view(asks=ASKS, bids=((4_000, 10),), position=30)
    sides = {
        action.side
        for second in range(40)
        for action in noise.decide(full, config, NOW + second)
        if isinstance(action, Place)
    }
    assert sides == {Side.SELL}


def test_noise_tidies_up_its_dead_orders_even_when_it_may_not_trade() -> None:
    dead = OwnOrder(7, Side.BUY, 4_000, 3, NOW)
    config = NoiseConfig(seed=1, act_pct=0)
    assert noise.decide(view(orders=(dead,), bids=((4_000, 3),)), config, NOW) == [Cancel(7)]
    assert noise.decide(view(orders=(dead,), phase=Phase.EXPIRED), config, NOW) == [Cancel(7)]


def test_configs_name_the_wrong_field() -> None:
    with pytest.raises(ValidationError, match="end: 5 must be later than start 5"):
        HedgerConfig(target=1, start=5, end=5)
    with pytest.raises(ValidationError, match="max_lots: 1 must be at least min_lots 2"):
        NoiseConfig(seed=1, min_lots=2, max_lots=1)
