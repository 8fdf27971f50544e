"""Which errors each verb of exchange and oracle can raise, read from the text of the contracts.

Calls are followed by name, not by type: what is listed for a verb is at least what it can raise.
`refusals.toml` beside the forge tests says of each pair where it is reached, or why it never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
HOLDERS = ("Exchange", "BackOffice", "ClearingDesk", "RiskDesk", "SpreadDesk", "TokenDesk", "IndexOracle")
"""The contracts whose functions are called from outside; all but the last at the exchange's address."""

_CONTRACT = re.compile(r"(?:contract|library) (\w+)(?: is ([^{]*))?\s*\{")
_FUNCTION = re.compile(r"\b(?:(?:function|modifier) (\w+)|constructor|fallback)\s*(?:\([^)]*\))?([^{;]*)\{")
_CALL = re.compile(r"(?:\b(\w+)\.)?\b(\w+)\s*(?:\{[^{}]*\})?\(")
_REVERT = re.compile(r"\brevert (?:\w+\.)?(\w+)\(")
_MODIFIER = re.compile(r"\b(?:lock|unlocked|delegated)\b")
_ORACLE = "IndexOracle", "FeedStateLib", "FeedStates", "SignedBatch", "OperatorSets"
_EXCHANGE = "PositionWords", "HotWords", "Requests"
"""Libraries whose functions are called on a value, whatever its name: of the oracle, and of the exchange."""

Name = tuple[str, str]


@dataclass
class Code:
    """Functions by contract and name (overloads together): their bodies, and what stands before them."""

    bodies: dict[Name, str] = field(default_factory=dict)
    heads: dict[Name, str] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)

    def raised(self, start: Name) -> set[str]:
        """Every error in the function, its modifiers, and what they call."""
        seen: set[Name] = set()
        waiting = [start]
        found: set[str] = set()
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            found.update(_REVERT.findall(self.bodies[one]))
            if "onlyOwner" in self.heads[one]:
                found.add("OwnableUnauthorizedAccount")
            waiting.extend(self._called(one))
        return found

    def _called(self, one: Name) -> Iterator[Name]:
        contract, _ = one
        scope = [contract, *self._inherited(contract)]
        for modifier in _MODIFIER.findall(self.heads[one]):
            yield from ((base, modifier) for base in scope if (base, modifier) in self.bodies)
        for owner, name in _CALL.findall(self.bodies[one]):
            of_values = _ORACLE if contract in _ORACLE else _EXCHANGE
            holders = scope if not owner else [owner] if (owner, name) in self.bodies else of_values
            yield from ((holder, name) for holder in holders if (holder, name) in self.bodies)

    def _inherited(self, contract: str) -> Iterator[str]:
        for base in self.bases.get(contract, []):
            yield base
            yield from self._inherited(base)


def block_end(text: str, start: int) -> int:
    """Where the block that began just before `start` ends."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"no end of the block at {start}")


def read_code() -> Code:
    """All contracts but interfaces and mocks."""
    code = Code()
    for path in sorted(CONTRACTS.rglob("*.sol")):
        if path.parent.name in ("interfaces", "mocks"):
            continue
        text = re.sub(r"//.*|/\*.*?\*/", "", path.read_text())
        for found in _CONTRACT.finditer(text):
            body = text[found.end() : block_end(text, found.end())]
            code.bases[found[1]] = [base.strip() for base in (found[2] or "").split(",")]
            _add_functions(code, found[1], body)
    return code


def _add_functions(code: Code, contract: str, text: str) -> None:
    for found in _FUNCTION.finditer(text):
        name = (contract, found[1] or "")
        body = text[found.end() : block_end(text, found.end())]
        code.bodies[name] = code.bodies.get(name, "") + body
        code.heads[name] = code.heads.get(name, "") + found[2]


def reasons() -> dict[str, set[str]]:
    """Errors by verb: every function of the holders that writes."""
    code = read_code()
    return {
        name: code.raised((contract, name))
        for (contract, name), head in code.heads.items()
        if contract in HOLDERS and name and "external" in head and "view" not in head
    }
