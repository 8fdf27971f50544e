"""What all Python tests share: `--deep` and the matching hypothesis profiles; a compiler."""

from __future__ import annotations

import pytest
from hypothesis import settings

from solidity import Compile, compile_source

settings.register_profile("default", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=2_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="also tests marked deep; far more random examples")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("deep" if config.getoption("--deep") else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--deep"):
        return
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: runs with --deep"))


@pytest.fixture
def solidity() -> Compile:
    """Compiles a source string to its contracts by name."""
    return compile_source
