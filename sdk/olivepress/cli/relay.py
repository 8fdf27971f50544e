"""Commands of the relay, which puts signed index reports on the chain."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from olivepress.cli.options import AsJson
from olivepress.cli.output import print_json, print_table


def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Settings; see docs/operators.md.")],
) -> None:
    """Collect signed reports over HTTP and put every round with a quorum on the chain, until stopped."""
    from olivepress.oracle.relay import RelaySettings, serve
    from olivepress.oracle.service import log_to_stderr, run_until_stopped
    from olivepress.oracle.settings import read_settings

    settings = read_settings(config, RelaySettings)
    log_to_stderr()
    asyncio.run(run_until_stopped(serve(settings, config.parent)))


def rounds(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the relay.")],
    as_json: AsJson = False,
) -> None:
    """What a relay has collected, newest first."""
    from olivepress.oracle.relay_client import RelayClient

    async def ask() -> list[dict[str, object]]:
        async with RelayClient(url) as relay:
            answer: list[dict[str, object]] = (await relay.rounds())["rounds"]
            return answer

    found = asyncio.run(ask())
    if as_json:
        print_json(found)
        return
    columns = ("observed_at", "version", "feeds", "reports", "quorum", "state", "why")
    rows = [[str(one[name]) for name in columns] for one in found]
    print_table(f"Rounds of {url}", [name.replace("_", " ") for name in columns], rows)
