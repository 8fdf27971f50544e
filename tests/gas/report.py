"""The table, the committed snapshot, and the generated half of docs/gas.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gas.explain import ROOT, Account

SNAPSHOT = Path(__file__).with_name("snapshot.json")
DOCUMENT = ROOT / "docs" / "gas.md"
ABI = ROOT / "sdk" / "olivepress" / "abi"
MAX_CODE = 24_576  # EIP-170
BEGIN, END = "<!-- begin: written by scripts/gas -->", "<!-- end -->"
CHANGES = "## Changes"

Values = dict[str, int]


@dataclass(frozen=True)
class Goal:
    """The most gas that is wanted, and the cheapest peer that does as much."""

    gas: int
    peer: str = ""
    peer_gas: int = 0


GOALS = {
    "place_virgin_level": Goal(92_000, "Mangrove", 93_693),
    "place_used_level": Goal(60_000, "Mangrove", 93_744),
    "place_populated_level": Goal(55_000, "Mangrove", 98_674),
    "cancel_mid_queue": Goal(46_000, "Mangrove", 48_721),
    "cancel_only": Goal(50_000, "Mangrove", 44_134),
    "take_1": Goal(72_000, "Mangrove", 119_842),
    "take_5_one_level": Goal(105_000, "Clober v2 + claims", 156_222),
    "take_10_one_level": Goal(155_000, "Clober v2 + claims", 156_222),
    "sweep_5_levels": Goal(140_000, "Kuru", 225_483),
    "replace_2x2": Goal(100_000, "Kuru", 262_328),
    "replace_10x10_populated": Goal(300_000, "Kuru", 956_075),
    "cancel_10": Goal(120_000, "Kuru", 241_783),
    "mass_cancel": Goal(35_000),
    "withdraw": Goal(50_000, "Kuru", 52_185),
    "withdraw_with_position": Goal(70_000),
    "oracle_update_7of5_one_feed": Goal(58_000, "Maker Median", 73_100),
    "oracle_update_7of5_eight_feeds": Goal(128_000),
    "window_average_read": Goal(6_000),
}


def above_goal(gas: Mapping[str, int]) -> list[str]:
    return [name for name, goal in GOALS.items() if gas[name] > goal.gas]


def code_sizes() -> Values:
    """Bytes of runtime code of each shipped contract."""
    contents = [json.loads(path.read_text()) for path in sorted(ABI.glob("*.json"))]
    return {one["name"]: one["deployedSize"] for one in contents if "deployedSize" in one}


def table(gas: Mapping[str, int]) -> str:
    """Markdown."""
    rows = [("operation", "gas", "goal", "cheapest peer", "ratio"), ("---", "---:", "---:", "---", "---:")]
    for name, used in gas.items():
        goal = GOALS.get(name)
        peer = f"{goal.peer} {goal.peer_gas:,}" if goal and goal.peer else "-"
        ratio = f"{used / goal.peer_gas:.2f}" if goal and goal.peer_gas else "-"
        wanted = f"{goal.gas:,}" + (" (above)" if used > goal.gas else "") if goal else "-"
        rows.append((name, f"{used:,}", wanted, peer, ratio))
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    right = (False, True, True, False, True)

    def cell(text: str, n: int) -> str:
        return text.rjust(widths[n]) if right[n] else text.ljust(widths[n])

    return "\n".join("| " + " | ".join(map(cell, row, range(5))) + " |" for row in rows)


def size_table(sizes: Mapping[str, int]) -> str:
    """Markdown."""
    rows = [f"| {name} | {size:,} | {MAX_CODE - size:,} |" for name, size in sizes.items()]
    return "\n".join(["| contract | bytes of code | to spare |", "| --- | ---: | ---: |", *rows])


def accounting(account: Account) -> str:
    """Markdown."""
    rows = [f"| {name} | {gas:,} |" for name, gas in account.parts]
    rows.append(f"| **whole transaction** | **{account.used:,}** |")
    return "\n".join([f"### {account.operation}", "", "| part | gas |", "| --- | ---: |", *rows])


def differences(committed: Mapping[str, int], found: Mapping[str, int]) -> dict[str, str]:
    """By row: what is wrong with it. Empty when nothing changed."""
    wrong = {}
    for name in [*found, *(name for name in committed if name not in found)]:
        before, now = committed.get(name), found.get(name)
        if before == now:
            continue
        if before is None:
            wrong[name] = "is new"
        elif now is None:
            wrong[name] = "is gone"
        else:
            wrong[name] = f"{'rose' if now > before else 'fell'} from {before:,} to {now:,}"
    return wrong


def advice(wrong: Mapping[str, str]) -> str:
    """What to do about differences."""
    lines = [f"{name} {what}" for name, what in wrong.items()]
    rose = any(what.startswith("rose") for what in wrong.values())
    todo = (
        "bring it back, or commit the rise with its reason"
        if rose
        else "commit the new snapshot, so that it cannot rise again unseen"
    )
    return "; ".join(lines) + f". {todo.capitalize()}: ./scripts/gas --write REASON"


def read_snapshot() -> dict[str, Values]:
    """{"gas": {operation: gas}, "sizes": {contract: bytes}}; empty before the first one."""
    if not SNAPSHOT.exists():
        return {"gas": {}, "sizes": {}}
    content: dict[str, Values] = json.loads(SNAPSHOT.read_text())
    return content


def generated(snapshot: Mapping[str, Values], accounts: list[Account]) -> str:
    parts = [table(snapshot["gas"]), "## Sizes", size_table(snapshot["sizes"])]
    if accounts:
        parts += ["## Rows above their goal, slot by slot", *map(accounting, accounts)]
    return "\n\n".join(parts)


def write(snapshot: dict[str, Values], accounts: list[Account], reason: str) -> None:
    """Replaces the snapshot and the generated part of the document; adds the reason to its list."""
    before = read_snapshot()
    changed = differences(before["gas"], snapshot["gas"]) | differences(before["sizes"], snapshot["sizes"])
    SNAPSHOT.write_text(json.dumps(snapshot, indent=1) + "\n")
    text = DOCUMENT.read_text()
    head, rest = text.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    tail = tail.rstrip("\n")
    if tail.endswith(CHANGES):
        tail += "\n"
    what = "; ".join(f"{name} {change}" for name, change in changed.items())
    if before["gas"]:
        tail += f"\n- {reason}: {what or 'nothing changed'}."
    else:
        tail += f"\n- {reason}."
    DOCUMENT.write_text(f"{head}{BEGIN}\n\n{generated(snapshot, accounts)}\n\n{END}{tail}\n")
