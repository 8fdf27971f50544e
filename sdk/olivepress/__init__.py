"""Cash-settled, expiring futures on the price of AI compute: the client of the olivepress exchange.

    transport = await connect("ws://127.0.0.1:8545")
    deployment = await Deployment.open("manifest.json", transport)
    sender = TransactionSender(transport, LocalSigner(key), deployment.chain_id)
    client = ExchangeClient(sender, deployment)
    await client.deposit(Decimal(10_000))
    order = await client.place("LLM-FLAGSHIP-DEC26", Side.BUY, Decimal("3.5"), 10)

Everything is async; `olivepress.sync` runs the same objects without. Prices and money are Decimal at this
edge; the mirror and the events hold the contracts' integers. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from olivepress.deploy import deploy_all
    from olivepress.errors import OlivepressError
    from olivepress.events import EventStream
    from olivepress.exchange import Cancel, ExchangeClient, ExchangeReader, Place, SeriesTerms
    from olivepress.manifest import Deployment
    from olivepress.mirror import Mirror
    from olivepress.oracle import OracleClient, Report, SignedReport, sign_report
    from olivepress.rpc import Transport, connect
    from olivepress.signer import LocalSigner, Signer
    from olivepress.tx import FeePolicy, TransactionSender
    from olivepress.types import OrderId, Phase, Series, SeriesSpec, Side, TimeInForce

    __version__: str

_HOME = {
    "Cancel": "exchange",
    "Deployment": "manifest",
    "EventStream": "events",
    "ExchangeClient": "exchange",
    "ExchangeReader": "exchange",
    "FeePolicy": "tx",
    "LocalSigner": "signer",
    "Mirror": "mirror",
    "OlivepressError": "errors",
    "OracleClient": "oracle",
    "OrderId": "types",
    "Phase": "types",
    "Place": "exchange",
    "Report": "oracle",
    "Series": "types",
    "SeriesSpec": "types",
    "SeriesTerms": "exchange",
    "Side": "types",
    "SignedReport": "oracle",
    "Signer": "signer",
    "TimeInForce": "types",
    "TransactionSender": "tx",
    "Transport": "rpc",
    "connect": "rpc",
    "deploy_all": "deploy",
    "sign_report": "oracle",
}

__all__ = [
    "Cancel",
    "Deployment",
    "EventStream",
    "ExchangeClient",
    "ExchangeReader",
    "FeePolicy",
    "LocalSigner",
    "Mirror",
    "OlivepressError",
    "OracleClient",
    "OrderId",
    "Phase",
    "Place",
    "Report",
    "Series",
    "SeriesSpec",
    "SeriesTerms",
    "Side",
    "SignedReport",
    "Signer",
    "TimeInForce",
    "TransactionSender",
    "Transport",
    "__version__",
    "connect",
    "deploy_all",
    "sign_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version("olivepress")
    if name in _HOME:
        return getattr(import_module(f"olivepress.{_HOME[name]}"), name)
    raise AttributeError(f"module 'olivepress' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
