"""`olivepress simulate`: the demo's month on the executable model, without a chain."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import Annotated

import typer

from olivepress.cli.options import AsJson
from olivepress.cli.output import print_json, print_pairs, print_table

_LONGEST = 600_000


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed repeats a run exactly, on any machine.")] = 1,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Month of recorded LLM prices to replay.")
    ] = "2024-11",
    fast: Annotated[bool, typer.Option("--fast", help="Fewer index rounds a day.")] = False,
    block_time: Annotated[
        int,
        typer.Option(min=0, max=_LONGEST, metavar="MS", help="Between blocks; 0: the demo's own moments."),
    ] = 2_000,
    latency: Annotated[
        int, typer.Option(min=0, max=_LONGEST, metavar="MS", help="One way to the chain.")
    ] = 100,
    transaction_cost: Annotated[
        int, typer.Option(min=0, metavar="UNITS", help="Gas money of a transaction, millionths of a USDC.")
    ] = 0,
    operation_cost: Annotated[
        int, typer.Option(min=0, metavar="UNITS", help="And of each operation in a batch.")
    ] = 0,
    decide_every: Annotated[
        int, typer.Option(min=1, metavar="S", help="Between two decisions of a bot.")
    ] = 900,
    as_json: AsJson = False,
) -> None:
    """Play a month with the demo's bots on the model: virtual time, no chain, the same rules to the unit."""
    from rich.progress import track

    from olivepress_bots.demo.scenario import make_scenario
    from olivepress_bots.simulation import Conditions, simulate_month

    scenario = make_scenario(seed, fast=fast, month=month)
    conditions = Conditions(
        block_time=block_time,
        latency=latency if block_time else 0,
        transaction_cost=transaction_cost,
        operation_cost=operation_cost,
    )
    steps = iter(track(range(scenario.days * 86_400 // scenario.interval), "playing", disable=as_json))

    def progress(seconds: int) -> None:
        next(steps, None)

    result = simulate_month(scenario, conditions, decide_every=decide_every, progress=progress)
    deque(steps, maxlen=0)  # the bar to its end
    data = asdict(result) | {"conditions": conditions.model_dump(), "seed": seed, "month": scenario.month}
    if as_json:
        print_json(data)
        return
    columns = ("party", "profit and loss", "gas", "transactions", "refused")
    rows = [(one.name, one.pnl, one.gas, one.transactions, one.refused) for one in result.parties]
    print_table(f"{scenario.month} on the model, USDC", columns, rows)
    print_pairs("Settled", dict(result.settled) | {"blocks": result.blocks, "digest": result.digest})
