"""Logs of a node (JSON objects of eth_getLogs or a receipt) to events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from olivepress.contracts.abi import Entry, snake_case
from olivepress.contracts.artifacts import shared_entries
from olivepress.events.model import Book, Event, event_classes
from olivepress.events.records import MalformedLog, decode_records
from olivepress.types import SeriesSpec

Log = Mapping[str, Any]

_fromhex = bytes.fromhex

# keccak256("Book(uint16,uint32,bytes)"), checked by the tests.
BOOK_TOPIC = "0x3dbf3071469c5519fdab6ba8d61189be00282c2c48bd5f4b4687ee0d5959e6d3"


class LogDecoder:
    """Decodes the events of exchange and oracle by their first topic; other logs decode to None."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        classes = event_classes()
        self._entries = {
            "0x" + entry.topic.hex(): (entry, classes[entry.name])
            for entry in entries
            if entry.name in classes
        }

    def decode(self, log: Log) -> Event | None:
        """The event of one log. Raises MalformedLog when the log does not fit its event."""
        topics = log["topics"]
        if not topics:
            return None
        if topics[0] == BOOK_TOPIC:
            return decode_book(log)
        found = self._entries.get(topics[0])
        if found is None:
            return None
        entry, cls = found
        try:
            raw = entry.decode_log([bytes.fromhex(topic[2:]) for topic in topics], _bytes(log["data"]))
        except Exception as error:
            raise MalformedLog(f"log of {entry.signature} cannot be read: {error}") from error
        values = {snake_case(name): _value(name, value) for name, value in raw.items()}
        return cls(**_place(log), **values)

    def decode_all(self, logs: Sequence[Log]) -> list[Event]:
        """The events of many logs, in their order; unknown ones are left out."""
        return [event for log in logs if (event := self.decode(log)) is not None]


def decode_book(log: Log) -> Book:
    """A `Book` log, the fast way."""
    _, series_topic, account = log["topics"]
    series = int(series_topic, 16)
    data = _fromhex(log["data"][2:])
    size = int.from_bytes(data[32:64])
    if len(data) < 64 + size:
        raise MalformedLog(f"book log of {len(data)} bytes announces {size} bytes of records")
    return Book(
        int(log["blockNumber"], 16),
        int(log["logIndex"], 16),
        _fromhex(log["transactionHash"][2:]),
        _fromhex(log["blockHash"][2:]),
        series,
        int(account, 16),
        tuple(decode_records(series, data[64 : 64 + size])),
    )


@cache
def default_decoder() -> LogDecoder:
    """The decoder of the contracts that ship with the package."""
    return LogDecoder(shared_entries("event"))


def _bytes(text: str) -> bytes:
    return _fromhex(text[2:])


def _place(log: Log) -> dict[str, Any]:
    return {
        "block": int(log["blockNumber"], 16),
        "log_index": int(log["logIndex"], 16),
        "tx_hash": _bytes(log["transactionHash"]),
        "block_hash": _bytes(log["blockHash"]),
    }


def _value(name: str, value: Any) -> Any:
    return SeriesSpec(*value.values()) if name == "spec" else value
