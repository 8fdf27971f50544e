"""Quotes from a CSV file in the documented format (docs/spec/index.md, section 'Files of quotes')."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.quote_file import QuoteFile
from olivepress.prices.record import OPTIONAL, REQUIRED, quote_from_record
from olivepress.prices.source import Reading, Rejected


class CsvFile(QuoteFile):
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
        super().__init__(path)
        self._columns = dict(columns or {})
        self._constants = dict(constants or {})
        for field in (*self._columns, *self._constants):
            if field not in REQUIRED + OPTIONAL:
                raise QuoteError(field, field, f"one of the fields {', '.join(REQUIRED + OPTIONAL)}")

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
        numbered = enumerate(self._text().splitlines(), start=1)
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
