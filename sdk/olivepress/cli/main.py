"""Root of the command: its groups and commands."""

from __future__ import annotations

import typer

from olivepress.cli import chain, market, oracle, past, relay, simulate, trade
from olivepress.cli.exits import guarded

app = typer.Typer(
    name="olivepress",
    help="Cash-settled, expiring futures on the price of AI compute.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done, 2 wrong usage or value, 3 connection, 4 refused by the chain, "
        "5 outcome unknown, 130 interrupted. Keys come from OLIVEPRESS_PRIVATE_KEY or a "
        "keystore, never from the command line."
    ),
)
app.command("demo")(guarded(chain.demo))
app.command("devnet")(guarded(chain.devnet))
app.command("simulate")(guarded(simulate.simulate))
app.command("deploy")(guarded(chain.deploy))
app.command("series")(guarded(market.series))
app.command("book")(guarded(market.book))
app.command("account")(guarded(market.account))
app.command("deposit")(guarded(trade.deposit))
app.command("withdraw")(guarded(trade.withdraw))

order = typer.Typer(help="Place and cancel orders.", no_args_is_help=True)
order.command("place")(guarded(trade.place))
order.command("spread")(guarded(trade.spread))
order.command("cancel")(guarded(trade.cancel))
app.add_typer(order, name="order")

index = typer.Typer(help="Index values and how they come about.", no_args_is_help=True)
index.command("show")(guarded(market.index_show))
index.command("history")(guarded(past.history))
index.command("chart")(guarded(past.chart))
index.command("explain")(guarded(market.index_explain))
app.add_typer(index, name="index")

operators = typer.Typer(help="Run an index operator, and look after a set of them.", no_args_is_help=True)
operators.command("init")(guarded(oracle.init))
operators.command("keygen")(guarded(oracle.keygen))
operators.command("run")(guarded(oracle.run))
operators.command("status")(guarded(oracle.status))
operators.command("rotate")(guarded(oracle.rotate))
app.add_typer(operators, name="oracle")

relays = typer.Typer(help="Put signed index reports on the chain.", no_args_is_help=True)
relays.command("run")(guarded(relay.run))
relays.command("rounds")(guarded(relay.rounds))
app.add_typer(relays, name="relay")
