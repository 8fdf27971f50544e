"""Reports against the real contract: what is refused, with which error, and that a refusal changes nothing.

The contract's own tests are in tests/contracts/oracle; here is what an operator or a relay sees in Python.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from market_kit import Market, open_market
from olivepress import reverts
from olivepress.errors import OutOfRange, UnknownFeed, ValidationError
from olivepress.oracle import Report, SignedReport, sign_report
from olivepress.oracle.codec import OracleDomain, pack_update, update_calldata
from olivepress.signer import LocalSigner
from olivepress.units import price_to_oracle

D = Decimal
STRANGER = LocalSigner((99).to_bytes(32))


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    """An oracle with one feed, 7 operators, a quorum of 5, and one accepted value, 3.5, a minute old."""
    async with open_market(traders=0) as opened:
        await opened.chain.mine(timestamp=await opened.chain.timestamp() + 60)
        yield opened


async def reports(
    market: Market, value: str = "3.6", *, count: int = 5, late: int = 0, domain: OracleDomain | None = None
) -> list[SignedReport]:
    """One report each of the first `count` operators, observed `late` seconds after the latest block."""
    report = Report(await market.chain.timestamp() + late, 1, {1: price_to_oracle(D(value))})
    return [sign_report(report, one, domain or market.oracle.domain) for one in market.operators[:count]]


async def send_as_it_is(market: Market, signed: Sequence[SignedReport]) -> None:
    """Past the client's own checks, as a hostile relay would."""
    operators = [one.address for one in market.operators]
    await market.owner.sender.execute(
        market.deployment.oracle, update_calldata(pack_update(1, operators, signed)), gas=500_000
    )


async def assert_nothing_changed(market: Market) -> None:
    latest = await market.oracle.latest(1)
    assert (latest.value, len(await market.oracle.history(1))) == (D("3.5"), 1)


async def test_a_good_round_is_accepted(market: Market) -> None:
    await market.oracle.submit_reports(1, await reports(market))
    assert (await market.oracle.latest(1)).value == D("3.6")


async def test_the_history_of_a_feed_that_is_not_there(market: Market) -> None:
    for feed in (0, 2, 99):
        with pytest.raises(UnknownFeed, match="feed: "):
            await market.oracle.history(feed)
    assert len(await market.oracle.history(1)) == 1


async def test_unsigned_and_forged_reports_are_not_even_sent(market: Market) -> None:
    good = await reports(market)
    before = await market.chain.block_number()
    unsigned = dataclasses.replace(good[2], signature=bytes(64))
    forged = dataclasses.replace(
        good[2], signature=sign_report(good[2].report, STRANGER, market.oracle.domain).signature
    )
    for bad in (unsigned, forged):
        with pytest.raises(ValidationError) as refused:
            await market.oracle.submit_reports(1, [*good[:2], bad, *good[3:]])
        assert refused.value.field in ("signature", "reports")
    assert await market.chain.block_number() == before
    await assert_nothing_changed(market)


async def test_a_hostile_relay_gets_no_further(market: Market) -> None:
    """The contract compares the recovered signers with the operators it knows."""
    good = await reports(market)
    elsewhere = await reports(market, domain=OracleDomain(1, market.deployment.oracle))
    for bad in (dataclasses.replace(good[0], signature=bytes(64)), elsewhere[0]):
        with pytest.raises(reverts.WrongOperators) as refused:
            await send_as_it_is(market, [bad, *good[1:]])
        assert refused.value.operator_set == 1
        assert refused.value.given != refused.value.expected
    await assert_nothing_changed(market)


async def test_one_operator_counts_once(market: Market) -> None:
    good = await reports(market, count=4)
    with pytest.raises(ValidationError, match="one report of each operator"):
        await market.oracle.submit_reports(1, [*good, good[3]])
    renamed = dataclasses.replace(good[3], operator=market.operators[4].address)
    with pytest.raises(reverts.WrongOperators):
        await send_as_it_is(market, [*good, renamed])
    await assert_nothing_changed(market)


async def test_a_stranger_is_no_operator(market: Market) -> None:
    good = await reports(market, count=4)
    stranger = sign_report(good[0].report, STRANGER, market.oracle.domain)
    with pytest.raises(ValidationError, match="an operator of the set") as refused:
        await market.oracle.submit_reports(1, [*good, stranger])
    assert refused.value.value == STRANGER.address


async def test_under_quorum(market: Market) -> None:
    with pytest.raises(reverts.ShortQuorum) as refused:
        await market.oracle.submit_reports(1, await reports(market, count=4))
    assert (refused.value.operator_set, refused.value.signers, refused.value.quorum) == (1, 4, 5)
    await assert_nothing_changed(market)


async def test_from_the_future(market: Market) -> None:
    signed = await reports(market, late=3600)
    with pytest.raises(reverts.FutureObservation) as refused:
        await market.oracle.submit_reports(1, signed)
    assert refused.value.observed_at == signed[0].report.observed_at > refused.value.now
    await assert_nothing_changed(market)


async def test_too_old(market: Market) -> None:
    signed = await reports(market)
    await market.chain.mine(timestamp=signed[0].report.observed_at + 3601)
    with pytest.raises(reverts.StaleObservation) as refused:
        await market.oracle.submit_reports(1, signed)
    assert refused.value.observed_at == signed[0].report.observed_at < refused.value.oldest
    await assert_nothing_changed(market)


async def test_replayed(market: Market) -> None:
    signed = await reports(market)
    await market.oracle.submit_reports(1, signed)
    for again in (signed, signed[::-1]):
        with pytest.raises(reverts.TimeNotIncreasing) as refused:
            await market.oracle.submit_reports(1, again)
        assert (refused.value.feed, refused.value.last) == (1, signed[0].report.observed_at)
    assert len(await market.oracle.history(1)) == 2


async def test_operator_sets_that_cannot_be(market: Market) -> None:
    addresses = [one.address for one in market.operators]
    for quorum in (-1, 0, 32, 999):
        with pytest.raises(OutOfRange, match="quorum"):
            await market.oracle.add_operator_set(addresses, quorum)
        with pytest.raises(OutOfRange, match="quorum"):
            await market.oracle.rotate_operators(1, addresses, quorum)
    with pytest.raises(reverts.QuorumOutOfRange) as narrow:
        await market.oracle.add_operator_set(addresses, 4)
    assert (narrow.value.quorum, narrow.value.min, narrow.value.max) == (4, 5, 5)
    with pytest.raises(reverts.OperatorCountOutOfRange):
        await market.oracle.add_operator_set([], 1)
