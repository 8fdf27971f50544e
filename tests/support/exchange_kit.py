"""What the tests of events, mirror and exchange share: a series, and book records written word by word as in
contracts/interfaces/IExchangeEvents.sol (from high to low bits), independent of the SDK's structs."""

from __future__ import annotations

from typing import Any

from eth_abi import encode

from olivepress.types import SeriesSpec

SPEC = SeriesSpec(
    symbol="LLM-FLAGSHIP-DEC26",
    feed=1,
    window_start=20_790,
    expiry_day=20_818,
    tick_size=100_000,
    tick_value=1_000_000,
    price_cap=50_000,
    initial_mark=3_500,
    max_basis=1_000,
    min_lots=1,
    position_limit=100_000,
    open_interest_cap=1_000_000,
    im_bps=2_500,
    mm_bps=1_000,
    spread_bps=300,
    band_bps=500,
    gap_bps=200,
    concentration_pct=50,
    gain_pct=80,
    taker_fee=500,
    maker_rebate=100,
    max_mark_age=60,
)

EXCHANGE = "0x" + "ee" * 20


def word(kind: int, *fields: tuple[int, int]) -> bytes:
    """A record: kind in the top byte, then (value, bits) from high to low; the rest is zero."""
    value, used = kind, 8
    for number, bits in fields:
        assert 0 <= number < 1 << bits
        value, used = value << bits | number, used + bits
    return (value << (256 - used)).to_bytes(32, "big")


def placed(flags: int, tick: int, index: int, gen: int, lots: int, expiry: int = 0, client: int = 0) -> bytes:
    fields = ((flags, 8), (tick, 24), (index, 32), (gen, 16), (lots, 32), (expiry, 32), (client, 64))
    return word(1, *fields)


def cancelled(
    reason: int, side: int, tick: int, index: int, gen: int, lots: int, account: int, client: int = 0
) -> bytes:
    return word(
        2, (reason, 8), (side, 8), (tick, 24), (index, 32), (gen, 16), (lots, 32), (account, 32), (client, 64)
    )


def filled(
    side: int, tick: int, index: int, gen: int, lots: int, maker: int, client: int = 0, left: int = 0
) -> bytes:
    return word(
        3, (side, 8), (tick, 24), (index, 32), (gen, 16), (lots, 32), (maker, 32), (client, 64), (left, 32)
    )


def taken(
    flags: int, limit: int, done: int, unfilled: int, mark: int, client: int = 0, end: int = 0
) -> bytes:
    return word(4, (flags, 8), (limit, 24), (done, 32), (unfilled, 32), (mark, 24), (client, 64), (end, 8))


def missed(position: int, order_id: int) -> bytes:
    return word(5, (position, 16), (order_id, 96))


def rejected(position: int, client: int, reason: int = 1) -> bytes:
    return word(6, (position, 16), (client, 64), (reason, 8))


def order_id(side: int, tick: int, index: int, gen: int, series: int = 1) -> int:
    return (((series << 8 | side) << 24 | tick) << 32 | index) << 16 | gen


def log(
    topics: list[bytes], data: bytes, *, block: int = 7, index: int = 0, address: str = EXCHANGE
) -> dict[str, Any]:
    """A log as a node sends it."""
    return {
        "address": address,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + data.hex(),
        "blockNumber": hex(block),
        "blockHash": "0x" + block.to_bytes(32, "big").hex(),
        "transactionHash": "0x" + (block * 1000 + index).to_bytes(32, "big").hex(),
        "logIndex": hex(index),
        "removed": False,
    }


def book_log(records: list[bytes], *, series: int = 1, account: int = 1, **place: Any) -> dict[str, Any]:
    from eth_utils import keccak

    topics = [keccak(text="Book(uint16,uint32,bytes)"), series.to_bytes(32), account.to_bytes(32)]
    return log(topics, encode(["bytes"], [b"".join(records)]), **place)
