"""The page for people who run a relay says what the program does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from olivepress.oracle.relay import RelaySettings
from olivepress.oracle.relay.metrics import RelayMetrics
from olivepress.oracle.wire import Reason

DOCS = Path(__file__).resolve().parents[4] / "docs"
SECTION = (DOCS / "operators.md").read_text().partition("## Running a relay\n")[2].partition("\n## ")[0]


def test_the_example_is_a_configuration() -> None:
    lines = [line[4:] for line in SECTION.splitlines() if line.startswith("    ") or not line]
    text = "\n".join(lines).partition("relay.toml\n")[2]
    example = RelaySettings.model_validate(tomllib.loads(text))
    assert example.key.keystore == Path("relay-key.json")
    assert example.listen == RelaySettings.model_fields["listen"].default


def test_the_defaults_are_those_of_the_program() -> None:
    told: dict[str, int | None] = {}
    for names, values in re.findall(r"^\| ([\w., ]+) \| ([0-9x^, ]+|none) \|", SECTION, re.MULTILINE):
        group = names.partition(".")[0] + "." if "." in names else ""
        for name, value in zip(names.replace(group, "").split(", "), values.split(", "), strict=True):
            told[group + name] = None if value == "none" else power(value)
    settings = RelaySettings.model_validate({"rpc": "http://x", "manifest": "m", "key": {"env": "K"}})
    defaults: dict[str, Any] = {"min_balance_wei": settings.min_balance_wei}
    for table in ("timing", "limits", "fees"):
        defaults |= {f"{table}.{name}": value for name, value in getattr(settings, table)}
    assert told == defaults


def power(text: str) -> int:
    """'5 x 10^11' and '60' as numbers."""
    factor, _, rest = text.rpartition(" x ")
    base, _, exponent = rest.partition("^")
    return int(factor or 1) * int(base) ** int(exponent or 1)


def test_the_metrics_are_those_of_the_program() -> None:
    told = {
        name
        for cell in re.findall(r"^\| ([\w{}, ]+) \|", SECTION, re.MULTILINE)
        for name in re.sub(r"{\w+}", "", cell).split(", ")
    }
    for family in RelayMetrics(lambda _: 0).registry.collect():
        name = family.name.removeprefix("olivepress_relay_")
        assert name in told or f"{name}_total" in told, name


def test_every_refusal_is_in_the_protocol() -> None:
    protocol = (DOCS / "spec" / "oracle.md").read_text().partition("## Relays")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| ([\w, ]*) \|.*\| (yes|no) \|$", protocol, re.MULTILINE)
    told = {
        (reason, int(status), again == "yes")
        for status, reasons, again in rows
        for reason in reasons.split(", ")
    }
    assert told == {(str(reason), reason.status, reason.passing) for reason in Reason}
