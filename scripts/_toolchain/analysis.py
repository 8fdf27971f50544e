"""Slither over the contracts. The compiler is asked for syntax trees only: seconds, where code takes minutes.

Slither needs older packages than olivepress, so it has an environment of its own under out/. What it may pass
over stands beside the code with its reason, or in slither.config.json with its reason in docs/slither.md.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any

from common import OUT, ROOT, ToolError, digest, install, stamped, step
from provision import pinned

LOCK = ROOT / "requirements-slither.lock"
WORK = OUT / "slither"
PYTHON = WORK / "venv" / "bin" / "python"
IMPORT = re.compile(r'^\s*(?:import|\}\s*from|import\s[^;"]*from)\s*"([^"]+)"', re.MULTILINE)

Json = dict[str, Any]


def ensure() -> None:
    """Slither installed as its lock file says."""
    stamp = WORK / "venv" / ".stamp"
    key = digest(LOCK)
    if stamped(stamp, key):
        return
    with step("Slither"):
        shutil.rmtree(WORK / "venv", ignore_errors=True)
        install("making Slither's environment", [sys.executable, "-m", "venv", WORK / "venv"])
        pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
        install("installing Slither", [*pip, "--no-deps", "-r", LOCK])
    stamp.write_text(key)


def sources(remappings: list[str]) -> dict[str, Json]:
    """Every file under contracts/ and all that they import, by path from the root."""
    found: dict[str, Json] = {}
    todo = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "contracts").rglob("*.sol"))]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        text = (ROOT / name).read_text()
        found[name] = {"content": text}
        todo += [resolved(name, target, remappings) for target in IMPORT.findall(text)]
    return found


def resolved(importer: str, target: str, remappings: list[str]) -> str:
    """The file that an import names: relative to its importer, or through the remappings."""
    if target.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))
    for prefix, path in (mapping.split("=") for mapping in remappings):
        if target.startswith(prefix):
            return path + target.removeprefix(prefix)
    raise ToolError(f"no remapping for {target}, which {importer} imports")


def compile_trees() -> Json:
    """What crytic-compile reads as Foundry's build info: syntax trees and ABIs, with empty code."""
    profiles = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]
    config = profiles["default"] | profiles["build"]
    request = {
        "language": "Solidity",
        "sources": sources(config["remappings"]),
        "settings": {
            "remappings": config["remappings"],
            "evmVersion": config["evm_version"],
            "viaIR": config["via_ir"],
            "optimizer": {"enabled": True, "runs": config["optimizer_runs"]},
            "outputSelection": {"*": {"": ["ast"], "*": ["abi", "devdoc", "userdoc"]}},
        },
    }
    solc = os.environ["FOUNDRY_SOLC"]
    text = json.dumps(request)
    result = subprocess.run([solc, "--standard-json"], input=text, capture_output=True, text=True, cwd=ROOT)
    answer = json.loads(result.stdout)
    if errors := [one for one in answer.get("errors", []) if one["severity"] == "error"]:
        raise ToolError("\n".join(one["formattedMessage"] for one in errors))
    empty = {"object": "", "sourceMap": "", "linkReferences": {}}
    for contracts in answer["contracts"].values():
        for one in contracts.values():
            one |= {"metadata": "", "evm": {"bytecode": empty, "deployedBytecode": empty}}
    return {"solcVersion": pinned("solc"), "input": request, "output": answer}


def main() -> int:
    ensure()
    shutil.rmtree(WORK / "build-info", ignore_errors=True)
    (WORK / "build-info").mkdir(parents=True)
    (WORK / "build-info" / "contracts.json").write_text(json.dumps(compile_trees()))
    command = [PYTHON, "-m", "slither", ".", "--ignore-compile", "--foundry-out-directory", WORK]
    return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"error: {error}")
