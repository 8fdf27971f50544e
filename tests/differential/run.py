"""Whole runs: one market life after the other until enough actions are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import Pool
from typing import Any

from differential import coverage
from differential.actions import Action
from differential.arena import Arena, Disagreement
from differential.generator.life import live

Told = Callable[["Report"], None]
_BATCH = 32


@dataclass
class Report:
    """What a run found. `outcomes` counts (verb, 'ok' or name of the error); `history` is the last life."""

    seed: int
    actions: int = 0
    states: int = 0
    words: int = 0
    lives: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreement: Disagreement | None = None
    history: list[Action] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Verbs and errors that were not reached."""
        return coverage.missing(self.outcomes)

    def add(self, other: Report) -> None:
        """Takes the counts of another run to its own."""
        self.actions += other.actions
        self.states += other.states
        self.words += other.words
        self.lives += other.lives
        self.outcomes.update(other.outcomes)
        if other.disagreement is not None:
            self.disagreement, self.history = other.disagreement, other.history

    def line(self) -> str:
        """The last line of a run."""
        return (
            f"actions compared: {self.actions:,}, states compared: {self.states:,} ({self.words:,} words), "
            f"verbs x outcomes: {len(self.outcomes)}, disagreements: {int(self.disagreement is not None)}"
        )


def run(
    actions: int,
    seed: int,
    *,
    first_life: int = 0,
    lives: int | None = None,
    told: Told | None = None,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Compares at least `actions` actions, or so many lives; stops at the first disagreement.

    :param told: called now and then with the report so far
    :param options: of the Arena
    """
    report = Report(seed)
    number = first_life
    while report.actions < actions and (lives is None or report.lives < lives):
        _life(report, number, dict(options or {}), actions if lives is None else None)
        report.lives += 1
        if report.disagreement is not None:
            return report
        if told is not None:
            told(report)
        number += 1
    return report


def run_side_by_side(
    actions: int,
    seed: int,
    processes: int,
    *,
    first_life: int = 0,
    told: Told | None = None,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """The same lives, several at a time. The same seed gives the same report, however many processes."""
    whole, number = Report(seed), first_life
    with Pool(processes) as pool:
        while whole.actions < actions and whole.disagreement is None:
            batch = [(seed, one, options) for one in range(number, number + _BATCH)]
            for report in pool.imap(_whole_life, batch):
                if whole.disagreement is None and whole.actions < actions:
                    whole.add(report)
                    if told is not None:
                        told(whole)
            number += _BATCH
    return whole


def _whole_life(which: tuple[int, int, Mapping[str, Any] | None]) -> Report:
    seed, number, options = which
    report = run(1, seed, first_life=number, lives=1, options=options)
    if report.disagreement is None:
        report.history = []  # long, and nobody asks
    return report


def _life(report: Report, number: int, options: dict[str, Any], most: int | None) -> None:
    arena = Arena(**options)
    history: list[Action] = []
    before = report.actions
    try:
        for action in live(report.seed, number, arena.contracts):
            history.append(action)
            step = arena.step(action)
            report.outcomes[action.verb, step.outcome.error or "ok"] += 1
            if most is not None and before + arena.actions >= most:
                break
        if history:
            arena.words_compared += arena.compare_all(history[-1])
    except Disagreement as found:
        report.disagreement, report.history = found, history
    if report.disagreement is None:
        report.history = history
    report.actions += arena.actions
    report.states += arena.actions
    report.words += arena.words_compared
