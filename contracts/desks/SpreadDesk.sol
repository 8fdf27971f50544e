// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {ISpreads} from "../interfaces/ISpreads.sol";
import {Spreads} from "../libraries/Spreads.sol";
import {Desk} from "./Desk.sol";

/// @title Calendar spreads
/// @notice Documented in ISpreads.
contract SpreadDesk is ISpreads, Desk {
    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_) Desk(collateral_, oracle_, next_) {}

    /// @inheritdoc ISpreads
    function spread(
        uint16 buySeries,
        uint16 sellSeries,
        uint32 lots,
        int32 limit,
        uint64 clientId,
        uint16 maxSteps
    ) external delegated lock returns (uint256, uint256) {
        Spreads.Request memory r = Spreads.Request(buySeries, sellSeries, lots, limit, clientId, maxSteps);
        return Spreads.trade(s, _oracle, _actor(PLACE), r);
    }
}
