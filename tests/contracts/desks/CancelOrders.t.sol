// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev Step 1 of liquidation. A trader is long 10 lots from $3.50 with $20,000 and bids for 10 more:
/// equity = 10 m - 15,000; orders margin = 10% of 20 m + 5% of 10 m = 2.5 m. They meet at a mark of 2000.
contract CancelOrdersTest is DeskBase {
    uint32 internal trader;

    function setUp() public override {
        super.setUp();
        trader = open(20_000);
        enter(series, trader, 10);
        buy(trader, 3400, 10);
    }

    function cancelOrders(uint32 account) internal {
        vm.prank(makeAddr("anyone"));
        exchange.cancelOrders(account);
        assertMoney();
    }

    /// @dev [MARGIN-7] [LIQ-1]
    function test_orders_die_below_the_orders_margin() public {
        move(1999);
        assertEq(margin(trader).ordersMargin, 4_997_500_000);
        assertEq(equity(trader), 4_990e6);
        assertGt(equity(trader), int256(margin(trader).maintenanceMargin), "long before liquidation");
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.MassCancelled(series, trader, 1);
        cancelOrders(trader);
        assertEq(position(trader, series).openBuy, 0);
        assertEq(position(trader, series).openCount, 0);
        assertEq(position(trader, series).lots, 10, "positions stay");
        assertEq(margin(trader).ordersMargin, 1_999e6, "10% of 10 lots");
        assertEq(equity(trader), 4_990e6, "costs nothing");
        assertEq(exchange.flaggedAt(trader), 0, "no auction begins");
    }

    function test_a_cancelled_order_is_never_filled() public {
        move(1999);
        cancelOrders(trader);
        move(3500);
        (, uint32 filled) = place(rich, SELL | IOC, 3400, 10);
        assertEq(filled, 0);
    }

    /// @dev [LIQ-1]
    function test_orders_of_every_series_die() public {
        uint16 far = listFar();
        fund(owner(trader), trader, 5000);
        series = far;
        buy(trader, 3400, 1);
        move(1300); // 25,000 - 22,000 < 2,730 + 715
        cancelOrders(trader);
        assertEq(position(trader, far).openCount, 0);
        assertEq(position(trader, 1).openCount, 0);
    }

    /// @dev [LIQ-1]
    function test_refused_at_exactly_the_orders_margin() public {
        move(2000);
        refused(
            keeperKey(),
            abi.encodeCall(ILiquidation.cancelOrders, (trader)),
            healthy(trader, 5_000e6, 5_000e6)
        );
    }

    function test_refused_while_the_index_is_stale() public {
        move(1999);
        setStale();
        refused(keeperKey(), abi.encodeCall(ILiquidation.cancelOrders, (trader)), stale(trader));
    }

    /// @dev A lot of another feed falls silent: 10 m - 14,000 and a doubt of 875 against 2.5 m + 350. [LIQ-13]
    function test_a_silent_lot_is_no_shield() public {
        uint16 other = listOther();
        credit(trader, 1000e6);
        enter(other, trader, 1);
        oracle.set(FEED2, uint64(3500 * TICK), false);
        move(1797);
        refused(keeperKey(), abi.encodeCall(ILiquidation.cancelOrders, (trader)), stale(trader));
        move(1796);
        cancelOrders(trader);
        assertEq(position(trader, 1).openCount, 0);
    }

    /// @dev A short of 100 lots can lose $3,500 here. Ten more offered need as much again for MM, at most, and 5% of them;
    /// what was enough to place them is enough. [MARGIN-7] [MARGIN-8]
    function test_near_the_cap_orders_are_left_alone() public {
        SeriesSpec memory s = spec();
        s.priceCap = 3535;
        uint16 capped = exchange.listSeries(s);
        uint32 short_ = open(13_000);
        credit(short_, 100_000e6);
        enter(capped, short_, -100);
        withdraw(short_, 100_000e6);
        series = capped;
        sell(short_, 3500, 10);
        assertEq(margin(short_).initialMargin, 12_250e6);
        assertEq(margin(short_).ordersMargin, 8_750e6);
        refused(
            keeperKey(),
            abi.encodeCall(ILiquidation.cancelOrders, (short_)),
            healthy(short_, 13_000e6, 8_750e6)
        );
    }

    function test_refused_for_accounts_that_do_not_exist() public {
        uint32 next = exchange.accountCount() + 1;
        refused(keeperKey(), abi.encodeCall(ILiquidation.cancelOrders, (0)), unknown(0));
        refused(keeperKey(), abi.encodeCall(ILiquidation.cancelOrders, (next)), unknown(next));
    }

    function keeperKey() internal view returns (address) {
        return owner(keeper);
    }
}
