// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

contract FixCheckpointTest is OracleBase {
    function expectNotFixable(uint16 day, uint256 fixableAt) private {
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.CheckpointNotFixable.selector, 1, day, fixableAt));
        oracle.fixCheckpoint(1, day);
    }

    function expectCheckpoint(uint16 day, uint256 priceSeconds, uint256 freshSeconds, bool isFixed)
        private
        view
    {
        (uint256 ps, uint256 fs, bool fixed_) = oracle.checkpoint(1, day);
        assertEq(ps, priceSeconds, "priceSeconds");
        assertEq(fs, freshSeconds, "freshSeconds");
        assertEq(fixed_, isFixed, "fixed");
    }

    /// @dev [ORACLE-9] [ORACLE-13]
    function test_from_maxLag_after_midnight_on() public {
        reportAt(midnight(DAY0 + 1) - 1 hours, 100);
        uint256 opens = midnight(DAY0 + 1) + MAX_LAG;
        vm.warp(opens - 1);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, false);
        expectNotFixable(DAY0 + 1, opens);
        vm.warp(opens);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.CheckpointFixed(1, DAY0 + 1, 1 hours * 100, 1 hours);
        vm.prank(relayer);
        oracle.fixCheckpoint(1, DAY0 + 1);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
    }

    function test_a_late_report_changes_it_until_then_and_not_after() public {
        uint32 end = uint32(midnight(DAY0 + 1));
        reportAt(end - 2 hours, 100);
        vm.warp(end - 1 + MAX_LAG);
        uint256 snapshot = vm.snapshotState();
        send(draft(end - 1, 110));
        expectCheckpoint(DAY0 + 1, (2 hours - 1) * 100 + 110, 2 hours, false);
        vm.revertToState(snapshot);
        vm.warp(end + MAX_LAG);
        oracle.fixCheckpoint(1, DAY0 + 1);
        expectRefused(
            draft(end - 1, 110),
            abi.encodeWithSelector(IIndexOracle.StaleObservation.selector, end - 1, uint256(end))
        );
        send(draft(end, 110));
        expectCheckpoint(DAY0 + 1, 2 hours * 100, 2 hours, true);
    }

    /// @dev [ORACLE-9]
    function test_the_first_report_across_fixes_it() public {
        uint256 end = midnight(DAY0 + 1);
        reportAt(end - 1 hours, 100);
        reportAt(end, 105);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
        reportAt(end + 1 hours, 110);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
    }

    function test_twice_changes_nothing() public {
        reportAt(midnight(DAY0 + 1) - 1 hours, 100);
        vm.warp(midnight(DAY0 + 1) + MAX_LAG);
        oracle.fixCheckpoint(1, DAY0 + 1);
        vm.recordLogs();
        oracle.fixCheckpoint(1, DAY0 + 1);
        assertEq(vm.getRecordedLogs().length, 0);
        reportAt(midnight(DAY0 + 1) + 2 hours, 100);
        vm.recordLogs();
        oracle.fixCheckpoint(1, DAY0 + 1);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_before_the_first_report() public {
        vm.warp(midnight(DAY0 + 1) + MAX_LAG);
        expectCheckpoint(DAY0, 0, 0, true);
        expectCheckpoint(DAY0 + 1, 0, 0, true);
        oracle.fixCheckpoint(1, DAY0 + 1);
        reportAt(midnight(DAY0 + 1) + 2 hours, 100);
        expectCheckpoint(DAY0 + 1, 0, 0, true);
        expectNotFixable(DAY0 + 2, midnight(DAY0 + 2) + MAX_LAG);
    }

    function test_future_day() public {
        report(100);
        expectNotFixable(DAY0 + 1, midnight(DAY0 + 1) + MAX_LAG);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.DayNotReached.selector, DAY0 + 1, START));
        oracle.checkpoint(1, DAY0 + 1);
    }

    function test_unknown_feed() public {
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 99));
        oracle.fixCheckpoint(99, DAY0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 99));
        oracle.checkpoint(99, DAY0);
    }

    // ------------------------------------------------------------------ with a round pending

    /// @dev [ORACLE-9]
    function test_waits_while_a_round_before_midnight_can_be_confirmed() public {
        uint256 end = midnight(DAY0 + 1);
        reportAt(end - 2 hours, 100);
        reportAt(end - 1 hours, 50);
        uint256 opens = end - 1 hours + HEARTBEAT + MAX_LAG;
        vm.warp(opens - 1);
        expectNotFixable(DAY0 + 1, opens);
        // The last second at which it can be confirmed, seen the longest after.
        uint256 snapshot = vm.snapshotState();
        send(draft(uint32(opens - MAX_LAG - 1), 50));
        expectCheckpoint(DAY0 + 1, 1 hours * 100 + 1 hours * 50, 2 hours, true);
        vm.revertToState(snapshot);
        vm.warp(opens);
        oracle.fixCheckpoint(1, DAY0 + 1);
        expectCheckpoint(DAY0 + 1, 2 hours * 100, 2 hours, true);
        send(draft(uint32(opens - MAX_LAG), 50));
        assertEq(oracle.feedStatus(1).price, 100, "not confirmed any more");
        reportAt(opens + 1, 50);
        assertEq(oracle.feedStatus(1).price, 50);
        expectCheckpoint(DAY0 + 1, 2 hours * 100, 2 hours, true);
    }

    function test_a_round_pending_since_after_midnight_does_not_delay_it() public {
        uint256 end = midnight(DAY0 + 1);
        reportAt(end - 1 hours, 100);
        reportAt(end, 50);
        vm.warp(end + MAX_LAG);
        oracle.fixCheckpoint(1, DAY0 + 1);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
        report(50);
        expectCheckpoint(DAY0 + 1, 1 hours * 100, 1 hours, true);
    }

    // ------------------------------------------------------------------ after a silence

    /// @dev [ORACLE-9]
    function test_eight_midnights_in_one_report() public {
        report(100);
        reportAt(midnight(DAY0 + 8) + 5, 100);
        for (uint16 day = DAY0 + 1; day <= DAY0 + 8; ++day) {
            expectCheckpoint(day, uint256(HEARTBEAT) * 100, HEARTBEAT, true);
        }
        (uint256 ps, uint256 fs) = oracle.accumulated(1, uint32(midnight(DAY0 + 8)) + 15);
        assertEq(ps, uint256(HEARTBEAT) * 100 + 10 * 100);
        assertEq(fs, HEARTBEAT + 10);
    }

    /// @dev [ORACLE-9]
    function test_long_silence_asks_for_checkpoints_and_recovers() public {
        report(100);
        vm.warp(midnight(DAY0 + 40) + 5);
        expectRefused(
            draft(uint32(midnight(DAY0 + 40)) + 5, 100),
            abi.encodeWithSelector(IIndexOracle.CheckpointMissing.selector, 1, DAY0 + 32)
        );
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.CheckpointMissing.selector, 1, DAY0 + 31));
        oracle.fixCheckpoint(1, DAY0 + 32);
        for (uint16 day = DAY0 + 1; day <= DAY0 + 32; ++day) {
            oracle.fixCheckpoint(1, day);
        }
        report(100);
        assertEq(oracle.feedStatus(1).time, midnight(DAY0 + 40) + 5);
        for (uint16 day = DAY0 + 1; day <= DAY0 + 40; ++day) {
            expectCheckpoint(day, uint256(HEARTBEAT) * 100, HEARTBEAT, true);
        }
    }
}
