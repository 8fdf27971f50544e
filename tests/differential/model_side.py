"""Actions as calls of the model, with what is around it: collateral, signatures, token contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from differential.actions import Action, is_view, python_name
from differential.outcome import NO_TOKEN, Outcome, named_error, plain, returned, told
from differential.updates import Update
from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.operators import Batch, Report
from olivepress.oracle.codec import OracleDomain
from olivepress.reverts import ERC20InsufficientBalance, MalleableSignature, OnlyExchange, UnknownFunction
from olivepress.reverts.base import ContractError

# Reads of the model that need no time.
_TIMELESS = {"accumulated", "heartbeat"}


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
        events = [*self.oracle.log.drain(), *self.exchange.log.drain()]
        return Outcome(error, values, tuple(told(one) for one in events))

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
        if is_view("oracle", function):
            return method(*args) if function in _TIMELESS else method(*args, call.time)
        if function == "addFeed":
            return method(call, FeedInfo(*args[0]))
        if function in ("addOperatorSet", "rotateOperators"):
            args = tuple(plain(one) for one in args)
        if function not in ("update", "noteRange"):
            return method(call, *args)
        update: Update = args[0]
        try:
            return method(call, self._batch(update))
        except ContractError as refused:
            # Recovering signers is not the model's: a malleable one names nobody there.
            s = update.malleable()
            if refused.name == "WrongOperators" and s is not None:
                raise MalleableSignature(b"", {"s": s}) from None
            raise

    def _batch(self, update: Update) -> Batch:
        signers = update.recovered(self.domain)
        return Batch(
            observed_at=update.observed_at,
            version=update.version,
            operator_set=update.operator_set,
            signers=update.signers,
            feeds=update.feeds,
            medians=update.medians,
            silent=update.silent,
            reports=tuple(Report(one, values) for one, values in zip(signers, update.values, strict=True)),
        )

    def _call_usdc(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        """Collateral is not the exchange's: a plain book of balances stands for it."""
        balances = self.exchange.collateral.balances
        if function == "mint":
            to, amount = args
            balances[to] = balances.get(to, 0) + amount
        elif function == "transfer":
            to, amount = args
            held = balances.get(call.sender, 0)
            if held < amount:
                values = {"sender": call.sender, "balance": held, "needed": amount}
                raise ERC20InsufficientBalance(b"", values)
            balances[call.sender] = held - amount
            balances[to] = balances.get(to, 0) + amount
        else:
            raise ValueError(f"collateral has no {function} here")

    def _call_token(self, function: str, call: Call, args: tuple[Any, ...]) -> None:
        address = args[0]
        series, long = next(key for key, one in self.exchange.state.tokens.items() if one.address == address)
        if function == "transfer":
            self.exchange.transfer_token(call, series, long, *args[1:])
        else:  # mint and burn are the exchange's own
            raise OnlyExchange(b"", {"caller": call.sender})
