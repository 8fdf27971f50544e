"""The launcher: a fitting Anvil or a clear word, and never an orphan."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from olivepress import devchain
from olivepress.devchain import DevChain
from olivepress.errors import ConfigurationError, ConnectionFailed, OutOfRange, RpcError
from olivepress.rpc import TransportOptions, connect
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender


async def is_down(url: str) -> bool:
    for _ in range(100):
        try:
            async with await connect(url, TransportOptions(retries=0, timeout=1)):
                await asyncio.sleep(0.05)
        except ConnectionFailed:
            return True
    return False


async def test_keys_fit_the_accounts_and_have_funds(chain: DevChain) -> None:
    assert tuple(LocalSigner(key).address for key in chain.keys) == chain.accounts
    assert len(chain.keys) == 4
    balance = await chain.transport.request("eth_getBalance", [chain.accounts[3], "latest"])
    assert int(balance, 16) == 10**24
    async with await connect(chain.url) as transport:
        assert await transport.request("eth_chainId") == hex(chain.chain_id)


async def test_seeds_repeat() -> None:
    keys = []
    for seed in (1, 1, 2):
        async with devchain.launch(seed=seed, accounts=2) as chain:
            keys.append(chain.keys)
    assert keys[0] == keys[1] != keys[2]


async def test_chains_side_by_side() -> None:
    async with devchain.launch() as first, devchain.launch() as second:
        await first.mine(3)
        assert (await first.block_number(), await second.block_number()) == (3, 0)


async def test_blocks_only_on_demand_at_chosen_times(chain: DevChain) -> None:
    sender = TransactionSender(chain.transport, LocalSigner(chain.keys[0]), chain.chain_id)
    assert await chain.timestamp() == 1_700_000_000
    assert await chain.mine_pending() is None
    await sender.send(chain.accounts[1], value=1, gas=21_000)
    await asyncio.sleep(0.1)
    assert await chain.block_number() == 0
    assert await chain.mine(timestamp=1_700_086_400) == 1
    assert await chain.timestamp() == 1_700_086_400
    await sender.send(chain.accounts[1], value=1, gas=21_000)
    assert await chain.mine_pending() == 2
    await chain.set_block_interval(12)
    await chain.mine(5)
    earlier = await chain.timestamp()
    await chain.mine(2)
    assert await chain.timestamp() == earlier + 24
    with pytest.raises(RpcError, match=r"[Tt]imestamp"):
        await chain.set_next_timestamp(1)


async def test_time_moves_on(chain: DevChain) -> None:
    before = await chain.timestamp()
    await chain.increase_time(86_400)
    await chain.mine()
    assert 86_400 <= await chain.timestamp() - before <= 86_460


async def test_snapshots(chain: DevChain) -> None:
    snapshot = await chain.snapshot()
    await chain.set_balance(chain.accounts[0], 5)
    await chain.revert(snapshot)
    balance = await chain.transport.request("eth_getBalance", [chain.accounts[0], "latest"])
    assert int(balance, 16) == 10**24
    with pytest.raises(ConfigurationError, match="no snapshot"):
        await chain.revert("0xff")


async def test_automine_and_intervals(chain: DevChain) -> None:
    sender = TransactionSender(chain.transport, LocalSigner(chain.keys[0]), chain.chain_id)
    await chain.set_automine(True)
    assert (await sender.execute(chain.accounts[1], value=1, gas=21_000, timeout=5)).block_number == 1
    await chain.set_automine(False)
    await chain.set_interval_mining(1)
    assert (await sender.execute(chain.accounts[1], value=1, gas=21_000, timeout=5)).block_number >= 2
    await chain.set_interval_mining(0)


async def test_fractional_block_times() -> None:
    async with devchain.launch(block_time="0.1", accounts=1) as chain:
        await asyncio.sleep(1)
        assert await chain.block_number() >= 3


async def test_a_taken_port_is_said(chain: DevChain) -> None:
    port = int(chain.url.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match=r"anvil ended at once: .*[Aa]ddress"):
        async with devchain.launch(port=port):
            raise AssertionError("it must not start")


async def test_bad_arguments() -> None:
    with pytest.raises(OutOfRange, match="accounts"):
        async with devchain.launch(accounts=0):
            raise AssertionError("it must not start")
    with pytest.raises(ConfigurationError, match="anvil ended at once"):
        async with devchain.launch(extra=("--no-such-flag",)):
            raise AssertionError("it must not start")


async def test_it_ends_with_its_block_also_on_errors() -> None:
    with pytest.raises(RuntimeError, match="mine"):
        async with devchain.launch() as chain:
            raise RuntimeError("mine")
    assert await is_down(chain.url)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_no_orphan_when_the_parent_dies(how: signal.Signals) -> None:
    program = textwrap.dedent("""
        import asyncio
        from olivepress import devchain
        async def main():
            async with devchain.launch() as chain:
                print(chain.url, flush=True)
                await asyncio.sleep(60)
        asyncio.run(main())
    """)
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    async with await connect(url) as transport:
        assert await transport.request("eth_chainId") == "0x7a69"
    parent.send_signal(how)
    await parent.wait()
    assert await is_down(url)


def test_anvil_is_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "anvil"
    program.write_text("#!/bin/sh\necho 'anvil Version: 9.9.9'\n")
    monkeypatch.setenv("OLIVEPRESS_ANVIL", str(program))
    with pytest.raises(ConfigurationError, match="is no program"):
        devchain.find_anvil()
    program.chmod(0o755)
    assert devchain.find_anvil() == str(program)
    monkeypatch.delenv("OLIVEPRESS_ANVIL")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devchain.find_anvil() == str(program)


def test_an_old_anvil_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "anvil"
    program.write_text("#!/bin/sh\necho 'anvil 0.2.0'\n")
    program.chmod(0o755)
    monkeypatch.delenv("OLIVEPRESS_ANVIL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devchain.find_anvil() != str(program)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devchain, "__file__", str(tmp_path / "devchain.py"))
    with pytest.raises(ConfigurationError, match="is too old: install Foundry"):
        devchain.find_anvil()
    program.unlink()
    with pytest.raises(ConfigurationError, match=r"1\.5\.0 or newer is needed: install"):
        devchain.find_anvil()
