"""Quotes from a JSON file."""

from __future__ import annotations

from pathlib import Path

from olivepress.prices.json_data import Layout, read_json
from olivepress.prices.quote_file import QuoteFile
from olivepress.prices.source import Reading


class JsonFile(QuoteFile):
    """A JSON file of quotes; `layout` says where in it they are."""

    def __init__(self, path: Path | str, layout: Layout | None = None) -> None:
        super().__init__(path)
        self._layout = layout or Layout()

    def load(self) -> Reading:
        """Every quote of the file. A bad record is rejected by its place. Raises SourceError."""
        return read_json(self._text(), self._layout, self.name)
