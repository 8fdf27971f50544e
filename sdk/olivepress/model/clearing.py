"""The verbs of IClearing, ILiquidation and ITokenDesk. What each does is in the modules they call."""

from __future__ import annotations

from collections.abc import Sequence

from olivepress.model import challenges, liquidation, realise, settlement, tokens
from olivepress.model.journal import Journal, Log, atomic
from olivepress.model.state import ZERO_ADDRESS, Call, State


class Clearing:
    """From value to cash, from expiry to money, and what happens below margin."""

    state: State
    journal: Journal
    log: Log

    # --- IClearing ---

    @atomic
    def realise(self, call: Call, account: int, series: int, payers: Sequence[int] = ()) -> int:
        """Draws a flat account's gain, or pays its debt. By anyone. Returns the change of its cash."""
        return realise.realise(self.state, call, account, series, payers)

    @atomic
    def settle(self, call: Call, series: int) -> int:
        """Fixes the settlement tick of an expired series."""
        return settlement.settle(self.state, call, series)

    @atomic
    def settle_accounts(self, call: Call, accounts: Sequence[int]) -> None:
        """Settles every settled series of the accounts."""
        settlement.settle_accounts(self.state, call, accounts)

    @atomic
    def draw(self, call: Call, account: int, series: int) -> int:
        """Pays out what a claim on a closed series may draw now."""
        return settlement.draw(self.state, call, account, series)

    @atomic
    def collect_fees(self, call: Call, series: int) -> int:
        """A closed series' fees into the treasury."""
        return settlement.collect_fees(self.state, call, series)

    @atomic
    def collect_bounty(self, call: Call, series: int) -> int:
        """What the caller's account earned by settling accounts of a closed series."""
        return settlement.collect_bounty(self.state, call, series)

    @atomic
    def challenge(self, call: Call, series: int) -> None:
        """Posts a bond against the average of a thinly covered window."""
        challenges.challenge(self.state, call, series)

    @atomic
    def rule(self, call: Call, series: int, tick: int, evidence: bytes) -> None:
        """The arbiter decides a challenge."""
        challenges.rule(self.state, call, series, tick, evidence)

    def challenge_bond(self) -> int:
        """What a challenge costs until it is ruled, base units."""
        return self.state.bond

    # --- ILiquidation ---

    @atomic
    def cancel_orders(self, call: Call, account: int) -> None:
        """Kills all orders of an account whose equity would not carry their fills."""
        liquidation.cancel_orders(self.state, call, account)

    @atomic
    def liquidate(
        self, call: Call, account: int, series: int, lots: int, limit: int, max_steps: int = 0
    ) -> tuple[int, int]:
        """Closes part of a position below MM through the book. Returns lots closed and the keeper's
        reward."""
        return liquidation.liquidate(self.state, call, account, series, lots, limit, max_steps)

    @atomic
    def auction(self, call: Call, account: int, feed: int, fraction: int) -> tuple[int, int]:
        """Takes a fraction (1e-6) of all positions in a feed. Returns the discounts that account and
        insurance paid."""
        return liquidation.auction(self.state, call, account, feed, fraction)

    @atomic
    def flag(self, call: Call, account: int) -> None:
        """Notes that an account is below MM or below zero, or that it has recovered."""
        liquidation.flag(self.state, call, account)

    @atomic
    def declare(self, call: Call, account: int, feed: int) -> int:
        """Declares a deficit, or clears a cured one. Returns the amount that stands now."""
        return liquidation.declare(self.state, call, account, feed)

    # --- ITokenDesk ---

    @atomic
    def create_tokens(self, call: Call, series: int) -> tuple[str, str]:
        """The LONG and the SHORT token of a series."""
        return tokens.create_tokens(self.state, call, series)

    @atomic
    def wrap(self, call: Call, series: int, long: bool, lots: int, to: str) -> None:
        """Lots of the caller's position become tokens of `to`."""
        tokens.wrap(self.state, call, series, long, lots, to)

    @atomic
    def unwrap(self, call: Call, series: int, long: bool, lots: int) -> None:
        """The caller's tokens become lots of its position."""
        tokens.unwrap(self.state, call, series, long, lots)

    @atomic
    def redeem(self, call: Call, series: int, long: bool, lots: int) -> int:
        """The caller's tokens become a claim of its account. Returns the claim."""
        return tokens.redeem(self.state, call, series, long, lots)

    @atomic
    def transfer_token(self, call: Call, series: int, long: bool, to: str, lots: int) -> None:
        """The token's own `transfer`."""
        tokens.transfer(self.state, call, series, long, to, lots)

    def token_of(self, series: int, long: bool) -> str:
        """The zero address where there is none."""
        token = self.state.tokens.get((series, long))
        return token.address if token is not None else ZERO_ADDRESS

    def token_balance(self, series: int, long: bool, holder: str) -> int:
        """Lots that a holder has as tokens."""
        token = self.state.tokens.get((series, long))
        return token.balances.get(holder, 0) if token is not None else 0
