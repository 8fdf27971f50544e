// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

/// @dev The owner is the timelock: operators change after its public delay, and in no other way.
contract RotationTest is OracleBase {
    uint256 private constant DELAY = 2 days;
    address private proposer = address(0xA1);
    address private stranger = address(0xA2);
    TimelockController private lock;

    function setUp() public override {
        super.setUp();
        address[] memory proposers = new address[](1);
        proposers[0] = proposer;
        bytes memory anyoneExecutes = abi.encode(DELAY, proposers, new address[](1));
        lock = TimelockController(payable(ship("Timelock", anyoneExecutes)));
        Ownable2Step(address(oracle)).transferOwnership(address(lock));
        vm.prank(address(lock));
        Ownable2Step(address(oracle)).acceptOwnership();
    }

    /// @dev Seven new operators.
    function others() private pure returns (uint256[] memory) {
        return sortedKeys(7, "other");
    }

    function rotation() private pure returns (bytes memory) {
        return abi.encodeCall(IIndexOracle.rotateOperators, (1, addresses(others()), 5));
    }

    function schedule() private {
        bytes memory data = rotation();
        vm.prank(proposer);
        lock.schedule(address(oracle), 0, data, 0, 0, DELAY);
    }

    function execute() private {
        vm.prank(stranger);
        lock.execute(address(oracle), 0, rotation(), 0, 0);
    }

    function expectNotReady() private {
        bytes32 id = lock.hashOperation(address(oracle), 0, rotation(), 0, 0);
        bytes32 ready = bytes32(1 << uint8(TimelockController.OperationState.Ready));
        bytes memory data = rotation();
        bytes24 before = kept();
        vm.expectRevert(
            abi.encodeWithSelector(TimelockController.TimelockUnexpectedOperationState.selector, id, ready)
        );
        lock.execute(address(oracle), 0, data, 0, 0);
        assertEq(kept(), before);
    }

    /// @dev The hash of the set that the oracle keeps.
    function kept() private view returns (bytes24 hash) {
        (hash,,,) = oracle.operatorSet(1);
    }

    function test_nobody_rotates_past_it() public {
        address[] memory operators = addresses(others());
        bytes24 before = kept();
        address[4] memory callers = [address(this), proposer, stranger, vm.addr(keys[0])];
        for (uint256 i; i < callers.length; ++i) {
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, callers[i]));
            oracle.rotateOperators(1, operators, 5);
        }
        assertEq(kept(), before);
    }

    function test_only_a_proposer_schedules() public {
        bytes memory data = rotation();
        bytes32 role = lock.PROPOSER_ROLE();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role)
        );
        lock.schedule(address(oracle), 0, data, 0, 0, DELAY);
    }

    function test_a_shorter_delay_is_refused() public {
        bytes memory data = rotation();
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(TimelockController.TimelockInsufficientDelay.selector, DELAY - 1, DELAY)
        );
        lock.schedule(address(oracle), 0, data, 0, 0, DELAY - 1);
    }

    function test_only_after_the_delay() public {
        expectNotReady();
        schedule();
        vm.warp(START + DELAY - 1);
        expectNotReady();
        vm.warp(START + DELAY);
        bytes24 before = kept();
        execute();
        assertNotEq(kept(), before);
        expectNotReady();
    }

    function test_a_cancelled_rotation_never_happens() public {
        schedule();
        bytes32 id = lock.hashOperation(address(oracle), 0, rotation(), 0, 0);
        vm.prank(proposer);
        lock.cancel(id);
        vm.warp(START + DELAY);
        expectNotReady();
    }

    /// @dev What the old set signed before the rotation, and had not handed in, is worth nothing after it.
    function test_the_old_set_reports_until_the_rotation_and_not_after() public {
        schedule();
        reportAt(START + DELAY - 1, 1000);
        vm.warp(START + DELAY);
        bytes memory unsent = pack(draft(uint32(START + DELAY), 1001));
        execute();
        try oracle.update(unsent) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IIndexOracle.WrongOperators.selector);
        }
        assertEq(oracle.feedStatus(1).price, 1000);
        assertEq(oracle.feedStatus(1).round, 1);
        keys = others();
        report(1002);
        assertEq(oracle.feedStatus(1).price, 1002);
    }

    /// @dev A round that waits is confirmed by the new set's quorum, under the same rule.
    function test_a_pending_round_is_confirmed_by_the_new_set() public {
        schedule();
        reportAt(START + DELAY - 2 hours, 1000);
        reportAt(START + DELAY - 1 hours, 500);
        vm.warp(START + DELAY);
        execute();
        assertTrue(oracle.feedStatus(1).pending);
        keys = others();
        report(501);
        assertFalse(oracle.feedStatus(1).pending);
        assertEq(oracle.feedStatus(1).price, 501);
        (uint256 priceSeconds, uint256 freshSeconds) = oracle.accumulated(1, uint32(START + DELAY));
        assertEq(priceSeconds, 1000 * 1 hours + 500 * 1 hours);
        assertEq(freshSeconds, 2 hours);
    }

    function test_the_lock_has_no_administrator() public view {
        bytes32 admin = lock.DEFAULT_ADMIN_ROLE();
        assertFalse(lock.hasRole(admin, address(this)));
        assertFalse(lock.hasRole(admin, proposer));
        assertTrue(lock.hasRole(admin, address(lock)));
    }
}
