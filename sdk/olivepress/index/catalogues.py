"""Price catalogues inside released Python packages: which release was the newest on a day, and what it says.

    litellm        model_prices_and_context_window_backup.json, USD per token
    tokencost      model_prices.json, the same format; fills 2024, of which litellm's wheels are gone
    genai-prices   data.py, USD per million tokens

pip does the fetching (`--uploaded-prior-to`, pip 26 or later), so any index that pip is set up for will do.
Nothing of the packages is installed. genai-prices keeps its data as Python, so its wheel is imported, in a
process of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from olivepress.prices import litellm_table
from olivepress.prices.errors import SourceError
from olivepress.prices.litellm_table import read_table
from olivepress.prices.quote import Unit, plain

#: Package -> the file of the wheel that holds its catalogue.
PACKAGES = {
    "genai-prices": "genai_prices/data.py",
    "litellm": litellm_table.FILE,
    "tokencost": "tokencost/model_prices.json",
}

_READ_GENAI = """
import sys
wheel, moment = sys.argv[1:]
sys.path.insert(0, wheel)
import json
from datetime import datetime
from genai_prices import data
if not data.__file__.startswith(wheel):
    sys.exit(f"{wheel} holds no package genai_prices")
from olivepress.prices.genai_prices import read_providers
reading = read_providers(data.providers, datetime.fromisoformat(moment), wheel)
print(json.dumps([[q.venue, q.item, q.unit, str(q.price)] for q in reading.quotes]))
"""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Prices of one model in USD per 1M tokens. `cache_read` is None where the catalogue has none."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None


#: (venue, item), both as the catalogue names them -> prices.
Catalogue = dict[tuple[str, str], TokenPrices]


class NoCatalogueError(SourceError):
    """The release holds no catalogue: a gap in the record, not a fault of the run."""


class Registry:
    """Releases of the packages, asked from the package index through pip and kept in `cache`."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._newest: dict[tuple[str, date], str | None] = {}
        self._read: dict[tuple[str, str, date | None], Catalogue] = {}
        cache.mkdir(parents=True, exist_ok=True)

    def newest(self, package: str, day: date) -> str | None:
        """Newest version uploaded before midnight UTC at the start of `day`; None if there was none."""
        key = (package, day)
        if key not in self._newest:
            done = _pip("index", "versions", package, "--uploaded-prior-to", f"{day}T00:00:00Z")
            found = re.match(rf"{re.escape(package)} \((\S+)\)", done.stdout)
            if "no such option" in done.stderr:
                raise SourceError("pip", "too old for --uploaded-prior-to; python -m pip install 'pip>=26'")
            if found is None and "No matching distribution" not in done.stderr:
                raise SourceError(package, f"pip index versions: {_last_line(done.stderr)}")
            self._newest[key] = found[1] if found else None
        return self._newest[key]

    def catalogue(self, package: str, version: str, day: date) -> Catalogue:
        """The prices which that release gives for `day`. Raises SourceError."""
        # Only genai-prices dates its prices; the others say the same on every day.
        key = (package, version, day if package == "genai-prices" else None)
        if key not in self._read:
            wheel = self._wheel(package, version)
            self._read[key] = (
                _read_genai(wheel, day) if package == "genai-prices" else _read_json(wheel, package)
            )
        return self._read[key]

    def _wheel(self, package: str, version: str) -> Path:
        pattern = f"{package.replace('-', '_')}-{version}-*.whl"
        if not list(self._cache.glob(pattern)):
            done = _pip(
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "-d",
                str(self._cache),
                f"{package}=={version}",
            )
            if done.returncode:
                raise SourceError(f"{package}=={version}", f"pip download: {_last_line(done.stderr)}")
        return next(iter(self._cache.glob(pattern)))


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _read_json(wheel: Path, package: str) -> Catalogue:
    try:
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read(PACKAGES[package])
    except KeyError as error:
        raise NoCatalogueError(wheel.name, f"no file {PACKAGES[package]}") from error
    except zipfile.BadZipFile as error:
        raise SourceError(wheel.name, str(error)) from error
    # The time does not matter: the table is the same on every day.
    quotes = read_table(text, datetime.now(UTC), wheel.name).quotes
    return _catalogue((quote.venue, quote.item, quote.unit, quote.price) for quote in quotes)


def _read_genai(wheel: Path, day: date) -> Catalogue:
    moment = datetime.combine(day, time(), UTC).isoformat()
    command = [sys.executable, "-c", _READ_GENAI, str(wheel), moment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise SourceError(wheel.name, _last_line(done.stderr))
    rows = json.loads(done.stdout)
    return _catalogue((venue, item, Unit(unit), Decimal(price)) for venue, item, unit, price in rows)


def _catalogue(prices: Iterable[tuple[str, str, Unit, Decimal]]) -> Catalogue:
    """The models that have both an input and an output price."""
    models: dict[tuple[str, str], dict[Unit, Decimal]] = {}
    for venue, item, unit, price in prices:
        models.setdefault((venue, item), {})[unit] = plain(price)
    return {
        key: TokenPrices(found[Unit.INPUT_MTOK], found[Unit.OUTPUT_MTOK], found.get(Unit.CACHED_INPUT_MTOK))
        for key, found in models.items()
        if Unit.INPUT_MTOK in found and Unit.OUTPUT_MTOK in found
    }
