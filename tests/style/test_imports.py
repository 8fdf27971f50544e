"""Imports go one way, as docs/ARCHITECTURE.md says. A line of LAYERS may import those above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    "errors",
    "files",
    "hashing",
    "units",
    "types",
    "prices",
    "index",
    "rpc",
    "signer",
    "tx",
    "contracts.abi",
    "contracts.artifacts",
    "contracts.packing",
    "reverts",
    "contracts.contract",
    "manifest",
    "events",
    "model",
    "mirror",
    "exchange",
    "oracle",
    "interop",
    "deploy",
    "timelock",
    "rotation",
    "devchain",
    "sync",
    "cli",
)


def layer(module: str) -> int | None:
    """Place of the layer that a module under `olivepress` belongs to; None for a package's own page."""
    name = module.removeprefix("olivepress.")
    found = [place for place, one in enumerate(LAYERS) if name == one or name.startswith(one + ".")]
    return found[0] if found else None


def imported(tree: ast.AST, *, lazily: bool) -> Iterator[str]:
    """Modules imported at run time; those inside functions too when `lazily`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not lazily:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "olivepress":
            yield from (f"olivepress.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "olivepress.contracts":
            yield from (f"olivepress.contracts.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        yield from imported(node, lazily=lazily)


def sources(folder: str) -> dict[str, ast.Module]:
    """Module name -> its tree."""
    top = ROOT / folder
    return {
        ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text()
        )
        for path in top.rglob("*.py")
    }


def test_every_module_has_its_layer() -> None:
    assert [
        m for m in sources("sdk") if layer(m) is None and m not in ("olivepress", "olivepress.contracts")
    ] == []


def test_imports_go_down() -> None:
    upward = []
    for module, tree in sources("sdk").items():
        own = layer(module)
        for name in imported(tree, lazily=True):
            other = layer(name) if name.startswith("olivepress.") else None
            if own is not None and other is not None and other > own:
                upward.append(f"{module} imports {name}")
    assert upward == []


def test_only_the_command_knows_the_bots_and_only_when_it_runs() -> None:
    users = {
        module
        for module, tree in sources("sdk").items()
        if any(name.startswith("olivepress_bots") for name in imported(tree, lazily=True))
    }
    assert users == {"olivepress.cli.chain", "olivepress.cli.simulate"}
    for user in users:
        at_once = list(imported(sources("sdk")[user], lazily=False))
        assert [name for name in at_once if name.startswith("olivepress_bots")] == []


def test_strategies_know_neither_chain_nor_clock() -> None:
    """They run in simulations too."""
    found = sources("bots")
    for name in ("maker", "hedger", "noise", "actions", "view"):
        used = set(imported(found[f"olivepress_bots.{name}"], lazily=True))
        reach = {
            module for module in used if module.split(".")[0] in ("olivepress", "time", "datetime", "asyncio")
        }
        assert not reach & {"time", "datetime", "asyncio"}, name
        assert all((layer(module) or 0) <= LAYERS.index("types") for module in reach), (name, reach)
