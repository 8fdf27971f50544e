"""Who may act for which account (Accounts.sol; docs/spec/accounts.md).

An address owns at most one account and serves at most one; it never does both (ACCOUNT-1). An agent must
accept, so nobody can be bound by a stranger, and serves until its expiry (ACCOUNT-2).
"""

from __future__ import annotations

from olivepress.events.model import AccountOpened, AgentAccepted, AgentInvited, AgentRemoved
from olivepress.model.errors import refuse
from olivepress.model.state import OWNER, ZERO_ADDRESS, Account, Call, Invitation, Principal, State
from olivepress.reverts import (
    AddressTaken,
    AgentExpired,
    AgentNotPermitted,
    NoAccount,
    NotAuthorised,
    NotInvited,
    ZeroAddress,
)


def actor(state: State, call: Call, permission: int) -> Account:
    """The account the caller may act for: its own, or the one it serves with all the permissions asked
    for."""
    principal = state.principals.get(call.sender)
    if principal is None:
        refuse(NoAccount, call.sender)
    account, permissions, expiry = principal
    if permissions & permission != permission:
        refuse(AgentNotPermitted, call.sender, permission)
    if expiry and expiry <= call.time:
        refuse(AgentExpired, call.sender, expiry)
    return state.accounts[account]


def open_account(state: State, owner: str) -> Account:
    _free(state, owner)
    return add(state, owner)


def add(state: State, owner: str, *, is_token: bool = False) -> Account:
    """The next account, for an address that is free."""
    number = len(state.accounts) + 1
    account = Account(number, owner, is_token=is_token)
    state.journal.put(state.principals, owner, Principal(number, OWNER, 0))
    state.journal.put(state.accounts, number, account)
    state.log.add(AccountOpened, number, owner)
    return account


def invite(state: State, call: Call, agent: str, expiry: int, permissions: int) -> None:
    account = actor(state, call, OWNER).id
    if agent == ZERO_ADDRESS:
        refuse(ZeroAddress)
    if expiry <= call.time:
        refuse(AgentExpired, agent, expiry)
    if permissions in (0, OWNER):
        refuse(AgentNotPermitted, agent, permissions)
    serving = state.principals.get(agent)
    if serving is not None and serving.account == account:
        # Terms of an agent that already serves change at once: it consented to serving, not to its terms.
        if serving.permissions == OWNER:
            refuse(AddressTaken, agent, account)
        state.journal.put(state.principals, agent, Principal(account, permissions, expiry))
        state.log.add(AgentAccepted, account, agent, expiry, permissions)
        return
    _free(state, agent)
    state.journal.put(state.invitations, (account, agent), Invitation(permissions, expiry))
    state.log.add(AgentInvited, account, agent, expiry, permissions)


def accept(state: State, call: Call, account: int) -> None:
    invitation = state.invitations.get((account, call.sender))
    if invitation is None:
        refuse(NotInvited, account, call.sender)
    if invitation.expiry <= call.time:
        refuse(AgentExpired, call.sender, invitation.expiry)
    _free(state, call.sender)
    state.journal.drop(state.invitations, (account, call.sender))
    terms = Principal(account, invitation.permissions, invitation.expiry)
    state.journal.put(state.principals, call.sender, terms)
    state.log.add(AgentAccepted, account, call.sender, terms.expiry, terms.permissions)


def remove(state: State, call: Call, agent: str) -> None:
    """By the owner: ends the service or withdraws the invitation. By the agent: ends its own service."""
    caller = state.principals.get(call.sender)
    by_owner = caller is not None and caller.permissions == OWNER
    if caller is None or (by_owner and agent == call.sender) or (not by_owner and agent != call.sender):
        refuse(NotAuthorised, call.sender)
    serving = state.principals.get(agent)
    serves = serving is not None and serving.account == caller.account
    if by_owner:
        invited = (caller.account, agent) in state.invitations
        if not serves and not invited:
            refuse(NotInvited, caller.account, agent)
        if invited:
            state.journal.drop(state.invitations, (caller.account, agent))
    if serves:
        state.journal.drop(state.principals, agent)
    state.log.add(AgentRemoved, caller.account, agent)


def _free(state: State, address: str) -> None:
    taken = state.principals.get(address)
    if taken is not None:
        refuse(AddressTaken, address, taken.account)
