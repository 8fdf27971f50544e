// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {LiquidationHandler} from "./LiquidationHandler.sol";

/// @dev Random trading, crashes, liquidations, auctions, declarations, wrapping and cures: rule 5 of the design.
contract LiquidationInvariantsTest is Test {
    LiquidationHandler internal handler;

    function setUp() public {
        handler = new LiquidationHandler();
        targetContract(address(handler));
        bytes4[] memory actions = new bytes4[](12);
        actions[0] = LiquidationHandler.tradeSome.selector;
        actions[1] = LiquidationHandler.tradeSome.selector;
        actions[2] = LiquidationHandler.moveIndex.selector;
        actions[3] = LiquidationHandler.wait_.selector;
        actions[4] = LiquidationHandler.pay.selector;
        actions[5] = LiquidationHandler.withdraw_.selector;
        actions[6] = LiquidationHandler.cancelOrders.selector;
        actions[7] = LiquidationHandler.liquidateSome.selector;
        actions[8] = LiquidationHandler.auction.selector;
        actions[9] = LiquidationHandler.declare.selector;
        actions[10] = LiquidationHandler.heal.selector;
        actions[11] = LiquidationHandler.wrap.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
    }

    function invariant_rules() public view {
        handler.check();
    }

    /// @dev The walk of one fixed seed reaches everything, so that the invariant is not about nothing.
    function test_the_actions_reach_what_they_are_for() public {
        for (uint256 i; i < 250; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("olivepress", i)));
            uint256 more = uint256(keccak256(abi.encode(seed)));
            uint256 kind = seed >> 128;
            if (kind % 10 < 3) handler.tradeSome(seed, more, seed % 7 < 3);
            else if (kind % 10 == 3) handler.moveIndex(seed, more % 2 == 0);
            else if (kind % 10 == 4) handler.cancelOrders(seed);
            else if (kind % 10 < 7) handler.liquidateSome(seed, more, more >> 128);
            else if (kind % 10 == 7) handler.auction(seed, more, more >> 128);
            else if (kind % 10 == 8) handler.declare(seed);
            else if (more % 2 == 0) handler.heal(seed);
            else handler.wrap(seed, more);
            handler.check();
        }
        for (uint256 i; i < 5; ++i) {
            handler.pay(i, 1000e6);
            handler.withdraw_(i);
            handler.wait_(1 minutes);
            handler.check();
        }
        assertGt(handler.traded(), 0, "trades");
        assertGt(handler.withdrawn(), 0, "withdrawals");
        assertGt(handler.unwrapped(), 0, "unwraps");
        assertGt(handler.liquidations(), 0, "liquidations");
        assertGt(handler.belowZero(), 0, "liquidations below zero");
        assertGt(handler.slices(), 0, "slices");
        assertGt(handler.insured(), 0, "slices that insurance paid");
        assertGt(handler.declarations(), 0, "declarations");
        assertGt(handler.cured(), 0, "cures");
        assertGt(handler.cancelled(), 0, "orders cancelled");
        assertGt(handler.wrapped(), 0, "wraps");
        assertGt(handler.lossRefused(), 0, "losses refused");
    }
}
