"""Entry of the scripts: sets up what is missing, then runs the command inside the virtual environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from common import ROOT, VENV_BIN, VENV_PYTHON, ToolError, say
from provision import Toolchain, ensure

HERE = ROOT / "scripts" / "_toolchain"
# Python programs of tests/ and the package; they write where the user is, like the demo.
MODULES = {
    "bench": "bench",
    "differential": "differential",
    "gas": "gas",
    "record_prices": "olivepress.index.recorder",
    "year": "year",
}


def main(command: str, arguments: list[str]) -> None:
    tools = ensure()
    if command == "setup":
        show(tools)
        return
    program: list[str | Path] = {
        "forge": [tools.forge],
        "demo": [VENV_BIN / "olivepress", "demo"],
        "build": [VENV_PYTHON, HERE / "artifacts.py"],
        "mutate": [VENV_PYTHON, HERE / "mutate.py"],
        "test": [VENV_PYTHON, HERE / "checks.py"],
    }.get(command) or [VENV_PYTHON, "-P", "-m", MODULES[command]]
    if command == "forge" and "test" in arguments:
        compile_contracts(tools)
    if command in MODULES:
        tools.env["PYTHONPATH"] = str(ROOT / "tests")
    elif command != "demo":
        os.chdir(ROOT)
    words = [str(word) for word in program] + arguments
    os.execve(words[0], words, tools.env)


def compile_contracts(tools: Toolchain) -> None:
    """What the tests in Solidity deploy, unless it is there."""
    build = [VENV_PYTHON, HERE / "artifacts.py", "--only-compile"]
    if subprocess.run(build, cwd=ROOT, env=tools.env).returncode:
        raise ToolError("the tests need compiled contracts")


def show(tools: Toolchain) -> None:
    for name in ("forge", "anvil", "solc", "node"):
        say(f"{name:6} {getattr(tools, name)}")
    say(f"python {VENV_PYTHON}")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except ToolError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted")
