"""A local HTTP server for tests: each path answers as its handler says, and every request is remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """One answer: a status, a body, and how long to wait before it, or between its bytes."""

    body: bytes = b"{}"
    status: int = 200
    wait_seconds: int = 0
    drip_seconds: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """The running server: its address, and (path with query, headers) of each request."""

    url: str
    requests: list[tuple[str, dict[str, str]]]


@contextmanager
def serving(answer: Callable[[str, int], Answer]) -> Iterator[Server]:
    """Serve `answer(path with query, number of the request from 0)` on a free port of this machine."""
    requests: list[tuple[str, dict[str, str]]] = []
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, dict(self.headers)))
            given = answer(self.path, len(requests) - 1)
            stopped.wait(given.wait_seconds)
            try:
                self.send_response(given.status)
                for name, value in ({"Content-Type": "application/json"} | given.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(given.body)))
                self.end_headers()
                for at in range(0, len(given.body), 1 if given.drip_seconds else len(given.body)):
                    self.wfile.write(given.body[at : at + 1] if given.drip_seconds else given.body)
                    if given.drip_seconds and stopped.wait(given.drip_seconds):
                        return
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", requests)
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
