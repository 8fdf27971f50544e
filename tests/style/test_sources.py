"""Rules of the project that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 450
MAX_FUNCTION_LINES = 60
SOURCE_SUFFIXES = {".py", ".sol", ".sh", ".js", ".ts"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".md", ".toml", ".json", ".lock", ".yml", ".yaml", ".html", ".css", ""}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|opt)/\w")
CHECKING_CALL = re.compile(r"^(assert|check|expect|verify|raises|warns|fail)")


def project_files() -> list[Path]:
    """Files that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


FILES = project_files()
PYTHON = [path for path in FILES if path.suffix == ".py"]
PACKAGES = [path for path in PYTHON if path.relative_to(ROOT).parts[0] in ("sdk", "bots")]
SCRIPTS = [path for path in PYTHON if path.is_relative_to(ROOT / "scripts")]
TESTS = [path for path in PYTHON if path.name.startswith("test_") and path.is_relative_to(ROOT / "tests")]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (child for child in ast.walk(node) if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_the_rules_have_subjects() -> None:
    assert PACKAGES
    assert SCRIPTS
    assert TESTS
    assert any(path.suffix == ".sol" for path in FILES)


def test_files_are_short() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in FILES if path.suffix in SOURCE_SUFFIXES}
    assert [place(path, size) for path, size in sizes.items() if size >= MAX_LINES] == []


def test_functions_are_short() -> None:
    long = [
        f"{place(path, function.lineno)} {function.name}"
        for path in PACKAGES + SCRIPTS
        for function in functions(tree(path))
        if (function.end_lineno or 0) - function.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_money_never_meets_float() -> None:
    used = [
        place(path, node.lineno)
        for path in PACKAGES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
    ]
    assert used == []


def test_no_path_of_one_machine() -> None:
    texts = {
        path: path.read_text() for path in FILES if path.suffix in TEXT_SUFFIXES and path != Path(__file__)
    }
    found = [
        place(path, number)
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_locks_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-node.lock", "requirements-slither.lock"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
        assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+", line)] == []
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_entry_points_are_executable() -> None:
    scripts = [path for path in FILES if path.parent in (ROOT / "scripts", ROOT / ".ci")]
    assert {"demo", "test", "build", "setup", "forge", "run"} <= {path.name for path in scripts}
    bad = [path.name for path in scripts if not path.stat().st_mode & 0o111 or path.read_bytes()[:2] != b"#!"]
    assert bad == []


def checks_something(function: ast.AST) -> bool:
    """An assert, pytest.raises, or a call of a helper named for checking."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            if CHECKING_CALL.match(name.lstrip("_")):
                return True
    return False


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_checks_something(path: Path) -> None:
    module = tree(path)
    tests: list[ast.AST] = [one for one in functions(module) if one.name.startswith("test_")]
    machines = [
        node for node in ast.walk(module) if isinstance(node, ast.Attribute) and node.attr == "TestCase"
    ]
    tests += [module] if machines else []  # a hypothesis state machine checks in its rules
    assert tests, "a test file without a test"
    assert [getattr(one, "name", "machine") for one in tests if not checks_something(one)] == []


SOL_FUNCTION = re.compile(r"^    function (\w+)\((?:[^\n]*[};]$|.*?^    })", re.DOTALL | re.MULTILINE)
SOL_CHECK = re.compile(r"\b(?:assert\w*|expect\w*|snapshotGas\w*|fail)\(")


def checking(bodies: dict[str, str], known: set[str]) -> set[str]:
    """Names of the functions that check something, by themselves or by calling one that does."""
    found = known | {name for name, body in bodies.items() if SOL_CHECK.search(body)}
    while True:
        called = {
            name for name, body in bodies.items() if found & set(re.findall(r"\b(\w+)\(", body)) - {name}
        }
        if called <= found:
            return found
        found |= called


def test_every_forge_test_checks_something() -> None:
    sources = [path for path in FILES if path.suffix == ".sol" and path.is_relative_to(ROOT / "tests")]
    bodies = {
        path: {match[1]: match[0] for match in SOL_FUNCTION.finditer(path.read_text())} for path in sources
    }
    tests = [path for path in sources if path.name.endswith(".t.sol")]
    helpers: dict[str, str] = {}
    for path in set(sources) - set(tests):
        helpers |= bodies[path]
    shared = checking(helpers, set())
    silent = [
        f"{path.relative_to(ROOT)} {name}"
        for path in tests
        for name in bodies[path]
        if re.match(r"test|invariant", name) and name not in checking(bodies[path], shared)
    ]
    assert len(tests) > 5
    assert silent == []
