"""Why a transaction failed: revert data out of node errors and traces, and node refusals as typed errors."""

from __future__ import annotations

from typing import Any

from olivepress.errors import InsufficientFunds, NonceTooLow, RpcError, TransactionError, Underpriced
from olivepress.rpc import Transport
from olivepress.signer import Transaction
from olivepress.tx.receipts import Receipt

# Nodes word these differently; matched without case.
_KNOWN = ("already known", "already imported", "known transaction", "alreadyknown")
_REFUSALS: tuple[tuple[tuple[str, ...], type[TransactionError]], ...] = (
    # A replacement that nobody asked for: the nonce belongs to a waiting transaction of another process.
    (("nonce too low", "nonce is too low", "nonce has already been used", "replacement"), NonceTooLow),
    (("insufficient funds", "insufficient balance"), InsufficientFunds),
    (
        ("underpriced", "less than block base fee", "max fee per gas", "fee cap", "gas price too low"),
        Underpriced,
    ),
)


def is_already_known(error: RpcError) -> bool:
    """The node has exactly this transaction already."""
    return any(word in error.message.lower() for word in _KNOWN)


def refusal(error: RpcError, tx_hash: bytes | None) -> TransactionError:
    """A refused transaction as a typed error."""
    text = error.message.lower()
    for words, kind in _REFUSALS:
        if any(word in text for word in words):
            return kind(error.message, tx_hash=tx_hash)
    return TransactionError(f"the node refused the transaction: {error.message}", tx_hash=tx_hash)


def revert_data(error: RpcError) -> bytes | None:
    """The revert data in the answer to eth_call or eth_estimateGas; None when it is another error."""
    data: Any = error.data
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str):
        start = data.find("0x")
        try:
            return bytes.fromhex(data[start + 2 :]) if start >= 0 else b""
        except ValueError:
            return b""
    return b"" if error.code == 3 or "revert" in error.message.lower() else None


async def mined_revert_data(transport: Transport, tx: Transaction, sender: str, receipt: Receipt) -> bytes:
    """Revert data of a mined transaction: from its trace, else from a call on the state before its block."""
    try:
        trace = await transport.request(
            "debug_traceTransaction", ["0x" + receipt.tx_hash.hex(), {"tracer": "callTracer"}]
        )
        return bytes.fromhex(str(trace.get("output") or "0x")[2:])
    except RpcError:
        pass  # no debug interface
    call = {
        "from": sender,
        "data": "0x" + tx.data.hex(),
        "value": hex(tx.value),
        "gas": hex(tx.gas),
        **({"to": "0x" + tx.to.hex()} if tx.to is not None else {}),
    }
    try:
        await transport.request("eth_call", [call, hex(receipt.block_number - 1)])
    except RpcError as error:
        return revert_data(error) or b""
    return b""
