"""The exchange without a chain: the executable model as a venue, for simulations and backtests.

A bot's runner and strategies cannot tell it from a chain. Block times, latency and what a transaction costs
are parameters; time is virtual, so a month passes in seconds, and the same seed gives the same result on
every machine.
"""

from olivepress_bots.simulation.chain import Conditions, SimulatedChain
from olivepress_bots.simulation.clock import run_virtually
from olivepress_bots.simulation.month import MonthResult, simulate_month
from olivepress_bots.simulation.venue import SimulatedVenue

__all__ = [
    "Conditions",
    "MonthResult",
    "SimulatedChain",
    "SimulatedVenue",
    "run_virtually",
    "simulate_month",
]
