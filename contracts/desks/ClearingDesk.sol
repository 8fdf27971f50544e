// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IClearing} from "../interfaces/IClearing.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Challenges} from "../libraries/Challenges.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Realising} from "../libraries/Realising.sol";
import {Settlement} from "../libraries/Settlement.sol";
import {Desk} from "./Desk.sol";

/// @title Realising, settlement, challenges
/// @notice Documented in IClearing.
contract ClearingDesk is IClearing, Desk {
    using SafeERC20 for IERC20;

    /// @notice Whole collateral tokens that a challenge costs until it is ruled.
    uint256 private constant BOND = 1_000;

    uint128 private immutable _bond;

    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_) Desk(collateral_, oracle_, next_) {
        _bond = uint128(BOND * 10 ** IERC20Metadata(address(collateral_)).decimals());
    }

    /// @inheritdoc IClearing
    function realise(uint32 account, uint16 series, uint32[] calldata payers)
        external
        delegated
        lock
        returns (int256)
    {
        return Realising.realise(s, _oracle, account, series, payers);
    }

    /// @inheritdoc IClearing
    function settle(uint16 series) external delegated lock returns (uint24 tick) {
        tick = Settlement.settle(s, _oracle, series);
        (uint256 refund, uint256 challenger) = Challenges.release(s, series);
        _refund(challenger, refund);
    }

    /// @inheritdoc IClearing
    function settleAccounts(uint32[] calldata accounts) external delegated lock {
        Settlement.settleAccounts(s, accounts, uint32(s.principals[msg.sender]));
    }

    /// @inheritdoc IClearing
    function draw(uint32 account, uint16 series) external delegated lock returns (uint256) {
        return Settlement.draw(s, account, series);
    }

    /// @inheritdoc IClearing
    function collectFees(uint16 series) external delegated lock returns (uint256) {
        return Settlement.collectFees(s, series);
    }

    /// @inheritdoc IClearing
    function collectBounty(uint16 series) external delegated lock returns (uint256) {
        return Settlement.collectBounty(s, uint32(_actor(PLACE)), series);
    }

    // --- challenges ---

    /// @inheritdoc IClearing
    function challengeBond() external view returns (uint256) {
        return _bond;
    }

    /// @inheritdoc IClearing
    function challenge(uint16 series) external delegated lock {
        uint32 account = uint32(_actor(OWNER));
        Challenges.post(s, _oracle, series, account, _bond);
        _pull(_bond);
    }

    /// @inheritdoc IClearing
    function rule(uint16 series, uint24 tick, bytes32 evidence) external delegated lock {
        if (msg.sender != s.arbiter) revert NotAuthorised(msg.sender);
        (uint256 refund, uint256 challenger) = Challenges.rule(s, _oracle, series, tick, evidence);
        _refund(challenger, refund);
    }

    /// @dev Into the challenger's account, so that no token can block a settlement by refusing to pay out.
    function _refund(uint256 account, uint256 amount) private {
        if (amount == 0) return;
        uint256 word = s.accounts[account];
        s.accounts[account] = Ledger.withCash(word, Ledger.cash(word) + amount);
        emit BondReturned(uint32(account), amount);
    }
}
