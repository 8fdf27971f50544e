"""JSON-RPC over HTTP."""

from olivepress.rpc.base import BaseTransport


class HttpTransport(BaseTransport): ...
