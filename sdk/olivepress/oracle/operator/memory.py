"""What the sources said last, and the quotes of the last day that a methodology carries."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ValidationError

from olivepress.files import write_whole
from olivepress.index import AnyMethodology, ProviderMedian
from olivepress.prices import Quote

_LOG = logging.getLogger(__name__)

#: A source that fails is still heard with its last reading for so long.
DAY = 86_400


class _Heard(BaseModel):
    """The last reading of a source, at unix seconds."""

    at: int
    quotes: list[Quote]


class _Stored(BaseModel):
    heard: dict[str, _Heard] = {}
    carried: list[Quote] = []


class QuoteMemory:
    """Keeps the quotes that some methodology wants.

    A `ProviderMedian` gets the latest quotes of each source, venue and item, as long as it carries them; the
    others get what each source gave last.

    :param path: where it survives a restart; None keeps it in memory only. A file that cannot be read is
        named in the log and left: its quotes come again from the sources.
    """

    def __init__(self, methodologies: Iterable[AnyMethodology], path: Path | None = None) -> None:
        self._methodologies = tuple(methodologies)
        self._path = path
        self._heard: dict[str, _Heard] = {}
        self._carried: dict[tuple[str, ...], set[Quote]] = {}
        if path is not None and path.exists():
            try:
                stored = _Stored.model_validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                _LOG.warning("the quotes of the last run are lost: %s: %s", path, type(error).__name__)
            else:
                self._heard = stored.heard
                self._carry(stored.carried)

    def learn(self, source: str, quotes: Iterable[Quote], at: int) -> None:
        """Takes what a source gave at `at` (unix seconds)."""
        wanted = [quote for quote in quotes if any(one.wants(quote) for one in self._methodologies)]
        self._heard[source] = _Heard(at=at, quotes=wanted)
        self._carry(wanted)

    def settle(self, at: int) -> None:
        """Drops what no longer counts at `at`, and writes the rest down."""
        self._heard = {name: heard for name, heard in self._heard.items() if heard.at >= at - DAY}
        now = moment(at)
        oldest = now - max((_carry_time(one) for one in self._providers()), default=timedelta())
        for key, known in list(self._carried.items()):
            # What is dated after `now` counts later; until then the latest one before it does.
            latest = max((q.observed_at for q in known if q.observed_at <= now), default=oldest)
            kept = {quote for quote in known if quote.observed_at >= max(latest, oldest)}
            if kept:
                self._carried[key] = kept
            else:
                del self._carried[key]
        if self._path is not None:
            carried = [quote for known in self._carried.values() for quote in known]
            stored = _Stored(heard=self._heard, carried=carried)
            write_whole(self._path, stored.model_dump_json().encode())

    def recall(self, methodology: AnyMethodology, at: int) -> list[Quote]:
        """What the methodology may use at `at`, in an order that does not depend on the past."""
        if isinstance(methodology, ProviderMedian):
            since = moment(at) - _carry_time(methodology)
            found = {
                quote
                for known in self._carried.values()
                for quote in known
                if quote.observed_at >= since and methodology.wants(quote)
            }
            return sorted(found, key=lambda q: (q.venue, q.source, q.observed_at, q.price, q.item, q.tier))
        fresh = [heard for _, heard in sorted(self._heard.items()) if heard.at >= at - DAY]
        return [quote for heard in fresh for quote in heard.quotes if methodology.wants(quote)]

    def _providers(self) -> list[ProviderMedian]:
        return [one for one in self._methodologies if isinstance(one, ProviderMedian)]

    def _carry(self, quotes: Iterable[Quote]) -> None:
        for quote in quotes:
            if any(one.wants(quote) for one in self._providers()):
                key = (quote.source, quote.venue, quote.item, quote.kind, quote.market, quote.tier)
                self._carried.setdefault(key, set()).add(quote)


def moment(at: int) -> datetime:
    """Unix seconds as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)


def _carry_time(methodology: ProviderMedian) -> timedelta:
    return max(timedelta(hours=methodology.carry_hours), timedelta(minutes=methodology.fresh_minutes))
