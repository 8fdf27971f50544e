"""Whole market lives on the model and on the contracts.

The sequences come from the generator, which knows what leads where; test_machine.py draws them action by
action. Hypothesis draws the seeds here, and which actions are left out. A disagreement is shrunk by delta
debugging over the actions, which keeps their times and senders as they were.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from differential.actions import Action
from differential.arena import Arena, Disagreement, Step, replay
from differential.coverage import ENOUGH
from differential.generator.life import live
from differential.run import Report, run
from differential.shrink import script, shrink

ACTIONS = int(os.environ.get("DIFFERENTIAL_ACTIONS", "3000"))
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))


def verdict(report: Report) -> str:
    """Empty, or the script that replays the disagreement."""
    if report.disagreement is None:
        return ""
    return script(shrink(report.history), report.disagreement)


def test_model_and_contracts_agree() -> None:
    report = run(ACTIONS, seed=1)
    assert verdict(report) == ""
    assert report.actions == report.states == ACTIONS
    if report.actions >= ENOUGH:
        assert report.missing == []


@pytest.mark.deep
def test_they_agree_for_long_and_everything_is_reached() -> None:
    report = run(100_000, seed=2)
    assert verdict(report) == ""
    assert report.missing == []


@settings(SLOW, max_examples=8)
@given(seed=st.integers(0, 2**32), life=st.integers(0, 100))
def test_they_agree_in_any_life(seed: int, life: int) -> None:
    assert verdict(run(150, seed, first_life=life)) == ""


@settings(SLOW, max_examples=4)
@given(seed=st.integers(0, 2**32), holes=st.sets(st.integers(60, 260), max_size=120))
def test_they_agree_when_actions_are_missing(seed: int, holes: set[int]) -> None:
    """A life with holes goes where no plan leads: what was to be cancelled or paid may not be there."""
    arena = Arena(reads_every=1_000)
    actions = []
    for action in live(seed, seed % 13, arena.contracts):
        arena.step(action)
        actions.append(action)
        if len(actions) == 260:
            break
    kept = [action for place, action in enumerate(actions) if place not in holes]
    found = replay(kept, reads_every=40)
    assert found is None, script(shrink(kept), found)


def test_the_same_seed_gives_the_same_life() -> None:
    first, second = run(300, seed=7), run(300, seed=7)
    assert first.history == second.history
    assert first.outcomes == second.outcomes
    assert first.history != run(300, seed=8).history


_LIFE = """
import hashlib
from differential.arena import Arena
from differential.generator.life import live
arena = Arena(reads_every=10_000)
told = hashlib.sha256()
for action in live(1, 2, arena.contracts):
    arena.step(action)
    told.update(repr(action).encode())
print(arena.actions, told.hexdigest())
"""


def test_the_same_seed_gives_the_same_life_in_every_process() -> None:
    """To its end, whatever the order in which a process keeps sets of strings."""
    told = [
        subprocess.run(
            [sys.executable, "-c", _LIFE],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert int(told[0].split()[0]) > 300


def test_a_disagreement_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cash of the model that is not on the chain."""
    original = Arena.step

    def meddled(self: Arena, action: Action) -> Step:
        if self.actions == 100:
            self.exchange.state.accounts[1].cash += 1
            self.compare_all(action)
        return original(self, action)

    monkeypatch.setattr(Arena, "step", meddled)
    report = run(500, seed=1)
    assert isinstance(report.disagreement, Disagreement)
    assert report.disagreement.kind == "word of account"
    assert report.actions == 100
