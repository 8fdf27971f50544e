// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccountMargin, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {DeskBase} from "../desks/DeskBase.sol";

/// @dev What is shared out is rounded against whoever takes it. Prices that divide nothing evenly, one after another.
contract SharesTest is DeskBase {
    uint32 internal trader;
    uint32 internal bidder;

    function setUp() public override {
        super.setUp();
        trader = open(9000);
        bidder = open(1_000_000);
        topUp(FEED, 10_000e6);
    }

    function spec() internal pure override returns (SeriesSpec memory x) {
        x = super.spec();
        (x.mmBps, x.tickValue) = (999, 999_983);
    }

    /// @dev Step 3 at full discount: the account pays the whole part of equity x MM freed / MM and not a unit more,
    /// insurance the rest, together no more than the MM freed.
    function test_a_slice_costs_no_unit_more_than_its_share() public {
        enter(series, trader, 10);
        uint256 snapshot = vm.snapshotState();
        uint256 shared;
        for (uint256 mark = 2790; mark < 2880; mark += 3) {
            for (uint256 fraction = 100_000; fraction <= 1e6; fraction += 225_000) {
                move(mark);
                AccountMargin memory m = margin(trader);
                exchange.flag(trader);
                watch(trader, vm.getBlockTimestamp() + 30 minutes);
                (uint256 paid, uint256 insured) = bid(bidder, trader, FEED, fraction);
                uint256 freed = m.maintenanceMargin - margin(trader).maintenanceMargin;
                uint256 had = m.equity > 0 ? uint256(m.equity) : 0;
                assertEq(paid, had * freed / m.maintenanceMargin, "share");
                assertEq(paid + insured, freed, "discount");
                if (paid * m.maintenanceMargin != had * freed) ++shared;
                vm.revertToState(snapshot);
            }
        }
        assertGt(shared, 50, "shares that do not divide evenly");
    }

    /// @dev Claims of a short pool: each draws the whole part of its share, so all together never more than there is.
    function test_scaled_claims_round_down() public {
        uint32 second = open(100_000);
        uint32 third = open(100_000);
        trade(series, second, trader, 3500, 3);
        trade(series, third, trader, 3500, 4);
        trade(series, bidder, trader, 3500, 2);
        move(5300);
        uint256 snapshot = vm.snapshotState();
        for (uint256 tick = 4600; tick < 4660; ++tick) {
            vm.revertToState(snapshot);
            warpTo(WINDOW_START, 0);
            setIndex(tick);
            close(series);
            uint256 collected = exchange.moneyOf(series).collected;
            uint256 claims = exchange.moneyOf(series).claims;
            uint256 sum = _draw(second, collected, claims) + _draw(third, collected, claims)
                + _draw(bidder, collected, claims);
            assertLe(sum, collected);
            assertGt(sum + 3, collected, "not a unit an account is left");
        }
    }

    function _draw(uint32 account, uint256 collected, uint256 claims) private returns (uint256 drawn) {
        uint256 claim = uint256(position(account, series).quote);
        drawn = exchange.draw(account, series);
        assertEq(drawn, claim * collected / claims);
    }
}
