// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev Clocks, deficits and the brake. A trader is long 10 lots from $3.50 with $9,000: equity = 10 m - 26,000, MM = m.
contract FlagDeclareTest is DeskBase {
    uint32 internal trader;
    uint32 internal winner;

    function setUp() public override {
        super.setUp();
        trader = open(9000);
        winner = open(100_000);
        trade(series, trader, winner, 3500, 10);
        credit(trader, 10_500_000);
    }

    function flagCall() internal view returns (bytes memory) {
        return abi.encodeCall(ILiquidation.flag, (trader));
    }

    function declareCall() internal view returns (bytes memory) {
        return abi.encodeCall(ILiquidation.declare, (trader, FEED));
    }

    function placeCall(uint16 id, uint8 flags, uint24 tick) internal pure returns (bytes memory) {
        return abi.encodeCall(ITrading.place, (id, flags, tick, 1, 0, 0, 0));
    }

    function reduceOnly(uint16 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, id);
    }

    /// @dev Equity -1,000 through a whole auction, declared.
    function declared() internal {
        move(2500);
        exchange.flag(trader);
        watch(trader, START + 30 minutes);
        exchange.refreshMark(series);
        assertEq(exchange.declare(trader, FEED), 1_000e6);
        assertMoney();
    }

    // --- flag ---

    /// @dev [LIQ-10]
    function test_flag_starts_and_stops_the_clock() public {
        move(2880);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Flagged(trader, uint40(START), 0);
        vm.prank(makeAddr("anyone"));
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), START);
        vm.warp(START + 60);
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), START, "a second flag moves nothing");
        move(3500);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Flagged(trader, 0, 0);
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), 0);
    }

    function test_flag_refused() public {
        refused(address(1), flagCall(), healthy(trader, 9_000e6, 3_500e6));
        credit(trader, 80e6);
        move(2880);
        refused(address(1), flagCall(), healthy(trader, 2_880e6, 2_880e6));
        setStale();
        refused(address(1), flagCall(), stale(trader));
        uint32 next = exchange.accountCount() + 1;
        refused(address(1), abi.encodeCall(ILiquidation.flag, (next)), unknown(next));
    }

    // --- declare ---

    /// @dev [LIQ-11]
    function test_a_deficit_is_declared_after_a_whole_auction() public {
        move(2500);
        refused(address(1), declareCall(), tooEarly(0));
        exchange.flag(trader);
        watch(trader, START + 30 minutes - 1);
        refused(address(1), declareCall(), tooEarly(START + 30 minutes));
        vm.warp(START + 30 minutes);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.DeficitDeclared(trader, FEED, 1_000e6);
        vm.prank(makeAddr("anyone"));
        assertEq(exchange.declare(trader, FEED), 1_000e6);
        assertEq(exchange.deficit(FEED), 1_000e6);
        assertEq(exchange.declared(trader, FEED), 1_000e6);
    }

    function test_declare_refused() public {
        refused(address(1), declareCall(), healthy(trader, 9_000e6, 0));
        move(2600);
        refused(address(1), declareCall(), healthy(trader, 0, 0));
        declared();
        refused(address(1), declareCall(), healthy(trader, -1_000e6, 0));
        setStale();
        refused(address(1), declareCall(), stale(trader));
        uint32 next = exchange.accountCount() + 1;
        refused(address(1), abi.encodeCall(ILiquidation.declare, (next, FEED)), unknown(next));
    }

    /// @dev [LIQ-11]
    function test_a_deficit_follows_the_account() public {
        declared();
        move(2400);
        assertEq(exchange.declare(trader, FEED), 2_000e6);
        credit(trader, 500e6);
        assertEq(exchange.declare(trader, FEED), 1_500e6, "a smaller one needs no wait");
        assertEq(exchange.deficit(FEED), 1_500e6);
    }

    /// @dev Down 10,000 in one feed and up 1,000 in the other: short of 0 - what all of it lacks, in the feed that lost.
    /// [LIQ-11]
    function test_a_deficit_is_of_the_feed_that_lost() public {
        uint16 other = listOther();
        credit(trader, 1000e6);
        enter(other, trader, 1);
        oracle.set(FEED2, uint64(4500 * TICK), true);
        move(2300); // 10,000 - 12,000 + 1,000
        assertEq(equity(trader), -1_000e6);
        exchange.flag(trader);
        watch(trader, START + 30 minutes);
        assertEq(exchange.declare(trader, FEED), 1_000e6);
        refused(
            address(1), abi.encodeCall(ILiquidation.declare, (trader, FEED2)), healthy(trader, -1_000e6, 0)
        );
        assertFalse(braked(other));
        assertTrue(braked(series));
    }

    /// @dev Below margin for long, below zero only now: the wait counts from zero. [LIQ-10] [LIQ-11]
    function test_the_wait_counts_from_zero() public {
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 1 hours);
        move(2500);
        refused(address(1), declareCall(), tooEarly(0));
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Flagged(trader, uint40(START), uint40(START + 1 hours));
        exchange.flag(trader);
        assertEq(exchange.negativeSince(trader), START + 1 hours);
        watch(trader, START + 1 hours + 30 minutes - 1);
        refused(address(1), declareCall(), tooEarly(START + 1 hours + 30 minutes));
        vm.warp(START + 1 hours + 30 minutes);
        exchange.declare(trader, FEED);
    }

    /// @dev Back above zero in between, still below margin: a new wait, and the auction goes on.
    function test_back_above_zero_ends_the_wait() public {
        move(2500);
        exchange.flag(trader);
        watch(trader, START + 29 minutes);
        move(2880);
        exchange.flag(trader);
        assertEq(exchange.negativeSince(trader), 0);
        assertEq(exchange.flaggedAt(trader), START);
        vm.warp(START + 30 minutes);
        move(2500);
        refused(address(1), declareCall(), tooEarly(0));
    }

    /// @dev Flagged in one dip, recovered unseen, below again: neither the auction nor the wait goes on from the
    /// first dip. A clock at which somebody looked within ten minutes does. [LIQ-10] [LIQ-11]
    function test_a_clock_at_which_nobody_looked_for_ten_minutes_starts_anew() public {
        move(2500);
        exchange.flag(trader);
        vm.warp(START + 10 minutes);
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), START);
        vm.warp(START + 20 minutes + 1);
        refused(address(1), declareCall(), tooEarly(0));
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Flagged(trader, uint40(block.timestamp), uint40(block.timestamp));
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), block.timestamp);
        assertEq(exchange.negativeSince(trader), block.timestamp);
    }

    // --- brake ---

    /// @dev [BOOK-10] [LIQ-12]
    function test_the_brake_makes_every_series_of_the_feed_reduce_only() public {
        uint16 far = listFar();
        uint16 other = listOther();
        declared();
        refreshAll();
        refused(owner(rich), placeCall(series, 0, 2500), reduceOnly(series));
        refused(owner(rich), placeCall(far, 0, 2500), reduceOnly(far));
        assertTrue(braked(series) && braked(far));
        assertFalse(braked(other));
        vm.prank(owner(winner));
        exchange.place(series, 0, 2500, 1, 0, 0, 0); // reduces its short
    }

    function test_a_series_listed_while_braked_is_braked() public {
        declared();
        uint16 far = listFarAt(2500);
        assertTrue(braked(far));
        refused(owner(rich), placeCall(far, 0, 2500), reduceOnly(far));
        topUp(FEED, 1_000e6);
        assertFalse(braked(far));
    }

    /// @dev [LIQ-12] [SETTLE-4]
    function test_nothing_is_drawn_while_braked() public {
        // The winner's short is bought back at 2500: it has gained 10,000 less fees.
        uint32 third = open(100_000);
        move(2500);
        trade(series, winner, third, 2500, 10);
        int256 gain = position(winner, series).quote;
        vm.warp(uint256(DAY0 + 2) * 1 days - 30 minutes);
        exchange.flag(trader);
        watch(trader, uint256(DAY0 + 2) * 1 days);
        exchange.declare(trader, FEED);
        uint32[] memory payers = new uint32[](1);
        payers[0] = trader;
        bytes memory realise = abi.encodeCall(IClearing.realise, (winner, series, payers));
        refused(
            address(1),
            realise,
            abi.encodeWithSelector(
                IExchangeErrors.DeficitDeclaredIn.selector, FEED, uint256(1_000e6), uint256(0)
            )
        );
        topUp(FEED, 1_000e6);
        assertEq(exchange.realise(winner, series, payers), 9_010_500_000, "all that the loser has");
        assertMoney();
        assertLt(int256(9_010_500_000), gain, "the rest waits");
    }

    function test_losses_are_paid_while_braked() public {
        declared();
        uint32 third = open(100_000);
        topUp(FEED, 1_000e6);
        trade(series, third, rich, 2500, 1);
        move(2400);
        exchange.declare(trader, FEED); // 2,000 > 1,000
        trade(series, rich, third, 2400, 1);
        uint32[] memory none;
        assertLt(exchange.realise(third, series, none), 0);
        assertMoney();
    }

    /// @dev [LIQ-12]
    function test_topping_up_to_the_deficit_ends_the_brake() public {
        declared();
        topUp(FEED, 1_000e6 - 1);
        assertTrue(braked(series));
        topUp(FEED, 1);
        assertFalse(braked(series));
        buy(rich, 2500, 1);
    }

    /// @dev [LIQ-12]
    function test_a_cured_account_ends_the_brake() public {
        declared();
        credit(trader, 1_000e6);
        assertTrue(braked(series), "until someone says so");
        assertEq(exchange.declare(trader, FEED), 0);
        assertFalse(braked(series));
        assertEq(exchange.deficit(FEED), 0);
    }

    function test_a_mark_that_comes_back_cures() public {
        declared();
        move(2601);
        assertEq(exchange.declare(trader, FEED), 0);
        assertFalse(braked(series));
    }

    /// @dev The near series settles at 2500 and leaves a debt; the far one would stay braked. [LIQ-12]
    function test_settlement_ends_the_brake() public {
        uint16 far = listFar();
        declared();
        close(series);
        assertLt(equity(trader), 0);
        assertTrue(braked(far));
        assertEq(exchange.declare(trader, FEED), 0);
        assertFalse(braked(far));
    }

    /// @dev Insurance that an auction spends no longer covers the deficits.
    function test_spending_insurance_starts_the_brake() public {
        topUp(FEED, 1_500e6);
        declared();
        assertFalse(braked(series));
        bid(rich, trader, FEED, 500_000); // insurance pays 1,250
        assertEq(exchange.insurance(FEED), 250e6);
        assertTrue(braked(series));
    }

    /// @dev Whoever closes in the brake still can: liquidation, auction and reducing orders work.
    function test_closing_goes_on_while_braked() public {
        declared();
        bid(rich, trader, FEED, 500_000);
        vm.prank(owner(winner));
        exchange.place(series, 0, 2500, 1, 0, 0, 0);
        (uint256 closed,) = liquidate(trader, 1, 2500);
        assertEq(closed, 1);
    }

    // --- clock and deficit ---

    function test_a_recovered_account_starts_a_new_wait() public {
        move(2500);
        exchange.flag(trader);
        vm.warp(START + 29 minutes);
        move(3500);
        exchange.flag(trader);
        move(2500);
        exchange.flag(trader);
        watch(trader, START + 58 minutes);
        refused(address(1), declareCall(), tooEarly(START + 59 minutes));
        vm.warp(START + 59 minutes);
        exchange.declare(trader, FEED);
    }

    // --- a silent index ---

    /// @dev A lot of another feed, which then falls silent: equity = 10 m - 25,000, MM = m + 350, the doubt is 875.
    function _silentLot() private returns (uint16 other) {
        other = listOther();
        credit(trader, 1000e6);
        enter(other, trader, 1);
        oracle.set(FEED2, uint64(3500 * TICK), false);
    }

    /// @dev [LIQ-13]
    function test_a_silent_lot_does_not_hold_up_the_clock() public {
        _silentLot();
        move(2720); // 2,200 + 875 is not below 3,070
        refused(address(1), flagCall(), stale(trader));
        move(2719);
        exchange.flag(trader);
        assertEq(exchange.flaggedAt(trader), START);
    }

    /// @dev [LIQ-11] [LIQ-13]
    function test_a_silent_lot_does_not_hold_up_a_declaration() public {
        _silentLot();
        move(2412);
        exchange.flag(trader);
        watch(trader, START + 30 minutes);
        move(2413); // -870 + 875
        refused(address(1), declareCall(), stale(trader));
        move(2412);
        assertEq(exchange.declare(trader, FEED), 880e6);
        refused(address(1), abi.encodeCall(ILiquidation.declare, (trader, FEED2)), stale(trader));
        move(3400); // a loss of 1,000 in the feed: not sure enough to say that it is none
        refused(address(1), declareCall(), stale(trader));
        move(3502); // more than the fee of the trade
        assertEq(exchange.declare(trader, FEED), 0, "no loss, whatever the silent lot is worth");
        assertFalse(braked(series));
    }
}
