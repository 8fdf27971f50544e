"""A fresh local chain for each test that asks for one; blocks come on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from olivepress import devchain
from olivepress.devchain import DevChain


@pytest.fixture
async def chain() -> AsyncIterator[DevChain]:
    async with devchain.launch(accounts=4, timestamp=1_700_000_000) as running:
        yield running
