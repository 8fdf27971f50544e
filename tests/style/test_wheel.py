"""The wheel holds everything that the packages need at run time, and works outside the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    wanted = {
        path.relative_to(ROOT / top).as_posix()
        for top in ("sdk", "bots")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted
    for suffix in (".csv", ".toml", ".json", ".css", ".typed"):
        assert any(name.endswith(suffix) for name in held), suffix


def test_the_wheel_asks_for_what_the_package_imports(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    asked = re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra ==)", archive.read(name).decode(), re.MULTILINE)
    used = {"web3": "olivepress/interop.py", "eth-account": "olivepress/signer.py"}
    for package, module in used.items():
        assert package in asked
        assert package.replace("-", "_") in archive.read(module).decode()
    locked = (ROOT / "requirements.lock").read_text()
    assert [package for package in asked if f"\n{package}==" not in locked] == []


def test_index_show_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Imported from the archive's unpacked content, in an empty folder, with nothing of the checkout."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import olivepress, sys; from olivepress.cli import app; "
        f"assert olivepress.__file__.startswith({str(tmp_path)!r}); "
        "sys.argv = ['olivepress', 'index', 'show', '--date', '2024-11-20']; app()"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "4.5 USD per 1M tokens" in shown.stdout
