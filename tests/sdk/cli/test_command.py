"""The command without a chain: exit codes, error messages, output, and what importing it costs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from olivepress import cli, errors
from olivepress.cli.exits import Exit, as_document, exit_code
from olivepress.cli.output import plain_data, shown
from olivepress.types import Side

KEY = "0x" + "11" * 32
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """A runner in an empty folder and without the user's settings."""
    for name in [name for name in os.environ if name.startswith("OLIVEPRESS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return CliRunner()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.WrongTick("price", Decimal("3.5005"), "a multiple of 0.001"), Exit.USAGE),
        (errors.ConfigurationError("no key"), Exit.USAGE),
        (errors.ManifestError("chain_id", 1, 31337), Exit.USAGE),
        (errors.ConnectionFailed("down", url=NOWHERE), Exit.CONNECTION),
        (errors.RequestTimeout("slow"), Exit.CONNECTION),
        (errors.RpcError(-32000, "no"), Exit.CONNECTION),
        (errors.Reverted(name="ReduceOnlySeries", values={"series": 1}), Exit.REFUSED),
        (errors.InsufficientFunds("no gas money"), Exit.REFUSED),
        (errors.OutcomeUnknown("broke", tx_hash=b"\x01" * 32), Exit.UNKNOWN),
        (errors.ReceiptTimeout("slow", tx_hash=b"\x01" * 32), Exit.UNKNOWN),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (asyncio.CancelledError(), Exit.INTERRUPTED),
        (RuntimeError("a bug"), Exit.FAILED),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: Exit) -> None:
    assert exit_code(error) is code


def test_an_error_as_json_keeps_its_fields() -> None:
    document = as_document(errors.WrongTick("price", Decimal("3.5005"), "a multiple of 0.001"))
    assert document["error"] == "WrongTick"
    assert (document["field"], document["value"], document["exit_code"]) == ("price", "3.5005", 2)
    reverted = as_document(errors.Reverted(name="ReduceOnlySeries", values={"series": 7}))
    assert (reverted["name"], reverted["values"], reverted["exit_code"]) == (
        "ReduceOnlySeries",
        {"series": 7},
        4,
    )


def test_exit_codes_are_documented() -> None:
    assert cli.__doc__ is not None
    for code in Exit:
        assert f"\n    {int(code)} " in cli.__doc__


def test_every_command_is_there(command: CliRunner) -> None:
    text = command.invoke(cli.app, ["--help"]).output
    for name in (
        "demo",
        "devnet",
        "deploy",
        "series",
        "book",
        "account",
        "order",
        "deposit",
        "withdraw",
        "index",
    ):
        assert f" {name} " in text


def test_no_manifest_is_a_clear_error(command: CliRunner) -> None:
    result = command.invoke(cli.app, ["series", "--manifest", "missing.json"])
    assert result.exit_code == Exit.USAGE
    assert "missing.json" in result.stderr


def test_a_broken_manifest_is_a_clear_error(command: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"chain_id": "one"}')
    result = command.invoke(cli.app, ["series", "--manifest", "broken.json", "--json"])
    assert result.exit_code == Exit.USAGE
    document = json.loads(result.stderr)
    assert document["exit_code"] == 2
    assert "chain_id" in document["message"]


def test_no_connection_is_told_at_once(command: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLIVEPRESS_PRIVATE_KEY", KEY)
    result = command.invoke(cli.app, ["deploy", "--rpc", NOWHERE])
    assert result.exit_code == Exit.CONNECTION
    assert NOWHERE in result.stderr
    assert not Path("olivepress.json").exists()


def test_no_key_is_a_clear_error(command: CliRunner) -> None:
    result = command.invoke(cli.app, ["deposit", "5"])
    assert result.exit_code == Exit.USAGE
    assert "OLIVEPRESS_PRIVATE_KEY" in result.stderr


def test_a_key_is_never_taken_from_the_command_line(command: CliRunner) -> None:
    for words in (
        ["deposit"],
        ["withdraw"],
        ["account"],
        ["deploy"],
        ["order", "place"],
        ["order", "cancel"],
    ):
        text = command.invoke(cli.app, [*words, "--help"]).output
        assert "--key " not in text
        assert "--private-key" not in text


def test_a_key_is_never_printed(command: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLIVEPRESS_PRIVATE_KEY", KEY[:-2] + "zz")
    result = command.invoke(cli.app, ["deploy", "--rpc", NOWHERE])
    assert result.exit_code == Exit.USAGE
    assert KEY[2:40] not in result.output
    assert KEY[2:40] not in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["order", "place", "X", "hold", "3.5", "1"],
        ["order", "place", "X", "buy", "3.5", "one"],
        ["order", "place", "X", "buy", "3.5", "1", "--tif", "day"],
        ["book"],
        ["nonsense"],
        ["book", "X", "--depth", "0"],
    ],
)
def test_wrong_usage_exits_with_two(command: CliRunner, words: list[str]) -> None:
    assert command.invoke(cli.app, words).exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["order", "place", "X", "hold", "3.5", "1"], "side: 'hold' is refused; allowed: buy or sell"),
        (["order", "place", "X", "buy", "3.5", "1", "--tif", "day"], "tif: 'day' is refused; allowed: gtc"),
        (["order", "place", "X", "buy", "3,5", "1"], "price: '3,5' is refused; allowed: a decimal number"),
        (["order", "spread", "X", "Y", "1", "--limit", "low"], "limit: 'low' is refused"),
        (["order", "cancel", "last"], "order_id: 'last' is refused"),
        (["deposit", "much"], "amount: 'much' is refused"),
        (["withdraw", "NaN"], "amount: 'NaN' is refused; allowed: a finite decimal number"),
    ],
)
def test_a_wrong_value_is_told_before_a_key_is_asked_for(
    command: CliRunner, words: list[str], told: str
) -> None:
    result = command.invoke(cli.app, words)
    assert result.exit_code == Exit.USAGE
    assert told in result.stderr.replace("\n", " ")


def test_help_shows_brackets(command: CliRunner) -> None:
    assert '"olivepress[chart]"' in command.invoke(cli.app, ["index", "chart", "--help"]).stdout


def test_deploy_never_overwrites_a_manifest(command: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "olivepress.json").write_text("precious")
    result = command.invoke(cli.app, ["deploy", "--rpc", NOWHERE])
    assert result.exit_code == Exit.USAGE
    assert (tmp_path / "olivepress.json").read_text() == "precious"


def test_index_of_a_recorded_day(command: CliRunner) -> None:
    result = command.invoke(cli.app, ["index", "show", "--date", "2026-10-25", "--json"])
    assert result.exit_code == Exit.OK
    audit = json.loads(result.stdout)
    assert audit["index"] == "LLM-FLAGSHIP"
    assert Decimal(audit["value"]) == Decimal("3.5")
    assert {True, False} >= {quote["used"] for quote in audit["quotes"]} >= {True}
    assert all(quote["reason"] for quote in audit["quotes"])
    table = command.invoke(cli.app, ["index", "show", "--date", "2026-10-25"]).stdout
    assert "3.5 USD per 1M tokens" in table
    assert "openai" in table


def test_index_of_a_day_outside_the_record(command: CliRunner) -> None:
    assert command.invoke(cli.app, ["index", "show", "--date", "1999-01-01"]).exit_code == Exit.USAGE
    assert command.invoke(cli.app, ["index", "show", "--date", "yesterday"]).exit_code == Exit.USAGE


def test_simulate_prints_the_whole_digest(command: CliRunner) -> None:
    """Whoever compares two runs needs all of it, on a narrow screen too."""
    words = ["simulate", "--fast", "--decide-every", "86400", "--block-time", "20000"]
    told = json.loads(command.invoke(cli.app, [*words, "--json"]).stdout)
    assert told["seed"] == 1
    assert len(told["digest"]) == 64
    printed = command.invoke(cli.app, words)
    assert printed.exit_code == Exit.OK
    assert told["digest"] in "".join(printed.stdout.split())


@dataclass
class Sample:
    price: Decimal
    side: Side
    day: date
    raw: bytes


def test_json_loses_nothing() -> None:
    sample = Sample(Decimal("0.000000010"), Side.SELL, date(2026, 11, 1), b"\x00\xff")
    assert plain_data([sample]) == [
        {"price": "0.00000001", "side": "sell", "day": "2026-11-01", "raw": "0x00ff"}
    ]


def test_people_see_short_numbers() -> None:
    cells = [Decimal("1234567.500"), Decimal("10"), Decimal("-0.50"), Decimal(0), None, True, Side.BUY]
    assert [shown(cell) for cell in cells] == ["1,234,567.5", "10", "-0.5", "0", "-", "yes", "buy"]


def test_importing_the_command_is_cheap() -> None:
    """No module of these is needed to show help; each costs a tenth of a second or more."""
    heavy = [
        "eth_account",
        "eth_abi",
        "pydantic",
        "httpx",
        "websockets",
        "ccxt",
        "coincurve",
    ]
    code = f"import sys, olivepress.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
