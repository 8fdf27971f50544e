// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {AccountMargin, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev Step 3. A trader is long 10 lots from $3.50 with $9,000: equity = 10 m - 26,000, MM = m, IM = 2.5 m.
contract AuctionTest is DeskBase {
    uint32 internal trader;
    uint32 internal bidder;

    function setUp() public override {
        super.setUp();
        trader = open(9000);
        bidder = open(100_000);
        enter(series, trader, 10);
    }

    function call(uint32 account, uint16 feed, uint32 fraction) internal pure returns (bytes memory) {
        return abi.encodeCall(ILiquidation.auction, (account, feed, fraction));
    }

    function nothingFreed() internal view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingFreed.selector, trader, uint16(0));
    }

    // --- discount ---

    function test_no_discount_at_the_start() public {
        move(2880);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Flagged(trader, uint40(START), 0);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.PositionMoved(trader, bidder, series, 10, 2880);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Auctioned(trader, FEED, bidder, 1e6, 0, 0);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid + insured, 0);
        assertEq(equity(trader), 2_800e6);
        assertEq(equity(bidder), 100_000e6);
        assertEq(position(trader, series).lots, 0);
        assertEq(position(bidder, series).lots, 10);
        assertEq(openInterest(series), 10);
    }

    /// @dev Half the time, half the position: MM freed 1,440, discount 720, less than 2,800 x 1,440 / 2,880 = 1,400.
    /// [LIQ-8]
    function test_half_the_discount_at_half_time() public {
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 15 minutes);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 500_000);
        assertEq(paid, 720e6);
        assertEq(insured, 0);
        assertEq(equity(trader), 2_080e6);
        assertEq(equity(bidder), 100_720e6);
        assertEq(position(trader, series).lots, 5);
    }

    /// @dev Any mark, time, slice and insurance: the discount is the part of the margin freed that the time gives, to a
    /// millionth; the account pays its share of it, insurance what it has of the rest. [LIQ-8] [LIQ-9]
    function testFuzz_the_discount(uint256 mark, uint256 wait, uint256 fraction, uint256 insurance) public {
        (mark, wait) = (bound(mark, 2400, 2888), bound(wait, 0, 40 minutes));
        insurance = bound(insurance, 1, 4000e6);
        topUp(FEED, insurance);
        move(mark);
        exchange.flag(trader);
        watch(trader, START + wait);
        AccountMargin memory was = margin(trader);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, bound(fraction, 100_000, 1e6));
        AccountMargin memory m = margin(trader);
        uint256 freed = was.maintenanceMargin - m.maintenanceMargin;
        uint256 part = freed * (wait > 30 minutes ? 30 minutes : wait);
        uint256 had = was.equity > 0 ? uint256(was.equity) : 0;
        assertLe((paid + insured) * 30 minutes, part, "more than the time gives");
        assertLe(paid * was.maintenanceMargin, had * freed, "more than its share");
        if (insured < insurance) {
            assertGt((paid + insured + freed / 1e6 + 2) * 30 minutes, part, "less than the time gives");
        }
        if (insured != 0) {
            assertGt((paid + 1) * was.maintenanceMargin, had * freed, "insurance before its share");
        }
        assertEq(exchange.insurance(FEED), insurance - insured);
        assertEq(m.equity, was.equity - int256(paid));
    }

    function test_a_second_moves_the_discount() public {
        move(2880);
        exchange.flag(trader);
        vm.warp(START + 1);
        (uint256 paid,) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid, 2880 * 555, "1 / 1800 = 555 millionths of 2,880");
    }

    /// @dev All of MM, 2,880: the account pays its 2,800, insurance the other 80. [LIQ-8] [LIQ-9]
    function test_the_whole_discount_after_the_whole_time() public {
        topUp(FEED, 1000e6);
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 30 minutes);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid, 2_800e6);
        assertEq(insured, 80e6);
        assertEq(equity(trader), 0);
        assertEq(equity(bidder), 102_880e6);
        assertEq(exchange.insurance(FEED), 920e6);
    }

    /// @dev [LIQ-8]
    function test_the_discount_stops_growing() public {
        topUp(FEED, 1000e6);
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 1 hours);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid + insured, 2_880e6);
    }

    /// @dev Nobody looked for more than ten minutes: a bid finds an auction that begins. [LIQ-10]
    function test_a_forgotten_auction_begins_again() public {
        topUp(FEED, 1000e6);
        move(2880);
        exchange.flag(trader);
        vm.warp(START + 10 minutes + 1);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid + insured, 0);
    }

    /// @dev [LIQ-9]
    function test_insurance_pays_as_far_as_it_reaches() public {
        topUp(FEED, 50e6);
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 30 minutes);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid, 2_800e6);
        assertEq(insured, 50e6);
        assertEq(exchange.insurance(FEED), 0);
    }

    /// @dev Mark 2500: equity -1,000. Half the discount of 2,500 is 1,250, all of it insurance's. [LIQ-9]
    function test_below_zero_the_account_pays_nothing() public {
        topUp(FEED, 5000e6);
        move(2500);
        exchange.flag(trader);
        watch(trader, START + 15 minutes);
        (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid, 0);
        assertEq(insured, 1_250e6);
        assertEq(equity(trader), -1_000e6);
        assertEq(equity(bidder), 101_250e6);
    }

    /// @dev [LIQ-9]
    function test_insurance_of_another_feed_is_not_touched() public {
        listOther();
        topUp(FEED2, 5000e6);
        move(2500);
        exchange.flag(trader);
        watch(trader, START + 15 minutes);
        (, uint256 insured) = bid(bidder, trader, FEED, 1e6);
        assertEq(insured, 0);
        assertEq(exchange.insurance(FEED2), 5000e6);
    }

    // --- slice ---

    /// @dev [LIQ-7]
    function test_lots_are_rounded_towards_zero() public {
        move(2880);
        bid(bidder, trader, FEED, 259_999);
        assertEq(position(bidder, series).lots, 2);
        assertEq(position(trader, series).lots, 8);
    }

    /// @dev Long 10 near, short 4 far: a half takes 5 and 2, at the same mark. [LIQ-7]
    function test_a_slice_takes_every_series_of_the_feed_and_no_other() public {
        uint16 far = listFar();
        uint16 other = listOther();
        credit(trader, 1000e6);
        enter(far, trader, -4);
        enter(other, trader, 1);
        // equity = 10,000 + 6 (m - 3500); at 2000: 1,000. MM = 1,200 + 240 + 350 of the other feed.
        move(2000);
        assertEq(equity(trader), 1_000e6);
        assertEq(margin(trader).maintenanceMargin, 1_790e6);
        bid(bidder, trader, FEED, 500_000);
        assertEq(position(bidder, series).lots, 5);
        assertEq(position(bidder, far).lots, -2);
        assertEq(position(bidder, other).lots, 0);
        assertEq(position(trader, other).lots, 1);
        assertEq(margin(trader).maintenanceMargin, 1_070e6, "600 + 120 + 350");
        assertEq(exchange.flaggedAt(trader), START, "1,000 < 1,070");
        bid(bidder, trader, FEED, 500_000);
        assertEq(exchange.flaggedAt(trader), 0, "recovered");
    }

    function test_a_bidder_with_the_other_side_closes() public {
        enter(series, bidder, -6);
        move(2880);
        assertEq(openInterest(series), 10);
        bid(bidder, trader, FEED, 1e6);
        assertEq(position(bidder, series).lots, 4);
        assertEq(openInterest(series), 10 - 6);
    }

    /// @dev [LIQ-2]
    function test_orders_of_the_account_die_first() public {
        credit(trader, 1000e6);
        buy(trader, 3400, 1);
        move(2760);
        bid(bidder, trader, FEED, 1e6);
        assertEq(position(trader, series).openBuy, 0);
    }

    function test_the_gain_is_drawn_no_sooner_than_one_from_a_fill() public {
        move(2880);
        exchange.flag(trader);
        warpTo(DAY0 + 5, 0);
        bid(bidder, trader, FEED, 1e6);
        assertEq(position(bidder, series).lastFillDay, DAY0 + 5);
        assertEq(withdrawable(bidder), 100_000e6 - 7_200e6);
    }

    // --- clock ---

    /// @dev [LIQ-10]
    function test_the_clock_starts_again_after_recovery() public {
        move(2880);
        exchange.flag(trader);
        vm.warp(START + 20 minutes);
        move(3500);
        exchange.flag(trader);
        move(2880);
        (uint256 paid,) = bid(bidder, trader, FEED, 500_000);
        assertEq(paid, 0, "no discount again");
    }

    function test_the_clock_stops_when_a_slice_was_enough() public {
        move(2880);
        bid(bidder, trader, FEED, 500_000);
        assertEq(exchange.flaggedAt(trader), 0, "2,800 against 1,440");
        vm.warp(START + 1 hours);
        move(2500);
        (uint256 paid,) = bid(bidder, trader, FEED, 1e6);
        assertEq(paid, 0, "a new auction");
    }

    // --- the bidder's margin ---

    /// @dev Ten lots at 2880 need 7,200. At the start there is no discount to count. [LIQ-7]
    function test_the_bidder_must_pass_initial_margin() public {
        move(2880);
        uint32 rightly = open(7200);
        uint32 poor = open(7199);
        refused(owner(poor), call(trader, FEED, 1e6), shortOfMargin(poor, 7_199e6, 7_200e6));
        bid(rightly, trader, FEED, 1e6);
        assertEq(margin(rightly).initialMargin, 7_200e6);
    }

    /// @dev The discount is a gain: half of it counts.
    function test_the_discount_counts_as_a_gain_for_the_bidder() public {
        move(2880);
        exchange.flag(trader);
        watch(trader, START + 15 minutes);
        uint32 poor = open(6479);
        refused(owner(poor), call(trader, FEED, 1e6), shortOfMargin(poor, 7_199e6, 7_200e6));
        uint32 rightly = open(6480);
        bid(rightly, trader, FEED, 1e6);
        assertEq(equity(rightly), 7_920e6);
    }

    /// @dev [LIQ-7]
    function test_the_position_limit_holds_for_the_bidder() public {
        SeriesSpec memory tight = spec();
        (tight.symbol, tight.positionLimit, tight.windowStart, tight.expiryDay) =
        ("LLM-FLAGSHIP-JAN27", 12, WINDOW_START + 31, EXPIRY_DAY + 31);
        uint16 id = exchange.listSeries(tight);
        uint32 a = open(9000);
        trade(id, a, rich, 3500, 10);
        uint32 b = open(100_000);
        trade(id, b, bidder, 3500, 3);
        move(2880);
        refused(
            owner(b),
            call(a, FEED, 1e6),
            abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, id, uint256(13), uint256(12))
        );
        bid(b, a, FEED, 900_000);
        assertEq(position(b, id).lots, 12);
    }

    // --- refused ---

    function test_refused_for_a_fraction_of_nothing_or_more_than_all() public {
        move(2880);
        refused(
            owner(bidder),
            call(trader, FEED, 0),
            abi.encodeWithSelector(IExchangeErrors.InvalidFraction.selector, uint256(0), uint256(1e6))
        );
        refused(
            owner(bidder),
            call(trader, FEED, 1e6 + 1),
            abi.encodeWithSelector(IExchangeErrors.InvalidFraction.selector, uint256(1e6 + 1), uint256(1e6))
        );
        refused(owner(bidder), call(trader, FEED, 99_999), nothingFreed());
    }

    function test_refused_where_the_account_holds_nothing() public {
        move(2880);
        refused(owner(bidder), call(trader, FEED2, 1e6), nothingFreed());
        bid(bidder, trader, FEED, 1e6);
        refused(owner(bidder), call(trader, FEED, 1e6), healthy(trader, 2_800e6, 0));
        move(2500);
        uint32 second = open(9000);
        enter(series, second, 10);
        move(1500);
        bid(bidder, second, FEED, 1e6);
        refused(
            owner(bidder),
            call(second, FEED, 1e6),
            abi.encodeWithSelector(IExchangeErrors.NothingFreed.selector, second, uint16(0))
        );
    }

    function test_refused_at_maintenance_margin() public {
        credit(trader, 80e6);
        move(2880);
        refused(owner(bidder), call(trader, FEED, 1e6), healthy(trader, 2_880e6, 2_880e6));
    }

    function test_refused_for_whom() public {
        move(2880);
        address nobody = makeAddr("nobody");
        uint32 next = exchange.accountCount() + 1;
        refused(nobody, call(trader, FEED, 1e6), noAccount(nobody));
        refused(owner(trader), call(trader, FEED, 1e6), notAuthorised(owner(trader)));
        refused(owner(bidder), call(0, FEED, 1e6), unknown(0));
        refused(owner(bidder), call(next, FEED, 1e6), unknown(next));
        address agent = agentOf(bidder, 2);
        refused(agent, call(trader, FEED, 1e6), notPermitted(agent, 1));
    }

    function test_refused_while_stale_and_after_expiry() public {
        move(2880);
        setStale();
        refused(owner(bidder), call(trader, FEED, 1e6), stale(trader));
        setIndex(2500);
        warpTo(EXPIRY_DAY, 0);
        refused(owner(bidder), call(trader, FEED, 1e6), nothingFreed());
    }

    /// @dev Long 10, short 9 and 9: a tenth takes one long lot and no short, so the net short grows from 8 to 9.
    /// MM = 80% m + 30% m before, 90% m + 27% m after. [LIQ-9]
    function test_refused_when_rounding_frees_nothing() public {
        uint16 far = listFar();
        uint16 third = listFar();
        uint32 a = open(100_000);
        enter(series, a, 10);
        enter(far, a, -9);
        enter(third, a, -9);
        withdraw(a, 91_000e6);
        move(4600);
        assertEq(equity(a), 200e6);
        assertEq(margin(a).maintenanceMargin, 5_060e6);
        refused(
            owner(bidder),
            call(a, FEED, 100_000),
            abi.encodeWithSelector(IExchangeErrors.NothingFreed.selector, a, series)
        );
        bid(bidder, a, FEED, 1e6);
    }

    // --- a silent index ---

    /// @dev A lot of another feed falls silent: it stays, the rest is sold. [LIQ-13]
    function test_a_silent_lot_is_left_out() public {
        uint16 other = listOther();
        credit(trader, 1000e6);
        enter(other, trader, 1);
        oracle.set(FEED2, uint64(3500 * TICK), false);
        move(2720); // 2,200 + 875 is not below 3,070
        refused(owner(bidder), call(trader, FEED, 1e6), stale(trader));
        move(2719);
        refused(owner(bidder), call(trader, FEED2, 1e6), stale(trader));
        bid(bidder, trader, FEED, 1e6);
        assertEq(position(trader, series).lots, 0);
        assertEq(position(trader, other).lots, 1);
    }
}
