"""What the contracts log through libraries: events of ERC-20 and of Ownable2Step (OpenZeppelin).

The SDK's streams leave them out, so they are not among `olivepress.events`.
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.events.model import Event


@dataclass(frozen=True, slots=True)
class Transfer(Event):
    """Logged by `token`, not by the exchange; the zero address for minting and burning."""

    token: str
    from_: str
    to: str
    amount: int


@dataclass(frozen=True, slots=True)
class OwnershipTransferStarted(Event):
    """`new_owner` may accept."""

    previous_owner: str
    new_owner: str


@dataclass(frozen=True, slots=True)
class OwnershipTransferred(Event):
    previous_owner: str
    new_owner: str
