"""Commands of an oracle operator: oracle init, keygen, run, status, rotate."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from olivepress.cli.options import (
    DEFAULT_MANIFEST,
    DEFAULT_RPC,
    KEYSTORE_PASSWORD,
    AsJson,
    Keystore,
    Manifest,
    Rpc,
    load_signer,
    open_transport,
)
from olivepress.cli.output import plain_data, print_json, print_pairs, print_table
from olivepress.errors import ConfigurationError

if TYPE_CHECKING:
    from olivepress.oracle import OracleClient
    from olivepress.oracle.operator.status import FeedStatus, Status
    from olivepress.rotation import Rotation

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings, as `oracle init` writes them.")]


def init(
    config: Config = Path("operator.toml"),
    as_json: AsJson = False,
) -> None:
    """Write a configuration file with a comment on every setting, to be edited."""
    sample = resources.files("olivepress.oracle.operator") / "sample.toml"
    try:
        with open(config, "x", encoding="utf-8") as file:
            file.write(sample.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{config}: {error.strerror}; nothing was written") from None
    if as_json:
        print_json({"config": str(config)})
    else:
        print(f"Wrote {config}. Edit it, then: olivepress oracle run {config}")


def run(config: Config) -> None:
    """Run an operator until SIGTERM or Ctrl-C: poll the sources, compute, sign, hand on to the relays."""
    from olivepress.oracle.operator.app import OperatorApp
    from olivepress.oracle.service import log_to_stderr

    log_to_stderr()

    async def go() -> None:
        await OperatorApp(config).run()

    asyncio.run(go())


def keygen(
    keystore: Annotated[Path, typer.Argument(metavar="FILE", help="Encrypted key file to write.")] = Path(
        "operator.json"
    ),
    as_json: AsJson = False,
) -> None:
    """Make a key, write it encrypted, print its address."""
    from olivepress.signer import LocalSigner

    if keystore.exists():
        raise ConfigurationError(f"{keystore} exists and is not overwritten")
    password = os.environ.get(KEYSTORE_PASSWORD)
    if password is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    signer = LocalSigner.random()
    signer.to_keystore(keystore, password)
    if as_json:
        print_json({"address": signer.address, "keystore": str(keystore)})
    else:
        print(f"{signer.address}\nThe key is in {keystore}. Keep a copy of it and of the password apart.")


@asynccontextmanager
async def _oracle(rpc: str, manifest: Path) -> AsyncIterator[OracleClient]:
    from olivepress.manifest import Deployment
    from olivepress.oracle import OracleClient

    deployment = Deployment.load(manifest)
    async with open_transport(rpc) as transport:
        await deployment.verify(transport)
        yield OracleClient(transport, deployment)


def status(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="An operator's settings: its node, key, relays.")
    ] = None,
    operator: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Whose membership to show.")] = None,
    relay: Annotated[list[str] | None, typer.Option(metavar="URL", help="A relay to ask.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    as_json: AsJson = False,
) -> None:
    """Show every feed's value and age, pending rounds, operators and quorum, and how the relays are."""
    from olivepress.oracle.operator.config import load_config, resolved
    from olivepress.oracle.operator.status import read_status
    from olivepress.signer import address_bytes, checksum_address

    relays = list(relay or ())
    if config is not None:
        settings = load_config(config)
        rpc, manifest = resolved("rpc", settings.rpc), config.parent / settings.manifest
        relays = relays or [resolved("relays", one) for one in settings.relays]
        operator = operator or _address(settings.key, config.parent)
    if operator is not None:
        operator = checksum_address(address_bytes(operator, field="operator"))

    async def go() -> Status:
        async with _oracle(rpc, manifest) as client:
            return await read_status(client, operator, relays)

    told = asyncio.run(go())
    if as_json:
        print_json(told)
    else:
        _print_status(told)


def _address(key: Any, folder: Path) -> str:
    """Of a keystore without its password, where it says so."""
    if key.keystore is not None:
        try:
            return "0x" + str(json.loads((folder / key.keystore).read_text())["address"]).removeprefix("0x")
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the key itself tells, or says what is wrong with the file
    return str(key.load(folder).address)


def _print_status(told: Status) -> None:
    def row(feed: FeedStatus) -> list[object]:
        state = "halted" if feed.halted else "pending" if feed.pending_since else "fresh"
        age = "-" if feed.age is None else f"{feed.age} of {feed.heartbeat} s"
        return [
            feed.symbol,
            feed.value,
            age,
            state if feed.fresh or state != "fresh" else "stale",
            feed.pending_value,
            f"{feed.quorum} of {feed.operators}, set {feed.operator_set}",
            feed.version,
            feed.member,
        ]

    when = datetime.fromtimestamp(told.block_time, UTC)
    print_table(
        f"Oracle at block {told.block}, {when:%Y-%m-%d %H:%M:%S} UTC",
        ("feed", "value", "age", "state", "pending value", "quorum", "version", "member"),
        [row(feed) for feed in told.feeds],
    )
    if told.operator is not None:
        print(f"operator {told.operator}")
    if told.relays:
        rows = []
        for relay in told.relays:
            newest = next(iter(relay.rounds), {})
            at = newest.get("observed_at")
            shown = (
                f"{newest.get('reports')} of {newest.get('quorum')}, {newest.get('state')}"
                if newest
                else None
            )
            rows.append((relay.url, relay.problem or "answers", at, shown))
        print_table("Relays", ("relay", "health", "newest round", "reports of quorum"), rows)


def rotate(
    operator_set: Annotated[int, typer.Argument(metavar="SET", help="Number of the operator set.")],
    operators: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="All operators of the new set.")
    ],
    quorum: Annotated[
        int | None, typer.Option(help="Signers that a round needs; today's where the new set allows it.")
    ] = None,
    calldata: Annotated[
        bool, typer.Option("--calldata", help="Print nothing but the calldata for the oracle's owner.")
    ] = False,
    submit: Annotated[
        bool,
        typer.Option(
            "--submit",
            help="Send it with your key: as the owner, or as a proposer of the timelock that is the owner. "
            "There the first call schedules, and the same call after the delay executes.",
        ),
    ] = False,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Show what replacing a set's operators would change; with --submit, do it."""
    from olivepress.rotation import plan_rotation, submit_rotation
    from olivepress.tx import TransactionSender

    signer = load_signer(keystore) if submit else None

    async def go() -> tuple[Rotation, dict[str, Any]]:
        async with _oracle(rpc, manifest) as client:
            rotation = await plan_rotation(client, operator_set, operators, quorum)
            if signer is None:
                return rotation, {}
            sender = TransactionSender(client.transport, signer, client.deployment.chain_id)
            try:
                done: dict[str, Any] = plain_data(await submit_rotation(client, sender, rotation))
            finally:
                await sender.close()
            return rotation, done

    rotation, done = asyncio.run(go())
    if calldata:
        print("0x" + rotation.calldata.hex())
    elif as_json:
        print_json({"rotation": rotation, "submitted": done or None})
    else:
        _print_rotation(rotation, done)


def _print_rotation(rotation: Rotation, done: dict[str, Any]) -> None:
    bits = {f"operator {bit}": address for bit, address in enumerate(rotation.operators)}
    pairs = {
        "quorum": f"{rotation.quorum_before} -> {rotation.quorum}",
        "hash": f"{rotation.operators_hash_before} -> {rotation.operators_hash}",
        **bits,
        "added": ", ".join(rotation.added) or None,
        "removed": ", ".join(rotation.removed) or None,
        "to": rotation.oracle,
        "calldata": "0x" + rotation.calldata.hex(),
    }
    print_pairs(f"Rotation of operator set {rotation.operator_set}", pairs)
    if not done:
        print("Nothing was sent; --submit sends it.")
    elif done["what"] == "rotated":
        print(f"Rotated, in transaction {done['tx_hash']}.")
    else:
        ready = datetime.fromtimestamp(done["ready_at"], UTC)
        print(f"The timelock is {done['what']}: run the same command after {ready:%Y-%m-%d %H:%M:%S} UTC.")
