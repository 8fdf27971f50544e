"""Options that several commands share, and what they open."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from olivepress.errors import ConfigurationError, ValidationError

if TYPE_CHECKING:
    from olivepress.exchange import ExchangeClient, ExchangeReader
    from olivepress.rpc import Transport
    from olivepress.signer import LocalSigner

PRIVATE_KEY = "OLIVEPRESS_PRIVATE_KEY"
KEYSTORE = "OLIVEPRESS_KEYSTORE"
KEYSTORE_PASSWORD = "OLIVEPRESS_KEYSTORE_PASSWORD"

Rpc = Annotated[
    str,
    typer.Option(
        "--rpc",
        envvar="OLIVEPRESS_RPC",
        metavar="URL",
        help="Address of the node: http://, ws:// or the path of an .ipc file.",
    ),
]
Manifest = Annotated[
    Path,
    typer.Option(
        "--manifest",
        envvar="OLIVEPRESS_MANIFEST",
        metavar="FILE",
        help="Deployment manifest, as `deploy` and `devnet` write it.",
    ),
]
Keystore = Annotated[
    Path | None,
    typer.Option(
        "--keystore",
        envvar=KEYSTORE,
        metavar="FILE",
        help=f"Encrypted key file; its password comes from {KEYSTORE_PASSWORD} or is asked for.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

DEFAULT_RPC = "http://127.0.0.1:8545"
DEFAULT_MANIFEST = Path("olivepress.json")


def to_decimal(field: str, text: str) -> Decimal:
    """A decimal from the command line, exact. Raises ValidationError naming the field."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValidationError(field, text, "a decimal number such as 3.505") from None
    if not value.is_finite():
        raise ValidationError(field, text, "a finite decimal number")
    return value


def load_signer(keystore: Path | None) -> LocalSigner:
    """The key of the user: a keystore if one is named, else the environment. Raises ConfigurationError."""
    from olivepress.signer import LocalSigner

    if keystore is not None:
        password = os.environ.get(KEYSTORE_PASSWORD)
        if password is None:
            password = typer.prompt("Password of the keystore", hide_input=True, err=True)
        return LocalSigner.from_keystore(keystore, password)
    key = os.environ.get(PRIVATE_KEY)
    if not key:
        raise ConfigurationError(f"no key: set {PRIVATE_KEY}, or {KEYSTORE} to an encrypted key file")
    return LocalSigner(key)


@asynccontextmanager
async def open_transport(rpc: str) -> AsyncIterator[Transport]:
    """A connection to the node, closed at the end. Raises ConnectionFailed naming the address."""
    from olivepress.rpc import connect

    transport = await connect(rpc)
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def open_reader(rpc: str, manifest: Path) -> AsyncIterator[ExchangeReader]:
    """A reader of the deployment in the manifest, once the chain is known to be the manifest's."""
    from olivepress.exchange import ExchangeReader
    from olivepress.manifest import Deployment

    deployment = Deployment.load(manifest)
    async with open_transport(rpc) as transport:
        await deployment.verify(transport)
        yield ExchangeReader(transport, deployment)


@asynccontextmanager
async def open_client(rpc: str, manifest: Path, keystore: Path | None) -> AsyncIterator[ExchangeClient]:
    """A client that signs with the user's key, once the chain is known to be the manifest's."""
    from olivepress.exchange import ExchangeClient
    from olivepress.manifest import Deployment
    from olivepress.tx import TransactionSender

    signer = load_signer(keystore)
    deployment = Deployment.load(manifest)
    async with open_transport(rpc) as transport:
        await deployment.verify(transport)
        sender = TransactionSender(transport, signer, deployment.chain_id)
        try:
            yield ExchangeClient(sender, deployment)
        finally:
            await sender.close()
