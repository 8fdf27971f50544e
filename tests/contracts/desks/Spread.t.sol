// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {Position} from "../../../contracts/libraries/State.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev Calendar spreads. Index and marks at 3500, v = $1: one leg of a lot needs $875 of initial margin, a spread of
/// one lot against another 3% of 3500 = $105. `rich` offers the far month at 3510 and bids 3490 for the near one.
contract SpreadTest is DeskBase {
    uint32 internal trader;
    uint16 internal far;

    function setUp() public override {
        super.setUp();
        far = listFar();
        trader = open(1500);
    }

    function quote(uint16 id, uint8 flags, uint256 tick, uint256 lots) internal {
        uint16 was = series;
        series = id;
        place(rich, flags, tick, lots);
        series = was;
    }

    /// @dev Depth for `lots` spreads at a debit of 20 ticks.
    function books(uint256 lots) internal {
        quote(far, SELL, 3510, lots);
        quote(series, 0, 3490, lots);
    }

    function call(uint16 buying, uint16 selling, uint32 lots, int32 limit)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(ISpreads.spread, (buying, selling, lots, limit, 7, 0));
    }

    function spread(uint32 account, uint16 buying, uint16 selling, uint256 lots, int256 limit)
        internal
        returns (uint256 bought, uint256 sold)
    {
        vm.prank(owner(account));
        (bought, sold) = exchange.spread(buying, selling, uint32(lots), int32(limit), 7, 0);
        assertMoney();
    }

    /// @dev [BOOK-21]
    function test_both_legs_trade_at_once() public {
        books(10);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.SpreadTraded(trader, far, series, 10, 35_100, 34_900);
        (uint256 bought, uint256 sold) = spread(trader, far, series, 10, 20);
        assertEq(bought, 35_100);
        assertEq(sold, 34_900);
        Position memory p = position(trader, far);
        assertEq(p.lots, 10);
        assertEq(p.quote, -35_100e6 - 10_530_000, "cost and a fee of 0.03%");
        assertEq(p.checkedMark, 3500);
        p = position(trader, series);
        assertEq(p.lots, -10);
        assertEq(p.quote, 34_900e6 - 10_470_000);
        assertEq(p.checkedMark, 3500);
        assertEq(openInterest(series), 10);
        assertEq(openInterest(far), 10);
    }

    /// @dev $1,500 carries neither leg alone (10 x 875), but both together (10 x 105, and $221 of slippage and fees).
    /// [BOOK-22]
    function test_margin_is_of_the_pair() public {
        books(10);
        refused(
            owner(trader),
            abi.encodeCall(exchange.place, (far, IOC, 3510, 10, 0, 0, 0)),
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, trader, int256(1_389_470_000), uint256(8_750e6)
            )
        );
        spread(trader, far, series, 10, 20);
        assertEq(lens.marginOf(trader).initialMargin, 1_050e6);
    }

    function test_too_little_for_the_pair_is_refused() public {
        uint32 poor = open(1260); // less 221 is 1,039 < 1,050
        books(10);
        refused(
            owner(poor),
            call(far, series, 10, 20),
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, poor, int256(1_039e6), uint256(1_050e6)
            )
        );
        assertEq(exchange.accountWord(poor) >> 96, 0, "nothing is left of it");
    }

    /// @dev A spread of four (IM 420) and a lot of another feed that fell from 3500 to 2100 (IM 525) leave $600 of equity:
    /// taking one spread off is allowed, though 840 are still not covered, and putting one on is not. [MARGIN-10]
    function test_below_initial_margin_only_what_improves() public {
        uint16 other = listOther();
        uint32 hedger = open(4000);
        enter(series, hedger, 4);
        enter(far, hedger, -4);
        enter(other, hedger, 1);
        withdraw(hedger, 2000e6);
        oracle.set(FEED2, uint64(2100 * TICK), true);
        refreshAll();
        assertEq(equity(hedger), 600e6);
        quote(far, 0, 3500, 1);
        quote(series, SELL, 3500, 1);
        refused(
            owner(hedger),
            call(series, far, 1, 0),
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, hedger, int256(597_900_000), uint256(1_050e6)
            )
        );
        quote(far, SELL, 3501, 1);
        quote(series, 0, 3499, 1);
        spread(hedger, far, series, 1, 2);
        assertEq(position(hedger, far).lots, -3);
        assertEq(lens.marginOf(hedger).initialMargin, 840e6);
        assertEq(position(hedger, far).checkedMark, 3500, "checked when it was entered");
    }

    /// @dev [BOOK-21]
    function test_price_difference() public {
        books(10);
        refused(
            owner(trader),
            call(far, series, 10, 19),
            abi.encodeWithSelector(IExchangeErrors.SpreadWorse.selector, int256(200), int256(190))
        );
        // The other way: the far month is sold, the near one bought; 3490 - 3510 is a credit of 20.
        quote(far, 0, 3505, 5);
        quote(series, SELL, 3495, 5);
        refused(
            owner(trader),
            call(series, far, 5, -11),
            abi.encodeWithSelector(IExchangeErrors.SpreadWorse.selector, int256(-50), int256(-55))
        );
        (uint256 bought, uint256 sold) = spread(trader, series, far, 5, -10);
        assertEq(int256(bought) - int256(sold), -50);
    }

    /// @dev The limit is on all lots together, so a leg may walk several levels. [BOOK-21]
    function test_the_difference_counts_over_all_levels() public {
        quote(far, SELL, 3505, 1);
        quote(far, SELL, 3520, 1);
        quote(series, 0, 3495, 2);
        refused(
            owner(trader),
            call(far, series, 2, 17),
            abi.encodeWithSelector(IExchangeErrors.SpreadWorse.selector, int256(35), int256(34))
        );
        (uint256 bought,) = spread(trader, far, series, 2, 18);
        assertEq(bought, 7025);
    }

    /// @dev [BOOK-21]
    function test_all_or_nothing() public {
        books(10);
        refused(
            owner(trader),
            call(far, series, 11, 20),
            abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 10, 11)
        );
        quote(far, SELL, 3510, 1);
        refused(
            owner(trader),
            call(far, series, 11, 20),
            abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 10, 11)
        );
        assertEq(position(trader, far).lots, 0, "the first leg is undone");
        assertEq(position(trader, far).quote, 0);
    }

    /// @dev [BOOK-21]
    function test_step_bound_of_each_leg() public {
        books(1);
        books(1);
        vm.prank(owner(trader));
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 1, 2));
        exchange.spread(far, series, 2, 20, 0, 1);
        vm.prank(owner(trader));
        exchange.spread(far, series, 2, 20, 0, 2);
    }

    /// @dev [BOOK-21]
    function test_mismatched_series_are_refused() public {
        uint16 other = listOther();
        refused(owner(trader), call(far, other, 1, 0), mismatch(far, other));
        refused(owner(trader), call(far, far, 1, 0), mismatch(far, far));
        SeriesSpec memory big = spec();
        (big.symbol, big.tickValue) = ("LLM-FLAGSHIP-BIG", 2 * big.tickValue);
        uint16 bigger = exchange.listSeries(big);
        refused(owner(trader), call(far, bigger, 1, 0), mismatch(far, bigger));
    }

    function mismatch(uint16 a, uint16 b) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.SpreadMismatch.selector, a, b);
    }

    /// @dev [BOOK-22]
    function test_rules_of_the_legs_hold() public {
        books(10);
        refused(
            owner(trader),
            call(far, 99, 1, 0),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        refused(
            owner(trader),
            call(far, series, 0, 0),
            abi.encodeWithSelector(IExchangeErrors.SizeTooSmall.selector, 0, 1)
        );
        refused(
            address(0xdead),
            call(far, series, 1, 0),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, address(0xdead))
        );
        vm.prank(guardian);
        exchange.setReduceOnly(far, true);
        refused(
            owner(trader),
            call(far, series, 1, 20),
            abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, far)
        );
        warpTo(spec().expiryDay, 0);
        refused(
            owner(trader),
            call(far, series, 1, 20),
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(spec().expiryDay) * 1 days
            )
        );
    }

    /// @dev Limits of each leg, however the other stands. [BOOK-22]
    function test_limits_of_the_legs_hold() public {
        SeriesSpec memory tight = spec();
        (tight.symbol, tight.positionLimit, tight.openInterestCap) = ("LLM-FLAGSHIP-TIGHT", 10, 10);
        far = exchange.listSeries(tight);
        uint32 deep = open(1_000_000);
        quote(far, SELL, 3510, 10);
        quote(series, 0, 3490, 20);
        refused(
            owner(deep),
            call(far, series, 11, 100),
            abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, far, 11, 10)
        );
        trade(far, deep, keeper, 3500, 1);
        refused(
            owner(trader),
            call(far, series, 10, 100),
            abi.encodeWithSelector(IExchangeErrors.OpenInterestCap.selector, far, 11, 10)
        );
        spread(trader, far, series, 9, 20);
    }

    /// @dev Nine others and both legs are one too many; with eight others both find a place. [ACCOUNT-3]
    function test_refused_when_a_leg_would_be_the_eleventh_series() public {
        uint32 wide = open(1_000_000);
        uint16 near = series;
        uint16 month = far;
        for (uint256 i; i < 9; ++i) {
            series = listFar();
            buy(wide, 3400, 1);
        }
        uint16 last = series;
        (series, far) = (near, month);
        books(1);
        bytes memory full = abi.encodeWithSelector(IExchangeErrors.TooManySeries.selector, wide, 10);
        refused(owner(wide), call(far, series, 1, 20), full);
        vm.prank(owner(wide));
        exchange.massCancel(last);
        spread(wide, far, series, 1, 20);
    }

    /// @dev Who holds the near month when the guardian brakes it can still roll out of it. [BOOK-22]
    function test_a_braked_near_month_can_be_rolled_out_of() public {
        enter(series, trader, 1);
        books(1);
        vm.prank(guardian);
        exchange.setReduceOnly(series, true);
        spread(trader, far, series, 1, 20);
        assertEq(position(trader, series).lots, 0);
        assertEq(position(trader, far).lots, 1);
    }

    /// @dev Own resting orders are cancelled, not traded with. [BOOK-22]
    function test_no_trade_with_oneself() public {
        uint32 both = open(1_000_000);
        series = far;
        sell(both, 3505, 1);
        series = 1;
        books(1);
        (uint256 bought,) = spread(both, far, 1, 1, 20);
        assertEq(bought, 3510);
        assertEq(position(both, far).openSell, 0);
    }

    function testFuzz_conserves(uint256 lots, int256 limit, uint256 depth) public {
        lots = bound(lots, 1, 20);
        depth = bound(depth, 1, 20);
        limit = bound(limit, 15, 25);
        uint32 deep = open(1_000_000);
        books(depth);
        vm.prank(owner(deep));
        (bool ok,) = address(exchange).call(call(far, series, uint32(lots), int32(limit)));
        assertEq(ok, lots <= depth && limit >= 20);
        assertMoney();
        int256 held = ok ? int256(lots) : int256(0);
        assertEq(position(deep, far).lots, held);
        assertEq(position(deep, series).lots, -held);
        assertEq(position(rich, far).lots, -held);
    }
}
