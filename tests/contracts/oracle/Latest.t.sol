// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

contract LatestTest is OracleBase {
    function test_before_the_first_report() public view {
        (uint64 price, uint32 time, bool fresh) = oracle.latest(1);
        assertEq(price, 0);
        assertEq(time, 0);
        assertFalse(fresh);
        (uint256 ps, uint256 fs) = oracle.accumulated(1, START);
        assertEq(ps, 0);
        assertEq(fs, 0);
    }

    /// @dev [ORACLE-8]
    function test_fresh_until_the_heartbeat() public {
        report(100);
        vm.warp(START + HEARTBEAT);
        (,, bool fresh) = oracle.latest(1);
        assertTrue(fresh);
        vm.warp(START + HEARTBEAT + 1);
        (,, fresh) = oracle.latest(1);
        assertFalse(fresh);
    }

    /// @dev [ORACLE-8]
    function test_halted_is_not_fresh() public {
        report(100);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.FeedHaltSet(1, true);
        oracle.setHalted(1, true);
        (uint64 price,, bool fresh) = oracle.latest(1);
        assertEq(price, 100);
        assertFalse(fresh);
        assertTrue(oracle.feedStatus(1).halted);
        oracle.setHalted(1, false);
        (,, fresh) = oracle.latest(1);
        assertTrue(fresh);
    }

    /// @dev [ORACLE-7]
    function test_accumulated_stops_at_the_heartbeat() public {
        report(100);
        (uint256 ps, uint256 fs) = oracle.accumulated(1, START + HEARTBEAT - 1);
        assertEq(ps, 100 * (uint256(HEARTBEAT) - 1));
        assertEq(fs, HEARTBEAT - 1);
        (ps, fs) = oracle.accumulated(1, START + 3 days);
        assertEq(ps, 100 * uint256(HEARTBEAT));
        assertEq(fs, HEARTBEAT);
    }

    function test_accumulated_before_the_last_report() public {
        report(100);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.TimeBeforeReport.selector, 1, START - 1, START));
        oracle.accumulated(1, START - 1);
    }

    function test_unknown_feed() public {
        bytes memory reason = abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9);
        vm.expectRevert(reason);
        oracle.latest(9);
        vm.expectRevert(reason);
        oracle.accumulated(9, START);
        vm.expectRevert(reason);
        oracle.heartbeat(9);
        vm.expectRevert(reason);
        oracle.feedInfo(9);
        vm.expectRevert(reason);
        oracle.feedStatus(9);
    }
}
