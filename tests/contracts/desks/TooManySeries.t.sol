// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {TokenBase} from "./TokenBase.sol";

/// @dev An account that lists ten series can join no other, by whatever verb.
contract TooManySeriesTest is TokenBase {
    uint32 internal full;
    uint32 internal trader;
    bytes internal reason;

    function setUp() public override {
        super.setUp();
        full = open(1_000_000);
        trader = open(9000);
        enter(series, trader, 10);
        uint16 near = series;
        for (uint256 i; i < 10; ++i) {
            series = listFar();
            buy(full, 3400, 1);
        }
        series = near;
        reason = abi.encodeWithSelector(IExchangeErrors.TooManySeries.selector, full, 10);
    }

    function test_of_a_bidder() public {
        move(2880);
        refused(owner(full), abi.encodeCall(ILiquidation.auction, (trader, FEED, 1e6)), reason);
    }

    function test_of_a_keeper() public {
        move(2880);
        buy(rich, 2880, 10);
        bytes memory call = abi.encodeCall(ILiquidation.liquidate, (trader, series, 1, 2880, 0));
        refused(owner(full), call, reason);
    }

    function test_of_an_unwrapper() public {
        wrap(bull, true, 4);
        give(longToken, bull, full, 4);
        refused(owner(full), abi.encodeCall(ITokenDesk.unwrap, (series, true, 4)), reason);
    }

    function test_of_a_redeemer() public {
        wrap(bull, true, 4);
        give(longToken, bull, full, 4);
        close(series);
        refused(owner(full), abi.encodeCall(ITokenDesk.redeem, (series, true, 4)), reason);
        give(longToken, full, keeper, 4);
        assertGt(redeem(keeper, true, 4), 0);
    }
}
