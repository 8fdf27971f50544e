"""The package's face: every public name is there, imported when used, and nothing heavy comes by itself."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

import pytest

import olivepress

PACKAGES = [
    "olivepress",
    "olivepress.events",
    "olivepress.exchange",
    "olivepress.mirror",
    "olivepress.oracle",
    "olivepress.reverts",
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str) -> None:
    module = import_module(package)
    names = module.__all__
    assert len(names) == len(set(names)) > 5
    assert [name for name in names if getattr(module, name, None) is None] == []


def test_names_stand_for_the_same_objects() -> None:
    from olivepress.exchange import ExchangeClient
    from olivepress.types import Side

    assert olivepress.ExchangeClient is ExchangeClient
    assert olivepress.Side is Side
    assert olivepress.__version__ == version("olivepress")
    assert set(olivepress.__all__) <= set(dir(olivepress))
    with pytest.raises(AttributeError, match="no attribute 'Exchange'"):
        olivepress.Exchange  # noqa: B018


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in answer.stdout.split()}


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = {"ccxt", "eth_account", "eth_abi", "pydantic", "httpx", "websockets", "coincurve", "web3"}
    assert loaded_by("import olivepress") & heavy == set()


def test_the_clients_need_neither_ccxt_nor_eth_account_nor_the_command() -> None:
    statement = "import olivepress; [getattr(olivepress, name) for name in olivepress.__all__]"
    assert loaded_by(statement) & {"ccxt", "eth_account", "web3", "rich", "typer"} == set()
