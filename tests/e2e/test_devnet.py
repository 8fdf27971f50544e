"""The devnet: comes up, can be traded on, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from olivepress import devchain
from olivepress.errors import ConfigurationError, ConnectionFailed, OutcomeUnknown
from olivepress.manifest import Deployment
from olivepress_bots.devnet import contract_month, published, symbol_of, while_it_lives
from processes import anvil_of, descendants, finish, run, start, until_anvil, until_gone


@pytest.mark.parametrize(
    ("today", "window", "expiry", "symbol"),
    [
        (date(2026, 11, 1), date(2026, 11, 24), date(2026, 12, 1), "X-NOV26"),
        (date(2026, 11, 22), date(2026, 11, 24), date(2026, 12, 1), "X-NOV26"),
        (date(2026, 11, 23), date(2026, 12, 25), date(2027, 1, 1), "X-DEC26"),
        (date(2026, 12, 31), date(2027, 1, 25), date(2027, 2, 1), "X-JAN27"),
    ],
)
def test_the_contract_month_has_time_to_trade(today: date, window: date, expiry: date, symbol: str) -> None:
    assert contract_month(today) == (window, expiry)
    assert symbol_of("X", expiry) == symbol


async def test_trade_against_the_bots_then_stop(tmp_path: Path) -> None:
    devnet = await start("devnet", "--port", "0", "--json", cwd=tmp_path)
    assert devnet.stdout is not None
    told = json.loads(await asyncio.wait_for(devnet.stdout.readline(), 90))
    family = set(descendants(devnet.pid))
    settings = {
        "OLIVEPRESS_RPC": told["rpc"],
        "OLIVEPRESS_MANIFEST": str(tmp_path / told["manifest"]),
        "OLIVEPRESS_PRIVATE_KEY": told["keys"][0],
    }
    symbol = told["series"][0]
    best = await _two_sided(tmp_path, settings, symbol)
    deposited = await run("deposit", "50000", "--json", cwd=tmp_path, settings=settings)
    assert deposited.code == 0, deposited.err
    words = ("order", "place", symbol, "buy", str(best + Decimal("0.01")), "1", "--tif", "ioc", "--json")
    bought = await run(*words, cwd=tmp_path, settings=settings)
    assert bought.code == 0, bought.err
    assert json.loads(bought.out)["filled"] == 1

    devnet.send_signal(signal.SIGINT)
    done = await finish(devnet, 30)
    assert done.code == 130
    assert "Stopped" in done.err
    assert "Traceback" not in done.err
    assert await until_gone(family) == set()
    assert not (tmp_path / told["manifest"]).exists()


async def test_a_chain_that_dies_is_told(tmp_path: Path) -> None:
    devnet = await start("devnet", "--port", "0", "--json", cwd=tmp_path)
    assert devnet.stdout is not None
    await asyncio.wait_for(devnet.stdout.readline(), 90)
    os.kill(await until_anvil(devnet), signal.SIGKILL)
    done = await finish(devnet, 20)
    assert done.code == 3, done.err
    last = json.loads(done.err.splitlines()[-1])
    assert (last["error"], last["exit_code"]) == ("ConnectionFailed", 3)
    assert "the local chain is gone" in last["message"]
    assert "Traceback" not in done.err
    assert not (tmp_path / "olivepress.json").exists()


async def test_what_fails_because_the_chain_died_is_no_error_of_its_own() -> None:
    async def fails(after: int | None) -> None:
        if after is not None:
            os.kill(after, signal.SIGKILL)
        raise OutcomeUnknown("lost sight of the transaction", tx_hash=b"\x01" * 32)

    async with devchain.launch() as chain:
        with pytest.raises(OutcomeUnknown):
            await while_it_lives(chain, fails(None))
        with pytest.raises(ConnectionFailed, match="the local chain is gone"):
            await while_it_lives(chain, fails(anvil_of(os.getpid())))


async def test_a_manifest_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "olivepress.json").write_text("precious")
    async with devchain.launch() as other:  # its port is taken: nothing starts there in any case
        done = await run("devnet", "--port", other.url.rsplit(":", 1)[1], cwd=tmp_path)
    assert done.code == 2, done.err
    assert "olivepress.json exists" in done.err
    assert (tmp_path / "olivepress.json").read_text() == "precious"


def test_only_the_manifest_that_was_written_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "olivepress.json"
    with published(manifest(), file):
        assert Deployment.load(file) == manifest()
    assert not file.exists()
    with published(manifest(), file):
        file.write_text("precious")
    assert file.read_text() == "precious"
    with pytest.raises(ConfigurationError, match="exists"), published(manifest(), file):
        pass
    assert file.read_text() == "precious"


def manifest() -> Deployment:
    zero = "0x" + "00" * 32
    return Deployment(
        chain_id=31337,
        genesis=zero,
        block=1,
        contracts={},
        collateral_symbol="USDC",
        collateral_decimals=6,
        versions={},
    )


async def _two_sided(folder: Path, settings: dict[str, str], symbol: str) -> Decimal:
    """Waits until the bots quote both sides; returns the best ask."""
    for _ in range(20):
        book = await run("book", symbol, "--json", cwd=folder, settings=settings)
        assert book.code == 0, book.err
        levels = json.loads(book.out)
        if levels["bids"] and levels["asks"]:
            return Decimal(levels["asks"][0]["price"])
        await asyncio.sleep(1)
    raise AssertionError("the bots do not quote")
