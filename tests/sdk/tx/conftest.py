"""A sender on a connection that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from flaky_transport import Flaky
from olivepress.devchain import DevChain
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender


@pytest.fixture
async def wire(chain: DevChain) -> AsyncIterator[Flaky]:
    async with Flaky(chain.ws_url) as transport:
        yield transport


@pytest.fixture
def sender(chain: DevChain, wire: Flaky) -> TransactionSender:
    return TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)
