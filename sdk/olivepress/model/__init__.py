"""The exchange in plain Python: what the contracts do, to the unit. How to use it: docs/model.md.

Read it in this order. Each module builds on those before it; the ids in its text (MARGIN-6) are those of the
rules in docs/spec, whose pages it implements.

    state, journal, errors         what is remembered, and how a refused action leaves no trace
    standard                       events of tokens and owners, which libraries log in the contracts
    feed, operators, oracle        an index: signed rounds in, exact averages out
    accounts, ledger, listing      who acts for whom, cash, the terms of a series
    mark, margin                   what a position is worth, and what its account must keep
    context, book, matching        one call on one book: queues, and the loop that fills them
    trading, spreads               an order from the call to its margin check; two months at once
    insurance, liquidation         an account below its margin
    realise, challenges            value to cash before expiry; a thinly covered settlement
    settlement, tokens             from expiry to money; positions as ERC-20
    exchange, clearing, reads      all verbs and reads, one line each
"""

from olivepress.model.exchange import Exchange
from olivepress.model.oracle import IndexOracle
from olivepress.model.state import Call

__all__ = ["Call", "Exchange", "IndexOracle"]
