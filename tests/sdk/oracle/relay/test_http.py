"""What a relay answers over real HTTP: what it takes, what it refuses and in which words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from olivepress.errors import ConnectionFailed
from olivepress.oracle import OracleDomain, Report, sign_report
from olivepress.oracle.relay_client import RelayClient
from olivepress.oracle.wire import MAX_BODY, REPORTS, ROUNDS, Reason, ReportRefused, WireReport
from olivepress.signer import LocalSigner
from relay_kit import VALUE, Oracle, Running, open_oracle, run_relay

SLOW = {"gather_seconds": 600}


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with open_oracle(feeds=2) as opened:
        yield opened


@pytest.fixture
async def relay(oracle: Oracle, tmp_path: Path) -> AsyncIterator[Running]:
    async with run_relay(oracle, tmp_path, timing=SLOW) as running:
        yield running


async def ask(relay: Running, method: str, path: str, body: bytes | None = None) -> tuple[int, Any, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, relay.url + path, data=body) as answer,
    ):
        content = await answer.read()
        is_json = answer.content_type == "application/json"
        return answer.status, json.loads(content) if is_json else content.decode(), answer.headers


def document(oracle: Oracle, report: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(WireReport.of(report, oracle.client.domain).model_dump_json())
    return loaded


async def test_taken_known_and_counted(oracle: Oracle, relay: Running) -> None:
    body = json.dumps(document(oracle, oracle.sign(0, await oracle.now()))).encode()
    assert (await ask(relay, "POST", REPORTS, body))[:2] == (202, {"status": "taken"})
    assert (await ask(relay, "POST", REPORTS, body))[:2] == (200, {"status": "known"})
    status, metrics, headers = await ask(relay, "GET", "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert 'olivepress_relay_reports_total{result="taken"} 1.0' in metrics
    assert 'olivepress_relay_reports_total{result="known"} 1.0' in metrics
    assert "olivepress_relay_balance_wei 1e+24" in metrics


async def test_each_refusal_names_field_value_and_what_is_allowed(oracle: Oracle, relay: Running) -> None:
    now = await oracle.now()
    good = document(oracle, oracle.sign(0, now))
    stranger = LocalSigner((99).to_bytes(32))
    alien = document(oracle, sign_report(oracle.sign(0, now).report, stranger, oracle.client.domain))
    elsewhere = OracleDomain(oracle.chain.chain_id + 1, oracle.deployment.oracle)
    replayed = WireReport.of(
        sign_report(oracle.sign(0, now).report, oracle.operators[0], elsewhere), oracle.client.domain
    )
    malleable = good | {"signature": good["signature"][:66] + "7f" + "ff" * 31}
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        (good | {"extra": 1}, 400, "schema", "extra"),
        ({k: v for k, v in good.items() if k != "operator"}, 400, "schema", "operator"),
        (good | {"chain_id": 1.5}, 400, "schema", "chain_id"),
        (good | {"observed_at": str(now)}, 400, "schema", "observed_at"),
        (good | {"values": {"1": VALUE}}, 400, "schema", "values.1"),
        (good | {"values": {"1": "3.5"}}, 400, "schema", "values.1"),
        (good | {"values": {"1": "-1"}}, 400, "schema", "values.1"),
        (good | {"values": {"1": "4503599627370496"}}, 400, "schema", "values[1]"),
        (good | {"values": {}}, 400, "schema", "values"),
        (good | {"signature": "0x12"}, 400, "schema", "signature"),
        (good | {"chain_id": 5}, 400, "other_oracle", "chain_id"),
        (good | {"oracle": "0x" + "11" * 20}, 400, "other_oracle", "oracle"),
        (good | {"values": {"3": "1"}}, 400, "unknown_feed", "values"),
        (alien, 403, "unknown_operator", "operator"),
        (good | {"values": {"1": "1"}}, 403, "bad_signature", "signature"),
        (good | {"operator": oracle.operators[1].address}, 403, "bad_signature", "signature"),
        (json.loads(replayed.model_dump_json()), 403, "bad_signature", "signature"),
        (malleable, 403, "bad_signature", "signature"),
        (document(oracle, oracle.sign(0, now, version=2)), 409, "wrong_version", "version"),
        (document(oracle, oracle.sign(0, now - 86_400 * 2)), 409, "too_old", "observed_at"),
        (document(oracle, oracle.sign(0, now + 3600)), 409, "too_early", "observed_at"),
    ]
    for body, status, reason, field in cases:
        answer = await ask(relay, "POST", REPORTS, json.dumps(body).encode())
        assert answer[0] == status, (body, answer)
        assert (answer[1]["reason"], answer[1]["field"]) == (reason, field)
        assert answer[1]["value"]
        assert answer[1]["allowed"]
    assert (await relay.client.rounds())["rounds"] == []


async def test_bodies_that_are_no_reports(relay: Running) -> None:
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"chain_id": 1e400}', b"[" * 10_000):
        status, answer, _ = await ask(relay, "POST", REPORTS, body)
        assert (status, answer["reason"]) == (400, "schema")


async def test_the_size_of_a_body_is_limited(relay: Running) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    fits, too_long = b" " * MAX_BODY, b" " * (MAX_BODY + 1)
    assert (await ask(relay, "POST", REPORTS, fits))[0] == 400
    status, answer, _ = await ask(relay, "POST", REPORTS, too_long)
    assert (status, answer["reason"], answer["value"]) == (413, "too_large", f"{MAX_BODY + 1} bytes")
    async with (
        aiohttp.ClientSession() as session,
        session.post(relay.url + REPORTS, data=endless()) as chunked,
    ):
        assert (chunked.status, (await chunked.json())["reason"]) == (413, "too_large")


async def test_a_body_that_does_not_come_is_not_waited_for(
    relay: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    monkeypatch.setattr("olivepress.oracle.relay.server._BODY_SECONDS", 0.3)
    async with (
        aiohttp.ClientSession() as session,
        session.post(relay.url + REPORTS, data=slow(), timeout=aiohttp.ClientTimeout(5)) as answer,
    ):
        assert (answer.status, (await answer.json())["value"]) == (400, "not complete")


async def test_the_largest_report_fits(oracle: Oracle) -> None:
    values = dict.fromkeys(range(65_535 - 254, 65_536), 2**52 - 1)
    wire = WireReport.of(oracle.sign(0, 2**32 - 1, values, version=2**16 - 1), oracle.client.domain)
    body = wire.model_dump_json().encode()
    assert len(body) < MAX_BODY // 2
    assert WireReport.parse(body) == wire


async def test_requests_are_limited_by_client(oracle: Oracle, tmp_path: Path) -> None:
    limits = {"requests_per_minute": 60, "burst": 5}
    async with run_relay(oracle, tmp_path, limits=limits) as relay:
        codes = [(await ask(relay, "POST", REPORTS, b"{}"))[0] for _ in range(8)]
        assert codes == [400] * 5 + [429] * 3
        status, answer, headers = await ask(relay, "GET", ROUNDS)
        assert (status, answer["reason"], headers["Retry-After"]) == (429, "rate", "1")
        assert (await ask(relay, "GET", "/health"))[0] == 200
        with pytest.raises(ReportRefused) as refused:
            await relay.submit([oracle.sign(0, await oracle.now())])
        assert refused.value.reason.passing


async def test_behind_a_web_server_the_header_it_writes_tells_clients_apart(
    oracle: Oracle, tmp_path: Path
) -> None:
    """A stranger's own header comes before the address that the web server adds, and counts for nothing."""
    limits = {"requests_per_minute": 60, "burst": 2, "client_header": "X-Forwarded-For"}
    async with run_relay(oracle, tmp_path, limits=limits) as relay, aiohttp.ClientSession() as session:

        async def code(header: str) -> int:
            headers = [("X-Forwarded-For", one) for one in header.split("; ")]
            async with session.post(relay.url + REPORTS, data=b"{}", headers=headers) as answer:
                return answer.status

        assert [await code(f"10.9.9.{n}, 203.0.113.5") for n in range(4)] == [400, 400, 429, 429]
        assert [await code(f"10.9.9.{n}; 203.0.113.6") for n in range(3)] == [400, 400, 429]
        assert (await ask(relay, "POST", REPORTS, b"{}"))[0] == 400


async def test_rounds_tell_who_reported_but_not_what(oracle: Oracle, relay: Running) -> None:
    now = await oracle.now()
    await relay.submit(oracle.signed(now, [0, 3, 5]))
    await relay.submit(oracle.signed(now - 1, [2], {1: VALUE, 2: VALUE}))
    await relay.submit(oracle.signed(now - 2, range(5), {2: VALUE}))
    newest, middle, oldest = (await relay.client.rounds())["rounds"]
    names = sorted(oracle.operators[who].address for who in (0, 3, 5))
    assert (newest["observed_at"], newest["operators"], newest["quorum"]) == (now, names, 5)
    assert (newest["reports"], newest["state"], newest["feeds"]) == (3, "collecting", [1])
    assert (middle["reports"], middle["feeds"]) == (1, [1, 2])
    assert (oldest["reports"], oldest["state"]) == (5, "ready")
    assert str(VALUE) not in json.dumps([newest, middle, oldest])


async def test_other_paths_and_methods(relay: Running) -> None:
    assert (await ask(relay, "GET", "/nowhere"))[0] == 404
    status, _, headers = await ask(relay, "GET", REPORTS)
    assert (status, headers["Allow"]) == (405, "POST")


async def test_health_tells_the_figures(oracle: Oracle, relay: Running) -> None:
    status, health, _ = await ask(relay, "GET", "/health")
    assert (status, health["status"], health["problems"]) == (200, "ok", [])
    assert health["relay"] == LocalSigner(oracle.chain.keys[8]).address
    assert health["balance_wei"] == str(10**24)
    assert health["feeds"] == {
        "1": {"last_round": 0, "pending": False},
        "2": {"last_round": 0, "pending": False},
    }


async def test_the_client_knows_a_relay_from_something_else(oracle: Oracle, relay: Running) -> None:
    report = oracle.sign(0, await oracle.now())
    async with RelayClient(relay.url + "/nowhere") as client:
        with pytest.raises(ConnectionFailed, match="404, no relay's answer"):
            await client.submit(report, oracle.client.domain)
    async with RelayClient("http://127.0.0.1:9") as client:
        with pytest.raises(ConnectionFailed, match="cannot connect"):
            await client.submit(report, oracle.client.domain)
    async with RelayClient(relay.url) as client:
        with pytest.raises(ReportRefused) as refused:
            await client.submit(report, OracleDomain(7, oracle.deployment.oracle))
    assert (refused.value.reason, refused.value.field) == (Reason.OTHER_ORACLE, "chain_id")
    assert (refused.value.value, refused.value.allowed) == ("7", str(oracle.chain.chain_id))


async def test_what_a_bad_relay_says_fits_into_a_line_of_the_log() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        told = {
            "reason": "too_old",
            "field": "x\nERROR all lost",
            "value": "\x1b[31m",
            "allowed": "A" * 10**6,
        }
        return web.json_response(told, status=409)

    async def rounds(_request: web.Request) -> web.Response:
        return web.json_response({"rounds": [1, 2]})

    app = web.Application()
    app.add_routes([web.post(REPORTS, refuse), web.get(ROUNDS, rounds)])
    domain = OracleDomain(1, "0x" + "11" * 20)
    signed = sign_report(Report(1, 1, {1: 5}), LocalSigner((5).to_bytes(32)), domain)
    async with TestServer(app) as server, RelayClient(str(server.make_url("/"))) as client:
        with pytest.raises(ReportRefused) as refused:
            await client.submit(signed, domain)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 3_000
        with pytest.raises(ConnectionFailed, match="200, no relay's answer"):
            await client.rounds()
