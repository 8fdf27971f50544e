"""What the lives never meet: edges of the model's rules at which a change of them would show.

The model runs with its functions rewritten (instrument.py). Code objects are swapped, as mutants.py does it:
nothing is imported anew, and nothing is slower without `--boundaries`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import operator
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

from differential.instrument import NEAR, NEAR_CASES, RECORDER, Instrument, Site
from differential.unmet import UNMET, Key

_HOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NO_RULES = {"errors", "journal"}


def model_modules() -> list[ModuleType]:
    """All of the model but its machinery."""
    package = importlib.import_module("olivepress.model")
    names = sorted(one.name for one in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"olivepress.model.{name}") for name in names if name not in _NO_RULES]


class Boundaries:
    """Records what is met while it is in force (`with`).

    :param known: what cannot be met
    """

    def __init__(self, modules: Iterable[ModuleType] | None = None, known: Collection[Key] = UNMET) -> None:
        self.sites: list[Site] = []
        self._known = known
        self._rewritten: list[tuple[ModuleType, CodeType]] = []
        self._was: list[tuple[FunctionType, CodeType]] = []
        self._rehearsing = False
        for module in model_modules() if modules is None else modules:
            self._rewritten.append((module, self._rewrite(module)))

    def _rewrite(self, module: ModuleType) -> CodeType:
        source = inspect.getsource(module)
        visitor = Instrument(module.__name__.rpartition(".")[2], source, self.sites)
        tree = ast.fix_missing_locations(visitor.visit(ast.parse(source)))
        code: CodeType = compile(tree, module.__file__ or "", "exec", dont_inherit=True)
        return code

    def __enter__(self) -> Boundaries:
        for module, code in self._rewritten:
            vars(module)[RECORDER] = self
            codes = {(one.co_qualname, one.co_firstlineno): one for one in _codes(code)}
            for function in _functions(module):
                old = function.__code__
                if new := codes.get((old.co_qualname, old.co_firstlineno)):
                    self._was.append((function, old))
                    function.__code__ = new
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for function, code in self._was:
            function.__code__ = code
        self._was.clear()
        for module, _code in self._rewritten:
            del vars(module)[RECORDER]

    # --- what the rewritten functions call ---

    def branch(self, site: int, value: object) -> object:
        """The test of a branch."""
        self._met(site, "true" if value else "false")
        return value

    def compare(self, first: int, signs: tuple[str, ...], *values: Any) -> bool:
        """A comparison of two or more values; the first of its sites."""
        for place, sign in enumerate(signs):
            left, right = values[place : place + 2]
            self._met(first + place, *_edge(sign, left, right))
            if not _HOLDS[sign](left, right):
                return False
        return True

    def inside(self, first: int, value: int, low: int, high: int) -> tuple[int, int, int]:
        """The arguments of a check of bounds."""
        self.compare(first, ("<=", "<="), low, value, high)
        return value, low, high

    def divide(self, site: int, a: int, b: int) -> int:
        """Rounded down, as `//` and `>>` do it."""
        rest = a % b
        short = ("one short of the next",) if rest == b - 1 else ()
        self._met(site, "with a remainder" if rest else "without one", *short)
        return a // b

    def extreme(self, first: int, least: bool, *values: Any) -> Any:
        """min or max. An operand is decisive when without it the result were another."""
        pick = min if least else max
        found = pick(values)
        for place in range(len(values)):
            rest = values[:place] + values[place + 1 :]
            self._met(first + place, *(("decisive",) if pick(rest) != found else ()))
        return found

    def extreme_of(self, site: int, least: bool, values: Iterable[Any]) -> Any:
        """min or max of one iterable."""
        given = list(values)
        low, high = min(given), max(given)
        self._met(site, *(("of different values",) if low != high else ()))
        return low if least else high

    def choose(self, first: int, ends: bool, truth: bool, *operands: Callable[[], Any]) -> Any:
        """`or` (which ends at what is true) or `and`. An operand is decisive when without it the outcome were
        another, or the rest of the expression could not be evaluated. The operands behind it are rehearsed:
        all that stands there in the model only looks.

        :param truth: nothing but the outcome's truth counts
        """
        place, value, before = -1, None, None
        for operand in operands:
            place, value, before = place + 1, operand(), value
            if bool(value) is ends:
                break
        if not self._rehearsing:
            self._rehearsing = True
            try:
                decisive = _differs(value, before, operands[place + 1 :], ends, truth)
            except Exception:
                decisive = True
            finally:
                self._rehearsing = False
            for one in range(place + 1):
                self._met(first + one, *(("decisive",) if decisive and one == place else ()))
        return value

    def _met(self, site: int, *cases: str) -> None:
        if not self._rehearsing:
            self.sites[site].runs += 1
            self.sites[site].lacks.difference_update(cases)

    # --- what came of it ---

    def stale(self) -> list[str]:
        """What is known as unreachable, but is not there or was met."""
        there = {(one.where, one.text, case) for one in self.sites for case in one.cases}
        lacking = {(one.where, one.text, case) for one in self.sites for case in one.lacks}
        return [
            f"{' | '.join(key)}: {'met' if key in there else 'not there'}"
            for key in self._known
            if key not in lacking
        ]

    def lines(self) -> list[str]:
        """What was not met, by module, and the totals."""
        told, met, unmet, known = [], 0, 0, 0
        for module, sites in groupby(self.sites, lambda one: one.where.partition(".")[0]):
            lines = []
            for one in sorted(sites, key=lambda one: one.line):
                lacks = [case for case in one.cases if case in one.lacks]
                open_ = [case for case in lacks if (one.where, one.text, case) not in self._known]
                met += len(one.cases) - len(lacks)
                unmet += len(open_)
                known += len(lacks) - len(open_)
                lines += [_line(one, open_)] if open_ else []
            told += [module, *lines, ""] if lines else []
        told.append(
            f"sites: {len(self.sites):,}, to meet there: {met + unmet + known:,}, met: {met:,}, "
            f"not met: {unmet:,}, known as unreachable: {known:,}"
        )
        return told


def _line(site: Site, lacks: list[str]) -> str:
    whole = f"  [{site.whole}]" if site.whole else ""
    never = f"never {', never '.join(lacks)} in {site.runs:,} runs" if site.runs else "never run"
    return f"  {site.where}:{site.line}  {site.text}{whole}  -- {never}"


def _edge(sign: str, left: Any, right: Any) -> tuple[str, ...]:
    if left == right:
        return ("equal",)
    near = NEAR[sign]
    # Bytes have no next one.
    return (NEAR_CASES[near],) if not isinstance(left, int) or left - right == near else ()


def _differs(value: Any, before: Any, later: Iterable[Callable[[], Any]], ends: bool, truth: bool) -> bool:
    """Whether the outcome were another without the operand that gave it."""
    other = before
    for operand in later:
        other = operand()
        if bool(other) is ends:
            break
    return bool(other) != bool(value) if truth else bool(other != value)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """Functions and methods that the module defines, without their decorators."""
    for found in list(vars(module).values()):
        if getattr(found, "__module__", None) == module.__name__:
            for one in list(vars(found).values()) if isinstance(found, type) else [found]:
                bare = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
                if isinstance(bare, FunctionType):
                    yield inspect.unwrap(bare)
