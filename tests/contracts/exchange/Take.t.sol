// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract TakeTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint32 internal carol;

    function setUp() public override {
        super.setUp();
        alice = openMany(3, 1_000_000);
        (bob, carol) = (alice + 1, alice + 2);
    }

    // --- priority, price, amounts ---

    /// @dev [BOOK-15] [BOOK-23]
    function test_bestPriceFirstThenOldestAtTheMakersPrice() public {
        (uint96 late,) = sell(bob, 3520, 5);
        (uint96 first,) = sell(alice, 3510, 2);
        (uint96 second,) = sell(bob, 3510, 3);
        vm.recordLogs();
        (uint96 id, uint32 filled) = placeFull(carol, 0, 3520, 6, 0, 77, 0);
        assertEq(id, 0);
        assertEq(filled, 6);
        uint256[] memory words = records();
        assertEq(words.length, 4);
        _assertFilled(words[0], first, 2, alice, 0);
        _assertFilled(words[1], second, 3, bob, 0);
        _assertFilled(words[2], late, 1, bob, 4);
        assertEq(
            words[3],
            (uint256(TAKEN) << 248) | (3520 << 216) | (6 << 184) | (uint256(3500) << 128) | (77 << 64),
            "taken: flags 0, nothing unfilled, end 0"
        );
        int256 cost = (2 * 3510 + 3 * 3510 + 3520) * V;
        assertEq(lotsOf(carol), 6);
        assertEq(quoteOf(carol), -cost - fee(3510, 2) - fee(3510, 3) - fee(3520, 1));
        assertEq(quoteOf(alice), 2 * 3510 * V + rebate(3510, 2));
        assertEq(quoteOf(bob), (3 * 3510 + 3520) * V + rebate(3510, 3) + rebate(3520, 1));
        assertEq(lotsOf(bob), -4);
        assertEq(position(bob).openSell, 4);
        assertEq(position(bob).openCount, 1);
        assertEq(hot().ask, 3520);
        assertEq(hot().openInterest, 6);
        _assertPool();
    }

    function _assertFilled(uint256 word, uint96 id, uint256 lots, uint32 maker, uint256 left) private pure {
        assertEq(
            word,
            (uint256(FILLED) << 248) | (uint256(uint80(id) >> 72) << 240) | (uint256(uint72(id)) << 168)
                | (lots << 136) | (uint256(maker) << 104) | (left << 8)
        );
    }

    /// @dev Nothing was realised: the quotes and the fees make up an empty pool.
    function _assertPool() private view {
        int256 sum = quoteOf(alice) + quoteOf(bob) + quoteOf(carol) + int256(uint256(hot().fees));
        assertEq(sum, int256(uint256(money(series).pool)));
    }

    /// @dev [BOOK-15]
    function test_sellsMeetTheHighestBidFirst() public {
        buy(alice, 3480, 1);
        buy(alice, 3490, 1);
        (, uint32 filled) = sell(carol, 3480, 2);
        assertEq(filled, 2);
        assertEq(quoteOf(carol), (3490 + 3480) * V - fee(3490, 1) - fee(3480, 1));
        assertEq(quoteOf(alice), -(3490 + 3480) * V + rebate(3490, 1) + rebate(3480, 1));
        assertEq(hot().bid, 0);
        _assertPool();
    }

    /// @dev Fee up, rebate down, each fill by itself. A lot at 3510 is worth 3,510 base units here. [BOOK-24]
    function test_feesRoundAgainstBothSides() public {
        SeriesSpec memory s = spec();
        s.tickValue = 1;
        series = exchange.listSeries(s);
        sell(alice, 3510, 1);
        sell(bob, 3510, 3);
        place(carol, IOC, 3510, 4);
        assertEq(quoteOf(alice), 3510, "0.351 rounds down to nothing");
        assertEq(quoteOf(bob), 3 * 3510 + 1, "1.053 rounds down");
        assertEq(quoteOf(carol), -4 * 3510 - 2 - 4, "1.053 and 3.159 round up");
        assertEq(hot().fees, 5);
        _assertPool();
    }

    /// @dev The taker pays no unit less than 0.03%, the maker gets none more than 0.01%, the series the difference. [BOOK-24]
    function testFuzz_feesAreTheNearestUnitAgainstBoth(uint32 value, uint256 tick, uint256 lots) public {
        SeriesSpec memory s = spec();
        s.tickValue = value = uint32(bound(value, 1, 1e6));
        series = exchange.listSeries(s);
        (tick, lots) = (bound(tick, 3325, 3675), bound(lots, 1, 500));
        int256 amount = int256(tick * lots * value);
        sell(alice, tick, lots);
        place(carol, IOC, tick, lots);
        int256 fee_ = -quoteOf(carol) - amount;
        int256 rebate_ = quoteOf(alice) - amount;
        assertGe(fee_ * 1e6, amount * 300);
        assertLt((fee_ - 1) * 1e6, amount * 300);
        assertLe(rebate_ * 1e6, amount * 100);
        assertGt((rebate_ + 1) * 1e6, amount * 100);
        assertEq(int256(hot().fees), fee_ - rebate_);
        _assertPool();
    }

    /// @dev Several orders of one maker in a row, then another, then the first again: each counts once.
    function test_consecutiveFillsOfOneMaker() public {
        sell(alice, 3500, 1);
        sell(alice, 3500, 2);
        sell(alice, 3501, 3);
        sell(bob, 3501, 4);
        sell(alice, 3501, 5);
        (, uint32 filled) = place(carol, IOC, 3501, 14);
        assertEq(filled, 14);
        assertEq(lotsOf(alice), -10);
        assertEq(lotsOf(bob), -4);
        assertEq(position(alice).openSell, 1);
        assertEq(position(alice).openCount, 1);
        assertEq(position(bob).openCount, 0);
        int256 rebates = rebate(3500, 1) + rebate(3500, 2) + rebate(3501, 3) + rebate(3501, 4);
        assertEq(quoteOf(alice), (3 * 3500 + 7 * 3501) * V + rebates);
        assertEq(hot().openInterest, 14);
        _assertPool();
    }

    /// @dev [BOOK-9]
    function test_openInterestCountsLongs() public {
        trade(alice, bob, 3500, 5); // both open
        assertEq(hot().openInterest, 5);
        trade(carol, alice, 3500, 3); // alice hands hers on
        assertEq(hot().openInterest, 5);
        trade(bob, alice, 3500, 2); // both close
        assertEq(hot().openInterest, 3);
        trade(alice, carol, 3500, 5); // carol turns from 3 long to 2 short
        assertEq(hot().openInterest, 5);
        assertEq(lotsOf(alice) + lotsOf(bob) + lotsOf(carol), 0);
    }

    /// @dev [BOOK-9]
    function test_openInterestCap() public {
        SeriesSpec memory s = spec();
        (s.openInterestCap, s.positionLimit) = (10, 10);
        series = exchange.listSeries(s);
        trade(alice, bob, 3500, 8);
        sell(bob, 3500, 2);
        sell(carol, 3500, 1);
        refusedPlace(
            alice,
            IOC,
            3500,
            2 + 1,
            abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, series, 11, 10)
        );
        place(alice, IOC, 3500, 2);
        uint32 dave = open(1_000_000);
        refusedPlace(
            dave,
            IOC,
            3500,
            1,
            abi.encodeWithSelector(IExchangeErrors.OpenInterestCap.selector, series, 11, 10)
        );
        place(bob, IOC, 3500, 1); // closing goes on
        assertEq(hot().openInterest, 10);
        buy(bob, 3490, 1);
        place(alice, IOC | SELL, 3490, 1);
        assertEq(hot().openInterest, 9);
    }

    function test_firstTradeMovesOnTheDay() public {
        trade(alice, bob, 3500, 1);
        assertEq(position(alice).lastFillDay, DAY0);
        assertEq(position(bob).lastFillDay, DAY0);
    }

    // --- time in force ---

    /// @dev [BOOK-1]
    function test_restOfGoodTillCancelledRests() public {
        sell(alice, 3500, 2);
        vm.recordLogs();
        (uint96 id, uint32 filled) = buy(carol, 3505, 5);
        assertEq(filled, 2);
        uint256[] memory words = records();
        assertKinds(words, [FILLED, TAKEN, PLACED]);
        assertEq(end(words[1]), 1);
        assertEq(order(id).lots, 3);
        assertEq(hot().bid, 3505);
        assertEq(hot().ask, type(uint24).max);
        assertEq(position(carol).openBuy, 3);
    }

    /// @dev [BOOK-2]
    function test_immediateOrCancel() public {
        sell(alice, 3500, 2);
        vm.recordLogs();
        (uint96 id, uint32 filled) = place(carol, IOC, 3505, 5);
        assertEq(id, 0);
        assertEq(filled, 2);
        uint256[] memory words = records();
        assertKinds(words, [FILLED, TAKEN]);
        assertEq(end(words[1]), 2);
        assertEq(uint32(words[1] >> 152), 3, "unfilled");
        assertEq(position(carol).openCount, 0);
    }

    /// @dev [BOOK-3]
    function test_fillOrKill() public {
        sell(alice, 3500, 2);
        sell(alice, 3506, 3);
        refusedPlace(carol, FOK, 3505, 3, abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 2, 3));
        refusedPlace(carol, FOK, 3499, 1, abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 0, 1));
        assertEq(lotsOf(alice), 0);
        (, uint32 filled) = place(carol, FOK, 3506, 5);
        assertEq(filled, 5);
    }

    /// @dev [BOOK-3]
    function test_fillOrKillWithinItsBound() public {
        sell(alice, 3500, 1);
        sell(alice, 3500, 1);
        refused(
            owner(carol),
            placeCall(FOK, 3500, 2, 0, 1),
            abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 1, 2)
        );
        placeFull(carol, FOK, 3500, 2, 0, 0, 2);
    }

    /// @dev Out of steps: what was traded stays, what was met stays retired, the rest does not rest across the book.
    /// [BOOK-19]
    function test_stepBoundKeepsProgress() public {
        sell(bob, 3500, 1);
        massCancel(bob);
        sell(alice, 3500, 1);
        sell(alice, 3500, 1);
        vm.recordLogs();
        (uint96 id, uint32 filled) = placeFull(carol, 0, 3500, 3, 0, 0, 2);
        assertEq(id, 0);
        assertEq(filled, 1);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, FILLED, TAKEN]);
        assertEq(end(words[2]), 3);
        (uint256 head,) = level(SELLS, 3500);
        assertEq(head, 3);
        assertEq(position(carol).openCount, 0);
        assertEq(hot().ask, 3500);
    }

    /// @dev [BOOK-19]
    function test_defaultBoundIsSixtyFour() public {
        for (uint256 i; i < 65; ++i) {
            sell(alice, 3500, 1);
        }
        (, uint32 filled) = place(carol, IOC, 3500, 65);
        assertEq(filled, 64);
    }

    // --- reduce-only ---

    /// @dev [BOOK-5]
    function test_reduceOnlyTakesNoMoreThanThePosition() public {
        trade(alice, bob, 3500, 2);
        buy(carol, 3500, 10);
        vm.recordLogs();
        (uint96 id, uint32 filled) = place(alice, SELL | REDUCE_ONLY, 3500, 5);
        assertEq(filled, 2);
        assertEq(id, 0, "nothing is left to reduce");
        uint256[] memory words = records();
        assertKinds(words, [FILLED, TAKEN]);
        assertEq(end(words[1]), 5);
        assertEq(lotsOf(alice), 0);
    }

    function test_reduceOnlyFillOrKill() public {
        trade(alice, bob, 3500, 2);
        buy(carol, 3500, 10);
        refusedPlace(
            alice,
            SELL | REDUCE_ONLY | FOK,
            3500,
            3,
            abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 2, 3)
        );
        place(alice, SELL | REDUCE_ONLY | FOK, 3500, 2);
    }

    /// @dev A resting reduce-only order shrinks to what is left of the position when it is met. [BOOK-5]
    function test_restingReduceOnlyIsClippedAtItsFill() public {
        trade(alice, bob, 3500, 6);
        place(alice, SELL | REDUCE_ONLY, 3600, 6);
        sell(alice, 3500, 2);
        place(carol, IOC, 3500, 2); // alice has 4 left, her order says 6
        vm.recordLogs();
        (, uint32 filled) = place(carol, IOC, 3600, 1);
        assertEq(filled, 1);
        uint256[] memory words = records();
        assertKinds(words, [FILLED, CANCELLED, TAKEN]);
        assertEq(uint32(words[0] >> 8), 5, "left after the fill, before the clip");
        assertEq(reason(words[1]), 6);
        assertEq(uint32(words[1] >> 128), 2, "clipped");
        assertEq(position(alice).openSell, 3);
        (, filled) = place(carol, IOC, 3600, 9);
        assertEq(filled, 3);
        assertEq(lotsOf(alice), 0);
        assertEq(position(alice).openSell, 0);
        assertEq(position(alice).openCount, 0);
    }

    /// @dev Whoever takes more than the position gets the position and no more. [BOOK-5]
    function test_restingReduceOnlyNeverTurnsThePosition() public {
        trade(alice, bob, 3500, 6);
        place(alice, SELL | REDUCE_ONLY, 3600, 6);
        sell(alice, 3500, 2);
        place(carol, IOC, 3500, 2);
        (, uint32 filled) = place(carol, IOC, 3600, 6);
        assertEq(filled, 4);
        assertEq(lotsOf(alice), 0);
        assertEq(position(alice).openSell, 0);
        assertEq(position(alice).openCount, 0);
    }

    /// @dev [BOOK-5]
    function test_restingReduceOnlyWithNothingToReduceIsRetired() public {
        trade(alice, bob, 3500, 2);
        place(alice, SELL | REDUCE_ONLY, 3510, 2);
        buy(carol, 3500, 2);
        place(alice, IOC | SELL, 3500, 2);
        vm.recordLogs();
        place(bob, IOC, 3510, 1);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, TAKEN]);
        assertEq(reason(words[0]), 6);
        assertEq(position(alice).openSell, 0);
        assertEq(position(alice).openCount, 0);
        assertEq(lotsOf(alice), 0);
    }

    // --- self-trade ---

    /// @dev [BOOK-18]
    function test_selfTradeCancelsTheRestingOrder() public {
        sell(alice, 3500, 2);
        sell(bob, 3500, 3);
        vm.recordLogs();
        (, uint32 filled) = place(alice, IOC, 3500, 3);
        assertEq(filled, 3);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, FILLED, TAKEN]);
        assertEq(reason(words[0]), 5);
        assertEq(position(alice).openSell, 0);
        assertEq(lotsOf(alice), 3);
        assertEq(lotsOf(bob), -3);
    }

    /// @dev [BOOK-18]
    function test_selfTradeCancelsTheTakingOrder() public {
        sell(bob, 3499, 1);
        sell(alice, 3500, 2);
        sell(bob, 3500, 3);
        vm.recordLogs();
        (uint96 id, uint32 filled) = place(alice, STP_TAKING, 3500, 3);
        assertEq(id, 0);
        assertEq(filled, 1);
        uint256[] memory words = records();
        assertKinds(words, [FILLED, TAKEN]);
        assertEq(end(words[1]), 4);
        assertEq(position(alice).openSell, 2, "its resting order stays");
        assertEq(position(alice).openBuy, 0);
    }

    // --- reduce-only series ---

    /// @dev [BOOK-10] [MARK-7]
    function test_staleSeriesOnlyReduces() public {
        trade(alice, bob, 3500, 4);
        sell(carol, 3500, 4);
        buy(carol, 3490, 4);
        setStale();
        exchange.refreshMark(series);
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, series);
        refusedPlace(alice, IOC, 3500, 1, error_);
        refusedPlace(alice, 0, 3400, 1, error_);
        uint32 flat = open(1_000_000);
        refusedPlace(flat, 0, 3400, 1, error_);
        (, uint32 filled) = place(alice, IOC | SELL, 3490, 9);
        assertEq(filled, 4, "closing works, and goes no further");
        refusedPlace(alice, IOC | SELL, 3490, 1, error_);
    }

    /// @dev Taking refreshes first: staleness that no cache knows of yet counts at once. [MARK-6]
    function test_takingFindsOutThatTheIndexIsStale() public {
        sell(alice, 3500, 1);
        setStale();
        refusedPlace(
            carol, IOC, 3500, 1, abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, series)
        );
    }

    /// @dev The index is fresh again: a cached word that says otherwise must not hold anybody up. [MARK-6]
    function test_freshIndexOpensTheSeriesAtOnce() public {
        sell(alice, 3500, 1);
        setStale();
        exchange.refreshMark(series);
        vm.warp(START + 1);
        setIndex(3500);
        buy(bob, 3400, 1);
        (, uint32 filled) = place(carol, IOC, 3500, 1);
        assertEq(filled, 1);
    }

    // --- margin of the taker ---

    /// @dev 10 lots: IM 27.5% of $35,000 and the fee of $10.50 must be there. [MARGIN-10]
    function test_takerNeedsMargin() public {
        sell(alice, 3500, 10);
        uint32 dave = open(9635);
        refusedPlace(
            dave,
            IOC,
            3500,
            10,
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, dave, 9635 * V - fee(3500, 10), 9625 * USD
            )
        );
        fund(owner(dave), dave, 1);
        place(dave, IOC, 3500, 10);
    }
}
