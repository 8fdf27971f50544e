"""What all files of quotes have in common: a name, a largest size, and no view of the future."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path

from olivepress.prices.errors import SourceError
from olivepress.prices.source import Reading

MAX_BYTES = 100_000_000


class QuoteFile(ABC):
    """A file as a price source."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self._path.name

    async def read(self, now: datetime) -> Reading:
        """Quotes observed up to `now`; later ones of a history are left for later. Raises SourceError."""
        reading = await asyncio.to_thread(self.load)
        reading.quotes = [quote for quote in reading.quotes if quote.observed_at <= now]
        return reading

    @abstractmethod
    def load(self) -> Reading:
        """Every quote of the file, bad entries rejected by their place. Raises SourceError."""

    def _text(self) -> str:
        """The whole file, UTF-8. Raises SourceError."""
        try:
            if self._path.stat().st_size > MAX_BYTES:
                raise SourceError(self.name, f"larger than {MAX_BYTES} bytes")
            return self._path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(self.name, str(error)) from error
