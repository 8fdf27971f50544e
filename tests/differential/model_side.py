"""Actions as calls of the model, with what is around it: collateral, signatures, token contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from differential.actions import Action, python_name
from differential.interfaces import views_of
from differential.outcome import NO_TOKEN, Outcome, Told, named_error, plain, returned, told
from differential.updates import Update, s_of
from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.ledger import transfer
from olivepress.model.operators import Batch, Report
from olivepress.model.standard import Transfer
from olivepress.model.state import ZERO_ADDRESS, Token
from olivepress.oracle.codec import OracleDomain
from olivepress.reverts import (
    ERC20InsufficientAllowance,
    ERC20InvalidSpender,
    OnlyExchange,
    UnknownFunction,
)
from olivepress.reverts.base import ContractError

# Reads of the model that need no time.
_TIMELESS = {"accumulated", "heartbeat"}
UNLIMITED = 2**256 - 1
"""An allowance that nothing takes from."""


class ModelSide:
    """One model of an exchange with its oracle.

    :param addresses: of 'exchange', 'oracle', 'usdc' and 'factory', in lower case
    """

    def __init__(self, addresses: Mapping[str, str], *, owner: str, chain_id: int, max_lag: int) -> None:
        self.oracle = IndexOracle(owner, max_lag)
        self.exchange = Exchange(
            self.oracle,
            owner=owner,
            address=addresses["exchange"],
            collateral=addresses["usdc"],
            factory=addresses["factory"],
        )
        self.domain = OracleDomain(chain_id, addresses["oracle"])
        self.allowances: dict[tuple[str, str, str], int] = {}
        """By token, owner and spender. They are a library's, and the model has none."""
        self._approvals: list[Told] = []

    def run(self, action: Action) -> Outcome:
        """What the model makes of an action."""
        tokens = self.exchange.state.tokens.values()
        if action.target == "token" and not any(one.address == action.args[0] for one in tokens):
            return Outcome(NO_TOKEN, (), ())
        try:
            values = returned(self._call(action))
            error = ""
        except ContractError as refused:
            error, values = named_error(refused)
        events = [told(one, self.domain.oracle) for one in self.oracle.log.drain()]
        events += [told(one, self.exchange.state.address) for one in self.exchange.log.drain()]
        events += self._approvals
        self._approvals.clear()
        return Outcome(error, values, tuple(events))

    def _call(self, action: Action) -> Any:
        call = Call(action.sender, action.at)
        match action.target, action.function:
            case "exchange", "":
                raise UnknownFunction(b"", {"selector": action.args[0][:4]})
            case "exchange", _:
                return getattr(self.exchange, python_name(action.function))(call, *action.args)
            case "oracle", function:
                return self._call_oracle(function, call, action.args)
            case "usdc", function:
                return self._call_usdc(function, call, action.args)
            case "token", function:
                return self._call_token(function, call, action.args)
        raise ValueError(f"no such target: {action.verb}")

    def _call_oracle(self, function: str, call: Call, args: tuple[Any, ...]) -> Any:
        method = getattr(self.oracle, python_name(function))
        if function in views_of("oracle"):
            return method(*args) if function in _TIMELESS else method(*args, call.time)
        if function == "addFeed":
            return method(call, FeedInfo(*args[0]))
        if function in ("addOperatorSet", "rotateOperators"):
            args = tuple(plain(one) for one in args)
        if function not in ("update", "noteRange"):
            return method(call, *args)
        return method(call, self._batch(args[0]))

    def _batch(self, update: Update) -> Batch:
        signed = zip(update.recovered(self.domain), update.values, update.signatures, strict=True)
        return Batch(
            observed_at=update.observed_at,
            version=update.version,
            operator_set=update.operator_set,
            signers=update.signers,
            feeds=update.feeds,
            medians=update.medians,
            silent=update.silent,
            reports=tuple(Report(signer, values, s_of(signature)) for signer, values, signature in signed),
        )

    def _call_usdc(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        """Collateral is not the exchange's: a plain book of balances stands for it."""
        state, token = self.exchange.state, self.exchange.collateral
        if function == "mint":
            to, amount = args
            token.balances[to] = token.balances.get(to, 0) + amount
            state.log.add(Transfer, token.address, ZERO_ADDRESS, to, amount)
        elif function == "transfer":
            transfer(state, token, call.sender, *args)
            state.journal.entries.clear()
        elif function == "approve":
            self._approve(token, call, *args)
        else:
            raise ValueError(f"collateral has no {function} here")

    def _call_token(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        address, *rest = args
        tokens = self.exchange.state.tokens
        (series, long), token = next(pair for pair in tokens.items() if pair[1].address == address)
        if function == "transfer":
            self.exchange.transfer_token(call, series, long, *rest)
        elif function == "approve":
            self._approve(token, call, *rest)
        elif function == "transferFrom":
            owner, to, amount = rest
            allowed = self._allowed(token, owner, call.sender, amount)
            self.exchange.transfer_token(Call(owner, call.time), series, long, to, amount)
            self.allowances[address, owner, call.sender] = allowed
        else:  # mint and burn are the exchange's own
            raise OnlyExchange(b"", {"caller": call.sender})

    def _approve(self, token: Token, call: Call, spender: str, amount: int) -> None:
        if spender == ZERO_ADDRESS:
            raise ERC20InvalidSpender(b"", {"spender": spender})
        self.allowances[token.address, call.sender, spender] = amount
        self._approvals.append(("Approval", call.sender, spender, amount, token.address))

    def _allowed(self, token: Token, owner: str, spender: str, amount: int) -> int:
        """What is left of an allowance when so much is spent."""
        allowed = self.allowances.get((token.address, owner, spender), 0)
        if allowed < amount:
            values = {"spender": spender, "allowance": allowed, "needed": amount}
            raise ERC20InsufficientAllowance(b"", values)
        return allowed if allowed == UNLIMITED else allowed - amount
