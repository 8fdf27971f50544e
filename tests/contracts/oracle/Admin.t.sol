// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {OracleBase} from "./OracleBase.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

contract AdminTest is OracleBase {
    function info(uint32 heartbeat, uint16 bound) private pure returns (IIndexOracle.FeedInfo memory) {
        return IIndexOracle.FeedInfo("GPU-H100-SXM", keccak256("doc"), 1, heartbeat, bound);
    }

    /// @dev [ORACLE-13]
    function test_only_the_owner() public {
        address[] memory operators = addresses(keys);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, relayer);
        vm.startPrank(relayer);
        vm.expectRevert(reason);
        oracle.addOperatorSet(operators, 5);
        vm.expectRevert(reason);
        oracle.rotateOperators(1, operators, 5);
        vm.expectRevert(reason);
        oracle.addFeed(info(60, 10));
        vm.expectRevert(reason);
        oracle.setMethodology(1, 0);
        vm.expectRevert(reason);
        oracle.setHalted(1, true);
    }

    function test_owner_hands_over_in_two_steps() public {
        Ownable2Step(address(oracle)).transferOwnership(relayer);
        assertEq(Ownable2Step(address(oracle)).owner(), address(this));
        vm.prank(relayer);
        Ownable2Step(address(oracle)).acceptOwnership();
        assertEq(Ownable2Step(address(oracle)).owner(), relayer);
    }

    /// @dev [ORACLE-1] [ORACLE-3]
    function testFuzz_quorum(uint8 n, uint8 quorum) public {
        n = uint8(bound(n, 1, 31));
        uint256 f = (n - 1) / 3;
        address[] memory operators = addresses(sortedKeys(n, "set"));
        bool allowed = quorum >= 2 * f + 1 && quorum <= n - f;
        if (!allowed) {
            vm.expectRevert(
                abi.encodeWithSelector(IIndexOracle.QuorumOutOfRange.selector, quorum, 2 * f + 1, n - f)
            );
        }
        uint16 id = oracle.addOperatorSet(operators, quorum);
        if (!allowed) return;
        (bytes24 hash, uint16 version, uint8 count, uint8 stored) = oracle.operatorSet(id);
        bytes memory packed;
        for (uint256 i; i < n; ++i) {
            packed = abi.encodePacked(packed, operators[i]);
        }
        assertEq(hash, bytes24(keccak256(packed)));
        assertEq(version, 1);
        assertEq(count, n);
        assertEq(stored, quorum);
        // What the bounds are for: a quorum outvotes its liars, and the honest alone reach it.
        assertGt(uint256(quorum), 2 * f);
        assertLe(uint256(quorum) + f, n);
    }

    /// @dev [ORACLE-1]
    function test_operator_counts() public {
        address[] memory none = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorCountOutOfRange.selector, 0, 31));
        oracle.addOperatorSet(none, 1);
        address[] memory many = addresses(sortedKeys(32, "many"));
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorCountOutOfRange.selector, 32, 31));
        oracle.addOperatorSet(many, 22);
    }

    /// @dev A rotation must be as sound as a first set. [ORACLE-1]
    function test_rotation_to_a_bad_set() public {
        address[] memory none = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorCountOutOfRange.selector, 0, 31));
        oracle.rotateOperators(1, none, 1);
        address[] memory operators = addresses(keys);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.QuorumOutOfRange.selector, 4, 5, 5));
        oracle.rotateOperators(1, operators, 4);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.QuorumOutOfRange.selector, 6, 5, 5));
        oracle.rotateOperators(1, operators, 6);
    }

    function test_operators_ascend_and_none_is_zero() public {
        address[] memory operators = addresses(keys);
        (operators[2], operators[3]) = (operators[3], operators[2]);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorsNotAscending.selector, 3));
        oracle.addOperatorSet(operators, 5);
        operators = addresses(keys);
        operators[4] = operators[3];
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorsNotAscending.selector, 4));
        oracle.rotateOperators(1, operators, 5);
        operators = addresses(keys);
        operators[0] = address(0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.OperatorsNotAscending.selector, 0));
        oracle.addOperatorSet(operators, 5);
    }

    function test_at_most_255_sets() public {
        address[] memory operators = addresses(keys);
        while (oracle.operatorSetCount() < 255) {
            oracle.addOperatorSet(operators, 5);
        }
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.TooManyOperatorSets.selector, 255));
        oracle.addOperatorSet(operators, 5);
    }

    /// @dev [ORACLE-3]
    function test_rotation_ends_the_old_and_starts_the_new_for_all_feeds() public {
        Draft memory old = draft(START, 100);
        bytes memory packed = pack(old);
        uint256[] memory before = keys;
        keys = sortedKeys(4, "new");
        address[] memory operators = addresses(keys);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.OperatorsSet(1, 3, 1, operators);
        oracle.rotateOperators(1, operators, 3);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.SignerOutOfRange.selector, 31, 4));
        oracle.update(packed);
        Draft memory d = draft(START, new uint64[](8));
        d.signers = 7;
        d.keys = new uint256[](3);
        d.values = new uint64[][](3);
        for (uint256 i; i < 3; ++i) {
            d.keys[i] = keys[i];
            d.values[i] = new uint64[](8);
            for (uint256 f; f < 8; ++f) {
                d.values[i][f] = 100;
            }
        }
        send(d);
        assertEq(oracle.feedStatus(8).round, 1);
        keys = before;
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownOperatorSet.selector, 2));
        oracle.rotateOperators(2, operators, 3);
    }

    function test_rotation_with_common_members_keeps_time_and_pending() public {
        report(1000);
        reportAt(START + 1 hours, 500);
        keys[6] = uint256(keccak256("replacement"));
        uint256[] memory sorted = keys;
        for (uint256 i = 6; i > 0 && vm.addr(sorted[i - 1]) > vm.addr(sorted[i]); --i) {
            (sorted[i - 1], sorted[i]) = (sorted[i], sorted[i - 1]);
        }
        keys = sorted;
        oracle.rotateOperators(1, addresses(keys), 5);
        reportAt(START + 2 hours, 500);
        assertEq(oracle.feedStatus(1).price, 500);
        assertEq(oracle.feedStatus(1).round, 3);
    }

    function test_add_feed() public {
        vm.expectEmit(address(oracle));
        emit IIndexOracle.FeedAdded(9, 1, "GPU-H100-SXM", 1 days, 20_470);
        vm.expectEmit(address(oracle));
        emit IIndexOracle.MethodologySet(9, keccak256("doc"), 1);
        assertEq(oracle.addFeed(info(1 days, 20_470)), 9);
        assertEq(oracle.feedCount(), 9);
        IIndexOracle.FeedInfo memory stored = oracle.feedInfo(9);
        assertEq(stored.symbol, "GPU-H100-SXM");
        assertEq(stored.methodology, keccak256("doc"));
        assertEq(stored.operatorSet, 1);
        assertEq(stored.heartbeat, 1 days);
        assertEq(stored.deviationBps, 20_470);
        assertEq(oracle.heartbeat(9), 1 days);
        oracle.addFeed(info(60, 10));
        stored = oracle.feedInfo(10);
        assertEq(stored.heartbeat, 60);
        assertEq(stored.deviationBps, 10);
    }

    function testFuzz_feed_terms(uint32 heartbeat, uint16 bound_) public {
        heartbeat = uint32(bound(heartbeat, 0, 1 days + 120));
        if (heartbeat == 0 || heartbeat > 1 days || heartbeat % 60 != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IIndexOracle.HeartbeatOutOfRange.selector, heartbeat, uint32(1 days))
            );
        } else if (bound_ == 0 || bound_ > 20_470 || bound_ % 10 != 0) {
            vm.expectRevert(abi.encodeWithSelector(IIndexOracle.DeviationOutOfRange.selector, bound_, 20_470));
        }
        oracle.addFeed(info(heartbeat, bound_));
    }

    function test_feed_of_an_unknown_set() public {
        IIndexOracle.FeedInfo memory terms = info(60, 10);
        terms.operatorSet = 2;
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownOperatorSet.selector, 2));
        oracle.addFeed(terms);
    }

    /// @dev [ORACLE-3]
    function test_methodology() public {
        vm.expectEmit(address(oracle));
        emit IIndexOracle.MethodologySet(3, keccak256("v2"), 2);
        oracle.setMethodology(3, keccak256("v2"));
        assertEq(oracle.feedInfo(3).methodology, keccak256("v2"));
        (, uint16 version,,) = oracle.operatorSet(1);
        assertEq(version, 2);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 99));
        oracle.setMethodology(99, 0);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 99));
        oracle.setHalted(99, true);
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.UnknownOperatorSet.selector, 9));
        oracle.operatorSet(9);
    }

    function test_max_lag() public {
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.MaxLagOutOfRange.selector, 0, uint32(1 days)));
        shipOracle(address(this), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IIndexOracle.MaxLagOutOfRange.selector, uint32(1 days + 1), uint32(1 days))
        );
        shipOracle(address(this), 1 days + 1);
        assertEq(shipOracle(address(this), 1 days).maxLag(), 1 days);
    }
}
