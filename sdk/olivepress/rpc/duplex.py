"""JSON-RPC over connections that stay open."""

from olivepress.rpc.base import BaseTransport


class WebSocketTransport(BaseTransport): ...


class IpcTransport(BaseTransport): ...
