// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ExchangeBase} from "../ExchangeBase.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";

/// @title Code of the exchange that does not fit into one contract
/// @notice Runs only by delegation, on the exchange's storage. Desks form a chain: what one does not know it hands to
/// the next. docs/decisions/0001-desks.md
abstract contract Desk is ExchangeBase {
    address private immutable _self = address(this);
    address private immutable _next;

    /// @dev Called directly, a desk would take money into storage that nobody can reach.
    modifier delegated() {
        if (address(this) == _self) revert NotAuthorised(msg.sender);
        _;
    }

    /// @dev The owner of a desk's own storage is nobody: that storage is never used.
    /// @param next_ the desk that is asked for what this one lacks; zero for the last
    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_)
        ExchangeBase(collateral_, oracle_, address(1))
    {
        _next = next_;
    }

    /// @dev Refuses direct calls too: the next desk would take the one called for the exchange.
    fallback() external delegated {
        if (_next == address(0)) revert UnknownFunction(msg.sig);
        _delegate(_next);
    }
}
