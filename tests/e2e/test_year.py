"""A year: four signed rounds a day, outages, rotations, twelve settlements a feed, each as in plain Python.

The checks of every single round, settlement and payout are in tests/year; here is what the year must have
had, so that none of it passes for want of trying. `scripts/year` draws it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from olivepress.oracle import RoundStatus
from olivepress.oracle.past import fold
from olivepress.units import price_to_oracle
from year import plain, report
from year.market import THIN
from year.plain import Told
from year.run import ROTATIONS, Year, live
from year.weather import ASSETS, FEEDS, GPU, HOUR, MONTHS

SEED = 1


@pytest.fixture(scope="module")
def year() -> Year:
    print(f"seed of the year: {SEED}")
    return live(SEED)


def test_every_month_of_every_feed_settled_at_the_plain_average(year: Year) -> None:
    settled = year.market.settled
    assert Counter(one.feed for one in settled) == {feed.number: len(MONTHS) for feed in FEEDS}
    assert [(one.symbol, one.tick) for one in settled] == [(one.symbol, one.expected) for one in settled]
    assert len({(one.feed, one.tick) for one in settled}) > 24
    assert all(one.paid > 0 for one in settled)


def test_the_values_in_force_are_those_of_the_events(year: Year) -> None:
    for feed in FEEDS:
        told = year.publishing.told[feed.number]
        valid = plain.in_force(told, feed.bound_bps, feed.heartbeat)
        rounds = fold(year.publishing.events, feed.number)
        assert [Told(one.time, price_to_oracle(one.value)) for one in rounds] == told
        assert [Told(o.time, price_to_oracle(o.value)) for o in rounds if o.status.in_force] == valid


def test_the_year_had_everything(year: Year) -> None:
    counts = year.publishing.counts + year.market.counts
    assert counts["rounds"] > 4 * 365
    assert counts["trades"] > 800
    assert counts["lies"] > 1_000
    assert (counts["rotations"], counts["methodologies"]) == (len(ROTATIONS), 1)
    assert counts["long silences"] > 0
    assert counts["refused while stale"] > 20
    hows = Counter(one.how for one in year.market.settled)
    assert set(hows) == {"at once", *THIN}
    assert all(hows[how] > 1 for how in THIN)
    thin = [one for one in year.market.settled if one.fresh * 100 < one.elapsed * 98]
    assert all((one in thin) == (one.how in THIN) for one in year.market.settled)
    assert [one.symbol for one in thin if one.average is None] == ["AI-ASSETS-AUG25"]
    fates = Counter(one.status for feed in FEEDS for one in fold(year.publishing.events, feed.number))
    assert fates[RoundStatus.CONFIRMED] > 5
    assert fates[RoundStatus.DROPPED] > 5


def test_a_halving_in_the_last_hours_of_a_month_counts_in_that_month(year: Year) -> None:
    """Told at 18:00 on the last day, confirmed by the first round of the next month, booked from 18:00 on."""
    at = int(datetime(2025, 9, 30, 18, tzinfo=UTC).timestamp())
    rounds = {one.time: one for one in fold(year.publishing.events, GPU.number)}
    assert rounds[at].status is RoundStatus.CONFIRMED
    assert rounds[at].value * 19 < rounds[at - 6 * HOUR].value * 10
    (month,) = [one for one in year.market.settled if one.symbol == "GPU-H100-SXM-SEP25"]
    told = [one for one in year.publishing.told[GPU.number] if one.time != at]
    without = plain.in_force(told, GPU.bound_bps, GPU.heartbeat)
    assert plain.integral(without, GPU.heartbeat, month.expiry - month.elapsed, month.expiry)[0] != (
        month.average and month.average * month.fresh
    )


def test_a_confirmation_that_comes_too_late_is_none(year: Year) -> None:
    """Up 30% at midnight, silence at 06:00: at 12:00 the move waits anew, at 18:00 it is confirmed."""
    midnight = int(datetime(2025, 11, 12, tzinfo=UTC).timestamp())
    rounds = {one.time: one for one in fold(year.publishing.events, GPU.number)}
    fates = [rounds[midnight + hours * HOUR].status for hours in (0, 12, 18)]
    assert fates == [RoundStatus.DROPPED, RoundStatus.CONFIRMED, RoundStatus.ACCEPTED]
    assert midnight + 6 * HOUR not in rounds


def test_it_can_be_looked_at(year: Year, tmp_path: Path) -> None:
    report.write(year, SEED, tmp_path / "year.html")
    page = (tmp_path / "year.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len(FEEDS)
    assert all(f"<td>{one.symbol}</td>" in page for one in year.market.settled)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(2, 12))
def test_other_years(seed: int) -> None:
    assert len(live(seed).market.settled) == len(FEEDS) * len(MONTHS)


def test_the_dead_month_took_the_last_value_before_it(year: Year) -> None:
    (month,) = [one for one in year.market.settled if one.symbol == "AI-ASSETS-AUG25"]
    start = month.expiry - month.elapsed
    last = [one.value for one in fold(year.publishing.events, ASSETS.number) if one.time < start][-1]
    assert month.tick == round(price_to_oracle(last) / ASSETS.tick_size)
    assert month.fresh == 0
