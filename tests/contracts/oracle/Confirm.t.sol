// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

/// @dev The bound of the feeds is 10%.
contract ConfirmTest is OracleBase {
    function price() private view returns (uint64 value) {
        (value,,) = oracle.latest(1);
    }

    function fresh() private view returns (bool value) {
        (,, value) = oracle.latest(1);
    }

    function setUp() public override {
        super.setUp();
        report(1000);
    }

    /// @dev [ORACLE-10]
    function testFuzz_bound(uint64 value) public {
        value = uint64(bound(value, 1, 3000));
        reportAt(START + 1 hours, value);
        bool inside = value >= 900 && value <= 1100;
        assertEq(oracle.feedStatus(1).pending, !inside);
        assertEq(price(), inside ? value : 1000);
        assertEq(fresh(), inside);
    }

    function test_the_bound_itself_is_inside() public {
        reportAt(START + 1 hours, 1100);
        assertEq(price(), 1100);
        reportAt(START + 2 hours, 990);
        assertEq(price(), 990);
    }

    /// @dev [ORACLE-8] [ORACLE-10]
    function test_pending_keeps_the_old_value_and_is_not_fresh() public {
        vm.warp(START + 1 hours);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RoundPending(1, 2, START + 1 hours, 500, 31);
        report(500);
        assertEq(price(), 1000);
        assertFalse(fresh());
        IIndexOracle.FeedStatus memory status = oracle.feedStatus(1);
        assertTrue(status.pending);
        assertEq(status.round, 2);
        assertEq(status.pendingRound, 2);
        assertEq(status.pendingPrice, 500);
        assertEq(status.pendingTime, START + 1 hours);
        assertEq(status.time, START);
    }

    /// @dev [ORACLE-11]
    function test_second_agreeing_round_books_from_the_first() public {
        reportAt(START + 1 hours, 500);
        vm.warp(START + 3 hours);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RoundConfirmed(1, 2, START + 1 hours, 500);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RoundAccepted(1, 3, START + 3 hours, 510, 31);
        report(510);
        assertEq(price(), 510);
        assertTrue(fresh());
        (uint256 priceSeconds, uint256 freshSeconds) = oracle.accumulated(1, START + 4 hours);
        assertEq(priceSeconds, 1 hours * 1000 + 2 hours * 500 + 1 hours * 510);
        assertEq(freshSeconds, 4 hours);
        assertEq(oracle.feedStatus(1).pendingPrice, 0, "cleared");
    }

    /// @dev [ORACLE-11]
    function test_return_to_the_old_price_drops_it() public {
        reportAt(START + 1 hours, 500);
        vm.warp(START + 2 hours);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RoundDropped(1, 2);
        report(1010);
        assertEq(price(), 1010);
        assertTrue(fresh());
        (uint256 priceSeconds,) = oracle.accumulated(1, START + 2 hours);
        assertEq(priceSeconds, 2 hours * 1000, "the dropped value never counts");
    }

    function test_a_third_price_becomes_the_pending_one() public {
        reportAt(START + 1 hours, 500);
        reportAt(START + 2 hours, 700);
        assertEq(oracle.feedStatus(1).pendingPrice, 700);
        assertEq(oracle.feedStatus(1).round, 3);
        reportAt(START + 3 hours, 690);
        assertEq(price(), 690);
        (uint256 priceSeconds,) = oracle.accumulated(1, START + 3 hours);
        assertEq(priceSeconds, 2 hours * 1000 + 1 hours * 700);
    }

    /// @dev [ORACLE-11]
    function test_confirmation_within_a_heartbeat_only() public {
        reportAt(START + 1 hours, 500);
        uint256 snapshot = vm.snapshotState();
        reportAt(START + 1 hours + HEARTBEAT - 1, 500);
        assertEq(price(), 500);
        vm.revertToState(snapshot);
        reportAt(START + 1 hours + HEARTBEAT, 500);
        assertEq(price(), 1000, "the late one is pending anew");
        assertEq(oracle.feedStatus(1).pendingTime, START + 1 hours + HEARTBEAT);
        reportAt(START + 2 hours + HEARTBEAT, 500);
        assertEq(price(), 500);
    }

    function test_second_round_of_the_same_or_an_earlier_time() public {
        reportAt(START + 1 hours, 500);
        expectRefused(
            draft(START + 1 hours, 500),
            abi.encodeWithSelector(
                IIndexOracle.TimeNotIncreasing.selector, 1, START + 1 hours, START + 1 hours
            )
        );
        // Nor can other signers' word of the same second drop it.
        expectRefused(
            draft(START + 1 hours, 1000),
            abi.encodeWithSelector(
                IIndexOracle.TimeNotIncreasing.selector, 1, START + 1 hours, START + 1 hours
            )
        );
        expectRefused(
            draft(START + 30 minutes, 500),
            abi.encodeWithSelector(
                IIndexOracle.TimeNotIncreasing.selector, 1, START + 30 minutes, START + 1 hours
            )
        );
    }

    function test_a_short_quorum_confirms_nothing() public {
        reportAt(START + 1 hours, 500);
        vm.warp(START + 2 hours);
        Draft memory d = draft(START + 2 hours, 500);
        d.signers = 15;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.ShortQuorum.selector, 1, 4, 5));
        assertEq(price(), 1000);
    }

    function test_confirmed_across_midnight_counts_on_both_days() public {
        uint256 noon = midnight(DAY0 + 1);
        reportAt(noon - 2 hours, 1000);
        reportAt(noon - 1 hours, 500);
        reportAt(noon + 1 hours, 500);
        (uint256 priceSeconds, uint256 freshSeconds, bool fixed_) = oracle.checkpoint(1, DAY0 + 1);
        assertTrue(fixed_);
        // 1000 from 10:00 for six hours and from 22:00 for one, 500 for the last.
        assertEq(priceSeconds, 7 hours * 1000 + 1 hours * 500);
        assertEq(freshSeconds, 8 hours);
    }

    /// @dev [ORACLE-10]
    function test_first_value_needs_no_second() public {
        uint64[] memory prices = new uint64[](2);
        (prices[0], prices[1]) = (1000, 77);
        vm.warp(START + 1);
        send(draft(START + 1, prices));
        (uint64 value,, bool isFresh) = oracle.latest(2);
        assertEq(value, 77);
        assertTrue(isFresh);
    }

    function test_halted_while_pending() public {
        reportAt(START + 1 hours, 500);
        oracle.setHalted(1, true);
        expectRefused(
            draft(START + 1 hours + 1, 500),
            abi.encodeWithSelector(
                IIndexOracle.FutureObservation.selector, START + 1 hours + 1, START + 1 hours
            )
        );
        vm.warp(START + 2 hours);
        expectRefused(
            draft(START + 2 hours, 500), abi.encodeWithSelector(IIndexOracle.FeedHalted.selector, 1)
        );
        assertTrue(oracle.feedStatus(1).pending);
        oracle.setHalted(1, false);
        report(500);
        assertEq(price(), 500);
    }
}
