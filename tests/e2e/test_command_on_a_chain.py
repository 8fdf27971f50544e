"""Every command that needs a chain; and the example of the README as it stands."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market_kit import SYMBOL, Market, open_market, terms
from olivepress import devchain
from olivepress.contracts.artifacts import load
from olivepress.exchange import Place
from olivepress.types import Side
from processes import Done, run, run_here

FAR = "LLM-FLAGSHIP-JAN27"
README = Path(__file__).parents[2] / "README.md"


class User:
    """Somebody with a key who types commands."""

    def __init__(self, market: Market, folder: Path, key: str) -> None:
        self.folder = folder
        self.settings = {
            "OLIVEPRESS_RPC": market.chain.url,
            "OLIVEPRESS_MANIFEST": str(folder / "olivepress.json"),
            "OLIVEPRESS_PRIVATE_KEY": key,
        }

    async def types(self, *words: str) -> Done:
        return await run_here(*words, cwd=self.folder, settings=self.settings)

    async def reads(self, *words: str) -> Any:
        """The JSON document that a command prints."""
        done = await self.types(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    async def is_refused(self, code: int, *words: str) -> dict[str, Any]:
        """The JSON error of a command that must fail with this code and print nothing else."""
        done = await self.types(*words, "--json")
        assert done.code == code, (done.code, done.err)
        assert done.out == ""
        document: dict[str, Any] = json.loads(done.err)
        assert document["exit_code"] == code
        return document


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    """An exchange with one offer and one bid of its first trader; blocks come with every transaction."""
    async with open_market(traders=2) as opened:
        maker = opened.traders[0]
        await maker.series(SYMBOL)
        offers = [Place(Side.SELL, Decimal("3.510"), 5), Place(Side.BUY, Decimal("3.490"), 5)]
        await maker.batch(SYMBOL, offers)
        opened.deployment.save(tmp_path / "olivepress.json")
        await opened.chain.set_automine(True)
        yield opened


@pytest.fixture
def user(market: Market, tmp_path: Path) -> User:
    return User(market, tmp_path, market.chain.keys[9])


async def test_from_deposit_to_withdrawal(user: User, market: Market) -> None:
    before = await user.reads("account")
    assert before["cash"] == "100000"
    order = await user.reads("order", "place", SYMBOL, "buy", "3.510", "2", "--client-id", "77")
    assert (order["filled"], order["resting"], order["average_price"]) == (2, 0, "3.51")
    assert (order["order_id"], order["client_id"], order["side"]) == (None, 77, "buy")
    resting = await user.reads("order", "place", SYMBOL, "buy", "3.480", "1", "--post-only")
    assert (resting["filled"], resting["resting"]) == (0, 1)
    during = await user.reads("account")
    assert [(one["symbol"], one["lots"]) for one in during["positions"]] == [(SYMBOL, 2)]
    assert [one["order_id"] for one in during["orders"]] == [resting["order_id"]]
    narrow = {**user.settings, "COLUMNS": "60"}
    shown = await run("account", cwd=user.folder, settings=narrow)
    (printed,) = re.findall(r"\b\d{20,}\b", shown.out)
    assert "OrderId" not in shown.out
    gone = await user.reads("order", "cancel", printed)
    assert gone["lots"] == 1
    await user.reads("order", "cancel", "all")
    out = await user.reads("withdraw", "1000.5")
    assert out["withdrawn"] == "1000.5"
    back = await user.reads("deposit", "1000.5")
    assert (back["account"], back["deposited"]) == (2, "1000.5")
    assert (await user.reads("account", "2"))["cash"] == "100000"


async def test_a_position_moves_to_the_next_month(user: User, market: Market) -> None:
    maker = market.traders[0]
    far = terms(symbol=FAR, window_start=date(2027, 1, 24), expiry=date(2027, 1, 31))
    await market.owner.list_series(far)
    await maker.place(FAR, Side.SELL, Decimal("3.480"), 5)
    await user.reads("order", "place", SYMBOL, "buy", "3.510", "2")
    spread = ("order", "spread", FAR, SYMBOL, "2", "--limit")
    dear = await user.is_refused(4, *spread, "-0.011")
    assert (dear["name"], dear["values"]) == ("SpreadWorse", {"cost": -20, "most": -22})
    moved = await user.reads(*spread, "-0.01", "--client-id", "5")
    assert (moved["bought"], moved["sold"], moved["lots"], moved["difference"]) == (FAR, SYMBOL, 2, "-0.01")
    after = await user.reads("account")
    assert {one["symbol"]: one["lots"] for one in after["positions"]} == {SYMBOL: 0, FAR: 2}
    wrong = await user.is_refused(2, *spread, "0.0005")
    assert (wrong["error"], wrong["field"]) == ("WrongTick", "limit")


async def test_books_and_series(user: User) -> None:
    book = await user.reads("book", SYMBOL, "--depth", "3")
    assert [(one["price"], one["lots"], one["orders"]) for one in book["asks"]] == [("3.51", 5, 1)]
    assert [one["price"] for one in book["bids"]] == ["3.49"]
    (listed,) = await user.reads("series")
    assert (listed["symbol"], listed["tick_size"], listed["bid"], listed["ask"]) == (
        SYMBOL,
        "0.001",
        "3.49",
        "3.51",
    )
    assert (await user.reads("series", SYMBOL))["expiry"] == "2026-12-31T00:00:00+00:00"
    for words in (["series"], ["series", SYMBOL], ["book", SYMBOL], ["account"]):
        shown = await user.types(*words)
        assert shown.code == 0, shown.err
        assert SYMBOL in shown.out or "Account 2" in shown.out


BAD_VALUES = [
    (["order", "place", SYMBOL, "buy", "3.5005", "1"], "WrongTick", "price"),
    (["order", "place", SYMBOL, "buy", "3.5", "0"], "WrongLots", "lots"),
    (["order", "place", "LLM-FLAGSHIP-JAN99", "buy", "3.5", "1"], "UnknownSymbol", "symbol"),
    (["order", "place", SYMBOL, "buy", "31", "1"], "OutOfRange", "price"),
    (["order", "place", SYMBOL, "buy", "cheap", "1"], "ValidationError", "price"),
    (["order", "cancel", "mine"], "ValidationError", "order_id"),
    (["deposit", "0"], "OutOfRange", "amount"),
    (["deposit", "0.0000001"], "OutOfRange", "amount"),
    (["book", "NOTHING"], "UnknownSymbol", "symbol"),
    (["account", "99"], "UnknownAccount", "account"),
]


async def test_bad_values_are_refused_before_anything_is_sent(user: User, market: Market) -> None:
    sent = await market.chain.block_number()
    refused = await asyncio.gather(*(user.is_refused(2, *words) for words, _, _ in BAD_VALUES))
    told = [
        (words, one["error"], one["field"]) for (words, _, _), one in zip(BAD_VALUES, refused, strict=True)
    ]
    assert told == BAD_VALUES
    assert await market.chain.block_number() == sent


async def test_refusals_of_the_chain_carry_their_values(user: User) -> None:
    poor = await user.is_refused(4, "order", "place", SYMBOL, "buy", "3.480", "5000")
    assert (poor["name"], poor["values"]["account"]) == ("InsufficientMargin", 2)
    crossing = await user.is_refused(4, "order", "place", SYMBOL, "buy", "3.510", "1", "--post-only")
    assert crossing["name"] == "PostOnlyWouldCross"
    too_much = await user.is_refused(4, "withdraw", "100000.000001")
    assert too_much["name"] == "InsufficientCash"


async def test_another_chain_and_no_chain(user: User, market: Market) -> None:
    async with devchain.launch(chain_id=1337) as other:
        wrong = await user.is_refused(2, "book", SYMBOL, "--rpc", other.url)
        assert (wrong["error"], wrong["field"], wrong["value"]) == ("ManifestError", "chain_id", 31337)
    async with devchain.launch() as twin:
        wrong = await user.is_refused(2, "book", SYMBOL, "--rpc", twin.url)
        assert wrong["error"] == "ManifestError"
    gone = await user.is_refused(3, "book", SYMBOL, "--rpc", twin.url)
    assert gone["error"] == "ConnectionFailed"
    assert twin.url in gone["message"]


async def test_deploy_writes_a_manifest_that_works(user: User, market: Market) -> None:
    made = await user.reads("deploy", "--manifest", str(user.folder / "second.json"))
    assert made["Exchange"] != market.deployment.exchange
    assert await user.reads("series", "--manifest", str(user.folder / "second.json")) == []


async def test_the_example_of_the_readme(
    market: Market, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = README.read_text(encoding="utf-8")
    (example,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", text, re.DOTALL)
    body = [line for line in example.splitlines() if line.strip() and not line.startswith(("from", "import"))]
    assert len(body) <= 10
    names: dict[str, Any] = {}
    reader = market.traders[1]
    money = load("MockUSDC").interface.encode("mint", reader.address, 50_000 * 10**6)
    await reader.sender.execute(market.deployment.collateral, money)
    exec(compile(example, "README.md", "exec"), names)
    await names["buy"](market.chain.ws_url, str(tmp_path / "olivepress.json"), market.chain.keys[9], SYMBOL)
    assert capsys.readouterr().out == "bought 2 lots at 3.510 for a fee of 3.510000\n"
