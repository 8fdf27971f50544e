"""Break the contracts on purpose, one place at a time: the test named beside each mutation must notice.

The mutations are listed in tests/mutations/. All of them are compiled at once into a copy of the tree, each
behind a switch: mutation number n is in force in blocks whose coinbase is the address n. Forge's is 0: none.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import artifacts
from common import ABI, OUT, ROOT, ToolError, say

LIST = ROOT / "tests" / "mutations"
PAGE = ROOT / "docs" / "mutations.md"
TREE = OUT / "mutants"
ANSWERS = TREE / "out" / "solc"
CODE = TREE / "out" / "build"
# Without the slow optimisations: nobody pays for this gas.
FAST = 'optimizer_details = { yul = true, yulDetails = { stackAllocation = true, optimizerSteps = "u:" } }'
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.DOTALL)
TOTALS = re.compile(r"(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total")

SWITCH = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @dev Made by scripts/mutate. Passes for pure, so that what is mutated keeps its mutability.
library Mutants {
    function on(uint256 number) internal pure returns (bool) {
        function() internal view returns (uint256) looks = _coinbase;
        function() internal pure returns (uint256) passes;
        assembly ("memory-safe") {
            passes := looks
        }
        return passes() == number;
    }

    function _coinbase() private view returns (uint256) {
        return uint160(address(block.coinbase));
    }
}
"""


@dataclass(frozen=True)
class Mutation:
    """`original` stands once in contracts/`file`: an expression, a statement, or one in assembly."""

    number: int
    id: str
    file: str
    original: str
    mutated: str
    rule: str
    test: str  # file under tests/contracts, colon, function
    assembly: bool = False

    @property
    def test_file(self) -> str:
        return "tests/contracts/" + self.test.partition(":")[0]

    @property
    def test_name(self) -> str:
        return self.test.partition(":")[2]

    def place(self, source: str) -> re.Match[str]:
        """Where the original stands; spaces and line breaks do not matter."""
        pattern = r"\s+".join(re.escape(word) for word in self.original.split())
        found = list(re.finditer(pattern, source))
        if len(found) != 1:
            where = f"in contracts/{self.file}: {' '.join(self.original.split())}"
            raise ToolError(f"{self.id}: the original stands {len(found)} times, not once, {where}")
        return found[0]

    def switched(self, otherwise: str) -> str:
        """Solidity that does what is mutated while the mutation is on, and `otherwise` while it is off."""
        if self.assembly:
            on = f"eq(coinbase(), {self.number})"
            return f"or(mul({on}, {self.mutated}), mul(iszero({on}), {otherwise}))"
        if self.original.rstrip().endswith((";", "}")):
            return f"if (Mutants.on({self.number})) {{ {self.mutated} }} else {{ {otherwise} }}"
        return f"(Mutants.on({self.number}) ? ({self.mutated}) : ({otherwise}))"


def load() -> list[Mutation]:
    entries = [
        entry for path in sorted(LIST.glob("*.toml")) for entry in tomllib.loads(path.read_text())["mutation"]
    ]
    mutations = [Mutation(number, **entry) for number, entry in enumerate(entries, 1)]
    names = [one.id for one in mutations]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ToolError(f"two mutations share an id: {', '.join(twice)}")
    return mutations


def mutate(source: str, file: str, mutations: list[Mutation]) -> str:
    """A source with every mutation behind its switch. Several may share a place, but not overlap."""
    places: dict[tuple[int, int], list[Mutation]] = {}
    for one in mutations:
        places.setdefault(one.place(source).span(), []).append(one)
    limit = len(source)
    for (start, end), here in sorted(places.items(), reverse=True):
        if end > limit:
            raise ToolError(f"{here[0].id}: overlaps with another mutation of {file}")
        limit = start
        text = source[start:end]
        for one in here:
            text = one.switched(text)
        source = source[:start] + text + source[end:]
    up = "../" * file.count("/")
    switch = f'import {{Mutants}} from "./{up}Mutants.sol";'
    return re.sub(r"^pragma solidity [^;]+;$", rf"\g<0>\n\n{switch}", source, count=1, flags=re.M)


def config() -> str:
    lines = (ROOT / "foundry.toml").read_text().splitlines()
    return "\n".join(FAST if line.startswith("optimizer_details") else line for line in lines) + "\n"


def build(mutations: list[Mutation], tests: set[str]) -> None:
    """The copy of the tree, compiled. What did not change is left alone, so that a second run is quick."""
    wanted = {"contracts/Mutants.sol": SWITCH, "foundry.toml": config()}
    for path in sorted((ROOT / "contracts").rglob("*.sol")):
        file = path.relative_to(ROOT / "contracts").as_posix()
        mine = [one for one in mutations if one.file == file]
        text = path.read_text()
        wanted[f"contracts/{file}"] = mutate(text, file, mine) if mine else text
    for path in sorted((ROOT / "tests" / "contracts").rglob("*.*")):
        name = path.relative_to(ROOT).as_posix()
        if not name.endswith(".t.sol") or name in tests or name.endswith("/Base.t.sol"):
            wanted[name] = path.read_text()
    for folder in ("contracts", "tests"):
        for path in (TREE / folder).rglob("*.*"):
            if path.relative_to(TREE).as_posix() not in wanted:
                path.unlink()
    for name, text in wanted.items():
        path = TREE / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    link = TREE / "node_modules"
    if not link.exists():
        link.symlink_to(ROOT / "node_modules")
    code = ["--out", str(CODE / "code"), "--cache-path", str(CODE / "cache")]
    compiled(forge("build", "contracts", *code, profile="build"))
    if tests:
        compiled(forge("build"))
    for name in (path.stem for path in artifacts.units()):
        place = CODE / "artifacts" / name  # where the tests look
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            place.symlink_to(CODE / "code")


def compiled(result: subprocess.CompletedProcess[str]) -> None:
    if result.returncode != 0:
        sys.stderr.write(result.stdout + result.stderr)
        raise ToolError("the mutated contracts do not compile")


def forge(*arguments: str, profile: str = "default") -> subprocess.CompletedProcess[str]:
    ANSWERS.mkdir(parents=True, exist_ok=True)
    env = os.environ | {
        "FOUNDRY_DENY": "never",
        "FOUNDRY_FUZZ_SEED": "0x1",
        "FOUNDRY_PROFILE": profile,
        "OLIVEPRESS_SOLC_ANSWERS": str(ANSWERS),
    }
    return subprocess.run(["forge", *arguments], cwd=TREE, env=env, capture_output=True, text=True)


def run(paths: set[str], names: set[str], coinbase: int) -> tuple[int, int, str]:
    """Tests passed and failed, and what forge printed."""
    result = forge(
        *("test", "--code-size-limit", "1000000", "--block-coinbase", f"0x{coinbase:040x}"),
        *("--match-path", "{" + ",".join(sorted(paths)) + "}"),
        *("--match-test", rf"^({'|'.join(sorted(names))})\("),
    )
    text = result.stdout + result.stderr
    totals = TOTALS.findall(text)
    if not totals:
        raise ToolError(f"forge ran no test:\n{text}")
    passed, failed, _ = map(int, totals[-1])
    return passed, failed, text


def check_unmutated(mutations: list[Mutation]) -> None:
    names = {one.test_name for one in mutations}
    passed, failed, text = run({one.test_file for one in mutations}, names, 0)
    if failed or passed < len({one.test for one in mutations}):
        sys.stderr.write(text)
        raise ToolError(f"with every mutation off {failed} tests fail and {passed} pass")
    say(f"{passed} tests pass with every mutation off")


def check(one: Mutation) -> str | None:
    """Why the mutation is not caught; None when it is."""
    _, failed, text = run({one.test_file}, {one.test_name}, one.number)
    if failed == 0:
        return f"survived: {one.test} still passes"
    if re.search(r"^\[FAIL.*\] setUp\(\)", text, re.M):
        return "breaks the set-up, so it says nothing about the test"
    return None


def check_all(mutations: list[Mutation]) -> int:
    started = time.monotonic()
    every = load()  # one build serves any choice
    say(f"compiling the contracts with {len(every)} mutations behind switches ...")
    build(every, {one.test_file for one in every})
    say(f"compiled in {time.monotonic() - started:.0f} s")
    check_unmutated(mutations)
    bad: list[str] = []
    for count, one in enumerate(mutations, 1):
        problem = check(one)
        say(f"[{count:2}/{len(mutations)}] {one.id:40} {problem or 'caught by ' + one.test_name}")
        if problem:
            bad.append(one.id)
    print(f"{len(mutations) - len(bad)} of {len(mutations)} mutations caught")
    if bad:
        print(f"not caught: {', '.join(bad)}")
    return 1 if bad else 0


def code(text: str) -> str:
    words = " ".join(text.split())
    return f"`{words}`".replace("|", "\\|") if words else "nothing"


def table(mutations: list[Mutation]) -> str:
    """The table of docs/mutations.md."""
    rows = [
        f"| {one.id} | {one.file} | {code(one.original)} | {code(one.mutated)} | {one.rule} | {one.test} |\n"
        for one in mutations
    ]
    head = "| mutation | in contracts/ | original | mutated | breaks | caught by |\n"
    return head + "|---|---|---|---|---|---|\n" + "".join(rows)


def page(mutations: list[Mutation]) -> str:
    return TABLE.sub(lambda _: table(mutations), PAGE.read_text())


def write_artifacts(mutations: list[Mutation], target: Path) -> None:
    """What the package ships, made of the mutated contracts, and `mutants.json`: mutation -> its number."""
    build(mutations, set())
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(ABI.glob("*.json")):
        text = path.read_text()
        if source := json.loads(text).get("source"):
            made = CODE / "code" / Path(source).name / path.name
            artifact = json.loads(made.read_text()) | {"source": source}
            text = artifacts.render(artifacts.shipped(path.stem, artifact))
        (target / path.name).write_text(text)
    numbers = {one.id: one.number for one in mutations}
    (target / "mutants.json").write_text(json.dumps(numbers, indent=1) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate", description="Switch mutations on, one by one: each time a test must fail."
    )
    parser.add_argument("--only", action="append", metavar="ID", help="this mutation; may be given again")
    parser.add_argument("--list", action="store_true", help="print every mutation and its test")
    parser.add_argument("--write", action="store_true", help=f"write the table of {PAGE.relative_to(ROOT)}")
    parser.add_argument("--artifacts", type=Path, metavar="DIR", help="write the switchable contracts there")
    parser.add_argument("--clean", action="store_true", help="compile from nothing")
    options = parser.parse_args()
    mutations = load()
    if unknown := set(options.only or []) - {one.id for one in mutations}:
        parser.error(f"unknown mutation: {', '.join(sorted(unknown))}; --list prints all")
    if options.clean:
        shutil.rmtree(TREE, ignore_errors=True)
    if options.list:
        for one in mutations:
            print(f"{one.number:3} {one.id:40} {one.test}")
    elif options.write:
        PAGE.write_text(page(mutations))
    elif options.artifacts:
        write_artifacts(mutations, options.artifacts)
    else:
        return check_all([one for one in mutations if not options.only or one.id in options.only])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"error: {error}")
