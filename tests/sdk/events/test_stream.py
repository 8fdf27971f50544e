"""The stream against a simulated chain: order, no gap, nothing twice, switches of the chain, nodes that
refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

import exchange_kit as kit
from olivepress.errors import ConnectionFailed, RpcError, TransportError
from olivepress.events import BlockEvents, EventStream, Rollback, StreamItem
from olivepress.rpc import GAP, FakeTransport


class FakeChain(FakeTransport):
    """Blocks with logs; a block's hash depends on its branch. Answers what a stream asks."""

    subscribes = False

    def __init__(self, *, most_blocks: int = 10**9) -> None:
        super().__init__()
        self.blocks: list[tuple[str, int]] = [("main", 0)]  # branch and number of logs
        self.most_blocks = most_blocks
        self.answers = {"eth_getBlockByNumber": self.block, "eth_getLogs": self.logs}

    def grow(self, logs: Sequence[int], branch: str = "main") -> None:
        self.blocks += [(branch, count) for count in logs]

    def cut(self, number: int) -> None:
        """Forgets every block above a number."""
        del self.blocks[number + 1 :]

    def hash(self, number: int) -> str:
        text = "".join(f"{branch}{count};" for branch, count in self.blocks[: number + 1])
        return "0x" + keccak(text=text).hex()

    def block(self, tag: str, _full: bool) -> Any:
        number = len(self.blocks) - 1 if tag == "latest" else int(tag, 16)
        if number >= len(self.blocks):
            return None
        parent = self.hash(number - 1) if number else "0x" + "00" * 32
        return {
            "number": hex(number),
            "hash": self.hash(number),
            "parentHash": parent,
            "timestamp": hex(1000 + number),
        }

    def logs(self, query: dict[str, Any]) -> Any:
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first + 1 > self.most_blocks:
            raise RpcError(-32005, "query exceeds max block range")
        found = []
        for number in range(first, min(last, len(self.blocks) - 1) + 1):
            for index in range(self.blocks[number][1]):
                topics = [keccak(text="MarkRefreshed(uint16,uint24,bool)"), (1).to_bytes(32)]
                data = (number * 100 + index).to_bytes(32) + bytes(32)
                found.append(kit.log(topics, data, block=number, index=index))
                found[-1]["blockHash"] = self.hash(number)
        return found


def marks(items: Sequence[StreamItem]) -> list[int]:
    blocks = [item for item in items if isinstance(item, BlockEvents)]
    return [event.mark for block in blocks for event in block.events]  # type: ignore[attr-defined]


def stream_of(chain: FakeChain, **options: Any) -> EventStream:
    return EventStream(chain, [kit.EXCHANGE], 1, poll_interval=0.001, **options)


async def test_everything_comes_once_and_in_order() -> None:
    chain = FakeChain()
    chain.grow([2, 0, 1])
    stream = stream_of(chain)
    first = await stream.catch_up()
    assert marks(first) == [100, 101, 300]
    assert [item.number for item in first if isinstance(item, BlockEvents)] == [1, 2, 3]
    assert await stream.catch_up() == []
    chain.grow([1])
    (block,) = await stream.catch_up()
    assert isinstance(block, BlockEvents)
    assert (block.number, block.timestamp, block.hash.hex()) == (4, 1004, chain.hash(4)[2:])
    assert marks([block]) == [400]


@pytest.mark.parametrize("most", [1, 2, 7, 100])
async def test_ranges_are_split_while_the_node_refuses(most: int) -> None:
    chain = FakeChain(most_blocks=most)
    chain.grow([1] * 150)
    stream = stream_of(chain, reorg_depth=4)
    assert marks(await stream.catch_up()) == [number * 100 for number in range(1, 151)]


async def test_a_refusal_that_is_not_about_the_range_is_raised() -> None:
    chain = FakeChain(most_blocks=0)
    chain.grow([1])
    with pytest.raises(RpcError, match="max block range"):
        await stream_of(chain).catch_up()


async def test_far_behind_only_blocks_with_events_come() -> None:
    chain = FakeChain()
    chain.grow([0] * 50 + [1] + [0] * 50)
    items = await stream_of(chain, reorg_depth=3).catch_up()
    numbers = [item.number for item in items if isinstance(item, BlockEvents)]
    assert numbers == [51, 99, 100, 101]
    assert len(chain.calls) < 20


async def test_a_switched_branch_rolls_back_to_the_last_common_block() -> None:
    chain = FakeChain()
    chain.grow([1, 1, 1, 1])
    stream = stream_of(chain)
    await stream.catch_up()
    chain.cut(2)
    chain.grow([0, 2, 1], branch="other")
    items = await stream.catch_up()
    assert items[0] == Rollback(2)
    assert marks(items) == [400, 401, 500]


async def test_a_switch_at_the_same_height_and_a_shorter_chain_are_seen() -> None:
    chain = FakeChain()
    chain.grow([1, 1])
    stream = stream_of(chain)
    await stream.catch_up()
    chain.cut(1)
    chain.grow([3], branch="other")
    assert (await stream.catch_up())[0] == Rollback(1)
    chain.cut(1)
    assert await stream.catch_up() == [Rollback(1)]


async def test_a_switch_deeper_than_remembered_starts_over() -> None:
    chain = FakeChain()
    chain.grow([1] * 20)
    stream = stream_of(chain, reorg_depth=5)
    await stream.catch_up()
    chain.cut(2)
    chain.grow([1] * 20, branch="other")
    items = await stream.catch_up()
    assert items[0] == Rollback(0)
    assert marks(items) == [number * 100 for number in range(1, 23)]


class Shifty(FakeChain):
    """Switches its branch between the headers and the logs, so many times."""

    switches = 2

    def logs(self, query: dict[str, Any]) -> Any:
        if self.switches:
            self.switches -= 1
            self.cut(2)
            self.grow([1, 1], branch=f"branch {self.switches}")
        return super().logs(query)


async def test_logs_and_headers_of_different_branches_are_never_mixed() -> None:
    chain = Shifty()
    chain.grow([1, 1, 1, 1])
    items = await stream_of(chain).catch_up()
    blocks = {item.number: item for item in items if isinstance(item, BlockEvents)}
    assert all(block.hash.hex() == chain.hash(number)[2:] for number, block in blocks.items())
    assert marks(items) == [100, 200, 300, 400]


async def test_headers_of_different_branches_are_never_mixed() -> None:
    chain = FakeChain()
    chain.grow([0, 0, 0, 0])
    switched = False

    def block(tag: str, full: bool) -> Any:
        nonlocal switched
        answer = chain.block(tag, full)
        if tag == "0x2" and not switched:
            switched = True
            chain.cut(1)
            chain.grow([0, 0, 0], branch="other")
        return answer

    chain.answers["eth_getBlockByNumber"] = block
    items = await stream_of(chain).catch_up()
    assert switched
    hashes = [item.hash.hex() for item in items if isinstance(item, BlockEvents)]
    assert hashes == [chain.hash(number)[2:] for number in range(1, 5)]


async def test_a_chain_that_never_holds_still_is_an_error() -> None:
    chain = Shifty()
    chain.switches = 10**6
    chain.grow([1, 1, 1, 1])

    def torn(query: dict[str, Any]) -> Any:
        return [log | {"blockHash": "0x" + "77" * 32} for log in FakeChain.logs(chain, query)]

    chain.answers["eth_getLogs"] = torn
    with pytest.raises(TransportError, match="did not hold still"):
        await stream_of(chain).catch_up()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 2), min_size=1, max_size=5)), max_size=12)
)
def test_what_a_follower_holds_is_always_the_chain(steps: list[tuple[int, list[int]]]) -> None:
    async def run() -> None:
        chain = FakeChain(most_blocks=3)
        stream = stream_of(chain, reorg_depth=4)
        held: dict[int, bytes] = {}
        for number, (back, logs) in enumerate(steps):
            chain.cut(max(0, len(chain.blocks) - 1 - back))
            chain.grow(logs, branch=str(number))
            for item in await stream.catch_up():
                if isinstance(item, Rollback):
                    held = {block: value for block, value in held.items() if block <= item.to_block}
                else:
                    assert item.number not in held
                    held[item.number] = item.hash
                    assert len(item.events) == chain.blocks[item.number][1]
        wanted = {n: chain.hash(n) for n in range(1, len(chain.blocks)) if chain.blocks[n][1]}
        assert {n: "0x" + held[n].hex() for n in wanted} == wanted
        assert all("0x" + value.hex() == chain.hash(n) for n, value in held.items())

    asyncio.run(run())


async def take(stream: EventStream, count: int) -> list[StreamItem]:
    items: list[StreamItem] = []
    async for item in stream:
        items.append(item)
        if len(items) == count:
            return items
    raise AssertionError("a stream has no end")


async def test_iteration_by_polling() -> None:
    chain = FakeChain()
    chain.grow([1])
    following = asyncio.create_task(take(stream_of(chain), 3))
    await asyncio.sleep(0.02)
    chain.grow([1, 1])
    assert marks(await asyncio.wait_for(following, 5)) == [100, 200, 300]


async def test_iteration_wakes_by_heads_and_by_gaps() -> None:
    chain = FakeChain()
    chain.subscribes = True
    chain.grow([1])
    following = asyncio.create_task(take(EventStream(chain, [kit.EXCHANGE], 1, poll_interval=600), 3))
    await asyncio.sleep(0.02)
    chain.grow([1])
    chain.push("newHeads", {"number": "0x2"})
    await asyncio.sleep(0.02)
    chain.grow([1])
    chain.push("newHeads", GAP)
    assert marks(await asyncio.wait_for(following, 5)) == [100, 200, 300]
    (subscription,) = chain.subscriptions["newHeads"]
    assert subscription.queue.get_nowait() is not None  # closed when the iteration ended


async def test_an_outage_is_waited_out_and_then_filled() -> None:
    chain = FakeChain()
    chain.grow([1])
    stream = stream_of(chain)
    following = asyncio.create_task(take(stream, 3))
    await asyncio.sleep(0.01)
    working = chain.answers["eth_getBlockByNumber"]
    chain.answers["eth_getBlockByNumber"] = ConnectionFailed("gone")
    await asyncio.sleep(0.02)
    chain.grow([1, 1])
    chain.answers["eth_getBlockByNumber"] = working
    assert marks(await asyncio.wait_for(following, 5)) == [100, 200, 300]


async def test_an_outage_that_lasts_is_raised_and_iteration_can_go_on() -> None:
    chain = FakeChain()
    chain.grow([1])
    stream = stream_of(chain, patience=0.02)
    await stream.catch_up()
    working = chain.answers["eth_getBlockByNumber"]
    chain.answers["eth_getBlockByNumber"] = ConnectionFailed("gone")
    with pytest.raises(ConnectionFailed):
        await asyncio.wait_for(take(stream, 1), 5)
    chain.answers["eth_getBlockByNumber"] = working
    chain.grow([1])
    assert marks(await asyncio.wait_for(take(stream, 1), 5)) == [200]
