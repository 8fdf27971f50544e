"""The shortest list of actions that still ends in the same disagreement, and the script that replays it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from differential.actions import Action
from differential.arena import Disagreement, replay

Test = Callable[[Sequence[Action]], Disagreement | None]
MAX_REPLAYS = 3_000

_SCRIPT = '''"""{kind}"""

from differential.actions import Action
from differential.arena import replay
from differential.updates import Update
from olivepress.types import SeriesSpec

ACTIONS = [
{actions}
]

if __name__ == "__main__":
    print(replay(ACTIONS{options}) or "no disagreement")
'''


def shrink(actions: Sequence[Action], kind: str, test: Test | None = None) -> list[Action]:
    """Delta debugging: leaves out ever smaller runs of actions while the disagreement stays of the same kind.

    :param test: what replays a list; by default on a fresh arena with everything compared after each action
    """
    run = test or replay
    replays = 0

    def fails(candidate: Sequence[Action]) -> int:
        """Length up to the disagreement; 0 when there is none of this kind."""
        nonlocal replays
        replays += 1
        found = run(list(candidate))
        if found is None or found.kind != kind:
            return 0
        last = found.action
        for place, action in enumerate(candidate):
            if action is last:
                return place + 1
        return len(candidate)

    kept = list(actions)
    length = fails(kept)
    if not length:
        return kept  # only seen at a point where everything is compared: nothing to cut
    kept = kept[:length]
    size = max(1, len(kept) // 2)
    while size and replays < MAX_REPLAYS:
        place = len(kept) - size
        while place > -size and replays < MAX_REPLAYS:
            start = max(0, place)
            candidate = kept[:start] + kept[place + size :]
            length = fails(candidate) if candidate else 0
            if length:
                kept = candidate[:length]
                place = min(place, len(kept))
            place -= size
        size //= 2
    return kept


def script(actions: Sequence[Action], found: Disagreement, options: str = "") -> str:
    """Python that replays the actions: run it with tests and sdk on the path."""
    lines = "\n".join(f"    {action!r}," for action in actions)
    kind = f"{found.kind}: {found.text}".replace('"""', "'''").replace("\\", "\\\\")
    return _SCRIPT.format(kind=kind, actions=lines, options=options)
