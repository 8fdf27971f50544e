"""JSON-RPC transports: HTTP, websocket, IPC, and a scripted one for tests. `connect` picks by the address."""

from __future__ import annotations

from urllib.parse import urlsplit

from olivepress.errors import ConfigurationError
from olivepress.rpc.base import GAP, Call, Gap, Subscription, Transport, TransportOptions, is_read, mask_url
from olivepress.rpc.fake import FakeTransport


async def connect(url: str, options: TransportOptions | None = None) -> Transport:
    """Opens a transport and asks for the chain id once, so that a dead node is found here.

    `http(s)://`, `ws(s)://`, `ipc:///path` or a path ending in `.ipc`.
    Raises ConnectionFailed naming the address (after `options.retries` repeats), ConfigurationError.
    """
    options = options or TransportOptions()
    scheme = urlsplit(url).scheme
    transport: Transport
    if scheme in ("http", "https"):
        from olivepress.rpc.http import HttpTransport

        transport = HttpTransport(url, options)
    elif scheme in ("ws", "wss"):
        from olivepress.rpc.duplex import WebSocketTransport

        transport = WebSocketTransport(url, options)
    elif scheme == "ipc" or url.endswith(".ipc"):
        from olivepress.rpc.duplex import IpcTransport

        transport = IpcTransport(url, options)
    else:
        raise ConfigurationError(
            f"{mask_url(url)!r} is no node address: http://, ws://, ipc:// or a path to an .ipc file"
        )
    try:
        await transport.request("eth_chainId")
    except BaseException:
        await transport.close()
        raise
    return transport


__all__ = [
    "GAP",
    "Call",
    "FakeTransport",
    "Gap",
    "Subscription",
    "Transport",
    "TransportOptions",
    "connect",
    "is_read",
    "mask_url",
]
