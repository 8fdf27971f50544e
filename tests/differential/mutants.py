"""Rules changed on purpose, one line each: the run must notice."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from dataclasses import dataclass
from types import FunctionType, TracebackType
from typing import Any


@dataclass
class Mutant:
    """One line of the model, changed while the mutant is in force (`with`).

    :param rule: what the line says, in words
    :param where: module under olivepress.model and function, e.g. 'margin._require'
    :param line: text that stands in the function exactly once
    :param change: what stands there instead
    """

    rule: str
    where: str
    line: str
    change: str

    def __enter__(self) -> Mutant:
        function = self._function()
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.line) != 1:
            raise ValueError(f"{self.where}: {self.line!r} stands there {source.count(self.line)} times")
        space: dict[str, Any] = {}
        module = sys.modules[function.__module__]
        exec(compile(source.replace(self.line, self.change), module.__file__ or "", "exec"), vars(module), space)
        self._code = function.__code__
        # The code object is swapped, so that every place that imported the function has the change.
        function.__code__ = space[function.__name__].__code__
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._function().__code__ = self._code

    def _function(self) -> FunctionType:
        module, *names = self.where.split(".")
        found: Any = importlib.import_module(f"olivepress.model.{module}")
        for name in names:
            found = getattr(found, name)
        return found  # type: ignore[no-any-return]


MODEL: dict[str, Mutant] = {}
