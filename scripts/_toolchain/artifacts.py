"""Compile the contracts and write what the Python package ships of them: one small JSON per contract.

Shipped: every concrete contract directly under contracts/ and contracts/desks/, the mock collateral, the
external libraries these link to, and `interfaces.json`, the errors and events of all of them in one ABI.
Fields: `abi`; `bytecode` (creation code, zeros where a library address goes); `links` (library name -> byte
offsets of its 20-byte address in `bytecode`); `deployedMask` ([start, length] of immutables and library
addresses in the runtime code); `deployedHash` (keccak256 of the runtime code with masked bytes zero).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from common import ABI, OUT, ROOT, ToolError, digest, say, stamped

CONTRACTS = ROOT / "contracts"
WORK = OUT / "build"
ARTIFACTS = WORK / "artifacts"
STAMP = WORK / "stamp"
DECLARATION = re.compile(r"^(?:abstract )?(?:contract|library|interface) (\w+)", re.M)
SHIPPED_FOLDERS = {"contracts", "desks"}
SHIPPED_MOCKS = {"MockUSDC"}
MAX_CODE = 24_576  # EIP-170
ADDRESS = 20
PLACEHOLDER = re.compile(r"__\$[0-9a-f]{34}\$__")

Json = dict[str, Any]


def compile_contracts() -> None:
    """Each file that ships alone and from nothing, several side by side, unless nothing changed since.

    What solc makes of a contract under via-IR depends on the other files it was given, down to its size.
    Alone with what it imports, it changes only when these change.
    """
    key = sources_key()
    if stamped(STAMP, key):
        return
    shutil.rmtree(WORK, ignore_errors=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [text for text in pool.map(_compile, units()) if text]
    if failed:
        sys.stderr.write(failed[0])
        raise ToolError("the contracts do not compile")
    if sources_key() != key:
        raise ToolError("the contracts changed while they were compiled: run again")
    STAMP.write_text(key)


def units() -> list[Path]:
    """What is compiled by itself: shipped files, the large ones first, and all interfaces together."""
    files = [path for path in CONTRACTS.rglob("*.sol") if ships(path)]
    return [*sorted(files, key=lambda path: (path.parent == CONTRACTS, path.name)), CONTRACTS / "interfaces"]


def ships(path: Path) -> bool:
    return path.parent.name in SHIPPED_FOLDERS or path.stem in SHIPPED_MOCKS


def _compile(unit: Path) -> str:
    """What the compiler said, if it failed."""
    places = ["--out", str(ARTIFACTS / unit.stem), "--cache-path", str(WORK / "cache" / unit.stem)]
    command = ["forge", "build", unit.relative_to(ROOT).as_posix(), "--force", *places]
    env = os.environ | {"FOUNDRY_PROFILE": "build"}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    return result.stdout + result.stderr if result.returncode else ""


def sources_key() -> str:
    sources = sorted(CONTRACTS.rglob("*.sol"))
    named = [part for path in sources for part in (path.relative_to(ROOT).as_posix(), path)]
    return digest(ROOT / "foundry.toml", ROOT / "package-lock.json", Path(__file__), *named)


def artifacts() -> dict[str, Json]:
    """Forge's artefact of every contract, library and interface that a file under contracts/ declares.

    Code counts only where a file was compiled by itself; of what others import, the ABI is taken.
    """
    found: dict[str, Json] = {}
    for source in sorted(CONTRACTS.rglob("*.sol")):
        relative = source.relative_to(ROOT).as_posix()
        own = [source.stem] if ships(source) else []
        for name in DECLARATION.findall(source.read_text()):
            places = [ARTIFACTS / unit / source.name / f"{name}.json" for unit in own]
            places = places or sorted(ARTIFACTS.glob(f"*/{source.name}/{name}.json"))
            if not places and source.parent.name != "mocks":
                raise ToolError(f"nothing that ships uses {name} of {relative}")
            for place in places[:1]:
                artifact = json.loads(place.read_text())
                target = artifact["metadata"]["settings"]["compilationTarget"]
                if target != {relative: name} or name in found:
                    raise ToolError(f"two contracts or files share a name: {name} in {relative}, {target}")
                found[name] = artifact | {"source": relative}
    return found


def shipped_names(found: dict[str, Json]) -> set[str]:
    roots = {
        name for name, artifact in found.items() if is_concrete(artifact) and ships(ROOT / artifact["source"])
    }
    todo = sorted(roots)
    while todo:
        for library in links(found[todo.pop()]["bytecode"]):
            if library not in roots:
                roots.add(library)
                todo.append(library)
    return roots


def is_concrete(artifact: Json) -> bool:
    return artifact["bytecode"]["object"] not in ("", "0x")


def links(code: Json) -> dict[str, list[int]]:
    """Library name -> offsets of its address in the code."""
    return {
        name: sorted(place["start"] for place in places)
        for libraries in code.get("linkReferences", {}).values()
        for name, places in libraries.items()
    }


def unlinked(code: Json) -> str:
    return PLACEHOLDER.sub("0" * 2 * ADDRESS, code["object"])


def shipped(name: str, artifact: Json) -> Json:
    deployed = artifact["deployedBytecode"]
    runtime = bytearray.fromhex(unlinked(deployed).removeprefix("0x"))
    mask = [[start, ADDRESS] for starts in links(deployed).values() for start in starts]
    immutables = deployed.get("immutableReferences", {}).values()
    mask += [[place["start"], place["length"]] for places in immutables for place in places]
    # A library begins by comparing its own address.
    if runtime.startswith(b"\x73" + bytes(ADDRESS) + b"\x30\x14"):
        mask.append([1, ADDRESS])
    for start, length in mask:
        runtime[start : start + length] = bytes(length)
    return {
        "name": name,
        "source": artifact["source"],
        "compiler": artifact["metadata"]["compiler"]["version"],
        "deployedSize": len(runtime),
        "deployedHash": "0x" + keccak(bytes(runtime)).hex(),
        "deployedMask": sorted(mask),
        "links": links(artifact["bytecode"]),
        "bytecode": unlinked(artifact["bytecode"]),
        "abi": artifact["abi"],
    }


def interfaces(found: dict[str, Json]) -> Json:
    """Errors and events of everything but mocks, each once, by kind and name."""
    entries = {
        json.dumps(entry, sort_keys=True): entry
        for artifact in found.values()
        if not artifact["source"].startswith("contracts/mocks/")
        for entry in artifact["abi"]
        if entry["type"] in ("error", "event")
    }
    ordered = sorted(entries.items(), key=lambda item: (item[1]["type"], item[1]["name"], item[0]))
    return {"name": "interfaces", "abi": [entry for _, entry in ordered]}


def render(value: Json) -> str:
    """One line per field and per ABI entry, so that a change reads well."""
    lines = [f" {json.dumps(key)}: {json.dumps(item)}" for key, item in value.items() if key != "abi"]
    entries = ",\n".join("  " + json.dumps(entry) for entry in value["abi"])
    return "{\n" + ",\n".join([*lines, f' "abi": [\n{entries}\n ]']) + "\n}\n"


def differences(wanted: dict[str, str]) -> list[str]:
    present = {path.name: path.read_text() for path in ABI.glob("*.json")}
    missing = [f"{name} is missing" for name in sorted(wanted.keys() - present.keys())]
    orphans = [f"{name} has no source" for name in sorted(present.keys() - wanted.keys())]
    changed = [name for name in sorted(wanted.keys() & present.keys()) if wanted[name] != present[name]]
    return missing + orphans + [f"{name} is of other sources" for name in changed]


def write(wanted: dict[str, str]) -> None:
    ABI.mkdir(parents=True, exist_ok=True)
    for path in ABI.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (ABI / name).write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/build", description="Compile the contracts; write ABIs and bytecode into the package."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the package differs")
    parser.add_argument("--only-compile", action="store_true", help="what forge's tests deploy; then stop")
    options = parser.parse_args()
    compile_contracts()
    if options.only_compile:
        return
    found = artifacts()
    contents = [shipped(name, found[name]) for name in sorted(shipped_names(found))]
    if not contents:
        raise ToolError("nothing to ship: no concrete contract under contracts/")
    for content in contents:
        spare = MAX_CODE - content["deployedSize"]
        say(f"  {content['name']:20} {content['deployedSize']:6} bytes, {spare:6} to spare")
    wanted = {f"{content['name']}.json": render(content) for content in [*contents, interfaces(found)]}
    if not options.check:
        write(wanted)
        say(f"wrote {len(wanted)} files to {ABI.relative_to(ROOT)}")
    elif wrong := differences(wanted):
        raise ToolError(
            f"sdk/olivepress/abi is not of these contracts; run scripts/build: {'; '.join(wrong)}"
        )
    if too_big := [content["name"] for content in contents if content["deployedSize"] > MAX_CODE]:
        raise ToolError(f"above the limit of {MAX_CODE} bytes of code: {', '.join(too_big)}")


if __name__ == "__main__":
    try:
        main()
    except ToolError as error:
        sys.exit(f"error: {error}")
