// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {AccountMargin, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

/// @dev Numbers by hand. One lot at 3500 is $3,500; IM 25% and up to a fifth more, MM 10%, spread 3%, gains at 50%.
contract MarginTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint16 internal near;
    uint16 internal far;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
        near = series;
        far = listLater();
    }

    function _assertMargin(uint32 account, uint256 im, uint256 mm) private view {
        AccountMargin memory m = margin(account);
        assertEq(m.initialMargin, im, "IM");
        assertEq(m.maintenanceMargin, mm, "MM");
    }

    function _tradeIn(uint16 id, uint32 long, uint32 short, uint256 tick, uint256 lots) private {
        series = id;
        trade(long, short, tick, lots);
        series = near;
    }

    /// @dev 10 lots are half of (open interest + size), so IM grows by half of 20%: 27.5% of $35,000.
    /// [MARGIN-5] [MARGIN-6]
    function test_singleLeg() public {
        trade(alice, bob, 3500, 10);
        _assertMargin(alice, 9625 * USD, 3500 * USD);
        _assertMargin(bob, 9625 * USD, 3500 * USD);
    }

    /// @dev [MARGIN-9]
    function test_concentration() public {
        trade(alice, bob, 3500, 90);
        uint32 carol = open(100_000);
        buy(carol, 3400, 10);
        _assertMargin(carol, 8925 * USD, 0); // 25% x (1 + 20% x 10 / 100) of $35,000
        buy(carol, 3400, 20);
        _assertMargin(carol, 105_000 * USD * 2625 / 10_000, 0); // a quarter of 120: 26.25%
    }

    /// @dev [MARGIN-5]
    function test_calendarOffset() public {
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(far, bob, alice, 3500, 10);
        _assertMargin(alice, 1050 * USD, 1050 * USD);
        _assertMargin(bob, 1050 * USD, 1050 * USD);
    }

    /// @dev L 35,000, S 14,000: 27.5% (10%) of 21,000 and 3% of 14,000. [MARGIN-5] [MARGIN-6]
    function test_unequalLegs() public {
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(far, bob, alice, 3500, 4);
        _assertMargin(alice, (5775 + 420) * USD, (2100 + 420) * USD);
    }

    /// @dev On top, bids for 5 in the far month: 27.5% of max(21,000 + 17,500, 21,000) and 3% of min(52,500, 14,000);
    /// asks for 20: of max(21,000, |21,000 - 70,000|), at a rate of 25% x (1 + 20% x 24 / 28), and 3% of 52,500.
    /// [MARGIN-6]
    function test_offsetWithOpenOrders() public {
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(far, bob, alice, 3500, 4);
        series = far;
        buy(alice, 3400, 5);
        _assertMargin(alice, 10_587_500_000 + 420 * USD, 2520 * USD);
        sell(alice, 3600, 20);
        uint256 rate = 25_000_000 + uint256(2500 * 20 * 100 * 24) / 28;
        uint256 scaled = rate * 49_000 * USD + 3_000_000 * 52_500 * USD;
        _assertMargin(alice, (scaled + 1e8 - 1) / 1e8, 2520 * USD);
    }

    /// @dev [MARGIN-3]
    function test_feedsDoNotOffset() public {
        uint16 other = listOther(2);
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(other, bob, alice, 3500, 10);
        _assertMargin(alice, 2 * 9625 * USD, 2 * 3500 * USD);
    }

    /// @dev [MARGIN-3]
    function test_capsDoNotOffset() public {
        SeriesSpec memory s = spec();
        s.priceCap = 29_999;
        uint16 other = exchange.listSeries(s);
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(other, bob, alice, 3500, 10);
        _assertMargin(alice, 2 * 9625 * USD, 2 * 3500 * USD);
    }

    /// @dev Cap 3600: ten short lots at 3500 can lose $1,000 and no more, whatever the rates say. [MARGIN-8]
    function test_neverAboveTheLargestLossOfAShort() public {
        SeriesSpec memory s = spec();
        s.priceCap = 3600;
        series = exchange.listSeries(s);
        trade(alice, bob, 3500, 10);
        _assertMargin(bob, 1000 * USD, 1000 * USD);
        _assertMargin(alice, 9625 * USD, 3500 * USD);
        setIndex(3600);
        AccountMargin memory m = margin(bob);
        assertEq(m.initialMargin, 0);
        assertEq(m.maintenanceMargin, 0);
    }

    /// @dev A second long at a higher rate would raise both sums; the cap of two shorts and a long is their own sum.
    function testFuzz_requirementsStayBelowTheirCaps(uint256 a, uint256 b, uint256 mark) public {
        a = bound(a, 1, 40);
        b = bound(b, 1, 40);
        _tradeIn(near, alice, bob, 3500, a);
        _tradeIn(far, bob, alice, 3500, b);
        mark = bound(mark, 2000, 5000);
        setIndex(mark);
        AccountMargin memory m = margin(alice);
        uint256 long = a * mark * USD;
        uint256 short = b * mark * USD;
        uint256 d = long > short ? long - short : short - long;
        uint256 spread = (long < short ? long : short) * 3;
        assertEq(m.maintenanceMargin, (d * 10 + spread + 99) / 100, "MM by its formula");
        assertGe(m.initialMargin, m.maintenanceMargin);
        assertLe(m.initialMargin, (long + short) * 275 / 1000 + 1);
    }

    /// @dev Long 10 from 3500 at 3600: a gain of $1,000 less the fee of $10.50, half of which counts. [MARGIN-1]
    function test_gainsCountInPart() public {
        trade(alice, bob, 3500, 10);
        setIndex(3600);
        AccountMargin memory m = margin(alice);
        assertEq(m.equity, 1_000_000 * V + 1000 * V - fee(3500, 10));
        assertEq(m.imEquity, 1_000_000 * V + (1000 * V - fee(3500, 10)) / 2);
        assertEq(m.losses, 0);
        m = margin(bob);
        assertEq(m.equity, 1_000_000 * V - 1000 * V + rebate(3500, 10));
        assertEq(m.imEquity, m.equity);
        assertEq(m.losses, -1000 * V + rebate(3500, 10));
    }

    // --- worse but improving ---

    /// @dev $12,000 and 10 lots long from 3500, less a fee of $10.50: at 3050 equity is $7,489.50 against IM of $8,387.50.
    function _weak() private returns (uint32 weak) {
        weak = open(12_000);
        trade(weak, alice, 3500, 10);
        setIndex(3050);
        exchange.refreshMark(series);
        assertLt(margin(weak).imEquity, int256(margin(weak).initialMargin));
    }

    /// @dev [MARGIN-10]
    function test_reducingIsAllowedBelowInitialMargin() public {
        uint32 weak = _weak();
        buy(bob, 3050, 1);
        place(weak, IOC | SELL, 3050, 1);
        assertEq(lotsOf(weak), 9);
        assertEq(position(weak).checkedMark, 3500, "its margin is still not covered");
    }

    /// @dev A month with double margin, empty so far, must not make the requirement before look as large as the one after:
    /// opening a spread against it lowers equity - IM. [MARGIN-3] [MARGIN-10]
    function test_aSeriesThatWasEmptyLendsNoRateToWhatWas() public {
        uint32 weak = _weak();
        SeriesSpec memory dear = spec();
        (dear.symbol, dear.imBps, dear.windowStart, dear.expiryDay, dear.initialMark) =
        ("LLM-FLAGSHIP-DEAR", 5000, dear.windowStart + 60, dear.expiryDay + 60, 3050);
        uint16 other = exchange.listSeries(dear);
        series = other;
        buy(bob, 3050, 4);
        AccountMargin memory was = margin(weak);
        assertLt(was.imEquity, int256(was.initialMargin));
        vm.prank(owner(weak));
        (bool ok, bytes memory why) =
            address(exchange).call(abi.encodeCall(exchange.place, (other, IOC | SELL, 3050, 4, 0, 0, 0)));
        assertFalse(ok);
        assertEq(bytes4(why), IExchangeErrors.InsufficientMargin.selector);
    }

    /// @dev [MARGIN-10]
    function test_growingIsNot() public {
        uint32 weak = _weak();
        sell(bob, 3050, 1);
        int256 equity = 12_000 * V - 4500 * V - fee(3500, 10);
        refusedPlace(
            weak,
            IOC,
            3050,
            1,
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector,
                weak,
                equity - fee(3050, 1),
                uint256(11 * 3050) * USD * 2750 / 10_000
            )
        );
        refusedPlace(
            weak,
            0,
            3000,
            1,
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector,
                weak,
                equity,
                (uint256(11 * 3050) * USD * (25_000_000 + uint256(2500 * 20 * 100 * 11) / 21) + 1e8 - 1) / 1e8
            )
        );
    }

    /// @dev Selling at the band's edge, 152 ticks under the mark, costs $1,520 and frees $8,387.50.
    function test_closingAllIsAllowed() public {
        uint32 weak = _weak();
        buy(bob, 2898, 10);
        place(weak, IOC | SELL, 2898, 10);
        assertEq(lotsOf(weak), 0);
    }

    /// @dev [BOOK-11] [MARGIN-10]
    function test_belowZeroNothingIsAllowedButCancelling() public {
        uint32 weak = open(12_000);
        trade(weak, alice, 3500, 10);
        (uint96 id,) = sell(weak, 3600, 1);
        setIndex(2200);
        assertLt(margin(weak).equity, 0);
        exchange.refreshMark(series);
        buy(bob, 2200, 2);
        vm.prank(owner(weak));
        (bool ok, bytes memory answer) = address(exchange).call(placeCall(IOC | SELL, 2200, 2, 0, 0));
        assertFalse(ok);
        assertEq(bytes4(answer), IExchangeErrors.InsufficientMargin.selector);
        cancel(weak, id);
    }

    // --- FIXING ---

    /// @dev Half-way through the window half of the mark is fixed: a position needs half, an order all. [MARGIN-4]
    function test_fixedPartNeedsNoMarginButOrdersDo() public {
        trade(alice, bob, 3500, 10);
        warpTo(WINDOW_START + 3, 12 hours);
        _assertMargin(alice, 4812_500_000, 1750 * USD);
        uint32 carol = open(20_000);
        buy(carol, 3400, 10);
        _assertMargin(carol, 9625 * USD, 0);
    }

    /// @dev A minute before expiry next to nothing can move, but a fill at the band's edge still costs 5% of the mark.
    /// A maker with $100 must not be able to hand a friend $8,750 that insurance or other winners would pay.
    function test_orderJustBeforeExpiryIsCovered() public {
        trade(alice, bob, 3500, 100);
        uint32 mule = open(100);
        uint32 friend = open(100_000);
        warpTo(EXPIRY_DAY, 0);
        vm.warp(vm.getBlockTimestamp() - 60);
        vm.prank(owner(mule));
        (bool ok, bytes memory answer) = address(exchange).call(placeCall(SELL, 3325, 50, 0, 0));
        assertFalse(ok, "an order without margin");
        assertEq(bytes4(answer), IExchangeErrors.InsufficientMargin.selector);
        sell(friend, 3400, 1);
        assertGt(margin(friend).initialMargin, 875 * USD);
    }

    // --- offsets ---

    /// @dev Closed at the price of its opening nothing is left of a leg, not even a quote; its offset is gone all the same.
    /// [MARGIN-10]
    function test_aLegClosedAtNoCostLeavesTheOtherWithMargin() public {
        SeriesSpec memory s = spec();
        (s.takerFee, s.makerRebate, s.windowStart, s.expiryDay) = (0, 0, WINDOW_START + 31, EXPIRY_DAY + 31);
        uint16 free = exchange.listSeries(s);
        uint32 weak = open(5000);
        buy(alice, 3500, 10);
        series = free;
        sell(bob, 3500, 10);
        vm.prank(owner(weak));
        exchange.spread(free, near, 10, 0, 0, 0);
        _assertMargin(weak, 1050 * USD, 1050 * USD);
        buy(bob, 3500, 10);
        vm.prank(owner(weak));
        (bool ok, bytes memory answer) = address(exchange).call(placeCall(IOC | SELL, 3500, 10, 0, 0));
        assertFalse(ok, "a naked short");
        assertEq(bytes4(answer), IExchangeErrors.InsufficientMargin.selector);
        fund(owner(weak), weak, 5000);
        (, uint32 filled) = place(weak, IOC | SELL, 3500, 10);
        assertEq(filled, 10);
        assertEq(quoteOf(weak), 0);
        _assertMargin(weak, 9625 * USD, 3500 * USD);
    }

    /// @dev What is behind of a window that may be challenged does not follow the index. [MARGIN-12]
    function test_aLegThatMayBeChallengedOffsetsNothingThatMoves() public {
        uint16 twin = exchange.listSeries(spec());
        _tradeIn(near, alice, bob, 3500, 10);
        _tradeIn(far, bob, alice, 3500, 10);
        uint32 kin = open(1_000_000);
        _tradeIn(near, kin, bob, 3500, 10);
        _tradeIn(twin, bob, kin, 3500, 10);
        warpTo(WINDOW_START, 0);
        setStale();
        warpTo(WINDOW_START, 12_096); // 2% of the window
        assertEq(margin(alice).maintenanceMargin, 1050 * USD, "nobody could challenge yet");
        warpTo(WINDOW_START, 12_097);
        assertEq(margin(alice).maintenanceMargin, 7000 * USD, "two positions");
        assertEq(margin(kin).maintenanceMargin, 1050 * USD, "both settle alike");
        setIndex(3500);
        assertEq(margin(alice).maintenanceMargin, 7000 * USD);
    }
}
