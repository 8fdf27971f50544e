"""Quotes from a CSV file in the documented format (docs/spec/index.md, section 'Files of quotes')."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.record import OPTIONAL, REQUIRED, quote_from_record
from olivepress.prices.source import Reading, Rejected

MAX_BYTES = 100_000_000


class CsvFile:
    """A CSV file of quotes: UTF-8, comma separated, a header line; lines that start with # are comments.

    `columns` says which column holds a field, where the file has other names: {"observed_at": "ts_utc"}.
    `constants` gives fields that the file does not have: {"unit": "GPU-hour"}.
    """

    def __init__(
        self,
        path: Path | str,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> None:
        self._path = Path(path)
        self._columns = dict(columns or {})
        self._constants = dict(constants or {})
        for field in (*self._columns, *self._constants):
            if field not in REQUIRED + OPTIONAL:
                raise QuoteError(field, field, f"one of the fields {', '.join(REQUIRED + OPTIONAL)}")

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self._path.name

    async def read(self, now: datetime) -> Reading:
        """Quotes observed up to `now`; later rows of a history are left for later. Raises SourceError."""
        reading = await asyncio.to_thread(self.load)
        reading.quotes = [quote for quote in reading.quotes if quote.observed_at <= now]
        return reading

    def load(self) -> Reading:
        """Every quote of the file. A bad row is rejected by its line. Raises SourceError."""
        lines = self._lines()
        rows = csv.DictReader((text for _, text in lines), strict=True)
        names = self._header(list(rows.fieldnames or []))
        reading = Reading()
        try:
            for (number, _), row in zip(lines[1:], rows, strict=True):
                try:
                    fields: dict[str, object] = {field: row[column] for field, column in names.items()}
                    reading.quotes.append(quote_from_record(self._constants | fields, self.name))
                except QuoteError as error:
                    reading.rejected.append(Rejected(self.name, f"line {number}", str(error)))
        except (csv.Error, ValueError) as error:
            raise SourceError(self.name, f"not one record a line: {error}") from error
        return reading

    def _lines(self) -> list[tuple[int, str]]:
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise SourceError(self.name, f"larger than {MAX_BYTES} bytes")
            text = self._path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(self.name, str(error)) from error
        numbered = enumerate(text.splitlines(), start=1)
        return [(number, line) for number, line in numbered if line.strip() and not line.startswith("#")]

    def _header(self, header: list[str]) -> dict[str, str]:
        """Field -> column, for the fields that the file has."""
        names = {field: self._columns.get(field, field) for field in REQUIRED + OPTIONAL}
        found = {field: column for field, column in names.items() if column in header}
        missing = [
            names[field] for field in (*REQUIRED, *self._columns) if field not in {*found, *self._constants}
        ]
        if missing:
            raise SourceError(
                self.name, f"no column {', '.join(dict.fromkeys(missing))} in the header {header}"
            )
        return found
