"""Plays one example. An example is a JSON file:

    title, comment       what it shows, and every figure worked by hand
    rules                ids of the rules of docs/spec that it checks
    heartbeat, bound     of feed 1: seconds, and how far one round moves, 1e-4; 86400 and 2000 if not given
    index                the first value of the index, USD, reported at second 0
    series               terms of each series, where they differ from BASE below
    cash                 who deposits how much at second 0; accounts are numbered in this order, from 1
    wallet               collateral that somebody keeps outside the exchange
    arbiter              who decides challenges
    steps                what happens, in order

A step is a report of the index ({"at": 60, "report": 110}), a verb ({"at": 60, "by": "bob", "do":
"settle", "args": [1]}), or nothing but a look. `at` counts seconds from second 0, the midnight that begins
day 20000. In `args` "@bob" is Bob's address and "#bob" the number of his account. `gives` is what the verb
returns, `refused` the error with its values ("+60" is second 60), `logs` the names of its events (with
those of its records behind "Book"), `then` what holds at that second. One tick is one USD of index, so
that ticks, lots and base units are the only units.
"""

from __future__ import annotations

from typing import Any

from differential.setting import DEPLOYER
from golden.venues import MIDNIGHT, UNIT, Venue
from olivepress.errors import Reverted
from olivepress.events.model import Book
from olivepress.types import SeriesSpec

BASE: dict[str, Any] = {
    "symbol": "INDEX-DEC24",
    "feed": 1,
    "window_start": 20_010,
    "expiry_day": 20_012,
    "tick_size": UNIT,
    "tick_value": 1,
    "price_cap": 1_000,
    "initial_mark": 100,
    "max_basis": 100,
    "min_lots": 1,
    "position_limit": 1_000,
    "open_interest_cap": 10_000,
    "im_bps": 3_000,
    "mm_bps": 1_000,
    "spread_bps": 500,
    "band_bps": 500,
    "gap_bps": 500,
    "concentration_pct": 0,
    "gain_pct": 50,
    "taker_fee": 0,
    "maker_rebate": 0,
    "max_mark_age": 60,
}
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "kate", "nobody", "judge")


def address(name: str) -> str:
    return f"0x{0xBE0 + PEOPLE.index(name):040x}"


def play(example: dict[str, Any], venue: Venue) -> int:
    """Plays every step. AssertionError says which figure differs. Returns how many figures were compared."""
    _set_up(example, venue)
    compared = 0
    for number, step in enumerate(example["steps"], start=1):
        told = f"{example['title']}, step {number}: "
        at = MIDNIGHT + step["at"]
        if "report" in step:
            venue.report(at, step["report"])
        elif "do" in step:
            compared += _act(step, venue, at, told)
        for subject, figures in step.get("then", {}).items():
            found = _figures(subject, figures, venue, at)
            for name, wanted in figures.items():
                assert found[name] == wanted, f"{told}{subject} {name} is {found[name]}, not {wanted}"
                compared += 1
    return compared


def _set_up(example: dict[str, Any], venue: Venue) -> None:
    venue.add_feed(example.get("heartbeat", 86_400), example.get("bound", 2_000))
    venue.report(MIDNIGHT, example["index"])
    for number, terms in enumerate(example.get("series", ()), start=1):
        spec = SeriesSpec(**BASE | {"symbol": f"INDEX-{number}"} | terms)
        venue.call(MIDNIGHT, DEPLOYER, "listSeries", [spec])
    for name, amount in example.get("cash", {}).items():
        venue.fund(address(name), amount)
        venue.call(MIDNIGHT, address(name), "deposit", [0, amount])
    for name, amount in example.get("wallet", {}).items():
        venue.fund(address(name), amount)
    if "arbiter" in example:
        venue.call(MIDNIGHT, DEPLOYER, "setArbiter", [address(example["arbiter"])])


def _act(step: dict[str, Any], venue: Venue, at: int, told: str) -> int:
    arguments = [_argument(one, venue) for one in step.get("args", ())]
    refused = step.get("refused")
    try:
        given = venue.call(at, address(step["by"]), step["do"], arguments)
    except Reverted as error:
        found = {error.name: list((error.values or {}).values())}
        assert refused is not None, f"{told}{step['do']} was refused with {found}"
        assert found == {name: _values(refused[name], venue) for name in refused}, (
            f"{told}refused with {found}"
        )
        return 1
    assert refused is None, f"{told}{step['do']} was not refused"
    compared = 0
    for name, actual in (("gives", given), ("logs", _logs(venue))):
        if name in step:
            assert actual == step[name], f"{told}{step['do']} {name} {actual}, not {step[name]}"
            compared += 1
    return compared


def _values(values: list[Any], venue: Venue) -> list[Any]:
    return [_argument(one, venue) for one in values]


def _argument(one: Any, venue: Venue) -> Any:
    if isinstance(one, list):
        return [_argument(part, venue) for part in one]
    if isinstance(one, str) and one[0] == "@":
        return address(one[1:])
    if isinstance(one, str) and one[0] == "#":
        return venue.account_of(address(one[1:]))
    if isinstance(one, str) and one[0] == "+":  # seconds from second 0
        return MIDNIGHT + int(one[1:])
    return bytes.fromhex(one[2:]) if isinstance(one, str) else one


def _logs(venue: Venue) -> list[Any]:
    names: list[Any] = []
    for event in venue.events:
        names.append(type(event).__name__)
        if isinstance(event, Book):
            names.append([type(record).__name__ for record in event.records])
    return names


def _figures(subject: str, wanted: dict[str, Any], venue: Venue, at: int) -> dict[str, Any]:
    """Figures of a person ("lots 2" is of series 2, "LONG 2" its tokens), of an account by its number
    ("account 3"), of a series ("series 1"), of the index ("feed"), or of the whole exchange ("sums")."""
    kind, _, number = subject.partition(" ")
    if kind == "series":
        return venue.series(int(number), at)
    if kind == "feed":
        return venue.feed(at)
    if kind == "sums":
        return venue.sums()
    account = int(number) if kind == "account" else 0
    found: dict[str, Any] = {}
    for name in wanted:
        figure, _, series = name.partition(" ")
        if figure in ("LONG", "SHORT"):
            found[name] = venue.tokens(int(series), figure == "LONG", address(subject))
            continue
        held = account or venue.account_of(address(subject))
        if series:
            found[name] = venue.position(held, int(series))[figure]
        else:
            found[name] = venue.account(held, at)[figure]
    return found
