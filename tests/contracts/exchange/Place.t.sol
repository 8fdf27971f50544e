// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {Order} from "../../../contracts/libraries/State.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract PlaceTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
    }

    function test_restsWithEverythingItWasGiven() public {
        vm.recordLogs();
        (uint96 id, uint32 filled) = placeFull(alice, SELL | POST_ONLY, 3510, 7, START + 60, 99, 0);
        assertEq(filled, 0);
        assertEq(id, (uint256(series) << 80) | (uint256(1) << 72) | (3510 << 48) | (1 << 16) | 1);
        Order memory o = order(id);
        assertEq(o.account, alice);
        assertEq(o.lots, 7);
        assertEq(o.expiry, START + 60);
        assertEq(o.flags, SELL | POST_ONLY);
        assertEq(o.generation, 1);
        assertEq(o.clientId, 99);
        uint256[] memory words = records();
        assertEq(words.length, 1);
        assertEq(
            words[0],
            (uint256(PLACED) << 248) | (uint256(SELL | POST_ONLY) << 240) | (3510 << 216) | (1 << 184)
                | (1 << 168) | (7 << 136) | (uint256(START + 60) << 104) | (99 << 40)
        );
        assertEq(position(alice).openSell, 7);
        assertEq(position(alice).openCount, 1);
        assertEq(hot().ask, 3510);
        assertEq(hot().bid, 0);
        assertEq(lens.seriesOf(alice).length, 1);
        assertEq(money(series).members, 1);
    }

    function test_bestPricesFollow() public {
        buy(alice, 3480, 1);
        buy(alice, 3490, 1);
        buy(alice, 3470, 1);
        sell(alice, 3520, 1);
        sell(alice, 3510, 1);
        sell(alice, 3530, 1);
        assertEq(hot().bid, 3490);
        assertEq(hot().ask, 3510);
    }

    /// @dev Ticks far apart: the next best is found across every height of the bitmap.
    function testFuzz_bestPricesAcrossTheBitmap(uint24[6] memory ticks) public {
        SeriesSpec memory s = spec();
        (s.priceCap, s.tickValue, s.bandBps, s.gapBps) = (16_000_000, 1, 4999, 1);
        (s.imBps, s.mmBps, s.spreadBps, s.takerFee, s.makerRebate) = (10_000, 1, 0, 0, 0);
        s.concentrationPct = 0;
        (s.feed, s.tickSize, s.maxBasis, s.initialMark, s.positionLimit) = (9, 1, 8_000_000, 8_000_000, 1e6);
        oracle.set(9, 8_000_000, true);
        series = exchange.listSeries(s);
        uint96[6] memory ids;
        for (uint256 i; i < 6; ++i) {
            ticks[i] = uint24(bound(ticks[i], 4_000_800, 11_999_200));
            (ids[i],) = buy(alice, ticks[i], 1);
        }
        for (uint256 left = 6; left > 0; --left) {
            uint256 best;
            for (uint256 i; i < left; ++i) {
                if (ticks[i] > best) best = ticks[i];
            }
            assertEq(hot().bid, best);
            cancel(alice, ids[left - 1]);
        }
        assertEq(hot().bid, 0);
        for (uint256 i; i < 6; ++i) {
            (ids[i],) = sell(alice, ticks[i], 1);
        }
        for (uint256 left = 6; left > 0; --left) {
            uint256 best = type(uint24).max;
            for (uint256 i; i < left; ++i) {
                if (ticks[i] < best) best = ticks[i];
            }
            assertEq(hot().ask, best);
            cancel(alice, ids[left - 1]);
        }
        assertEq(hot().ask, type(uint24).max);
    }

    function test_refusesUnknownSeriesAndStrangers() public {
        refused(
            owner(alice),
            abi.encodeCall(ITrading.place, (series + 1, 0, 3500, 1, 0, 0, 0)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, series + 1)
        );
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            placeCall(0, 3500, 1, 0, 0),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, stranger)
        );
    }

    /// @dev [BOOK-7]
    function test_refusesBadFlags() public {
        uint8[7] memory bad = [uint8(3), 32, 64, 96, POST_ONLY | IOC, POST_ONLY | FOK, SELL | 3];
        for (uint256 i; i < bad.length; ++i) {
            bytes memory error_ =
                abi.encodeWithSelector(IExchangeErrors.InvalidFlags.selector, uint256(bad[i]));
            refusedPlace(alice, bad[i], 3500, 1, error_);
        }
    }

    /// @dev [BOOK-7]
    function test_refusesTicksOffTheRange() public {
        refusedPlace(
            alice, 0, 0, 1, abi.encodeWithSelector(IExchangeErrors.TickOutOfRange.selector, 0, 1, 30_000)
        );
        refusedPlace(
            alice,
            IOC,
            30_001,
            1,
            abi.encodeWithSelector(IExchangeErrors.TickOutOfRange.selector, 30_001, 1, 30_000)
        );
    }

    /// @dev Mark 3500, band 5%: 3325 to 3675. [BOOK-6]
    function test_bandIsInclusive() public {
        buy(alice, 3325, 1);
        sell(alice, 3675, 1);
        refusedPlace(alice, 0, 3324, 1, _outside(3324));
        refusedPlace(alice, SELL, 3676, 1, _outside(3676));
        refusedPlace(alice, POST_ONLY, 3324, 1, _outside(3324));
    }

    function _outside(uint256 tick) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.PriceOutsideBand.selector, tick, 3325, 3675);
    }

    /// @dev [BOOK-7]
    function test_refusesSmallSizes() public {
        SeriesSpec memory s = spec();
        s.minLots = 5;
        series = exchange.listSeries(s);
        refusedPlace(alice, 0, 3500, 4, abi.encodeWithSelector(IExchangeErrors.SizeTooSmall.selector, 4, 5));
        refusedPlace(alice, IOC, 3500, 0, abi.encodeWithSelector(IExchangeErrors.SizeTooSmall.selector, 0, 5));
        buy(alice, 3500, 5);
    }

    /// @dev [BOOK-7]
    function test_refusesExpiredOrders() public {
        refused(
            owner(alice),
            placeCall(0, 3500, 1, START, 0),
            abi.encodeWithSelector(IExchangeErrors.OrderExpired.selector, START, START)
        );
        placeFull(alice, 0, 3500, 1, START + 1, 0, 0);
    }

    /// @dev The limit bounds position plus open orders of one side. [BOOK-8]
    function test_positionLimit() public {
        SeriesSpec memory s = spec();
        s.positionLimit = 10;
        series = exchange.listSeries(s);
        trade(alice, bob, 3500, 4);
        buy(alice, 3400, 6);
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, series, 11, 10);
        refusedPlace(alice, 0, 3400, 1, error_);
        refusedPlace(alice, IOC, 3500, 1, error_);
        sell(bob, 3600, 6);
        refusedPlace(bob, SELL, 3600, 1, error_);
        // The other side has room for the position and the limit again.
        sell(alice, 3600, 14);
        refusedPlace(alice, SELL, 3600, 1, error_);
    }

    /// @dev [BOOK-8]
    function test_atMost250OrdersASeries() public {
        for (uint256 i; i < 250; ++i) {
            buy(alice, 3400 + i % 50, 1);
        }
        assertEq(position(alice).openCount, 250);
        refusedPlace(
            alice, 0, 3400, 1, abi.encodeWithSelector(IExchangeErrors.TooManyOrders.selector, series, 250)
        );
        massCancel(alice);
        buy(alice, 3400, 1);
    }

    /// @dev [ACCOUNT-3]
    function test_atMostTenSeries() public {
        uint16 first = series;
        for (uint256 i; i < 10; ++i) {
            exchange.listSeries(spec());
        }
        for (uint16 i; i < 10; ++i) {
            series = first + i;
            buy(alice, 3400, 1);
        }
        series = first + 10;
        refusedPlace(
            alice, 0, 3400, 1, abi.encodeWithSelector(IExchangeErrors.TooManySeries.selector, alice, 10)
        );
        // A place in the list is free again when nothing is left in a series.
        series = first;
        massCancel(alice);
        series = first + 10;
        buy(alice, 3400, 1);
        assertEq(lens.seriesOf(alice).length, 10);
        assertEq(money(first).members, 0);
    }

    /// @dev A queue that has had 2^32 - 2 orders without ever emptying; the level's slot is found by the read it makes.
    function test_fullLevel() public {
        buy(alice, 3500, 1);
        vm.record();
        exchange.levelWord(series, BUYS, 3500);
        (bytes32[] memory reads,) = vm.accesses(address(exchange));
        bytes32 slot = reads[reads.length - 1];
        uint256 shift = (3500 & 3) * 64;
        uint256 word = uint256(vm.load(address(exchange), slot));
        uint256 full = (uint256(type(uint32).max) << 32) | 1;
        word = (word & ~(uint256(type(uint64).max) << shift)) | (full << shift);
        vm.store(address(exchange), slot, bytes32(word));
        (uint256 head, uint256 tail) = level(BUYS, 3500);
        assertEq(head, 1);
        assertEq(tail, type(uint32).max);
        refusedPlace(alice, 0, 3500, 1, abi.encodeWithSelector(IExchangeErrors.LevelFull.selector, 3500));
    }

    // --- post-only ---

    /// @dev [BOOK-4]
    function test_postOnlyRefusesToCross() public {
        sell(bob, 3510, 1);
        buy(bob, 3490, 1);
        refusedPlace(
            alice,
            POST_ONLY,
            3510,
            1,
            abi.encodeWithSelector(IExchangeErrors.PostOnlyWouldCross.selector, 3510, 3510)
        );
        refusedPlace(
            alice,
            POST_ONLY | SELL,
            3480,
            1,
            abi.encodeWithSelector(IExchangeErrors.PostOnlyWouldCross.selector, 3480, 3490)
        );
        place(alice, POST_ONLY, 3509, 1);
        place(alice, POST_ONLY | SELL, 3511, 1);
    }

    /// @dev Its own resting order counts too: it neither trades with it nor cancels it. [BOOK-4]
    function test_postOnlyRefusesToCrossItself() public {
        sell(alice, 3510, 1);
        refusedPlace(
            alice,
            POST_ONLY,
            3510,
            1,
            abi.encodeWithSelector(IExchangeErrors.PostOnlyWouldCross.selector, 3510, 3510)
        );
    }

    /// @dev [BOOK-4]
    function test_postOnlyPrunesGhosts() public {
        sell(bob, 3510, 1);
        sell(bob, 3515, 1);
        massCancel(bob);
        sell(bob, 3520, 1);
        assertEq(hot().ask, 3510, "the best is a ghost");
        vm.recordLogs();
        place(alice, POST_ONLY, 3519, 1);
        assertKinds(records(), [CANCELLED, CANCELLED, PLACED]);
        assertEq(hot().ask, 3520);
        assertEq(hot().bid, 3519);
    }

    function test_postOnlyPrunesWithinItsBound() public {
        for (uint256 i; i < 3; ++i) {
            sell(bob, 3510, 1);
        }
        massCancel(bob);
        refused(
            owner(alice),
            placeCall(POST_ONLY, 3510, 1, 0, 2),
            abi.encodeWithSelector(IExchangeErrors.PostOnlyWouldCross.selector, 3510, 3510)
        );
        placeFull(alice, POST_ONLY, 3510, 1, 0, 0, 3);
    }

    // --- reduce-only ---

    /// @dev [BOOK-5]
    function test_reduceOnlyNeedsAPosition() public {
        refusedPlace(
            alice,
            REDUCE_ONLY,
            3500,
            1,
            abi.encodeWithSelector(IExchangeErrors.NothingToReduce.selector, series, 0)
        );
        trade(alice, bob, 3500, 2);
        refusedPlace(
            alice,
            REDUCE_ONLY,
            3500,
            1,
            abi.encodeWithSelector(IExchangeErrors.NothingToReduce.selector, series, 2)
        );
        refusedPlace(
            bob,
            REDUCE_ONLY | SELL,
            3500,
            1,
            abi.encodeWithSelector(IExchangeErrors.NothingToReduce.selector, series, -2)
        );
        place(alice, REDUCE_ONLY | SELL, 3600, 1);
    }

    // --- margin ---

    /// @dev 30% of $3,500 a lot while it is all of the interest: $1,000,000 carries 952 lots. [MARGIN-10]
    function test_reservesMargin() public {
        uint256 needed = 953 * 1050 * USD;
        refusedPlace(
            alice,
            0,
            3500,
            953,
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, alice, int256(1_000_000) * V, needed
            )
        );
        buy(alice, 3500, 952);
    }

    /// @dev Only the worse side can fill first, so a quote costs one side (30%) and the spread charge of the pair (3%).
    /// [MARGIN-6]
    function test_reservesTheWorseSide() public {
        buy(alice, 3400, 10);
        sell(alice, 3600, 10);
        assertEq(margin(alice).initialMargin, (10_500 + 1050) * USD);
        sell(alice, 3600, 5);
        assertEq(margin(alice).initialMargin, (15_750 + 1050) * USD);
    }

    // --- boundaries ---

    /// @dev [BOOK-7]
    function test_lastSecondOfTrading() public {
        warpTo(EXPIRY_DAY, 0);
        vm.warp(vm.getBlockTimestamp() - 1);
        buy(alice, 3400, 1);
        vm.warp(vm.getBlockTimestamp() + 1);
        refusedPlace(
            alice,
            0,
            3400,
            1,
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(EXPIRY_DAY) * 1 days
            )
        );
    }

    function test_ioCThatFindsNothingJoinsNothing() public {
        vm.recordLogs();
        (uint96 id, uint32 filled) = place(alice, IOC, 3500, 3);
        assertEq(id, 0);
        assertEq(filled, 0);
        uint256[] memory words = records();
        assertKinds(words, [TAKEN]);
        assertEq(end(words[0]), 2);
        assertEq(lens.seriesOf(alice).length, 0);
        assertEq(money(series).members, 0);
    }
}
