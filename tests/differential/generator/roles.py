"""Plans and edges of who may do what: owners, heirs, the guardian, strangers."""

from __future__ import annotations

from dataclasses import replace

from differential.generator import basics, index, trading
from differential.generator.setup import UNITS, list_series
from differential.generator.trading import POST
from differential.generator.world import Plan, World
from differential.setting import AGENTS, DAY, GUARDIAN, NOBODY, STRANGERS
from olivepress.contracts import packing
from olivepress.signer import address_bytes

BRAKE = 7 * DAY


def handover(w: World) -> Plan:
    """Both contracts get another owner."""
    for contract in ("exchange", "oracle"):
        heir = w.trader()
        owner = w.owner if contract == "exchange" else w.oracle_owner
        yield w.act(owner, f"{contract}.transferOwnership", heir)
        yield w.act(w.anybody(), f"{contract}.acceptOwnership")
        yield w.act(heir, f"{contract}.acceptOwnership")


def strangers(w: World) -> Plan:
    """People without accounts or money."""
    who = w.pick(STRANGERS)
    yield trading.place(w, who, w.any_series(), 0, 100, 1)
    yield w.act(who, "exchange.deposit", 0, 5 * UNITS)
    yield w.act(who, "exchange.withdraw", 1, who)
    yield w.act(who, "exchange.settleAccounts", (1,))
    yield index.refuse_role(w)


def powers(w: World) -> Plan:
    """An agent with each permission, and with none, does what it may and may not, and in its last second."""
    owner, agent, series = w.trader(), w.pick(AGENTS), w.pick(w.alive())
    account, lots = w.account_of(owner), int(w.view.terms(series).min_lots)
    yield from basics.fund(w, owner, 9 * lots * w.lot_margin(series))
    yield w.act(agent, "exchange.removeAgent", agent)  # whomever it served
    for permissions in (0, 255, 1, 2, 3):
        ends = w.now + 60
        yield w.act(owner, "exchange.inviteAgent", agent, ends, permissions)
        yield w.act(agent, "exchange.acceptAgent", account)
        for when in (w.now, ends - 1, ends) if permissions in (1, 2, 3) else ():
            w.wait_until(when)
            yield trading.place(w, agent, series, POST, w.band(series)[0], lots, expiry=0, steps=0)
            yield w.act(agent, "exchange.batch", series, packing.cancel_op(1), False, 0)
            for verb in ("massCancelAll", "open"):
                yield w.act(agent, f"exchange.{verb}")
            yield w.act(agent, "exchange.massCancel", series)
            yield w.act(agent, "exchange.withdraw", 1, agent)
    yield w.act(owner, "exchange.removeAgent", agent)


def long_brake(w: World) -> Plan:
    """The guardian's brake in its last second, and when it lapses; a stranger who names the guardian."""
    feed, start, series = w.pick(list(w.feeds)), w.day + 9, w.view.series_count + 1
    yield list_series(w, feed, window_start=start, expiry_day=start + 1)
    sender, lots = w.trader(), 5
    yield from basics.fund(w, sender, 9 * lots * w.lot_margin(series))
    yield w.act(GUARDIAN, "exchange.setReduceOnly", series, True)
    lapses, mark = w.now + BRAKE, int(w.view.hot(series).mark)
    yield trading.place(w, sender, series, 0, mark, lots, expiry=0)
    yield from w.skip_to(lapses - 2)
    for when in (lapses - 1, lapses):
        w.wait_until(when)
        yield trading.place(w, sender, series, 0, mark, lots, expiry=0)
    named = w.act(w.trader(), "exchange.setReduceOnly", series, True)
    yield replace(named, appended=address_bytes(GUARDIAN))


def nobodys_business(w: World) -> Plan:
    """What only an owner, an heir or the exchange may do, and names that are nobody's."""
    yield from handover(w)
    yield from strangers(w)
    sender, series = w.trader(), w.pick(w.alive())
    yield w.act(sender, "exchange.inviteAgent", NOBODY, w.now + DAY, 3)
    yield w.act(sender, "exchange.deposit", 99, 5)
    yield w.act(sender, "exchange.topUpInsurance", 99, 5)
    yield w.act(GUARDIAN, "exchange.setReduceOnly", 77, True)
    for verb in (
        "settle",
        "challenge",
        "createTokens",
        "collectFees",
        "collectBounty",
        "massCancel",
        "refreshMark",
    ):
        yield w.act(sender, f"exchange.{verb}", 77)
    for verb in ("flag", "cancelOrders"):
        yield w.act(sender, f"exchange.{verb}", 99)
    for operations in (b"\x03", b"\x01" + bytes(19), b"\x02" + bytes(9), b""):
        yield w.act(sender, "exchange.batch", series, operations, True, 0)
    yield w.act(sender, "exchange.liquidate", 99, series, 1, 1, 0)
    for account in (99, w.account_of(sender)):
        yield w.act(sender, "exchange.auction", account, 1, 1)
    yield w.act(sender, "exchange.declare", 99, 1)
    yield w.act(sender, "exchange.settleAccounts", (99,))
    for account, month in ((99, series), (1, 77)):
        yield w.act(sender, "exchange.draw", account, month)
        yield w.act(sender, "exchange.realise", account, month, ())
    for _ in range(2):
        yield w.act(sender, "exchange.createTokens", series)
    token = w.view.token(series, w.chance(50))
    yield w.act(sender, "token.transfer", token, NOBODY, 0)
    yield w.act(sender, "token.transfer", token, w.owner, 1)
    for verb in ("mint", "burn"):
        yield w.act(sender, f"token.{verb}", token, sender, 1)
