"""What a run must have reached: every verb of exchange, oracle and tokens, and every error of theirs."""

from __future__ import annotations

from collections.abc import Iterable

from differential.actions import verbs
from differential.interfaces import KINDS, interface_of, views_of

ENOUGH = 20_000
"""Actions from which on a run must have reached everything."""

TRANSFER = "token.transfer"
TOKEN_VERBS = {TRANSFER, "token.mint", "token.burn"}
"""Of a position token; mint and burn are the exchange's alone. Allowances and permits are a library's."""
TOKEN_ERRORS = {"OnlyExchange", "ERC20InsufficientBalance", "ERC20InvalidReceiver"}

UNREACHABLE = {
    "InvalidShortString": "of a library's constructor, with a name of fixed length",
    "StringTooLong": "of a library's constructor, with a name of fixed length",
    "LevelFull": "needs 4,294,967,294 orders at one tick; a forge test sets the queue's end instead",
    "MaxLagOutOfRange": "of the oracle's constructor; a forge test and a test of the model expect it",
    "OwnableInvalidOwner": "of constructors only: ownership moves in two steps",
    "Reentered": "needs a token that calls back; a forge test has one",
    "SafeERC20FailedOperation": "needs a token that returns false; a forge test has one",
    "TooManyDecimals": "of the constructor, with a token of more than 8 decimals",
    "UnsupportedToken": "needs a token that takes a fee on transfer; a forge test and an SDK test have one",
}
"""Errors that no sequence of actions on a deployed exchange can reach, each with its reason."""

_MOCK = "MockUSDC's own: it stands for a token that is not ours"
UNCOMPARED = {
    ("usdc", "DOMAIN_SEPARATOR"): _MOCK,
    ("usdc", "decimals"): _MOCK,
    ("usdc", "eip712Domain"): _MOCK,
    ("usdc", "name"): _MOCK,
    ("usdc", "nonces"): _MOCK,
    ("usdc", "symbol"): _MOCK,
    ("usdc", "totalSupply"): _MOCK,
}
"""Views that are compared nowhere, each with its reason."""


def views() -> frozenset[tuple[str, str]]:
    """Every view, by kind of contract and name, that has to be compared."""
    kinds = ("exchange", *KINDS)
    return frozenset((one, name) for one in kinds for name in views_of(one)) - UNCOMPARED.keys()


def errors() -> frozenset[str]:
    """Every error of the interfaces that can be reached."""
    named = {*interface_of("exchange").errors, *interface_of("oracle").errors, *TOKEN_ERRORS}
    return frozenset(named - UNREACHABLE.keys())


def missing(outcomes: Iterable[tuple[str, str]]) -> list[str]:
    """Verbs that did not run, verbs that never went through, and errors that were not met."""
    seen = set(outcomes)
    ran = {verb for verb, _ in seen}
    done = {verb for verb, outcome in seen if outcome == "ok"}
    met = {outcome for _, outcome in seen}
    lacks = [f"{verb} was not called" for verb in sorted((verbs() | TOKEN_VERBS) - ran)]
    lacks += [f"{verb} never went through" for verb in sorted(((verbs() | {TRANSFER}) & ran) - done)]
    return lacks + [f"{error} was not met" for error in sorted(errors() - met)]
