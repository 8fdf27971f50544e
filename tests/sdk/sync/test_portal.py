"""The sync face runs the very same objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from olivepress import devchain
from olivepress.errors import RpcError
from olivepress.rpc import connect
from olivepress.signer import LocalSigner
from olivepress.sync import Portal, Proxy
from olivepress.tx import Receipt, TransactionSender


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal() as opened:
        yield opened


class Counter:
    """Something with async methods of every kind."""

    def __init__(self) -> None:
        self.total = 0
        self.closed = False

    async def add(self, number: int, *, twice: bool = False) -> int:
        await asyncio.sleep(0)
        self.total += number * (2 if twice else 1)
        return self.total

    def plain(self, text: str) -> str:
        return text.upper()

    async def child(self) -> Counter:
        return Counter()

    async def take(self, other: Counter) -> int:
        return other.total

    async def fail(self) -> None:
        raise KeyError("no")

    async def sleep(self) -> None:
        await asyncio.sleep(60)

    async def __aiter__(self) -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    async def __aenter__(self) -> Counter:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.closed = True


def test_methods_wait_and_values_are_plain(portal: Portal) -> None:
    counter = portal.wrap(Counter())
    assert counter.add(2) == 2
    assert counter.add(2, twice=True) == 6
    assert counter.total == 6
    assert counter.plain("a") == "A"
    assert list(counter) == [0, 1, 2]
    assert isinstance(counter.child(), Proxy)
    assert portal.wrap(Counter()).take(counter) == 6
    counter.total = 1
    assert counter.add(1) == 2
    assert "add" in dir(counter)
    with counter as entered:
        assert entered.add(1) == 3
        assert not counter.closed
    assert counter.closed


def test_errors_arrive_as_they_are(portal: Portal) -> None:
    with pytest.raises(KeyError, match="no"):
        portal.wrap(Counter()).fail()
    with pytest.raises(AttributeError, match="nothing"):
        portal.wrap(Counter()).nothing()


def test_async_context_managers(portal: Portal) -> None:
    ended = []

    @asynccontextmanager
    async def manager() -> AsyncIterator[Counter]:
        try:
            yield Counter()
        finally:
            ended.append(True)

    with portal.using(manager()) as counter:
        assert counter.add(1) == 1
        assert not ended
    assert ended


def test_a_closed_portal_says_so() -> None:
    with Portal() as portal:
        counter = portal.wrap(Counter())
    with pytest.raises(RuntimeError, match="closed"):
        counter.add(1)


def test_a_whole_transaction_without_async(portal: Portal) -> None:
    with portal.using(devchain.launch(accounts=2)) as chain, portal.call(connect, chain.ws_url) as transport:
        sender = portal.call(TransactionSender, transport, LocalSigner(chain.keys[0]), chain.chain_id)
        pending = sender.send(chain.accounts[1], value=7, gas=21_000)
        assert chain.mine() == 1
        receipt = pending.receipt()
        assert isinstance(receipt, Receipt)
        assert receipt.succeeded
        assert int(transport.request("eth_getBalance", [chain.accounts[1], "latest"]), 16) == 10**24 + 7
        with pytest.raises(RpcError):
            transport.request("eth_nothing")
