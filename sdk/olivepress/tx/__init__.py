"""Transactions: nonces, fees, journal, receipts, and outcomes that can be trusted.

`TransactionSender.send` returns once the node has taken the transaction; `PendingTx.receipt` returns the
receipt or raises what happened. When neither can be known (a broken connection), `OutcomeUnknown` is
raised, and its `resolve()` reads the chain. Nothing is ever sent a second time under another nonce unless
the first can never run.
"""

from olivepress.tx.fees import FeePolicy
from olivepress.tx.journal import FileJournal, Intent, Journal, MemoryJournal, Outcome
from olivepress.tx.pending import PendingTx
from olivepress.tx.receipts import Receipt, ReceiptWatcher, parse_receipt
from olivepress.tx.reverts import revert_data
from olivepress.tx.sender import Recovered, TransactionSender

__all__ = [
    "FeePolicy",
    "FileJournal",
    "Intent",
    "Journal",
    "MemoryJournal",
    "Outcome",
    "PendingTx",
    "Receipt",
    "ReceiptWatcher",
    "Recovered",
    "TransactionSender",
    "parse_receipt",
    "revert_data",
]
