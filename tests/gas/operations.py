"""The operations: each prepares its market and returns the transaction to measure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from gas.chain import DAY, START, Tx, calldata_gas
from gas.market import ASKS, FEEDS, INDEX, SELL, USDC, Market
from olivepress.contracts import packing
from olivepress.contracts.artifacts import load

Prepare = Callable[[Market], Awaitable[Tx]]

VIRGIN = 3545
LEVEL = 3510
EXPIRY = START + 17 * DAY


# --- placing and cancelling ---


async def place_virgin_level(m: Market, who: str) -> Tx:
    """Four ticks of which none was ever used; other levels of the side are alive."""
    return m.place(who, SELL, VIRGIN)


async def place_used_level(m: Market, who: str) -> Tx:
    """Empty now; orders were filled there before. The best price stays where it is."""
    await m.bench.mine(m.place(m.queue[0], SELL, LEVEL - 1))
    return m.place(who, SELL, LEVEL)


async def place_new_best(m: Market, who: str) -> Tx:
    """The same, and the order becomes the best of its side."""
    return m.place(who, SELL, LEVEL)


async def place_populated_level(m: Market, who: str) -> Tx:
    """Behind twelve orders of twelve makers; the level was that deep before."""
    await m.bench.mine(*(m.place(one, SELL, LEVEL) for one in m.queue))
    return m.place(who, SELL, LEVEL)


async def place_populated_new_slot(m: Market, who: str) -> Tx:
    """The same, but the level was never that deep: the order's slot is a fresh one."""
    orders = [m.place(one, SELL, LEVEL) for one in m.queue]
    await m.bench.mine(*orders, *orders[:6])
    return m.place(who, SELL, LEVEL)


async def place_populated_old_mark(m: Market, who: str) -> Tx:
    """The same as behind twelve orders, but the cached mark is too old: it is refreshed first."""
    tx = await place_populated_level(m, who)
    m.bench.time += 120
    return tx


async def cancel_mid_queue(m: Market) -> Tx:
    """The sixth of twelve."""
    ids = await m.placed(*(m.place(one, SELL, LEVEL) for one in m.queue))
    return m.cancel(m.queue[5], ids[5])


async def cancel_only(m: Market) -> Tx:
    """The only order of the best level: the next best is looked up."""
    ids = await m.placed(m.place(m.queue[3], SELL, LEVEL))
    return m.cancel(m.queue[3], ids[0])


async def _quotes(m: Market, levels: int) -> list[int]:
    """One order of `maker` on each level, between those of two others."""
    ticks = ASKS[2 : 2 + levels]
    await m.bench.mine(m.quote(m.queue[0], SELL, ticks))
    ids = await m.placed(m.quote(m.maker, SELL, ticks))
    await m.bench.mine(m.quote(m.queue[1], SELL, ticks))
    return ids


async def replace(m: Market, levels: int) -> Tx:
    """Cancels that many orders and places as many on the same levels, in one batch."""
    ids = await _quotes(m, levels)
    cancels = packing.join(packing.cancel_op(one) for one in ids)
    places = packing.join(packing.place_op(SELL, tick, 2, 0, 9) for tick in ASKS[2 : 2 + levels])
    return m.batch(m.maker, cancels + places)


async def cancel_10(m: Market) -> Tx:
    """On ten levels, each between orders of others, in one batch."""
    return m.batch(m.maker, packing.join(packing.cancel_op(one) for one in await _quotes(m, 10)))


async def mass_cancel(m: Market) -> Tx:
    """Ten orders on ten levels."""
    await _quotes(m, 10)
    return m.mass_cancel(m.maker)


# --- taking ---


async def take(m: Market, who: str, orders: int) -> Tx:
    """Whole orders of as many makers, out of a level of twelve."""
    await m.bench.mine(*(m.place(one, SELL, LEVEL) for one in m.queue))
    return m.take(who, LEVEL, 2 * orders)


async def sweep_5_levels(m: Market, who: str) -> Tx:
    """Five neighbouring levels with one order each, of five makers; the book goes on behind them."""
    ticks = ASKS[:5]
    await m.bench.mine(*(m.place(one, SELL, tick) for one, tick in zip(m.queue, ticks, strict=False)))
    return m.take(who, ticks[-1], 2 * len(ticks))


# --- money ---


async def deposit(m: Market) -> Tx:
    """Into the sender's own account."""
    return Tx(m.maker, m.bench.exchange, packing.deposit(0, 1_000 * USDC))


async def withdraw(m: Market, who: str) -> Tx:
    """Part of the cash, to an address that holds some already."""
    return m.call(who, "withdraw", 1_000 * USDC, who)


async def realise(m: Market) -> Tx:
    """A flat account draws its gain, the second midnight after its last trade; the pool has it."""
    await m.bench.mine(m.call(m.keeper, "realise", m.numbers[m.loser], 1, []))
    await m.tell_daily(START + 3 * DAY)
    return m.call(m.keeper, "realise", m.numbers[m.winner], 1, [])


# --- liquidation ---


async def _crash(m: Market) -> None:
    """The index falls by 19%: the victim is below maintenance margin. Makers have moved their quotes."""
    m.bench.time += 60
    await m.tell(INDEX * 81 // 100)
    await m.bench.mine(*(m.mass_cancel(one) for one in m.queue))
    await m.prune()
    await m.refresh()
    await m.bench.mine(*(m.place(one, 0, 2830, 20) for one in m.queue))


async def liquidate_book(m: Market) -> Tx:
    """As many lots as restore initial margin, out of one order; the first call on the account."""
    await _crash(m)
    return m.call(m.keeper, "liquidate", m.numbers[m.victim], 1, 10, 1, 0)


async def liquidate_slice(m: Market) -> Tx:
    """Half of an account's positions in one series, 15 minutes into its auction."""
    await _crash(m)
    for _ in range(2):  # a clock at which nobody looks for ten minutes starts anew
        await m.bench.mine(m.call(m.keeper, "flag", m.numbers[m.victim]))
        m.bench.time += 450
    await m.tell(INDEX * 81 // 100)
    return m.call(m.keeper, "auction", m.numbers[m.victim], 1, 500_000)


# --- settlement and tokens ---


async def settle_account(m: Market) -> Tx:
    """One account in one series; the caller has settled another before."""
    await m.tell_daily(EXPIRY + DAY)
    await m.bench.mine(m.call(m.keeper, "settle", 1))
    first, second = (m.numbers[one] for one in m.queue[:2])
    await m.bench.mine(m.call(m.keeper, "settleAccounts", [first]))
    return m.call(m.keeper, "settleAccounts", [second])


async def wrap(m: Market) -> Tx:
    """Lots of a position into tokens; holder and token have some already."""
    return m.call(m.taker, "wrap", 1, True, 2, m.taker)


async def unwrap(m: Market) -> Tx:
    """Part of the holder's tokens."""
    return m.call(m.taker, "unwrap", 1, True, 1)


# --- oracle ---


async def oracle_update(m: Market, feeds: int) -> Tx:
    """Five of seven operators, values that differ, not the first round of its day."""
    m.bench.time += 60
    return m.report(dict.fromkeys(FEEDS[:feeds], INDEX + 500_000))


async def oracle_update_new_day(m: Market) -> Tx:
    """The first round after a midnight: its checkpoint is stored."""
    m.bench.warp(START + DAY + DAY // 2)
    return m.report({1: INDEX + 500_000})


async def window_average_read(m: Market) -> Tx:
    """Seven days that are over; sent as a transaction, without its intrinsic gas and calldata."""
    await m.tell_daily(START + 9 * DAY)
    day = START // DAY
    data = load("IndexOracle").interface.encode("window", 1, day + 1, day + 8)
    return Tx(m.keeper, m.bench.oracle, data)


def _by(prepare: Callable[[Market, str], Awaitable[Tx]], who: str) -> Prepare:
    async def run(m: Market) -> Tx:
        return await prepare(m, getattr(m, who))

    run.__doc__ = prepare.__doc__
    return run


def _take(orders: int, who: str) -> Prepare:
    return _by(partial(take, orders=orders), who)


OPERATIONS: dict[str, Prepare] = {
    "place_virgin_level": _by(place_virgin_level, "maker"),
    "place_virgin_level_k3": _by(place_virgin_level, "maker_k3"),
    "place_used_level": _by(place_used_level, "maker"),
    "place_used_level_k3": _by(place_used_level, "maker_k3"),
    "place_new_best": _by(place_new_best, "maker"),
    "place_populated_level": _by(place_populated_level, "maker"),
    "place_populated_level_k3": _by(place_populated_level, "maker_k3"),
    "place_populated_new_slot": _by(place_populated_new_slot, "maker"),
    "place_populated_old_mark": _by(place_populated_old_mark, "maker"),
    "cancel_mid_queue": cancel_mid_queue,
    "cancel_only": cancel_only,
    "take_1": _take(1, "taker"),
    "take_1_k3": _take(1, "taker_k3"),
    "take_5_one_level": _take(5, "taker"),
    "take_5_one_level_k3": _take(5, "taker_k3"),
    "take_10_one_level": _take(10, "taker"),
    "take_10_one_level_k3": _take(10, "taker_k3"),
    "sweep_5_levels": _by(sweep_5_levels, "taker"),
    "sweep_5_levels_k3": _by(sweep_5_levels, "taker_k3"),
    "replace_2x2": partial(replace, levels=2),
    "replace_10x10_populated": partial(replace, levels=10),
    "cancel_10": cancel_10,
    "mass_cancel": mass_cancel,
    "deposit": deposit,
    "withdraw": _by(withdraw, "flat"),
    "withdraw_with_position": _by(withdraw, "taker"),
    "withdraw_with_position_k3": _by(withdraw, "taker_k3"),
    "realise": realise,
    "liquidate_book": liquidate_book,
    "liquidate_slice": liquidate_slice,
    "settle_account": settle_account,
    "wrap": wrap,
    "unwrap": unwrap,
    "oracle_update_7of5_one_feed": partial(oracle_update, feeds=1),
    "oracle_update_7of5_eight_feeds": partial(oracle_update, feeds=8),
    "oracle_update_7of5_new_day": oracle_update_new_day,
    "window_average_read": window_average_read,
}
READS = {"window_average_read"}


def gas_of(operation: str, tx: Tx, used: int) -> int:
    """A read costs what a contract that calls it would pay inside the callee."""
    return used - 21_000 - calldata_gas(tx.data) if operation in READS else used
