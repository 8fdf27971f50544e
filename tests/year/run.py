"""The year, day by day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from differential.setting import DEPLOYER
from year.chain import ARBITER, DELAY, Chain
from year.market import Market, month_after
from year.publishing import Publishing
from year.weather import DAY, FEEDS, FIRST, GPU, HOUR, MONTHS, Round, Weather

MAX_LAG = HOUR
#: Day on which it takes effect: operator out, operator in (numbers of the pool).
ROTATIONS = {
    date(2025, 2, 19): (2, 7),
    date(2025, 6, 12): (4, 8),
    date(2025, 10, 21): (7, 9),
    date(2025, 12, 3): (0, 2),
}
NEW_METHODOLOGY = date(2025, 8, 20)
LISTING_DAY = 4
Say = Callable[[str], None]


@dataclass
class Year:
    """What became of the year."""

    chain: Chain
    publishing: Publishing
    market: Market


def live(seed: int, say: Say = lambda text: None) -> Year:
    """Runs the year of a seed. AssertionError where the chain differs from plain Python."""
    weather = Weather(seed)
    chain = Chain(max_lag=MAX_LAG, time=FIRST * DAY - 8 * DAY)
    publishing = Publishing(chain, weather)
    market = Market(chain, publishing)
    market.begin()
    publishing.begin()
    chain.execute("exchange", "setArbiter", ARBITER)
    for round_ in weather.rounds:
        _slot(round_, publishing, market, say)
    # The treasury's money leaves through the timelock too.
    chain.schedule("exchange", "withdrawTreasury", DEPLOYER, market.treasury)
    chain.wait_until(chain.now + DELAY)
    market.end()
    return Year(chain, publishing, market)


def _slot(round_: Round, publishing: Publishing, market: Market, say: Say) -> None:
    """Six hours: the owner's business, a round, and at noon settling and trading."""
    at = datetime.fromtimestamp(round_.time, UTC)
    day = at.date()
    if at.hour == 0:
        _owner(day, round_, publishing, market)
    publishing.publish(round_, publishing.weather.rng.randint(0, MAX_LAG))
    if at.hour == 12:
        publishing.chain.wait_until(round_.time + 2 * HOUR)
        market.settle()
        market.trade()
    if at.hour == 0 and day.day == 1:
        say(f"{day:%B %Y}: {len(market.settled)} of {len(MONTHS) * len(FEEDS)} months settled")


def _owner(day: date, round_: Round, publishing: Publishing, market: Market) -> None:
    """Listings, rotations and the new methodology, each announced two days ahead."""
    soon = day + timedelta(days=DELAY // DAY)
    chain = publishing.chain
    chain.wait_until(round_.time)
    for when, move in (
        (soon, publishing.announce),
        (day, lambda out, into: publishing.rotate(out, into, round_)),
    ):
        if when in ROTATIONS:
            move(*ROTATIONS[when])
    if soon == NEW_METHODOLOGY:
        chain.schedule("oracle", "setMethodology", GPU.number, (GPU.number << 16 | 2).to_bytes(32))
    if day == NEW_METHODOLOGY:
        publishing.change_methodology(GPU.number, round_)
    if day.day == LISTING_DAY - DELAY // DAY:
        market.announce(month_after(day))
    if day.day == LISTING_DAY:
        market.list_announced()
