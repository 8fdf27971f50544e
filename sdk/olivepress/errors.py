"""Every exception of the package.

    OlivepressError
    ├── ValidationError (also a ValueError)  field, value, allowed; raised before anything is sent
    │   ├── WrongType                        a float, a bool or another type where it has no place
    │   ├── WrongTick                        a price off the tick grid
    │   ├── WrongLots                        a size that is not a whole number of lots
    │   ├── OutOfRange                       outside the bounds of the field
    │   ├── UnknownSymbol
    │   ├── UnknownAccount
    │   └── UnknownFeed
    ├── TransportError                       url
    │   ├── ConnectionFailed                 sent: the request may have reached the node
    │   ├── RequestTimeout                   the request may have reached the node
    │   ├── RpcError                         code, message, data; the node refused
    │   └── SubscriptionsUnsupported
    ├── TransactionError                     tx_hash
    │   ├── Reverted                         name, values, data
    │   │   └── OutOfGas
    │   ├── NonceTooLow
    │   ├── Underpriced
    │   ├── InsufficientFunds
    │   ├── TransactionDropped               another transaction took its nonce: it can never run
    │   └── OutcomeUnknown                   it may or may not run; resolve() reads the chain
    │       └── ReceiptTimeout               taken by the node, but not mined in time
    ├── ManifestError                        field, value, expected
    └── ConfigurationError

The errors of the contracts are subclasses of `Reverted` with the same names as in Solidity.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from olivepress.tx import Receipt


class OlivepressError(Exception):
    """Base of every error that this package raises on purpose."""


class ValidationError(OlivepressError, ValueError):
    """A value that is refused before anything is sent.

    `field` names the argument, `value` is what was given, `allowed` says in words what would do.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(field, value, allowed)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r} is refused; allowed: {self.allowed}"


class WrongType(ValidationError):
    """The value has a type that this field does not take (money never takes a float)."""


class WrongTick(ValidationError):
    """The price is not a whole number of ticks."""


class WrongLots(ValidationError):
    """The size is not a whole number of lots, or not positive."""


class OutOfRange(ValidationError):
    """The value is outside the bounds of its field."""


class UnknownSymbol(ValidationError):
    """No series has this symbol or number."""


class UnknownAccount(ValidationError):
    """No account has this number, or the address owns none."""


class UnknownFeed(ValidationError):
    """The oracle has no feed with this number or name."""


class TransportError(OlivepressError):
    """Talking to the node failed. `url` is shown without credentials."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message)
        self.url = url


class ConnectionFailed(TransportError):
    """No connection, or it broke. `sent` is False when the request surely never left."""

    def __init__(self, message: str, *, url: str = "", sent: bool = False) -> None:
        super().__init__(message, url=url)
        self.sent = sent


class RequestTimeout(TransportError):
    """No answer in time. The node may have acted on the request all the same."""


class RpcError(TransportError):
    """The node answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None, *, url: str = "") -> None:
        super().__init__(f"node refused: {message} (code {code})", url=url)
        self.code = code
        self.message = message
        self.data = data


class SubscriptionsUnsupported(TransportError):
    """This transport cannot carry subscriptions; use a websocket or IPC address, or poll."""


class TransactionError(OlivepressError):
    """A transaction failed. `tx_hash` is None when nothing was sent."""

    def __init__(self, message: str, *, tx_hash: bytes | None = None) -> None:
        super().__init__(message)
        self.tx_hash = tx_hash

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} (transaction 0x{self.tx_hash.hex()})" if self.tx_hash else text


class Reverted(TransactionError):
    """The contract refused.

    `name` is the Solidity error ("" when unknown), `values` its arguments by name, `data` the raw bytes,
    `receipt` the receipt when the transaction was mined, None when it was refused before sending.
    """

    def __init__(
        self,
        data: bytes = b"",
        *,
        name: str = "",
        values: Mapping[str, Any] | None = None,
        message: str = "",
        tx_hash: bytes | None = None,
    ) -> None:
        self.data = data
        self.name = name
        self.values: dict[str, Any] = dict(values or {})
        self.receipt: Receipt | None = None
        super().__init__(message or self._describe(), tx_hash=tx_hash)

    def _describe(self) -> str:
        if self.name:
            return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.values.items())})"
        return f"reverted with data 0x{self.data.hex()}" if self.data else "reverted without data"


class OutOfGas(Reverted):
    """The gas limit of the transaction did not suffice."""


class NonceTooLow(TransactionError):
    """Another transaction of the same key was mined under the nonce, again and again."""


class Underpriced(TransactionError):
    """The fee is below what the node takes, or too low to replace a waiting transaction."""


class InsufficientFunds(TransactionError):
    """The key cannot pay value + gas."""


class TransactionDropped(TransactionError):
    """Another transaction was mined under the nonce: this one can never run."""


class OutcomeUnknown(TransactionError):
    """The connection broke while sending: the transaction may or may not run.

    `await error.resolve()` reads the chain and returns the receipt or raises what happened to it.
    """

    def __init__(
        self,
        message: str,
        *,
        tx_hash: bytes,
        resolve: Callable[..., Awaitable[Receipt]] | None = None,
    ) -> None:
        super().__init__(message, tx_hash=tx_hash)
        self._resolve = resolve

    async def resolve(self, *, resend: bool = False, timeout: float = 60.0) -> Receipt:
        """Finds out what became of the transaction.

        When the node does not know it: sends the same signed bytes again (`resend`), or else uses up its
        nonce with an empty transaction, so that it can never run, and raises `TransactionDropped`.
        """
        if self._resolve is None:
            raise TypeError("this OutcomeUnknown was made without a way to resolve it")
        return await self._resolve(resend=resend, timeout=timeout)


class ReceiptTimeout(OutcomeUnknown):
    """The node took the transaction but did not mine it in time. Wait again, bump its fee, or cancel it."""


class ManifestError(OlivepressError):
    """A deployment manifest does not fit. `field`, `value`, `expected` say where."""

    def __init__(self, field: str, value: object, expected: object) -> None:
        super().__init__(field, value, expected)
        self.field = field
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"manifest: {self.field} is {self.value!r}, expected {self.expected}"


class ConfigurationError(OlivepressError):
    """A setting, a file or a program that is needed is missing or wrong."""
