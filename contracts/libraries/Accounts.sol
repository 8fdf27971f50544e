// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {State} from "./State.sol";

/// @title Who may act for which account
/// @notice An address owns at most one account and serves at most one; it never does both. An agent must accept, so
/// nobody can be bound by a stranger.
library Accounts {
    uint256 private constant OWNER = 255;

    function open(State storage s) internal returns (uint32 account) {
        _free(s, msg.sender);
        account = ++s.accountCount;
        s.principals[msg.sender] = account | (OWNER << 32);
        s.owners[account] = msg.sender;
        emit IExchangeEvents.AccountOpened(account, msg.sender);
    }

    function invite(State storage s, uint256 account, address agent, uint40 expiry, uint8 permissions)
        internal
    {
        if (agent == address(0)) revert IExchangeErrors.ZeroAddress();
        if (expiry <= block.timestamp) revert IExchangeErrors.AgentExpired(agent, expiry);
        if (permissions == 0 || permissions == OWNER) {
            revert IExchangeErrors.AgentNotPermitted(agent, permissions);
        }
        uint256 terms = (uint256(permissions) << 32) | (uint256(expiry) << 40);
        if (uint32(s.principals[agent]) == account) {
            // Terms of an agent that already serves change at once: it consented to serving, not to its terms.
            if (uint8(s.principals[agent] >> 32) == OWNER) {
                revert IExchangeErrors.AddressTaken(agent, uint32(account));
            }
            s.principals[agent] = account | terms;
            emit IExchangeEvents.AgentAccepted(uint32(account), agent, expiry, permissions);
            return;
        }
        _free(s, agent);
        s.invitations[(account << 160) | uint160(agent)] = terms;
        emit IExchangeEvents.AgentInvited(uint32(account), agent, expiry, permissions);
    }

    function accept(State storage s, uint32 account) internal {
        uint256 key = (uint256(account) << 160) | uint160(msg.sender);
        uint256 terms = s.invitations[key];
        if (terms == 0) revert IExchangeErrors.NotInvited(account, msg.sender);
        if (terms >> 40 <= block.timestamp) revert IExchangeErrors.AgentExpired(msg.sender, terms >> 40);
        _free(s, msg.sender);
        delete s.invitations[key];
        s.principals[msg.sender] = account | terms;
        emit IExchangeEvents.AgentAccepted(account, msg.sender, uint40(terms >> 40), uint8(terms >> 32));
    }

    /// @dev By the owner: ends the service or withdraws the invitation. By the agent: ends its own service.
    function remove(State storage s, address agent) internal {
        uint256 caller = s.principals[msg.sender];
        uint256 word = s.principals[agent];
        uint32 account = uint32(caller);
        bool byOwner = account != 0 && uint8(caller >> 32) == OWNER;
        if (byOwner && agent != msg.sender) {
            uint256 key = (uint256(account) << 160) | uint160(agent);
            bool invited = s.invitations[key] != 0;
            if (uint32(word) != account && !invited) revert IExchangeErrors.NotInvited(account, agent);
            delete s.invitations[key];
            if (uint32(word) == account) delete s.principals[agent];
        } else {
            if (agent != msg.sender || account == 0 || byOwner) {
                revert IExchangeErrors.NotAuthorised(msg.sender);
            }
            delete s.principals[agent];
        }
        emit IExchangeEvents.AgentRemoved(account, agent);
    }

    function _free(State storage s, address who) private view {
        uint256 word = s.principals[who];
        if (word != 0) revert IExchangeErrors.AddressTaken(who, uint32(word));
    }
}
