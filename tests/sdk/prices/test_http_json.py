"""HTTP endpoints against a real local server: good answers, and each way in which an endpoint can be bad."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from local_server import Answer, serving
from olivepress.prices import HttpJson, Layout, QuoteError, SourceError, collect

NOW = datetime(2026, 11, 2, tzinfo=UTC)
LAYOUT = Layout("offers", constants={"unit": "GPU-hour", "item": "H100-SXM"})
GOOD = json.dumps({"offers": [{"venue": "lambda", "price": "2.99"}, {"venue": "vast", "price": -2}]}).encode()


async def test_an_answer_becomes_quotes_and_its_bad_entry_is_named() -> None:
    with serving(lambda path, number: Answer(GOOD)) as server:
        reading = await HttpJson("feed", f"{server.url}/v1/gpus?region=us", LAYOUT).read(NOW)
    assert [(q.venue, q.price, q.source) for q in reading.quotes] == [("lambda", Decimal("2.99"), "feed")]
    assert [r.entry for r in reading.rejected] == ["1"]
    assert server.requests[0][0] == "/v1/gpus?region=us"


async def test_a_key_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_KEY", "s3cret")
    headers = {"X-Key": "env:FEED_KEY", "X-Plain": "yes"}
    with serving(lambda path, number: Answer(b"no", 401)) as server:
        with pytest.raises(SourceError, match="HTTP status 401") as caught:
            await HttpJson("feed", server.url, LAYOUT, headers).read(NOW)
        assert server.requests[0][1]["X-Key"] == "s3cret"
        assert server.requests[0][1]["X-Plain"] == "yes"
        assert len(server.requests) == 1
    assert "s3cret" not in str(caught.value)
    monkeypatch.delenv("FEED_KEY")
    with pytest.raises(SourceError, match="FEED_KEY of header X-Key is not set"):
        await HttpJson("feed", server.url, LAYOUT, headers).read(NOW)


async def test_a_busy_endpoint_is_asked_again() -> None:
    with serving(lambda path, number: Answer(b"", 503) if number < 2 else Answer(GOOD)) as server:
        reading = await HttpJson("feed", server.url, LAYOUT, retries=2, retry_seconds=0).read(NOW)
        assert len(reading.quotes) == 1
        assert len(server.requests) == 3


async def test_a_final_no_is_not_asked_again() -> None:
    with serving(lambda path, number: Answer(b"", 404)) as server:
        with pytest.raises(SourceError, match="HTTP status 404"):
            await HttpJson("feed", server.url, LAYOUT, retries=3, retry_seconds=0).read(NOW)
        assert len(server.requests) == 1


async def test_no_connection_is_a_named_failure_without_the_address() -> None:
    with serving(lambda path, number: Answer()) as server:
        url = server.url
    with pytest.raises(SourceError, match="ConnectError") as caught:
        await HttpJson("feed", f"{url}/?key=s3cret", LAYOUT, retries=1, retry_seconds=0).read(NOW)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [Answer(GOOD, wait_seconds=20), Answer(GOOD, drip_seconds=1)], ids=["silent", "dripping"]
)
async def test_a_hanging_endpoint_is_left_after_its_time(answer: Answer) -> None:
    with serving(lambda path, number: answer) as server:
        with pytest.raises(SourceError, match="no answer within 1 s"):
            await HttpJson("feed", server.url, LAYOUT, timeout_seconds=1, retries=0).read(NOW)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(b"x" * 2_000), "longer than 1000 bytes"),
        (Answer(b"<html>login</html>"), "not JSON"),
        (Answer(b'{"offers": null}'), "nothing to read at offers"),
        (Answer(b"", 302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP status 302"),
    ],
)
async def test_rubbish_is_refused(answer: Answer, says: str) -> None:
    with serving(lambda path, number: answer) as server, pytest.raises(SourceError, match=says):
        await HttpJson("feed", server.url, LAYOUT, max_bytes=1_000).read(NOW)


async def test_one_bad_endpoint_of_several_stops_nobody() -> None:
    def answer(path: str, number: int) -> Answer:
        return {"/good": Answer(GOOD), "/slow": Answer(GOOD, wait_seconds=20), "/html": Answer(b"<html>")}[
            path
        ]

    with serving(answer) as server:
        sources = [
            HttpJson(name, f"{server.url}/{name}", LAYOUT, timeout_seconds=1, retries=0)
            for name in ("slow", "html", "good")
        ]
        reading = await collect(sources, NOW)
    assert [q.source for q in reading.quotes] == ["good"]
    assert [f.source for f in reading.failures] == ["slow", "html"]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("url", {"url": "ftp://example.org/x"}),
        ("url", {"url": "example.org"}),
        ("timeout_seconds", {"timeout_seconds": 0}),
        ("max_bytes", {"max_bytes": 0}),
        ("retries", {"retries": -1}),
    ],
)
def test_a_wrong_setting_is_refused_at_once(field: str, arguments: dict[str, object]) -> None:
    with pytest.raises(QuoteError) as caught:
        HttpJson(**({"name": "feed", "url": "http://example.org"} | arguments))  # type: ignore[arg-type]
    assert caught.value.field == field
