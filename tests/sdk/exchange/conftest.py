"""One market for the tests of a module: they trade in it one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from market_kit import Market, open_market


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with open_market() as opened:
        yield opened
