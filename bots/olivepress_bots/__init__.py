"""Bots for olivepress: pure strategies and one runner.

    view, actions            what a strategy knows, and what it may ask for
    maker, hedger, noise     decide(view, config, now) -> list[Action], pure
    runner                   the only part that does I/O: reads the venue, decides, sends one batch
    venue, simulation        where an account trades: a chain, or the model in virtual time
    committee                the operators of a local market and their relay, in one process
    demo                     one month of futures from listing to the last withdrawal

A strategy sees integers only (ticks, lots, base units); its settings are human units in a validated config.
"""
