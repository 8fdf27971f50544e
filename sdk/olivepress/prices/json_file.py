"""Quotes from a JSON file."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from olivepress.prices.csv_file import MAX_BYTES
from olivepress.prices.errors import SourceError
from olivepress.prices.json_data import Layout, read_json
from olivepress.prices.source import Reading


class JsonFile:
    """A JSON file of quotes; `layout` says where in it they are."""

    def __init__(self, path: Path | str, layout: Layout | None = None) -> None:
        self._path = Path(path)
        self._layout = layout or Layout()

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self._path.name

    async def read(self, now: datetime) -> Reading:
        """Quotes observed up to `now`. Raises SourceError."""
        reading = await asyncio.to_thread(self.load)
        reading.quotes = [quote for quote in reading.quotes if quote.observed_at <= now]
        return reading

    def load(self) -> Reading:
        """Every quote of the file. A bad record is rejected by its place. Raises SourceError."""
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise SourceError(self.name, f"larger than {MAX_BYTES} bytes")
            text = self._path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(self.name, str(error)) from error
        return read_json(text, self._layout, self.name)
