"""The life of one market, action after action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from differential.actions import Action
from differential.evm import Contracts
from differential.generator import (
    clearing,
    distress,
    edges,
    endings,
    feeds,
    index,
    office,
    plans,
    roles,
    trading,
)
from differential.generator.setup import begin, insure, list_series
from differential.generator.world import Plan, World
from differential.setting import DAY, FIRST_DAY, MAX_LAG

Move = Callable[[World], Action]

MOVES: list[tuple[Move, int]] = [
    (trading.quote, 30),
    (trading.take, 26),
    (trading.reduce, 8),
    (trading.batch, 10),
    (trading.cancel, 9),
    (trading.wild, 3),
    (trading.mass_cancel, 2),
    (trading.mass_cancel_all, 1),
    (trading.prune, 2),
    (trading.refresh_mark, 4),
    (trading.spread, 4),
    (clearing.deposit, 3),
    (clearing.withdraw, 4),
    (clearing.mint, 1),
    (clearing.open_account, 1),
    (clearing.invite, 1),
    (clearing.accept, 1),
    (clearing.remove, 1),
    (clearing.realise, 3),
    (clearing.settle, 1),
    (clearing.settle_accounts, 1),
    (clearing.draw, 2),
    (clearing.collect_fees, 1),
    (clearing.collect_bounty, 1),
    (clearing.challenge, 1),
    (clearing.rule, 1),
    (clearing.cancel_orders, 1),
    (clearing.liquidate, 2),
    (clearing.auction, 2),
    (clearing.flag, 2),
    (clearing.declare, 1),
    (clearing.top_up, 1),
    (clearing.create_tokens, 1),
    (clearing.wrap, 2),
    (clearing.unwrap, 2),
    (clearing.redeem, 1),
    (clearing.transfer, 1),
    (clearing.brake, 1),
    (clearing.withdraw_treasury, 1),
    (clearing.set_role, 1),
    (index.update, 8),
    (index.broken, 3),
    (index.note_range, 1),
    (index.fix_checkpoint, 1),
    (index.read, 3),
    (index.add_operator_set, 1),
    (index.rotate, 1),
    (index.add_feed, 1),
    (index.set_methodology, 1),
    (index.halt, 1),
    (office.list_wrong, 1),
    (office.list_another, 1),
    (office.ownership, 1),
    (office.unknown, 1),
    (office.mint_token, 1),
]
EDGES_EACH = 6  # a life
_DECK: list[Move] = [move for move, weight in MOVES for _ in range(weight)]

PLANS: list[tuple[Callable[[World], Plan], int]] = [
    (distress.crash, 22),
    (distress.ruin, 5),
    (distress.slip, 6),
    (distress.paid_keepers, 6),
    (plans.flatten, 12),
    (plans.rolls, 10),
    (plans.self_trades, 10),
    (plans.ghosts, 14),
    (plans.tokens, 10),
    (plans.agents, 6),
    (feeds.stale, 6),
    (plans.last_second, 5),
    (feeds.last_beat, 4),
    (roles.strangers, 2),
    (roles.handover, 1),
    (endings.expire, 8),
]
_PLANS: list[Callable[[World], Plan]] = [plan for plan, weight in PLANS for _ in range(weight)]


def live(seed: int, number: int, contracts: Contracts) -> Iterator[Action]:
    """Every action of life `number` of a run. Read on only after the action was done: the next one depends on
    what became of it. The same seed, number and contracts give the same life."""
    w = World(Random(f"{seed}/{number}"), contracts, FIRST_DAY * DAY + 1)
    yield from begin(w)
    for place in range(EDGES_EACH * number, EDGES_EACH * (number + 1)):
        yield from relieve(w)
        yield from edges.EDGES[place % len(edges.EDGES)](w)
        if not w.alive():  # some take days
            for feed in w.feeds:
                yield list_series(w, feed)
    length = w.between(100, 350)
    done = 0
    while done < length and w.alive():
        chosen = w.pick(_PLANS) if w.chance(40) else burst
        # These are about single seconds or a thin margin: nothing comes between.
        exact = chosen in (plans.last_second, feeds.last_beat, distress.ruin, distress.paid_keepers)
        for action in chosen(w) if exact else mixed(w, chosen(w)):
            done += 1
            yield action
    yield from finish(w)


def relieve(w: World) -> Plan:
    """Insurance for feeds that a declared deficit brakes: who comes next can trade there."""
    for feed in w.feeds:
        lacks = int(w.view.deficit(feed) - w.view.insurance(feed))
        if lacks > 0:
            yield from insure(w, feed, lacks)


def burst(w: World) -> Plan:
    """Some moves close together."""
    yield from w.refresh()
    for _ in range(w.between(3, 25)):
        w.wait(w.pick([0, 0, 1, 2, 10, 60, 300]))
        yield w.pick(_DECK)(w)
    if w.chance(10):
        w.wait(w.pick([600, 3_600, DAY]))


def mixed(w: World, plan: Plan) -> Plan:
    """The plan's actions with others between them; every action a moment later than the last."""
    for action in plan:
        yield action
        if w.chance(50):
            w.wait(w.between(0, 12))
        if w.chance(12):
            yield w.pick(_DECK)(w)


def finish(w: World) -> Plan:
    """Every series expires and is settled, everybody is paid; at last the owners leave."""
    while w.alive():
        yield from endings.expire(w)
    w.wait(MAX_LAG)
    for series in list(w.listed()):
        if w.view.hot(series).flags & 16 == 0:
            feed = int(w.view.terms(series).feed)
            for day in range(int(w.view.terms(series).window_start), w.day + 1):
                if not w.view.checkpoint_stored(feed, day):
                    yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
            yield from endings.settle(w, series)
    last = [clearing.draw, clearing.collect_fees, clearing.redeem, clearing.withdraw, index.read]
    for _ in range(w.between(5, 20)):
        yield w.pick(last)(w)
    if w.chance(30):
        yield w.act(w.owner, "exchange.renounceOwnership")
        yield w.act(w.owner, "exchange.setArbiter", w.owner)
        yield w.act(w.oracle_owner, "oracle.renounceOwnership")
