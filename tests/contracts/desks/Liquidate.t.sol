// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {AccountMargin} from "../../../contracts/interfaces/Types.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev Step 2. A trader is long 10 lots from $3.50 with $9,000: equity = 10 m - 26,000, MM = m, IM = 2.5 m.
contract LiquidateTest is DeskBase {
    uint32 internal trader;

    function setUp() public override {
        super.setUp();
        trader = open(9000);
        enter(series, trader, 10);
    }

    function call(uint32 account, uint16 id, uint256 lots, uint256 limit)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(ILiquidation.liquidate, (account, id, uint32(lots), uint24(limit), 0));
    }

    // --- what it does ---

    /// @dev Mark 2880: equity 2,800 < MM 2,880. IM 7,200 lacks 4,400 = 6.11 lots of 720, so 7 are closed.
    /// [LIQ-3] [LIQ-4]
    function test_closes_what_restores_initial_margin() public {
        move(2880);
        buy(rich, 2880, 10);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Liquidated(trader, series, keeper, 7, 201_600_000);
        (uint256 closed, uint256 reward) = liquidate(trader, 10, 2880);
        assertEq(closed, 7);
        assertEq(reward, 201_600_000, "a tenth of 7 x 288");
        assertEq(position(trader, series).lots, 3);
        assertEq(equity(trader), 2_592_352_000, "2,800 - fee 6.048 - 201.6");
        assertGe(margin(trader).imEquity, int256(margin(trader).initialMargin), "at IM again");
        assertEq(equity(keeper), 1_201_600_000);
        assertEq(openInterest(series), 3);
    }

    /// @dev Any mark below MM, any price inside the band, any size: the account keeps its equity - MM, loses no more than
    /// its share, and the keeper earns no more than a tenth. [LIQ-9]
    function testFuzz_what_the_account_loses_is_bounded(uint256 mark, uint256 price, uint256 lots) public {
        mark = bound(mark, 2400, 2888);
        move(mark);
        price = bound(price, (mark * 9_500 + 9_999) / 10_000, mark);
        buy(rich, price, 10);
        AccountMargin memory was = margin(trader);
        vm.prank(owner(keeper));
        (bool ok, bytes memory answer) =
            address(exchange).call(call(trader, series, bound(lots, 1, 20), price));
        assertMoney();
        if (!ok) {
            assertEq(bytes4(answer), IExchangeErrors.LiquidationLoss.selector);
            assertLt(price, mark, "at the mark it costs the fee only, and below zero nothing");
            return;
        }
        (, uint256 reward) = abi.decode(answer, (uint256, uint256));
        AccountMargin memory m = margin(trader);
        uint256 freed = was.maintenanceMargin - m.maintenanceMargin;
        uint256 had = was.equity > 0 ? uint256(was.equity) : 0;
        assertLe((was.equity - m.equity) * int256(was.maintenanceMargin), int256(had * freed), "loss");
        assertLe(reward * 10, freed, "reward");
        assertGe(
            m.equity - int256(m.maintenanceMargin), was.equity - int256(was.maintenanceMargin), "equity - MM"
        );
    }

    function test_closes_no_more_than_asked_for() public {
        move(2880);
        buy(rich, 2880, 10);
        (uint256 closed, uint256 reward) = liquidate(trader, 2, 2880);
        assertEq(closed, 2);
        assertEq(reward, 57_600_000, "a tenth of 2 x 288");
    }

    function test_closes_what_the_book_holds() public {
        move(2880);
        buy(rich, 2880, 4);
        (uint256 closed,) = liquidate(trader, 10, 2880);
        assertEq(closed, 4);
        assertEq(position(trader, series).lots, 6);
    }

    /// @dev Short 10 from 3500 with 9,000: equity = 44,000 - 10 m. Mark 4010: 3,900 < 4,010; IM 10,025 lacks 6.11 lots.
    function test_closes_a_short() public {
        uint32 bear = open(9000);
        enter(series, bear, -10);
        move(4010);
        assertEq(equity(bear), 3_900e6);
        sell(rich, 4010, 10);
        (uint256 closed, uint256 reward) = liquidate(bear, 10, 4010);
        assertEq(closed, 7);
        assertEq(reward, 280_700_000, "a tenth of 7 x 401");
        assertEq(position(bear, series).lots, -3);
    }

    /// @dev Long 100 near, short 60 far: IM = 25% of 40 m + 3% of 60 m, and 40 lots of the long leg free 25% each. A straight
    /// line to the end of the leg would close 5 lots for each that is needed. [LIQ-3]
    function test_a_spread_is_closed_no_further_than_initial_margin() public {
        uint16 far = listFar();
        uint32 a = open(105_000);
        enter(series, a, 100);
        enter(far, a, -60);
        withdraw(a, 60_000e6);
        move(2700);
        // equity = 45,000 - 40 x 800 = 13,000; MM = 10% of 108,000 + 3% of 162,000 = 15,660; IM = 27,000 + 4,860.
        assertEq(equity(a), 13_000e6);
        assertEq(margin(a).maintenanceMargin, 15_660e6);
        assertEq(margin(a).initialMargin, 31_860e6);
        buy(rich, 2700, 100);
        // 18,860 are missing; a lot frees 675: 27.94, so 28.
        (uint256 closed,) = liquidate(a, 100, 2700);
        assertEq(closed, 28);
    }

    /// @dev [LIQ-2]
    function test_orders_of_the_account_die_first() public {
        credit(trader, 1_000e6);
        buy(trader, 3400, 1);
        move(2760); // equity 10,000 - 7,400 = 2,600 < 2,760
        buy(rich, 2760, 10);
        liquidate(trader, 1, 2760);
        assertEq(position(trader, series).openCount, 0);
    }

    // --- reward, loss, fees ---

    /// @dev Mark 2650: equity 500, MM 2,650. Five lots free 1,325, so the account may lose 500 x 1,325 / 2,650 = 250.
    /// At 2620 it loses 150 and a fee of 3.93; the reward is what is left of 250, not 132.50. [LIQ-4] [LIQ-9]
    function test_the_reward_is_capped_by_the_loss_that_is_allowed() public {
        move(2650);
        buy(rich, 2620, 5);
        (uint256 closed, uint256 reward) = liquidate(trader, 5, 2620);
        assertEq(closed, 5);
        assertEq(reward, 96_070_000);
        assertEq(equity(trader), 250e6, "lost exactly its share");
    }

    /// @dev [LIQ-9]
    function test_refused_when_the_price_alone_costs_more_than_the_share() public {
        move(2650);
        buy(rich, 2590, 5);
        refused(
            owner(keeper),
            call(trader, series, 5, 2590),
            abi.encodeWithSelector(
                IExchangeErrors.LiquidationLoss.selector, int256(303_885_000), int256(250e6)
            )
        );
    }

    /// @dev Mark 2600: equity 0. No fee, no rebate, no reward; the record of the take says so. [LIQ-5]
    function test_fees_are_waived_at_zero_equity() public {
        move(2600);
        assertEq(equity(trader), 0);
        buy(rich, 2600, 10);
        int256 maker = equity(rich);
        uint256 fees = uint48(exchange.hotWord(series) >> 200);
        vm.recordLogs();
        (uint256 closed, uint256 reward) = liquidate(trader, 10, 2600);
        assertEq(closed, 10);
        assertEq(reward, 0);
        assertEq(equity(trader), 0);
        assertEq(equity(rich), maker, "no rebate");
        assertEq(uint48(exchange.hotWord(series) >> 200), fees, "no fee");
        assertEq(_takenFlags(vm.getRecordedLogs()), IOC | SELL | 64);
    }

    function test_fees_are_due_above_zero_equity() public {
        move(2601);
        buy(rich, 2601, 10);
        uint256 fees = uint48(exchange.hotWord(series) >> 200);
        vm.recordLogs();
        liquidate(trader, 10, 2601);
        assertEq(uint48(exchange.hotWord(series) >> 200) - fees, 5_202_000, "0.02% of 26,010");
        assertEq(_takenFlags(vm.getRecordedLogs()), IOC | SELL);
    }

    /// @dev [LIQ-9]
    function test_below_zero_the_account_loses_nothing() public {
        move(2500);
        assertEq(equity(trader), -1_000e6);
        buy(rich, 2499, 10);
        refused(
            owner(keeper),
            call(trader, series, 10, 2499),
            abi.encodeWithSelector(IExchangeErrors.LiquidationLoss.selector, int256(10e6), int256(0))
        );
        buy(rich, 2510, 10);
        (, uint256 reward) = liquidate(trader, 10, 2510);
        assertEq(reward, 0);
        assertEq(equity(trader), -900e6, "a better price is the account's");
    }

    /// @dev [LIQ-4]
    function test_a_reward_is_drawn_like_a_gain_from_a_fill() public {
        move(2880);
        buy(rich, 2880, 10);
        liquidate(trader, 10, 2880);
        uint32[] memory payers = new uint32[](1);
        payers[0] = trader;
        bytes memory realise = abi.encodeCall(IClearing.realise, (keeper, series, payers));
        refused(owner(keeper), realise, tooEarly((uint256(DAY0) + 2) * 1 days));
        assertEq(withdrawable(keeper), 1000e6);
        warpTo(DAY0 + 2, 0);
        exchange.realise(keeper, series, payers);
        assertMoney();
        assertEq(cash(keeper), 1_201_600_000);
    }

    function test_an_agent_liquidates_for_its_account() public {
        address agent = agentOf(keeper, 1);
        move(2880);
        buy(rich, 2880, 10);
        vm.prank(agent);
        exchange.liquidate(trader, series, 1, 0, 0);
        assertEq(equity(keeper), 1_028_800_000);
    }

    // --- clock ---

    /// @dev [LIQ-10]
    function test_the_first_step_starts_the_clock_and_recovery_stops_it() public {
        move(2880);
        buy(rich, 2880, 10);
        liquidate(trader, 1, 2880);
        // 2,800 - 0.864 - 28.8 = 2,770.336 over 9 lots of 288.
        assertEq(exchange.flaggedAt(trader), 0, "one lot was enough: above MM again");
        move(2700);
        buy(rich, 2700, 10);
        liquidate(trader, 1, 2700);
        assertEq(exchange.flaggedAt(trader), START, "still below");
        liquidate(trader, 10, 2700);
        assertEq(exchange.flaggedAt(trader), 0, "recovered");
    }

    // --- refused ---

    function test_refused_at_maintenance_margin() public {
        credit(trader, 80e6);
        move(2880);
        assertEq(equity(trader), 2_880e6);
        refused(owner(keeper), call(trader, series, 1, 0), healthy(trader, 2_880e6, 2_880e6));
    }

    /// @dev [LIQ-3]
    function test_refused_for_oneself() public {
        move(2880);
        refused(owner(trader), call(trader, series, 1, 0), notAuthorised(owner(trader)));
        address agent = agentOf(trader, 1);
        refused(agent, call(trader, series, 1, 0), notAuthorised(agent));
    }

    function test_refused_without_an_account_or_permission() public {
        move(2880);
        address nobody = makeAddr("nobody");
        refused(nobody, call(trader, series, 1, 0), noAccount(nobody));
        address agent = agentOf(keeper, 2);
        refused(agent, call(trader, series, 1, 0), notPermitted(agent, 1));
    }

    function test_refused_for_what_does_not_exist() public {
        uint32 next = exchange.accountCount() + 1;
        refused(owner(keeper), call(0, series, 1, 0), unknown(0));
        refused(owner(keeper), call(next, series, 1, 0), unknown(next));
        refused(
            owner(keeper),
            call(trader, 99, 1, 0),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
    }

    function test_refused_while_stale_and_after_expiry() public {
        move(2880);
        setStale();
        refused(owner(keeper), call(trader, series, 1, 0), stale(trader));
        setIndex(2880);
        warpTo(EXPIRY_DAY, 0);
        refused(owner(keeper), call(trader, series, 1, 0), expired(series));
    }

    function test_refused_where_there_is_no_position() public {
        uint16 far = listFar();
        move(2880);
        refused(
            owner(keeper),
            call(trader, far, 1, 0),
            abi.encodeWithSelector(IExchangeErrors.NothingToReduce.selector, far, int256(0))
        );
    }

    /// @dev [LIQ-6]
    function test_refused_when_nothing_trades() public {
        move(2880);
        bytes memory nothing = abi.encodeWithSelector(IExchangeErrors.NothingTraded.selector, series);
        refused(owner(keeper), call(trader, series, 1, 0), nothing);
        buy(rich, 2880, 1);
        refused(owner(keeper), call(trader, series, 0, 0), nothing);
        refused(owner(keeper), call(trader, series, 1, 2881), nothing);
    }

    /// @dev An ask at 4221 was inside the band of 4020 and is outside that of 4010, which ends at 4210. [LIQ-3]
    function test_stays_inside_the_band() public {
        uint32 bear = open(9000);
        enter(series, bear, -10);
        move(4020);
        sell(rich, 4221, 10);
        move(4010);
        refused(
            owner(keeper),
            call(bear, series, 1, 30_000),
            abi.encodeWithSelector(IExchangeErrors.NothingTraded.selector, series)
        );
    }

    /// @dev The same for a long: a bid at 2727 was inside the band of 2870 and is outside that of 2880, which begins at
    /// 2736.
    function test_a_long_stays_inside_the_band() public {
        move(2870);
        buy(rich, 2727, 10);
        move(2880);
        refused(
            owner(keeper),
            call(trader, series, 1, 1),
            abi.encodeWithSelector(IExchangeErrors.NothingTraded.selector, series)
        );
    }

    /// @dev Closing the smaller leg of a spread adds to the delta. [LIQ-9]
    function test_refused_when_it_would_free_nothing() public {
        uint16 far = listFar();
        enter(far, trader, -4);
        move(2000);
        series = far;
        sell(rich, 2000, 4);
        refused(
            owner(keeper),
            call(trader, far, 4, 2000),
            abi.encodeWithSelector(IExchangeErrors.NothingFreed.selector, trader, far)
        );
    }

    /// @dev Orders that are dead cost steps; a keeper bounds them, and those that it met stay removed.
    function test_steps_are_bounded() public {
        move(2880);
        for (uint256 i; i < 5; ++i) {
            buy(rich, 2881, 1);
        }
        massCancel(rich);
        uint32 other = open(100_000);
        buy(other, 2880, 10);
        vm.prank(owner(keeper));
        (uint256 closed, uint256 reward) = exchange.liquidate(trader, series, 7, 2880, 5);
        assertEq(closed, 0);
        assertEq(reward, 0);
        assertEq(position(trader, series).lots, 10, "only dead orders went");
        assertEq(exchange.flaggedAt(trader), START, "the clock runs");
        vm.prank(owner(keeper));
        (closed,) = exchange.liquidate(trader, series, 7, 2880, 1);
        assertEq(closed, 7);
    }

    /// @dev Flags of the TAKEN record of the last Book log.
    function _takenFlags(Vm.Log[] memory logs) private pure returns (uint256 flags) {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IExchangeEvents.Book.selector) continue;
            bytes memory records = abi.decode(logs[i].data, (bytes));
            for (uint256 n; n < records.length; n += 32) {
                uint256 word;
                assembly ("memory-safe") {
                    word := mload(add(add(records, 32), n))
                }
                if (word >> 248 == 4) flags = uint8(word >> 240);
            }
        }
    }

    // --- a silent index ---

    /// @dev A lot of another feed falls silent: equity = 10 m - 25,000, MM = m + 350, and the doubt is 875. [LIQ-13]
    function test_a_silent_lot_is_no_shield() public {
        uint16 other = listOther();
        credit(trader, 1000e6);
        enter(other, trader, 1);
        oracle.set(FEED2, uint64(3500 * TICK), false);
        move(2720); // 2,200 + 875 is not below 3,070
        refused(owner(keeper), call(trader, series, 1, 2720), stale(trader));
        move(2719);
        refused(owner(keeper), call(trader, other, 1, 1), stale(trader));
        buy(rich, 2719, 10);
        int256 before = equity(trader) - int256(margin(trader).maintenanceMargin);
        (uint256 closed,) = liquidate(trader, 1, 2719);
        assertEq(closed, 1);
        assertEq(position(trader, other).lots, 1);
        assertGe(equity(trader) - int256(margin(trader).maintenanceMargin), before);
    }

    // --- a window that may be challenged ---

    /// @dev A spread of which the near leg may be challenged: 6,000 were plenty, and are less than MM of two positions.
    /// Either can be closed. [MARGIN-12] [LIQ-3]
    function test_a_leg_that_may_be_challenged_does_not_hold_the_other() public {
        uint16 far = listFar();
        uint32 pair = open(60_000);
        enter(series, pair, 10);
        enter(far, pair, -10);
        withdraw(pair, 54_000e6);
        warpTo(WINDOW_START, 0);
        setStale();
        warpTo(WINDOW_START, 12_097); // 2% of seven days and a second
        setIndex(3500);
        refreshAll();
        assertEq(margin(pair).maintenanceMargin, 7_000e6);
        buy(rich, 3500, 1);
        (uint256 closed,) = liquidate(pair, 1, 3500);
        assertEq(closed, 1);
        series = far;
        sell(rich, 3500, 1);
        (closed,) = liquidate(pair, 1, 3500);
        assertEq(closed, 1);
    }
}
