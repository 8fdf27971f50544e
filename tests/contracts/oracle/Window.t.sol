// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

contract WindowTest is OracleBase {
    /// @dev [ORACLE-7] [ORACLE-12]
    function test_two_days() public {
        reportAt(midnight(DAY0 + 1) - 1 hours, 1000);
        reportAt(midnight(DAY0 + 1) + 4 hours, 1010);
        reportAt(midnight(DAY0 + 2) + 2 hours, 1020);
        reportAt(midnight(DAY0 + 3), 1030);
        (uint256 ps, uint256 fs, uint256 elapsed, bool fixed_) = oracle.window(1, DAY0 + 1, DAY0 + 3);
        assertEq(ps, 4 hours * 1000 + uint256(HEARTBEAT) * 1010 + uint256(HEARTBEAT) * 1020);
        assertEq(fs, 4 hours + 2 * HEARTBEAT);
        assertEq(elapsed, 2 days);
        assertTrue(fixed_);
    }

    /// @dev [ORACLE-12]
    function test_open_end_is_provisional() public {
        reportAt(midnight(DAY0 + 1), 1000);
        vm.warp(midnight(DAY0 + 2) + MAX_LAG - 1);
        (uint256 ps,,, bool fixed_) = oracle.window(1, DAY0 + 1, DAY0 + 2);
        assertEq(ps, uint256(HEARTBEAT) * 1000);
        assertFalse(fixed_);
        vm.warp(midnight(DAY0 + 2) + MAX_LAG);
        (,,, fixed_) = oracle.window(1, DAY0 + 1, DAY0 + 2);
        assertTrue(fixed_);
    }

    function test_refusals() public {
        report(1000);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.EmptyWindow.selector, DAY0, DAY0));
        oracle.window(1, DAY0, DAY0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.EmptyWindow.selector, DAY0, DAY0 - 1));
        oracle.windowRange(1, DAY0, DAY0 - 1);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.DayNotReached.selector, DAY0 + 1, START));
        oracle.window(1, DAY0, DAY0 + 1);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.DayNotReached.selector, DAY0 + 1, START));
        oracle.windowRange(1, DAY0, DAY0 + 1);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.DayNotReached.selector, DAY0 + 1, START));
        oracle.lastBefore(1, DAY0 + 1);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9));
        oracle.window(9, DAY0 - 1, DAY0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9));
        oracle.windowRange(9, DAY0 - 1, DAY0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9));
        oracle.lastBefore(9, DAY0);
    }

    /// @dev [ORACLE-12]
    function test_last_before() public {
        vm.warp(midnight(DAY0 + 1));
        expectLast(DAY0 + 1, 0, 0);
        reportAt(midnight(DAY0 + 1) + 1 hours, 1000);
        expectLast(DAY0 + 1, 0, 0);
        reportAt(midnight(DAY0 + 1) + 2 hours, 1010);
        vm.warp(midnight(DAY0 + 4));
        for (uint16 day = DAY0 + 2; day <= DAY0 + 4; ++day) {
            expectLast(day, 1010, midnight(DAY0 + 1) + 2 hours);
        }
        report(1020);
        expectLast(DAY0 + 4, 1010, midnight(DAY0 + 1) + 2 hours);
        expectLast(DAY0 + 1, 0, 0);
        reportAt(midnight(DAY0 + 5) + 1, 1030);
        expectLast(DAY0 + 5, 1020, midnight(DAY0 + 4));
        expectLast(DAY0 + 4, 1010, midnight(DAY0 + 1) + 2 hours);
    }

    function expectLast(uint16 day, uint64 price, uint256 time) private view {
        (uint64 p, uint32 t) = oracle.lastBefore(1, day);
        assertEq(p, price, "price");
        assertEq(t, time, "time");
    }

    // ------------------------------------------------------------------ range

    function expectRange(uint16 from, uint16 to, uint64 low, uint64 high) private view {
        (uint64 l, uint64 h) = oracle.windowRange(1, from, to);
        assertEq(l, low, "low");
        assertEq(h, high, "high");
    }

    /// @dev [ORACLE-12]
    function test_range_knows_the_last_value_of_each_day() public {
        reportAt(midnight(DAY0) + 12 hours, 1000);
        reportAt(midnight(DAY0 + 1) + 12 hours, 1050);
        reportAt(midnight(DAY0 + 2) + 12 hours, 960);
        reportAt(midnight(DAY0 + 3), 900);
        expectRange(DAY0, DAY0 + 3, 960, 1050);
        expectRange(DAY0 + 1, DAY0 + 2, 1050, 1050);
        expectRange(DAY0 - 1, DAY0, 0, 0);
        vm.warp(midnight(DAY0 + 6));
        expectRange(DAY0 + 3, DAY0 + 6, 900, 900);
        expectRange(DAY0 + 4, DAY0 + 6, 0, 0);
    }

    /// @dev [ORACLE-12]
    function test_noted_reports_widen_it() public {
        reportAt(midnight(DAY0) + 12 hours, 1000);
        bytes memory high = pack(draft(uint32(midnight(DAY0) + 13 hours), 1090));
        bytes memory low = pack(draft(uint32(midnight(DAY0) + 14 hours), 995));
        vm.warp(midnight(DAY0) + 14 hours);
        oracle.update(high);
        oracle.update(low);
        reportAt(midnight(DAY0) + 15 hours, 1001);
        vm.warp(midnight(DAY0 + 20));
        expectRange(DAY0, DAY0 + 2, 1001, 1001);
        oracle.setMethodology(1, keccak256("v2"));
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RangeNoted(1, DAY0, 1090, 1090);
        oracle.noteRange(high);
        expectRange(DAY0, DAY0 + 2, 1001, 1090);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RangeNoted(1, DAY0, 995, 1090);
        oracle.noteRange(low);
        expectRange(DAY0, DAY0 + 2, 995, 1090);
        oracle.noteRange(low);
        expectRange(DAY0, DAY0 + 2, 995, 1090);
        assertEq(oracle.feedStatus(1).price, 1001, "no round is taken");
    }

    function test_note_refuses_what_no_quorum_signed() public {
        report(1000);
        Draft memory d = draft(START - 5, 5000);
        d.keys[2] = uint256(keccak256("a stranger"));
        bytes memory packed = pack(d);
        vm.expectPartialRevert(IIndexOracle.WrongOperators.selector);
        oracle.noteRange(packed);
        packed = pack(draft(START + 1, 5000));
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.FutureObservation.selector, START + 1, START));
        oracle.noteRange(packed);
        d = draft(START - 5, 5000);
        d.signers = 15;
        packed = pack(d);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.ShortQuorum.selector, 1, 4, 5));
        oracle.noteRange(packed);
    }

    function _refusedNote(bytes memory packed, bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.noteRange(packed);
    }

    /// @dev For all that makes an update none, whenever it was observed.
    function test_note_refuses_what_no_update_would_be() public {
        Draft memory d = draft(START - 5, 100);
        d.operatorSet = 9;
        _refusedNote(pack(d), abi.encodeWithSelector(IIndexOracle.UnknownOperatorSet.selector, 9));
        d = draft(START - 5, new uint64[](0));
        _refusedNote(pack(d), abi.encodeWithSelector(IIndexOracle.NoFeeds.selector));
        d = draft(START - 5, 100);
        d.signers = 15 | (1 << 7);
        _refusedNote(pack(d), abi.encodeWithSelector(IIndexOracle.SignerOutOfRange.selector, 143, 7));
        bytes memory packed = pack(draft(START - 5, 100));
        uint256 length = packed.length;
        _refusedNote(
            bytes.concat(packed, hex"00"),
            abi.encodeWithSelector(IIndexOracle.MalformedUpdate.selector, length + 1, length)
        );
        _refusedNote(hex"0000", abi.encodeWithSelector(IIndexOracle.MalformedUpdate.selector, 2, 13));
        packed[15] = 0x05;
        _refusedNote(packed, abi.encodeWithSelector(IIndexOracle.NotMedian.selector, 1, 5));
        d = draft(START - 5, 100);
        d.feeds[0] = 9;
        _refusedNote(pack(d), abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9));
        d = draft(START - 5, 0);
        _refusedNote(
            pack(d), abi.encodeWithSelector(IIndexOracle.ValueOutOfRange.selector, 1, 0, uint64(2 ** 52 - 1))
        );
        d = draft(START - 5, 100);
        packed = head(d);
        bytes32 high = bytes32(type(uint256).max >> 1); // above half of the curve's order
        for (uint256 i; i < 5; ++i) {
            (bytes32 r, bytes32 vs) = signature(d, i);
            packed = bytes.concat(packed, body(d, i, r, i == 2 ? high : vs));
        }
        _refusedNote(packed, abi.encodeWithSelector(IIndexOracle.MalleableSignature.selector, high));
        oracle.addOperatorSet(addresses(keys), 5);
        d = draft(START - 5, 100);
        d.operatorSet = 2;
        _refusedNote(pack(d), abi.encodeWithSelector(IIndexOracle.WrongOperatorSet.selector, 1, 1, 2));
    }
}
