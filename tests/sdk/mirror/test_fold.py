"""Events to money and positions, with figures worked out by hand; and rolling back."""

from __future__ import annotations

from typing import Any

import pytest

import exchange_kit as kit
from olivepress import events as ev
from olivepress.errors import UnknownAccount, UnknownSymbol
from olivepress.events import BlockEvents, Rollback
from olivepress.mirror import Mirror, MirrorError, fill_fees
from olivepress.types import OrderId, Side

PLACE: dict[str, Any] = {"tx_hash": b"\x01" * 32, "block_hash": b"\x02" * 32}
TV = kit.SPEC.tick_value


def block(number: int, *events: Any, timestamp: int | None = None) -> BlockEvents:
    time = timestamp if timestamp is not None else 1_795_392_000 + number
    return BlockEvents(number, number.to_bytes(32), time, tuple(events))


def at(number: int) -> dict[str, Any]:
    return PLACE | {"block": number, "log_index": 0}


def book(number: int, account: int, *records: bytes) -> ev.Book:
    return ev.decode_book(kit.book_log(list(records), account=account, block=number))


def opened(**options: Any) -> Mirror:
    """Two accounts with 1,000,000 units each, and the series."""
    mirror = Mirror(**options)
    mirror.apply(
        block(
            1,
            ev.AccountOpened(account=1, owner="0x" + "a1" * 20, **at(1)),
            ev.AccountOpened(account=2, owner="0x" + "a2" * 20, **at(1)),
            ev.Deposited(account=1, from_="0x" + "a1" * 20, amount=10**6, **at(1)),
            ev.Deposited(account=2, from_="0x" + "a2" * 20, amount=10**6, **at(1)),
            ev.SeriesListed(series=1, feed=1, spec=kit.SPEC, **at(1)),
        )
    )
    return mirror


def traded(**options: Any) -> Mirror:
    """Account 1 rests 5 lots to buy at 3490; account 2 sells 8 at 3480: 5 trade, 3 rest."""
    mirror = opened(**options)
    mirror.apply(block(2, book(2, 1, kit.placed(0, 3490, 1, 1, 5, client=11))))
    records = (
        kit.filled(0, 3490, 1, 1, 5, maker=1, client=11),
        kit.taken(128, 3480, 5, 3, 3501, client=22, end=1),
        kit.placed(128, 3480, 1, 1, 3, client=22),
    )
    mirror.apply(block(3, book(3, 2, *records)))
    return mirror


def test_a_trade_moves_lots_quotes_and_fees_as_the_contract_does() -> None:
    mirror = traded()
    amount = 5 * 3490 * TV
    fee, rebate = fill_fees(amount, kit.SPEC.taker_fee, kit.SPEC.maker_rebate)
    assert (amount, fee, rebate) == (17_450_000_000, 8_725_000, 1_745_000)
    maker, taker = mirror.position(1, kit.SPEC.symbol), mirror.position(2, kit.SPEC.symbol)
    assert (maker.lots, maker.quote) == (5, -amount + rebate)
    assert (taker.lots, taker.quote) == (-5, amount - fee)
    series = mirror.series(1)
    assert (series.fees, series.open_interest, series.mark, series.last_tick) == (fee - rebate, 5, 3501, 3490)
    assert (series.volume_lots, series.identity()) == (5, 0)
    assert (taker.open_sell, taker.open_buy, taker.open_count, maker.open_count) == (3, 0, 1, 0)
    assert maker.last_fill_day == 20_780
    assert mirror.equity(1) == 10**6 + 5 * 11 * TV + rebate


def test_a_trade_is_told_with_both_sides() -> None:
    (trade,) = traded().trades
    fill = trade.fill
    assert (fill.side, fill.tick, fill.lots, fill.maker, fill.taker) == (Side.SELL, 3490, 5, 1, 2)
    assert (fill.maker_client_id, fill.taker_client_id, fill.left) == (11, 22, 0)
    assert fill.order_id == OrderId.pack(1, Side.BUY, 3490, 1, 1)
    assert (trade.block, trade.timestamp) == (3, 1_795_392_003)


@pytest.mark.parametrize(
    ("amount", "taker", "maker", "wanted"),
    [(1_000_000, 500, 100, (500, 100)), (1, 500, 100, (1, 0)), (1_999_999, 1, 1, (2, 1)), (7, 0, 0, (0, 0))],
)
def test_fees_round_up_and_rebates_down(amount: int, taker: int, maker: int, wanted: tuple[int, int]) -> None:
    assert fill_fees(amount, taker, maker) == wanted


def test_a_reduce_only_order_is_clipped() -> None:
    mirror = opened()
    mirror.apply(block(2, book(2, 1, kit.placed(8, 3490, 1, 1, 9))))
    records = (
        kit.filled(0, 3490, 1, 1, 2, maker=1, left=7),
        kit.cancelled(6, 0, 3490, 1, 1, 4, 1),
        kit.taken(128, 3490, 2, 0, 3500),
    )
    mirror.apply(block(3, book(3, 2, *records)))
    (order,) = mirror.orders(1)
    assert order.lots == 9 - 2 - 4


def test_ghosts_of_a_mass_cancel_are_gone_at_once_and_their_records_do_no_harm() -> None:
    mirror = opened()
    mirror.apply(block(2, book(2, 1, kit.placed(0, 3490, 1, 1, 9))))
    mirror.apply(block(3, ev.MassCancelled(series=1, account=1, epoch=1, **at(3))))
    assert mirror.orders(1) == []
    assert mirror.position(1, 1).epoch == 1
    mirror.apply(block(4, book(4, 1, kit.placed(0, 3490, 2, 1, 4))))
    mirror.apply(block(5, book(5, 2, kit.cancelled(4, 0, 3490, 1, 1, 9, 1))))
    (order,) = mirror.orders(1)
    assert (order.lots, order.epoch) == (4, 1)


def test_money_runs_through_realise_settlement_claims_and_fees() -> None:
    mirror = traded()
    series = mirror.series(1)
    amount = 5 * 3490 * TV
    claim = 5 * 3500 * TV - amount + 1_745_000  # of account 1, at a settlement of 3500
    debt = -(amount - 8_725_000 - 5 * 3500 * TV)  # of account 2
    mirror.apply(
        block(
            4,
            ev.Deposited(account=2, from_="0x" + "a2" * 20, amount=100 * TV, **at(4)),
            ev.SeriesSettled(series=1, settlement_tick=3500, fresh_seconds=1, elapsed=1, **at(4)),
            ev.AccountSettled(account=1, series=1, lots=5, claim=claim, paid=0, **at(4)),
        )
    )
    assert series.identity() == 0
    assert series.book.orders == {}
    mirror.apply(
        block(
            5,
            ev.AccountSettled(account=2, series=1, lots=-5, claim=0, paid=debt, **at(5)),
            ev.SeriesClosed(series=1, claims=claim, collected=claim, advanced=0, **at(5)),
        )
    )
    assert (series.pool, series.claims, series.closed, series.identity()) == (debt, claim, True, 0)
    mirror.apply(
        block(
            6,
            ev.ClaimDrawn(account=1, series=1, amount=claim, **at(6)),
            ev.FeesCollected(series=1, amount=debt - claim, **at(6)),
            ev.Withdrawn(account=1, to="0x" + "a1" * 20, amount=10**6 + claim, **at(6)),
            ev.TreasuryWithdrawn(to="0x" + "09" * 20, amount=100, **at(6)),
        )
    )
    assert (series.pool, series.fees, series.drawn, series.identity()) == (0, 0, claim, 0)
    assert mirror.account(1).cash == 0
    assert mirror.account(1).withdrawn == 10**6 + claim
    assert mirror.state.treasury == debt - claim - 100
    assert mirror.state.tokens() == 2 * 10**6 + 100 * TV - (10**6 + claim) - 100


def test_insurance_advances_and_is_repaid_by_a_late_debtor() -> None:
    mirror = traded()
    series = mirror.series(1)
    claim = 5 * 3500 * TV - 5 * 3490 * TV + 1_745_000
    owed = 5 * 3500 * TV - (5 * 3490 * TV - 8_725_000)
    mirror.apply(
        block(
            4,
            ev.InsuranceToppedUp(feed=1, from_="0x" + "01" * 20, amount=40_000_000, **at(4)),
            ev.SeriesSettled(series=1, settlement_tick=3500, fresh_seconds=1, elapsed=1, **at(4)),
            ev.AccountSettled(account=1, series=1, lots=5, claim=claim, paid=0, **at(4)),
            ev.AccountSettled(account=2, series=1, lots=-5, claim=10**6 - owed, paid=10**6, **at(4)),
            ev.SeriesClosed(series=1, claims=claim, collected=41_000_000, advanced=40_000_000, **at(4)),
        )
    )
    assert (series.pool, series.advance, mirror.state.insurance[1]) == (41_000_000, 40_000_000, 0)
    assert series.identity() == 0
    left = owed - 10**6
    repaid = left - (claim - 41_000_000)
    mirror.apply(
        block(
            5,
            ev.Deposited(account=2, from_="0x" + "a2" * 20, amount=left, **at(5)),
            ev.DebtPaid(account=2, series=1, amount=left, **at(5)),
            ev.InsuranceRepaid(feed=1, series=1, amount=40_000_000, **at(5)),
            ev.Realised(account=2, series=1, amount=-left, **at(5)),
        )
    )
    assert repaid > 0
    assert series.collected == claim
    assert (series.advance, mirror.state.insurance[1]) == (0, 40_000_000)
    assert mirror.account(2).cash == 0
    assert (series.positions[2].quote, series.identity()) == (0, 0)


def test_realise_moves_value_between_cash_and_pool() -> None:
    mirror = traded()
    before = mirror.equity(1), mirror.state.tokens()
    mirror.apply(block(4, ev.Realised(account=1, series=1, amount=-777, **at(4))))
    series = mirror.series(1)
    assert (mirror.account(1).cash, series.pool, series.identity()) == (10**6 - 777, 777, 0)
    assert (mirror.equity(1), mirror.state.tokens()) == before


def test_agents_and_owners_are_found_by_address() -> None:
    mirror = opened()
    agent = "0x" + "BC" * 20
    terms: dict[str, Any] = {"account": 1, "agent": agent, "expiry": 99, "permissions": 3}
    mirror.apply(block(2, ev.AgentAccepted(**terms, **at(2))))
    found = mirror.account_of(agent.lower())
    assert found is not None
    assert (found.id, found.agents[agent.lower()]) == (1, (3, 99))
    mirror.apply(block(3, ev.AgentRemoved(account=1, agent=agent, **at(3))))
    assert mirror.account_of(agent) is None
    owner = mirror.account_of("0x" + "A2" * 20)
    assert owner is not None
    assert owner.id == 2


def test_what_is_not_there_is_said() -> None:
    mirror = opened()
    with pytest.raises(UnknownSymbol, match="LLM-FLAGSHIP-DEC26"):
        mirror.book("LLM-FLAGSHIP-JAN27")
    with pytest.raises(UnknownAccount, match="1 to 2"):
        mirror.account(3)
    with pytest.raises(MirrorError, match="series 9 was never listed"):
        mirror.apply(block(2, ev.MarkRefreshed(series=9, mark=1, stale=False, **at(2))))
    with pytest.raises(MirrorError, match="account 8 was never opened"):
        mirror.apply(block(2, ev.Deposited(account=8, from_="0x", amount=1, **at(2))))


def test_orders_die_with_their_series() -> None:
    mirror = opened()
    mirror.apply(block(2, book(2, 1, kit.placed(0, 3490, 1, 1, 9))))
    expiry = kit.SPEC.expiry_day * 86_400
    mirror.apply(block(3, timestamp=expiry - 1))
    assert len(mirror.orders(1)) == 1
    mirror.apply(block(4, timestamp=expiry))
    assert mirror.orders(1) == []


# --- rolling back ---


@pytest.mark.parametrize("depth", [2, 3, 64])
def test_a_rollback_leaves_the_state_of_its_block(depth: int) -> None:
    wanted = opened(reorg_depth=depth)
    wanted.apply(block(2, book(2, 1, kit.placed(0, 3490, 1, 1, 5, client=11))))
    mirror = traded(reorg_depth=depth)
    mirror.apply(Rollback(2))
    assert _same(mirror, wanted)
    assert mirror.trades == []
    mirror.apply(block(3, book(3, 2, kit.placed(128, 3600, 1, 1, 1))))
    assert mirror.book(1).best(Side.SELL) == 3600
    assert mirror.position(1, 1).lots == 0
    mirror.apply(Rollback(2))
    assert _same(mirror, wanted)


def _same(mirror: Mirror, other: Mirror) -> bool:
    one, two = mirror.state, other.state
    return (
        (one.block, one.timestamp, one.accounts, one.treasury, one.insurance)
        == (two.block, two.timestamp, two.accounts, two.treasury, two.insurance)
        and one.series.keys() == two.series.keys()
        and all(
            (a.positions, a.pool, a.fees, a.mark, a.book.orders)
            == (b.positions, b.pool, b.fees, b.mark, b.book.orders)
            for a, b in zip(one.series.values(), two.series.values(), strict=True)
        )
    )


def test_a_rollback_to_before_the_first_block_clears_everything() -> None:
    mirror = traded(reorg_depth=2)
    mirror.apply(Rollback(0))
    assert (mirror.block, mirror.symbols, mirror.trades) == (-1, [], [])


@pytest.mark.parametrize("depth", [0, 1])
def test_a_rollback_further_than_is_kept_is_an_error(depth: int) -> None:
    mirror = traded(reorg_depth=depth)
    with pytest.raises(MirrorError, match="rolled back to block 1"):
        mirror.apply(Rollback(1))


# --- liquidation, tokens, challenges ---


def test_a_liquidation_without_fees_moves_no_fees() -> None:
    mirror = opened()
    mirror.apply(block(2, book(2, 1, kit.placed(0, 3490, 1, 1, 5))))
    records = (kit.filled(0, 3490, 1, 1, 5, maker=1), kit.taken(128 | 64 | 1, 3480, 5, 0, 3500, end=0))
    reward: dict[str, Any] = {"account": 2, "series": 1, "keeper": 1, "lots": 5, "reward": 333}
    mirror.apply(block(3, book(3, 2, *records), ev.Liquidated(**reward, **at(3))))
    series = mirror.series(1)
    amount = 5 * 3490 * TV
    assert (mirror.position(1, 1).quote, mirror.position(2, 1).quote) == (-amount + 333, amount - 333)
    assert (series.fees, series.identity()) == (0, 0)
    assert (mirror.trades[0].fill.taker_fee, mirror.trades[0].fill.maker_rebate) == (0, 0)


def test_an_auction_hands_lots_over_and_insurance_pays_its_part() -> None:
    mirror = traded()
    series = mirror.series(1)
    before = mirror.equity(1) + mirror.equity(2)
    move: dict[str, Any] = {"from_": 2, "to": 1, "series": 1, "lots": -2, "tick": 3501}
    slice_: dict[str, Any] = {"account": 2, "feed": 1, "bidder": 1, "fraction": 400_000}
    mirror.apply(
        block(
            4,
            ev.InsuranceToppedUp(feed=1, from_="0x" + "01" * 20, amount=1_000, **at(4)),
            ev.PositionMoved(**move, **at(4)),
            ev.Auctioned(**slice_, paid=500, insured=300, **at(4)),
            timestamp=1_795_392_000 + 86_400,
        )
    )
    assert (series.positions[1].lots, series.positions[2].lots) == (3, -3)
    assert series.open_interest == 3
    assert mirror.equity(1) + mirror.equity(2) == before + 300
    assert (series.pool, mirror.state.insurance[1], series.identity()) == (300, 700, 0)
    assert series.positions[1].last_fill_day == series.positions[2].last_fill_day == 20_781
    assert mirror.state.moves == []


def test_flags_and_declared_deficits() -> None:
    mirror = opened()
    mirror.apply(
        block(
            2,
            ev.Flagged(account=2, since=77, negative_since=88, **at(2)),
            ev.DeficitDeclared(account=2, feed=1, amount=9, **at(2)),
        )
    )
    account = mirror.account(2)
    assert (account.flagged_since, account.negative_since, account.declared) == (77, 88, {1: 9})


def test_tokens_hold_lots_and_claims() -> None:
    mirror = traded()
    series = mirror.series(1)
    created: dict[str, Any] = {"series": 1, "long_account": 3, "short_account": 4}
    wrap: dict[str, Any] = {"from_": 1, "to": 3, "series": 1, "lots": 2, "tick": 0}
    mirror.apply(
        block(
            4,
            ev.AccountOpened(account=3, owner="0x" + "03" * 20, **at(4)),
            ev.AccountOpened(account=4, owner="0x" + "04" * 20, **at(4)),
            ev.TokensCreated(long_token="0x" + "03" * 20, short_token="0x" + "04" * 20, **created, **at(4)),
            ev.PositionMoved(**wrap, **at(4)),
            ev.Wrapped(account=1, series=1, long=True, lots=2, paid=0, **at(4)),
        )
    )
    assert (series.positions[1].lots, series.positions[3].lots, series.positions[3].quote) == (3, 2, 0)
    back: dict[str, Any] = {"from_": 3, "to": 1, "series": 1, "lots": 1, "tick": 0}
    mirror.apply(
        block(
            5,
            ev.PositionMoved(**back, **at(5)),
            ev.Unwrapped(account=1, series=1, long=True, lots=1, **at(5)),
            timestamp=1_795_392_000 + 3 * 86_400,
        )
    )
    assert (series.positions[1].lots, series.positions[3].lots) == (4, 1)
    assert (series.positions[1].last_fill_day, series.positions[3].last_fill_day) == (20_783, 0)
    claim = 3500 * TV
    mirror.apply(
        block(
            6,
            ev.SeriesSettled(series=1, settlement_tick=3500, fresh_seconds=1, elapsed=1, **at(6)),
            ev.AccountSettled(account=3, series=1, lots=1, claim=claim, paid=0, **at(6)),
            ev.Redeemed(account=2, series=1, long=True, lots=1, claim=claim, **at(6)),
        )
    )
    assert (series.positions[3].claim, series.positions[3].quote) == (0, 0)
    assert series.positions[2].claim == claim


@pytest.mark.parametrize(("upheld", "insurance", "cash"), [(True, 0, 10**6 + 50), (False, 50, 10**6)])
def test_a_bond_goes_back_or_to_insurance(upheld: bool, insurance: int, cash: int) -> None:
    mirror = opened()
    mirror.apply(block(2, ev.Challenged(series=1, account=1, bond=50, **at(2))))
    assert mirror.state.tokens() == 2 * 10**6 + 50
    ruling = ev.Ruled(series=1, tick=3, evidence=b"", upheld=upheld, **at(3))
    back = [ev.BondReturned(account=1, amount=50, **at(3))] if upheld else []
    mirror.apply(block(3, ruling, *back))
    assert mirror.state.insurance.get(1, 0) == insurance
    assert mirror.account(1).cash == cash
    assert mirror.state.tokens() == 2 * 10**6 + 50


def test_a_bond_nobody_ruled_on_goes_back_at_settlement() -> None:
    mirror = opened()
    mirror.apply(block(2, ev.Challenged(series=1, account=1, bond=50, **at(2))))
    settled = ev.SeriesSettled(series=1, settlement_tick=3500, fresh_seconds=1, elapsed=2, **at(3))
    mirror.apply(block(3, settled, ev.BondReturned(account=1, amount=50, **at(3))))
    assert (mirror.account(1).cash, mirror.series(1).bond) == (10**6 + 50, 0)


def test_a_bounty_is_paid_out_of_fees() -> None:
    mirror = traded()
    series = mirror.series(1)
    before = series.fees
    mirror.apply(block(4, ev.BountyPaid(series=1, account=1, amount=60, **at(4))))
    assert (mirror.account(1).cash, series.fees, series.pool) == (10**6 + 60, before - 60, -60)
    assert series.identity() == 0
