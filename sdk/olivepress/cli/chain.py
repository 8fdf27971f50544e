"""Commands that start a chain or deploy: demo, devnet, deploy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from olivepress.cli.options import (
    DEFAULT_MANIFEST,
    DEFAULT_RPC,
    AsJson,
    Keystore,
    Manifest,
    Rpc,
    load_signer,
    open_transport,
)
from olivepress.cli.output import print_json, print_pairs

Seed = Annotated[int, typer.Option(help="The same seed repeats a run exactly.")]


def demo(
    seed: Seed = 1,
    fast: Annotated[bool, typer.Option("--fast", help="Fewer rounds a day: under 30 seconds.")] = False,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Month of recorded LLM prices to replay.")
    ] = "2024-11",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where report.json and report.html go.")] = Path(
        "out/demo"
    ),
    as_json: AsJson = False,
) -> None:
    """Trade and settle one contract month on a local chain, from real prices to the last withdrawal."""
    from olivepress_bots.demo.run import run_demo

    report = run_demo(seed=seed, fast=fast, out=out, month=month, quiet=as_json)
    if as_json:
        print_json(report)
    if not report["ok"]:
        raise typer.Exit(1)


def devnet(
    manifest: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the deployment manifest is written.")
    ] = DEFAULT_MANIFEST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the chain; 0 for a free one.")] = 8545,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Run a local exchange in real time, with operators and bots, until Ctrl-C."""
    from olivepress_bots.devnet import run_devnet

    run_devnet(manifest=manifest, port=port, seed=seed, as_json=as_json)


def deploy(
    collateral: Annotated[
        str | None, typer.Option(help="Address of the ERC-20 that serves as money; local chains get a mock.")
    ] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Deploy oracle and exchange with your key, and write the manifest."""
    from olivepress.manifest import require_new

    require_new(manifest)
    signer = load_signer(keystore)

    async def go() -> dict[str, object]:
        from olivepress.deploy import deploy_all
        from olivepress.tx import TransactionSender

        async with open_transport(rpc) as transport:
            chain_id = int(await transport.request("eth_chainId"), 16)
            sender = TransactionSender(transport, signer, chain_id)
            try:
                deployment = await deploy_all(sender, collateral=collateral)
            finally:
                await sender.close()
            deployment.save(manifest)
            return {
                "chain_id": deployment.chain_id,
                "block": deployment.block,
                **{name: info.address for name, info in deployment.contracts.items()},
                "manifest": str(manifest),
            }

    result = asyncio.run(go())
    if as_json:
        print_json(result)
    else:
        print_pairs("Deployed", result)
