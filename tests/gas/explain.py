"""Where the gas of one transaction goes: intrinsic, calldata, every storage slot, logs, calls, the rest."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gas.chain import Bench, BenchError, calldata_gas, open_bench
from gas.measure import Measured, run

ROOT = Path(__file__).resolve().parents[2]
BASE = 21_000
COLD_ACCOUNT, WARM = 2_600, 100
COLD_SLOT, NEW_SLOT = 2_100, 20_000
LONGEST_STRUCT = 8
# Before the exchange's State: Ownable2Step. Before the oracle's mappings: five slots and those of the feeds.
STATE_BASE = 2
ORACLE_FEEDS, ORACLE_BASE = 5, 5 + 2**16
ORACLE_MAPPINGS = {0: "pending", 1: "document", 3: "operator set", 4: "checkpoint", 5: "range"}
TOKEN_SLOTS = {0: "balance", 1: "allowance", 2: "total supply"}

Step = dict[str, Any]


@dataclass
class Slot:
    """One storage slot as a transaction used it."""

    name: str
    gas: int = 0
    verbs: list[str] = field(default_factory=list)

    def use(self, verb: str, gas: int) -> None:
        self.gas += gas
        if verb not in self.verbs:
            self.verbs.append(verb)


@dataclass
class Account:
    """The parts add up to `used`, exactly."""

    operation: str
    gas: int
    used: int
    parts: list[tuple[str, int]]


class Names:
    """Names of slots, from the preimages of their hashes."""

    def __init__(self, bench: Bench) -> None:
        self._contracts = {
            int(info.address, 16): name for name, info in bench.deployment.contracts.items()
        } | {int(bench.collateral, 16): "USDC"}
        source = (ROOT / "contracts" / "libraries" / "State.sol").read_text()
        match = re.search(r"struct State \{(.*?)\n\}", source, re.DOTALL)
        if match is None:
            raise BenchError("contracts/libraries/State.sol has no struct State")
        fields = re.findall(r"^ +(?:mapping\(.*\)|\w+) (\w+);", match[1], re.MULTILINE)
        self._state = {STATE_BASE + n: name for n, name in enumerate(fields)}
        self._preimages: dict[int, tuple[int, int]] = {}

    def learn(self, digest: int, key: int, base: int) -> None:
        self._preimages[digest] = (key, base)

    def contract(self, address: int) -> str:
        return self._contracts.get(address, "token")

    def of(self, address: int, slot: int) -> str:
        contract = self.contract(address)
        keys: list[int] = []
        offset = 0
        while (found := self._find(slot)) is not None:
            key, slot, offset = found
            keys.insert(0, key)
        name = self._root(contract, slot)
        rest = f" +{offset}" if offset else ""
        return f"{contract}.{name}{''.join(f'[{_key(name, key)}]' for key in keys)}{rest}"

    def _find(self, slot: int) -> tuple[int, int, int] | None:
        """Key, base and offset inside a struct."""
        for offset in range(LONGEST_STRUCT):
            if (found := self._preimages.get(slot - offset)) is not None:
                return (*found, offset)
        return None

    def _root(self, contract: str, slot: int) -> str:
        if contract == "Exchange":
            return self._state.get(slot, str(slot))
        if contract == "IndexOracle":
            if ORACLE_FEEDS <= slot < ORACLE_BASE:
                return f"feed {slot - ORACLE_FEEDS}"
            return ORACLE_MAPPINGS.get(slot - ORACLE_BASE, str(slot))
        return TOKEN_SLOTS.get(slot, str(slot))


def _key(name: str, key: int) -> str:
    side = f"series {key >> 64}"
    match name:
        case "positions":
            return f"account {key >> 16}, series {key & 0xFFFF}"
        case "orders":
            side = f"series {key >> 64}, {'sells' if key >> 56 & 1 else 'buys'}"
            return f"{side}, tick {key >> 32 & 0xFFFFFF}, index {key & 0xFFFFFFFF}"
        case "checkpoint" | "range":
            return f"feed {key >> 16}, day {key & 0xFFFF}"
    return str(key) if key < 2**20 else f"0x{key:x}" if key < 2**64 else "an address"


class Trace:
    """Adds up the steps of one transaction."""

    def __init__(self, names: Names, measured: Measured) -> None:
        self.names = names
        self.measured = measured
        self.steps = measured.steps
        self.slots: dict[tuple[int, int], Slot] = {}
        self.sums: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.words: dict[tuple[int, int], int] = {}  # memory, by depth of the call and offset
        target = int(measured.tx.to, 16)
        self.frames = {1: target}
        self.warm = {target, int(measured.tx.sender, 16), *range(1, 11)}

    def account(self) -> Account:
        for step, after in zip(self.steps, [*self.steps[1:], None], strict=True):
            self._step(step, after)
        data = self.measured.tx.data
        first, last = self.steps[0], self.steps[-1]
        executed = first["gas"] - (last["gas"] - last["gasCost"])
        counted = sum(self.sums.values()) + sum(slot.gas for slot in self.slots.values())
        zeros = data.count(0)
        parts = [("transaction", BASE)]
        parts.append((f"calldata: {len(data) - zeros} bytes, {zeros} zeros", calldata_gas(data)))
        parts += [(f"{slot.name}: {', '.join(slot.verbs)}", slot.gas) for slot in self.slots.values()]
        parts += [(f"{name}: {self.counts[name]}", gas) for name, gas in self.sums.items()]
        parts.append((f"other opcodes: {len(self.steps)} steps in all", executed - counted))
        refund = sum(gas for _, gas in parts) - self.measured.used
        if refund:
            parts.append(("refund", -refund))
        return Account(self.measured.operation, self.measured.gas, self.measured.used, parts)

    def _add(self, name: str, gas: int) -> None:
        self.sums[name] += gas
        self.counts[name] += 1

    def _step(self, step: Step, after: Step | None) -> None:
        op, depth, stack = step["op"], step["depth"], step["stack"]
        address = self.frames[depth]
        if op in ("SLOAD", "SSTORE"):
            self._storage(op, address, int(stack[-1], 16), step["gasCost"])
        elif op == "KECCAK256":
            self._add("hashes", step["gasCost"])
            if int(stack[-2], 16) == 64 and after is not None:
                at = int(stack[-1], 16)
                key, base = (self.words.get((depth, at + offset), 0) for offset in (0, 32))
                self.names.learn(int(after["stack"][-1], 16), key, base)
        elif op == "MSTORE":
            self.words[(depth, int(stack[-1], 16))] = int(stack[-2], 16)
        elif op.startswith("LOG"):
            self._add("logs", step["gasCost"])
        elif op in ("TLOAD", "TSTORE"):
            self._add("transient lock", step["gasCost"])
        elif op in ("CALL", "STATICCALL", "DELEGATECALL"):
            target = int(stack[-2], 16)
            self._call(op, target, step, after)
            self.frames[depth + 1] = address if op == "DELEGATECALL" else target

    def _storage(self, op: str, address: int, slot: int, gas: int) -> None:
        known = self.slots.get((address, slot))
        if known is None:
            known = self.slots[(address, slot)] = Slot(self.names.of(address, slot))
        if op == "SLOAD":
            known.use("read" if gas >= COLD_SLOT else "read again", gas)
        else:
            known.use("created" if gas >= NEW_SLOT else "changed" if gas > WARM else "changed again", gas)

    def _call(self, op: str, target: int, step: Step, after: Step | None) -> None:
        access = WARM if target in self.warm else COLD_ACCOUNT
        self.warm.add(target)
        kind = "first" if access == COLD_ACCOUNT else "further"
        if target <= 10 and after is not None:
            self._add(f"precompile {target}", step["gas"] - after["gas"])
        else:
            self._add(f"{kind} call of {self.names.contract(target)}", access)


async def explain(operations: list[str]) -> list[Account]:
    """The accounting of each operation, on a chain of its own."""
    async with open_bench() as bench:
        measured = run(bench, operations, trace=True)
        return [Trace(Names(bench), one).account() async for one in measured]
