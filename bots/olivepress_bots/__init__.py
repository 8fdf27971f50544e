"""Bots for olivepress: pure strategies and one runner.

    view, actions            what a strategy knows, and what it may ask for
    maker, hedger, noise     decide(view, config, now) -> list[Action], pure
    reporter                 an index operator: quotes to a signed report
    runner                   the only part that does I/O: reads the mirror, decides, sends one batch
    demo                     one month of futures from listing to the last withdrawal

A strategy sees integers only (ticks, lots, base units); its settings are human units in a validated config.
"""
