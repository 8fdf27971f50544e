"""The exchange: its verbs, grouped as in contracts/interfaces. What each does is in the modules they call.

trading: context, book, matching, trading, spreads      money: accounts, ledger, listing, insurance
risk: mark, margin, liquidation                         clearing: realise, settlement, challenges, tokens
"""

from __future__ import annotations

from olivepress.events.model import (
    ArbiterSet,
    Deposited,
    GuardianSet,
    InsuranceToppedUp,
    MarkRefreshed,
    TreasuryWithdrawn,
    Withdrawn,
)
from olivepress.model import (
    accounts,
    book,
    insurance,
    ledger,
    listing,
    margin,
    matching,
    spreads,
    trading,
)
from olivepress.model.clearing import Clearing
from olivepress.model.errors import refuse
from olivepress.model.journal import atomic
from olivepress.model.reads import Reads
from olivepress.model.standard import OwnershipTransferred, OwnershipTransferStarted
from olivepress.model.state import (
    BUYS,
    CANCEL,
    OWNER,
    PLACE,
    SELLS,
    ZERO_ADDRESS,
    Call,
    OracleReads,
    State,
    Token,
)
from olivepress.reverts import (
    InsufficientCash,
    InvalidRecipient,
    NotAuthorised,
    NotWithdrawable,
    OwnableUnauthorizedAccount,
    StaleAccount,
    TokenAccount,
    UnknownAccount,
    UnknownFeed,
    ZeroAmount,
)
from olivepress.types import SeriesSpec

BOND = 1_000
"""Whole collateral tokens that a challenge costs until it is ruled."""
FACTORY = "0x" + "fa" * 20
"""Any address that is nobody's: it only makes those of position tokens distinct."""


class Exchange(Reads, Clearing):
    """One exchange. `collateral` says who holds how many base units; it knows no allowances. `log` holds the
    events; drain it, or it grows."""

    def __init__(
        self,
        oracle: OracleReads,
        *,
        owner: str = "owner",
        address: str = "exchange",
        collateral: str = "collateral",
        factory: str = FACTORY,
        decimals: int = 6,
    ) -> None:
        bond = BOND * 10**decimals
        self.state = State(address, owner, oracle, Token(collateral), bond, factory)
        self.collateral = self.state.collateral
        self.journal = self.state.journal
        self.log = self.state.log

    # --- ITrading: money ---

    @atomic
    def deposit(self, call: Call, account: int, amount: int) -> int:
        """From the caller into an account; 0 for its own, which is opened if there is none yet."""
        state = self.state
        if amount == 0:
            refuse(ZeroAmount)
        if account == 0:
            principal = state.principals.get(call.sender)
            account = principal.account if principal else accounts.open_account(state, call.sender).id
        found = state.accounts.get(account)
        if found is None:
            refuse(UnknownAccount, account)
        ledger.pull(state, call.sender, amount)
        if found.is_token:
            refuse(TokenAccount, account)
        ledger.set_cash(state, found, found.cash + amount)
        state.log.add(Deposited, account, call.sender, amount)
        return account

    @atomic
    def withdraw(self, call: Call, amount: int, to: str) -> None:
        """Bound: cash + sum of negative values - initial margin (MARGIN-2). Unrealised gains never count."""
        state = self.state
        if amount == 0:
            refuse(ZeroAmount)
        if to in (ZERO_ADDRESS, state.address):
            refuse(InvalidRecipient, to)
        account = accounts.actor(state, call, OWNER)
        if amount > account.cash:
            refuse(InsufficientCash, account.id, account.cash, amount)
        if account.series:
            m = margin.assess(state, account, call.time)
            if m.stale:
                refuse(StaleAccount, account.id)
            free = margin.withdrawable(m)
            if amount > free:
                refuse(NotWithdrawable, account.id, free, amount)
            margin.recheck(state, account, call.time)
        ledger.set_cash(state, account, account.cash - amount)
        state.log.add(Withdrawn, account.id, to, amount)
        ledger.push(state, to, amount)

    # --- ITrading: orders ---

    @atomic
    def place(
        self,
        call: Call,
        series: int,
        flags: int,
        tick: int,
        lots: int,
        expiry: int = 0,
        client_id: int = 0,
        max_steps: int = 0,
    ) -> tuple[int, int]:
        """Takes what crosses, rests what is left. Returns the order id, 0 when nothing rests, and lots
        traded."""
        c = trading.load(self.state, call.time, series, accounts.actor(self.state, call, PLACE), max_steps)
        order_id, filled, crossed = trading.place(c, flags, tick, lots, expiry, client_id)
        if crossed:
            trading.would_cross(c, flags, tick)
        trading.finish(c)
        return order_id, filled

    @atomic
    def cancel(self, call: Call, order_id: int) -> None:
        trading.cancel(self.state, accounts.actor(self.state, call, CANCEL), order_id)

    @atomic
    def batch(self, call: Call, series: int, operations: bytes, strict: bool, max_steps: int = 0) -> None:
        """Many packed operations on one book (ITrading.sol); margin is checked once, at the end."""
        account = accounts.actor(self.state, call, PLACE | CANCEL)
        c = trading.load(self.state, call.time, series, account, max_steps)
        trading.run(c, operations, strict)
        trading.finish(c)

    @atomic
    def mass_cancel(self, call: Call, series: int) -> None:
        account = accounts.actor(self.state, call, CANCEL)
        book.kill_orders(self.state, account.id, self.state.series.get(series))

    @atomic
    def mass_cancel_all(self, call: Call) -> None:
        account = accounts.actor(self.state, call, CANCEL)
        for number in account.series:
            book.kill_orders(self.state, account.id, self.state.series.get(number))

    @atomic
    def prune(self, call: Call, series: int, sells: bool, max_steps: int = 0) -> int:
        """Removes dead orders in front of the best live one. Returns the orders looked at."""
        c = trading.load(self.state, call.time, series, None, max_steps)
        trading.refresh(c)
        steps = c.steps
        side = c.series.sides[SELLS if sells else BUYS]
        matching.walk(c, side, c.series.spec.price_cap if sells else 1, matching.PRUNE, 0)
        trading.finish(c)
        return steps - c.steps

    @atomic
    def refresh_mark(self, call: Call, series: int) -> tuple[int, bool]:
        """Returns the mark, and whether its index is stale."""
        c = trading.load(self.state, call.time, series, None)
        trading.refresh(c)
        trading.finish(c)
        hot = c.series.hot
        self.log.add(MarkRefreshed, series, hot.mark, hot.stale)
        return hot.mark, hot.stale

    # --- ISpreads ---

    @atomic
    def spread(
        self,
        call: Call,
        buy_series: int,
        sell_series: int,
        lots: int,
        limit: int,
        client_id: int = 0,
        max_steps: int = 0,
    ) -> tuple[int, int]:
        """Buys one series and sells another of the same feed, both or neither. Returns sums of lots x
        tick."""
        account = accounts.actor(self.state, call, PLACE)
        return spreads.trade(
            self.state, call, account, buy_series, sell_series, lots, limit, client_id, max_steps
        )

    # --- IBackOffice: accounts ---

    @atomic
    def open(self, call: Call) -> int:
        return accounts.open_account(self.state, call.sender).id

    @atomic
    def invite_agent(self, call: Call, agent: str, expiry: int, permissions: int) -> None:
        accounts.invite(self.state, call, agent, expiry, permissions)

    @atomic
    def accept_agent(self, call: Call, account: int) -> None:
        accounts.accept(self.state, call, account)

    @atomic
    def remove_agent(self, call: Call, agent: str) -> None:
        accounts.remove(self.state, call, agent)

    # --- IBackOffice: money, series, roles ---

    @atomic
    def top_up_insurance(self, call: Call, feed: int, amount: int) -> None:
        state = self.state
        if amount == 0:
            refuse(ZeroAmount)
        if feed not in state.feed_tick_size:
            refuse(UnknownFeed, feed)
        ledger.pull(state, call.sender, amount)
        insurance.add(state, feed, amount)
        state.log.add(InsuranceToppedUp, feed, call.sender, amount)

    @atomic
    def list_series(self, call: Call, spec: SeriesSpec) -> int:
        self._only_owner(call)
        return listing.list_series(self.state, call, spec)

    @atomic
    def withdraw_treasury(self, call: Call, to: str, amount: int) -> None:
        state, office = self.state, self.state.office
        self._only_owner(call)
        if amount == 0:
            refuse(ZeroAmount)
        if to in (ZERO_ADDRESS, state.address):
            refuse(InvalidRecipient, to)
        if amount > office.treasury:
            refuse(InsufficientCash, 0, office.treasury, amount)
        state.journal.keep(office)
        office.treasury -= amount
        state.log.add(TreasuryWithdrawn, to, amount)
        ledger.push(state, to, amount)

    @atomic
    def set_reduce_only(self, call: Call, series: int, on: bool) -> None:
        if call.sender != self.state.office.guardian:
            refuse(NotAuthorised, call.sender)
        listing.set_reduce_only(self.state, call, series, on)

    @atomic
    def set_guardian(self, call: Call, guardian: str) -> None:
        self._only_owner(call)
        self.journal.keep(self.state.office)
        self.state.office.guardian = guardian
        self.log.add(GuardianSet, guardian)

    @atomic
    def set_arbiter(self, call: Call, arbiter: str) -> None:
        self._only_owner(call)
        self.journal.keep(self.state.office)
        self.state.office.arbiter = arbiter
        self.log.add(ArbiterSet, arbiter)

    # --- the owner, in two steps (Ownable2Step) ---

    @atomic
    def transfer_ownership(self, call: Call, owner: str) -> None:
        """Names the next owner, who must accept."""
        self._only_owner(call)
        self.state.pending_owner = owner
        self.log.add(OwnershipTransferStarted, self.state.owner, owner)

    @atomic
    def accept_ownership(self, call: Call) -> None:
        """The named next owner takes over."""
        if call.sender != self.state.pending_owner:
            refuse(OwnableUnauthorizedAccount, call.sender)
        self._new_owner(call.sender)

    @atomic
    def renounce_ownership(self, call: Call) -> None:
        """Nobody owns the exchange any more."""
        self._only_owner(call)
        self._new_owner(ZERO_ADDRESS)

    def _new_owner(self, owner: str) -> None:
        self.log.add(OwnershipTransferred, self.state.owner, owner)
        self.state.owner, self.state.pending_owner = owner, ZERO_ADDRESS

    def _only_owner(self, call: Call) -> None:
        if call.sender != self.state.owner:
            refuse(OwnableUnauthorizedAccount, call.sender)
