"""The commands of an operator: init, keygen, status, rotate, index explain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from market_kit import Market, open_market
from olivepress.deploy import deploy_timelock
from olivepress.index import AuditRecord, compute, load_record
from olivepress.oracle.operator.memory import moment
from olivepress.prices import Reading
from olivepress.signer import LocalSigner
from operator_kit import GPU, NOON, offers
from processes import run, run_here

STRANGER = "0x" + "77" * 20
TWO_DAYS = 2 * 86_400


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    async with open_market(traders=0) as opened:
        opened.deployment.save(tmp_path / "olivepress.json")
        await opened.chain.set_automine(True)
        yield opened


class Typist:
    """Types commands with the owner's key."""

    def __init__(self, market: Market, folder: Path) -> None:
        self.folder = folder
        self.settings = {"OLIVEPRESS_RPC": market.chain.url, "OLIVEPRESS_PRIVATE_KEY": market.chain.keys[0]}

    async def types(self, *words: str, code: int = 0) -> str:
        done = await run_here(*words, cwd=self.folder, settings=self.settings)
        assert done.code == code, (done.code, done.err)
        return done.out if code in (0, 1) else done.err

    async def reads(self, *words: str) -> Any:
        return json.loads(await self.types(*words, "--json"))


@pytest.fixture
def typist(market: Market, tmp_path: Path) -> Typist:
    return Typist(market, tmp_path)


async def test_keygen_and_init(tmp_path: Path) -> None:
    settings = {"OLIVEPRESS_KEYSTORE_PASSWORD": "correct horse"}
    made = await run("oracle", "keygen", "--json", cwd=tmp_path, settings=settings)
    told = json.loads(made.out)
    signer = LocalSigner.from_keystore(tmp_path / told["keystore"], "correct horse")
    assert signer.address == told["address"]
    assert (tmp_path / "operator.json").stat().st_mode & 0o777 == 0o600
    again = await run_here("oracle", "keygen", cwd=tmp_path, settings=settings)
    assert (again.code, "not overwritten" in again.err) == (2, True)
    assert (await run_here("oracle", "init", cwd=tmp_path)).code == 0
    assert "nothing was written" in (await run_here("oracle", "init", cwd=tmp_path)).err
    # The sample as it is: the first thing that is missing is named.
    ran = await run("oracle", "run", "operator.toml", cwd=tmp_path, settings=settings)
    assert (ran.code, "olivepress.json" in ran.err) == (2, True)


async def test_status_for_people_and_programs(typist: Typist, market: Market) -> None:
    member = market.operators[0].address
    told = await typist.reads(
        "oracle", "status", "--operator", member.lower(), "--relay", "http://127.0.0.1:9"
    )
    (feed,) = told["feeds"]
    assert (feed["symbol"], feed["value"], feed["quorum"], feed["operators"]) == ("LLM-FLAGSHIP", "3.5", 5, 7)
    assert (feed["member"], feed["fresh"], feed["pending_since"]) == (True, True, None)
    assert "cannot connect" in told["relays"][0]["problem"]
    assert (await typist.reads("oracle", "status", "--operator", STRANGER))["feeds"][0]["member"] is False
    shown = await typist.types("oracle", "status", "--operator", member)
    for words in ("LLM-FLAGSHIP", "of 86400 s", "5 of 7, set 1", "yes", member):
        assert words in shown
    assert "operator" in await typist.types("oracle", "status", "--operator", "0x12", code=2)


async def test_rotation_by_the_owner(typist: Typist, market: Market) -> None:
    now = [one.address for one in market.operators]
    new = [*now[1:], STRANGER]
    plan = (await typist.reads("oracle", "rotate", "1", *new))["rotation"]
    assert (plan["added"], plan["removed"], plan["quorum"]) == ([str_address(STRANGER)], [now[0]], 5)
    assert plan["operators"] == sorted(plan["operators"], key=str.lower)
    assert await market.oracle.operators(1) == now
    calldata = await typist.types("oracle", "rotate", "1", *new, "--calldata")
    assert calldata.strip() == plan["calldata"]
    done = await typist.reads("oracle", "rotate", "1", *new, "--submit")
    assert done["submitted"]["what"] == "rotated"
    assert await market.oracle.operators(1) == plan["operators"]
    kept = await market.oracle.oracle.value("operatorSet", 1)
    assert "0x" + kept.hex() == plan["operators_hash"]
    assert "another set or quorum" in await typist.types("oracle", "rotate", "1", *new, code=2)


def str_address(text: str) -> str:
    from olivepress.signer import address_bytes, checksum_address

    return checksum_address(address_bytes(text))


async def test_rotation_through_a_timelock_there_and_back_and_there(typist: Typist, market: Market) -> None:
    owner = market.owner.sender
    timelock = await deploy_timelock(owner, delay=TWO_DAYS, proposers=[owner.address])
    oracle = market.oracle.oracle
    await owner.execute(oracle.address, oracle.interface.encode("transferOwnership", timelock))
    await accept_ownership(market, timelock)
    before = [one.address for one in market.operators]
    after = [*before[1:], str_address(STRANGER)]
    for wanted in (after, before, after):
        words = ("oracle", "rotate", "1", *wanted, "--submit")
        scheduled = (await typist.reads(*words))["submitted"]
        assert scheduled["what"] == "scheduled"
        assert (await typist.reads(*words))["submitted"]["what"] == "waiting"
        await market.chain.mine(timestamp=scheduled["ready_at"])
        assert (await typist.reads(*words))["submitted"]["what"] == "rotated"
        assert sorted(await market.oracle.operators(1)) == sorted(wanted)


async def accept_ownership(market: Market, timelock: str) -> None:
    """Ownable2Step: the timelock takes what it was offered, played here without its delay."""
    rpc = market.chain.transport
    await rpc.request("anvil_impersonateAccount", [timelock])
    await market.chain.set_balance(timelock, 10**18)
    data = "0x" + market.oracle.oracle.interface.encode("acceptOwnership").hex()
    sent = await rpc.request(
        "eth_sendTransaction", [{"from": timelock, "to": market.deployment.oracle, "data": data}]
    )
    for _ in range(3_000):  # automine mines a moment after it answers
        if await rpc.request("eth_getTransactionReceipt", [sent]) is not None:
            break
        await asyncio.sleep(0.01)
    assert (await market.oracle.oracle.value("owner")).lower() == timelock.lower()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("2", STRANGER), "operator_set"),
        (("1", STRANGER, STRANGER), "each operator once"),
        (("1", STRANGER, "--quorum", "2"), "1 to 1 with 1 operators"),
        (("1", "0x12"), "40 hex digits"),
    ],
)
async def test_a_rotation_that_cannot_be_is_refused(
    typist: Typist, words: tuple[str, ...], told: str
) -> None:
    assert told in await typist.types("oracle", "rotate", *words, code=2)


async def test_a_stranger_cannot_rotate(typist: Typist, market: Market) -> None:
    typist.settings["OLIVEPRESS_PRIVATE_KEY"] = market.chain.keys[3]
    answer = await typist.types("oracle", "rotate", "1", STRANGER, "--submit", code=2)
    assert "may not rotate: the oracle's owner is" in answer


def sample(folder: Path) -> Path:
    quotes = offers("2.1", "2.2", "2.3", "2.9", at=moment(NOON))
    path = folder / "record.json"
    compute(GPU, Reading(quotes=quotes), moment(NOON)).save(path)
    return path


async def test_explain_recomputes_a_record(tmp_path: Path) -> None:
    path = sample(tmp_path)
    shown = await run_here("index", "explain", str(path), cwd=tmp_path)
    assert (shown.code, "recomputed from the quotes above: the same" in shown.out) == (0, True)
    told = json.loads((await run_here("index", "explain", str(path), "--json", cwd=tmp_path)).out)
    assert (told["matches"], told["record"]["value_e8"]) == (True, 225_000_000)


async def test_explain_fails_on_a_record_that_was_touched(tmp_path: Path) -> None:
    path = sample(tmp_path)
    record: AuditRecord = load_record(path)
    record.model_copy(update={"value_e8": 1}).save(path)
    done = await run("index", "explain", str(path), cwd=tmp_path)
    assert done.code == 1
    assert "DIFFERENT when recomputed: value_e8: 1 in the record, 225000000 recomputed" in done.out
    path.write_text(path.read_text()[:-30])
    refused = await run_here("index", "explain", str(path), cwd=tmp_path)
    assert (refused.code, "audit record record.json" in refused.err) == (2, True)
