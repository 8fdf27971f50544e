// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBackOffice} from "./IBackOffice.sol";
import {IClearing} from "./IClearing.sol";
import {IExchangeErrors} from "./IExchangeErrors.sol";
import {IExchangeEvents} from "./IExchangeEvents.sol";
import {ILiquidation} from "./ILiquidation.sol";
import {ISpreads} from "./ISpreads.sol";
import {ITokenDesk} from "./ITokenDesk.sol";
import {ITrading} from "./ITrading.sol";

/// @title Cash-settled, expiring futures on a price index: one address for custody, book, margin and settlement
/// @notice Use this interface at the exchange's address. Prices are ticks, sizes lots, money collateral base units.
interface IExchange is
    ITrading,
    IBackOffice,
    IClearing,
    ILiquidation,
    ISpreads,
    ITokenDesk,
    IExchangeErrors,
    IExchangeEvents
{}
