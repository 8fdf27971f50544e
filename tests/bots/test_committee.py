"""All operators and a relay in one process, on a local chain in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

import pytest

from olivepress import devchain
from olivepress.devchain import DevChain
from olivepress.index import AuditRecord
from olivepress.oracle.operator import PacedSource, Panel, Schedule
from olivepress.oracle.snapshot import FeedState, read_state
from olivepress.prices import Quote, Reading
from olivepress_bots.committee import Committee
from olivepress_bots.market import FeedSetup, Market
from operator_kit import GPU, H200, NOON, offers

OPERATORS, QUORUM = 7, 5


class Desk:
    """What every operator sees: prices by item. `blind` operators see no H200."""

    def __init__(self) -> None:
        self.prices = {"H100-SXM": "2.30", "H200-SXM": "3.30"}
        self.blind: set[int] = set()
        self.audits: list[AuditRecord] = []

    def panel(self, number: int) -> Panel:
        desk = self

        class View:
            name = "desk"

            async def read(self, now: datetime) -> Reading:
                quotes: list[Quote] = []
                for item, price in desk.prices.items():
                    if item == "H100-SXM" or number not in desk.blind:
                        quotes += offers(price, price, price, at=now, item=item)
                return Reading(quotes=quotes)

        return Panel([PacedSource(View())])


@pytest.fixture
async def chain() -> AsyncIterator[DevChain]:
    async with devchain.launch(accounts=1, timestamp=NOON - 600) as running:
        yield running


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def committee(chain: DevChain, desk: Desk) -> AsyncIterator[Committee]:
    market = Market(chain.transport, chain.chain_id, 1, chain.set_balance, chain.mine_pending)
    await market.deploy(OPERATORS, QUORUM, 3600)
    setups = [FeedSetup("GPU-H100-SXM", GPU, 3600, 1_000), FeedSetup("GPU-H200-SXM", H200, 3600, 1_000)]
    await market.add_feeds(setups)
    relay = await market.sender("relay")
    panels = [desk.panel(number) for number in range(OPERATORS)]
    schedule = Schedule(grid_seconds=60, interval_seconds=900)
    yield market.committee(relay, panels, schedule, desk.audits.append)
    await market.close()


async def feeds(committee: Committee) -> dict[int, FeedState]:
    return dict((await read_state(committee.board.oracle)).feeds)


async def test_one_update_for_all_feeds(chain: DevChain, committee: Committee, desk: Desk) -> None:
    await chain.mine(timestamp=NOON + 10)
    assert await committee.observe(NOON) == 1
    assert {f.id: (f.price, f.time) for f in (await feeds(committee)).values()} == {
        1: (230_000_000, NOON),
        2: (330_000_000, NOON),
    }
    assert [(one.index, one.value) for one in desk.audits] == OPERATORS * [
        ("GPU-H100-SXM", Decimal("2.3")),
        ("GPU-H200-SXM", Decimal("3.3")),
    ]
    assert await committee.observe(NOON) == 0


async def test_a_feed_without_a_quorum_does_not_hold_up_the_other(
    chain: DevChain, committee: Committee, desk: Desk
) -> None:
    desk.blind = {0, 3, 4}
    await chain.mine(timestamp=NOON + 10)
    assert await committee.observe(NOON) == 1
    assert {f.id: f.time for f in (await feeds(committee)).values()} == {1: NOON, 2: 0}


async def test_too_few_operators_publish_nothing(chain: DevChain, committee: Committee) -> None:
    await chain.mine(timestamp=NOON + 10)
    assert await committee.observe(NOON, lambda number: number < QUORUM - 1) == 0
    assert await committee.observe(NOON, lambda number: number >= QUORUM - 1) == 0
    assert all(feed.time == 0 for feed in (await feeds(committee)).values())


async def test_a_jump_is_pending_and_the_next_minute_confirms_it(
    chain: DevChain, committee: Committee, desk: Desk
) -> None:
    await chain.mine(timestamp=NOON + 10)
    await committee.observe(NOON)
    desk.prices["H100-SXM"] = "1.15"
    await chain.mine(timestamp=NOON + 70)
    assert await committee.observe(NOON + 60) == 1
    pending = (await feeds(committee))[1]
    assert (pending.price, pending.pending_price, pending.pending_time) == (
        230_000_000,
        115_000_000,
        NOON + 60,
    )
    await chain.mine(timestamp=NOON + 130)
    assert await committee.observe(NOON + 120) == 1
    after = await feeds(committee)
    assert (after[1].price, after[1].time, after[1].pending_time) == (115_000_000, NOON + 120, 0)
    assert after[2].time == NOON
    await chain.mine(timestamp=NOON + 190)
    assert await committee.observe(NOON + 180) == 0
