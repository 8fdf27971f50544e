// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {ILiquidation} from "../interfaces/ILiquidation.sol";
import {Context} from "../libraries/Context.sol";
import {Liquidation} from "../libraries/Liquidation.sol";
import {Trading} from "../libraries/Trading.sol";
import {Desk} from "./Desk.sol";

/// @title Liquidation
/// @notice Documented in ILiquidation.
contract RiskDesk is ILiquidation, Desk {
    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_) Desk(collateral_, oracle_, next_) {}

    /// @inheritdoc ILiquidation
    function cancelOrders(uint32 account) external delegated lock {
        Liquidation.cancelOrders(s, _oracle, account);
    }

    /// @inheritdoc ILiquidation
    function liquidate(uint32 account, uint16 series, uint32 lots, uint24 limit, uint16 maxSteps)
        external
        delegated
        lock
        returns (uint256 closed, uint256 reward)
    {
        uint256 keeper = _actor(PLACE);
        if (keeper == account) revert NotAuthorised(msg.sender);
        if (account == 0 || account > s.accountCount) revert UnknownAccount(account);
        Liquidation.killOrders(s, account);
        Context memory c = Trading.load(s, _oracle, series, account, maxSteps);
        Trading.refresh(s, _oracle, c);
        return Liquidation.throughBook(s, _oracle, c, keeper, lots, limit);
    }

    /// @inheritdoc ILiquidation
    function auction(uint32 account, uint16 feed, uint32 fraction)
        external
        delegated
        lock
        returns (uint256, uint256)
    {
        return Liquidation.auction(s, _oracle, account, uint32(_actor(PLACE)), feed, fraction);
    }

    /// @inheritdoc ILiquidation
    function flag(uint32 account) external delegated lock {
        Liquidation.flag(s, _oracle, account);
    }

    /// @inheritdoc ILiquidation
    function declare(uint32 account, uint16 feed) external delegated lock returns (uint256) {
        return Liquidation.declare(s, _oracle, account, feed);
    }
}
