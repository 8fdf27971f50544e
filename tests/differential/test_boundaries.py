"""What the lives never meet: what is told of a small module, and that the model does what it did."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from differential import boundaries as subject
from differential.__main__ import main
from differential.boundaries import Boundaries
from differential.instrument import RECORDER
from differential.run import Report, run
from olivepress.model.journal import Journal

SOURCE = """
from functools import wraps


def doubled(function):
    @wraps(function)
    def run(*arguments):
        return function(*arguments) * 2
    return run


class Book:
    made = 0

    @property
    def empty(self):
        return self.made < 1

    @doubled
    def share(self, lots):
        return lots // 3


def early(now, end):
    return now < end


def between(low, value, high):
    if not low <= value < high:
        return "out"
    return "in"


def _within(name, value, low, high):
    return low <= value <= high


def terms(rate):
    return _within("rate", rate, 1, 9)


def any_of(a, b):
    if a or b:
        return 1
    return 0


def default(given, other):
    return given or other


def guarded(one):
    return "none" if one is None or one.lots == 0 else "some"


def least(a, b):
    return min(a, b)


def larger(a, b):
    return a if a > b else b


def highest(*values):
    return max(one for one in values if one)


def up(a, b):
    return -(-a // b)


def half_up(price):
    return (price + 128) >> 8


def bytes_order(a, b):
    return a <= b


def count(n):
    while n:
        n -= 1
    return n
"""


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[ModuleType]:
    """The source above as a module."""
    file = tmp_path / "rules.py"
    file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("some.rules", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def unmet(found: Boundaries, function: str) -> list[str]:
    """What is told of one function, without its line."""
    told = (line.strip().partition("  ") for line in found.lines()[:-1] if line.startswith("  "))
    return [text for place, _, text in told if place.partition(":")[0] == f"rules.{function}"]


CALLS = [
    # Nothing ran.
    ("early", [], ["now < end  -- never run"]),
    # The two edges of `<`: the first time that is too late, and the last that is not.
    ("early", [(1, 5), (9, 5)], ["now < end  -- never equal, never one below in 2 runs"]),
    ("early", [(5, 5)], ["now < end  -- never one below in 1 runs"]),
    ("early", [(4, 5)], ["now < end  -- never equal in 1 runs"]),
    ("early", [(4, 5), (5, 5)], []),
    # The second link of a chain counts only where the first one holds.
    (
        "between",
        [(1, 0, 1), (1, 2, 4)],
        ["low <= value  -- never equal in 2 runs", "value < high  -- never equal, never one below in 1 runs"],
    ),
    ("between", [(1, 0, 9), (1, 1, 2), (1, 2, 2)], []),
    (
        "between",
        [(1, 1, 2)],
        [
            "if not low <= value < high  -- never true in 1 runs",
            "low <= value  -- never one above in 1 runs",
            "value < high  -- never equal in 1 runs",
        ],
    ),
    # A check that all terms share: each call has edges of its own.
    (
        "terms",
        [(1,), (10,)],
        ["1 <= rate  -- never one above in 2 runs", "rate <= 9  -- never equal in 2 runs"],
    ),
    # Operands: of two true ones neither is decisive.
    (
        "any_of",
        [(1, 1), (0, 0)],
        [
            "a  [a or b]  -- never decisive in 2 runs",
            "b  [a or b]  -- never decisive in 1 runs",
        ],
    ),
    ("any_of", [(1, 0), (0, 1)], ["if a or b  -- never false in 2 runs"]),
    # Where the value counts, it is decisive if the other one would be another.
    ("default", [(3, 3), (3, 4)], ["other  [given or other]  -- never run"]),
    ("default", [(0, 4), (3, 3)], ["given  [given or other]  -- never decisive in 2 runs"]),
    # What comes after None cannot be evaluated without its guard.
    (
        "guarded",
        [(None,)],
        [
            '"none" if one is None or one.lots == 0 else "some"  -- never false in 1 runs',
            "one.lots == 0  [one is None or one.lots == 0]  -- never run",
        ],
    ),
    ("least", [(1, 1), (1, 2)], ["b  [min(a, b)]  -- never decisive in 2 runs"]),
    ("least", [(1, 2), (2, 1)], []),
    # The same by hand: no edge of its comparison shows.
    ("larger", [(1, 1), (1, 2)], ["a  [a if a > b else b]  -- never decisive in 2 runs"]),
    ("larger", [(1, 2), (2, 1)], []),
    (
        "highest",
        [(3, 3)],
        [
            "max(one for one in values if one)  -- never of different values in 1 runs",
            "if one  -- never false in 2 runs",
        ],
    ),
    ("highest", [(0, 2, 3)], []),
    ("up", [(6, 3)], ["-a // b  -- never with a remainder in 1 runs"]),
    ("up", [(7, 3)], ["-a // b  -- never without one in 1 runs"]),
    ("up", [(7, 3), (6, 3)], []),
    (
        "half_up",
        [(1,)],
        ["(price + 128) >> 8  -- never without one, never one short of the next in 1 runs"],
    ),
    # The half itself, and the last one below it.
    ("half_up", [(128,), (127,)], []),
    # Bytes have no next one.
    ("bytes_order", [(b"a", b"b")], ["a <= b  -- never equal in 1 runs"]),
    ("count", [(0,)], ["while n  -- never true in 1 runs"]),
]


@pytest.mark.parametrize(("function", "calls", "expected"), CALLS)
def test_it_tells_what_was_not_met(
    rules: ModuleType, function: str, calls: list[tuple[object, ...]], expected: list[str]
) -> None:
    plain = [getattr(rules, function)(*arguments) for arguments in calls]
    with Boundaries([rules], known=()) as found:
        assert [getattr(rules, function)(*arguments) for arguments in calls] == plain
    assert unmet(found, function) == expected


def test_methods_properties_and_what_decorators_hide(rules: ModuleType) -> None:
    with Boundaries([rules], known=()) as found:
        book = rules.Book()
        assert book.empty
        assert book.share(7) == 4
    assert unmet(found, "Book.empty") == ["self.made < 1  -- never equal in 1 runs"]
    assert unmet(found, "Book.share") == []


def test_afterwards_all_is_as_it_was(rules: ModuleType) -> None:
    code = rules.early.__code__
    with Boundaries([rules], known=()) as found:
        assert rules.early.__code__ is not code
    assert rules.early.__code__ is code
    assert not hasattr(rules, RECORDER)
    rules.early(4, 5)
    assert all(one.runs == 0 for one in found.sites)


def test_what_is_known_is_counted_apart(rules: ModuleType) -> None:
    known = [("rules.early", "now < end", "equal"), ("rules.early", "now <= end", "equal")]
    with Boundaries([rules], known) as found:
        rules.early(1, 2)
    assert unmet(found, "early") == []
    assert found.lines()[-1].endswith("known as unreachable: 1")
    assert found.stale() == ["rules.early | now <= end | equal: not there"]
    with found:
        rules.early(2, 2)
    assert found.stale()[0] == "rules.early | now < end | equal: met"


def test_the_totals(rules: ModuleType) -> None:
    with Boundaries([rules], known=[("rules.up", "-a // b", "without one")]) as found:
        rules.early(1, 1)
        rules.up(1, 2)
    cases = sum(len(one.cases) for one in found.sites)
    assert found.lines()[-1] == (
        f"sites: {len(found.sites)}, to meet there: {cases}, met: 2, not met: {cases - 3}, "
        "known as unreachable: 1"
    )


# --- the model ---


def test_all_that_is_known_as_unreachable_is_there() -> None:
    assert Boundaries().stale() == []


def test_every_rule_is_rewritten() -> None:
    found = Boundaries()
    with found:
        rewritten = {
            f"{module.__name__.rpartition('.')[2]}.{function.__qualname__}"
            for module in subject.model_modules()
            for function in subject._functions(module)
            for code in (function.__code__, *subject._codes(function.__code__))
            if RECORDER in code.co_names
        }
    assert {one.where for one in found.sites} - rewritten == set()


def test_the_model_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life, compared with the contracts and with itself; nothing is written in a rehearsal."""

    def life() -> Report:
        return run(250, seed=1, first_life=9)

    plain, rehearsed = life(), []
    with Boundaries() as found:
        for name in ("keep", "keep_field", "put", "drop"):
            original = getattr(Journal, name)

            def kept(*arguments: object, original: object = original) -> object:
                if found._rehearsing:
                    rehearsed.append(arguments)
                return original(*arguments)  # type: ignore[operator]

            monkeypatch.setattr(Journal, name, kept)
        told = life()
    assert told == plain
    assert told.disagreement is None
    assert rehearsed == []
    assert sum(one.runs for one in found.sites) > 50_000


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["differential", "--boundaries", "--actions", "60", "--seed", "2", "--first-life", "1"]
    monkeypatch.setattr(sys, "argv", line)
    assert main() == 0
    told = capsys.readouterr().out.splitlines()
    assert "liquidation" in told
    assert told[-1].startswith("sites: ")
    for other in (["--mutant", "all"], ["--processes", "2"]):
        monkeypatch.setattr(sys, "argv", [*line, *other])
        with pytest.raises(SystemExit):
            main()
