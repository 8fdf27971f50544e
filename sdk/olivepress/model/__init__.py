"""The exchange in plain Python: what the contracts do, to the unit. How to use it: docs/model.md.

Read it in this order. Each module builds on those before it; the ids in its text (MARGIN-6) are those of the
rules in docs/spec, whose pages it implements.

    journal, errors, state         how a refused action leaves no trace, and what is remembered
    standard                       events of tokens and owners, which libraries log in the contracts
    feed, operators, oracle        an index: signed rounds in, exact averages out
    accounts, ledger               who acts for whom, cash and the list of an account
    mark, insurance, listing       what a series is worth, the brake of its feed, and its terms
    context, margin                one call on one book, and what its account must keep
    book, matching                 queues, and the loop that fills them
    trading, spreads               an order from the call to its margin check; two months at once
    liquidation                    an account below its margin
    realise, challenges            value to cash before expiry; a thinly covered settlement
    settlement, tokens             from expiry to money; positions as ERC-20
    reads, clearing, exchange      all verbs and reads, one line each
"""

from olivepress.model.exchange import Exchange
from olivepress.model.oracle import IndexOracle
from olivepress.model.state import Call

__all__ = ["Call", "Exchange", "IndexOracle"]
