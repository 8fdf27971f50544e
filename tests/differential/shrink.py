"""The shortest list of actions that still ends in the same disagreement, and the script that replays it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from differential.actions import Action
from differential.arena import Disagreement, replay

Test = Callable[[Sequence[Action]], Disagreement | None]
MAX_REPLAYS = 3_000

_SCRIPT = '''"""{kind}"""

{imports}

ACTIONS = [
{actions}
]

if __name__ == "__main__":
{replaying}
'''
_IMPORTS = """from differential.actions import Action
from differential.arena import replay
from differential.updates import Update
from olivepress.types import SeriesSpec"""


def shrink(actions: Sequence[Action], test: Test | None = None) -> list[Action]:
    """Delta debugging: leaves out ever smaller runs of actions while the disagreement stays of the same kind.

    :param test: what replays a list; by default on a fresh arena, also reading the lens after each action
    """
    run = test or replay
    kept = list(actions)
    first = run(kept)
    if first is None:
        return kept  # not seen again: nothing to cut
    # Comparing more than the run did may see the same fault earlier, and as another kind.
    kind, replays = first.kind, 1

    def fails(candidate: Sequence[Action]) -> int:
        """Length up to the disagreement; 0 when there is none of this kind."""
        nonlocal replays
        replays += 1
        found = run(list(candidate))
        return _length(candidate, found) if found is not None and found.kind == kind else 0

    kept = kept[: _length(kept, first)]
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


def _length(actions: Sequence[Action], found: Disagreement) -> int:
    """Actions up to the one after which the sides differ."""
    for place, action in enumerate(actions):
        if action is found.action:
            return place + 1
    return len(actions)


def script(
    actions: Sequence[Action],
    found: Disagreement,
    *,
    mutant: str = "",
    contracts: Path | None = None,
    coinbase: int = 0,
) -> str:
    """Python that replays the actions: run it with tests and sdk on the path.

    :param mutant: name of the changed rule of the model under which they differ
    :param contracts: folder of another build of the contracts, with the block's producer `coinbase`
    """
    kind = f"{found.kind}: {found.text}".replace('"""', "'''").replace("\\", "\\\\")
    imports, call = _IMPORTS, "replay(ACTIONS)"
    if mutant:
        imports = imports.replace(
            "arena import replay\n", "arena import replay\nfrom differential.mutants import MODEL\n"
        )
    if contracts is not None:
        imports = f"from pathlib import Path\n\n{imports}".replace(
            "arena import replay\n", "arena import replay\nfrom differential.evm import read_artifacts\n"
        )
        build = f"artifacts=read_artifacts(Path({str(contracts)!r})), coinbase='0x{coinbase:040x}'"
        call = f"replay(ACTIONS, {build})"
    replaying = f'    print({call} or "no disagreement")'
    if mutant:
        replaying = f"    with MODEL[{mutant!r}]:\n    {replaying}"
    lines = "\n".join(f"    {action!r}," for action in actions)
    return _SCRIPT.format(kind=kind, imports=imports, actions=lines, replaying=replaying)
