// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {Shipped} from "../Shipped.sol";

/// @dev The bytes of vector.json were signed and packed by the Python SDK, whose own test compares them too.
contract VectorTest is Test, Shipped {
    function test_contract_takes_what_the_sdk_packs() public {
        string memory json = vm.readFile("tests/contracts/oracle/vector.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        vm.warp(vm.parseJsonUint(json, ".observedAt"));
        address signedFor = vm.parseJsonAddress(json, ".oracle");
        // At the address the vector was signed for, by the first transaction of the first account of a local chain.
        address deployer = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
        vm.setNonce(deployer, 0);
        vm.startPrank(deployer);
        IIndexOracle oracle = shipOracle(address(this), 1 hours);
        vm.stopPrank();
        assertEq(address(oracle), signedFor);

        oracle.addOperatorSet(vm.parseJsonAddressArray(json, ".operators"), 5);
        oracle.addFeed(IIndexOracle.FeedInfo("A", 0, 1, 1 hours, 1000));
        oracle.addFeed(IIndexOracle.FeedInfo("B", 0, 1, 1 hours, 1000));
        oracle.update(vm.parseJsonBytes(json, ".packed"));
        (uint64 first,,) = oracle.latest(1);
        (uint64 second,,) = oracle.latest(2);
        uint256 median = vm.parseJsonUint(json, ".median");
        assertEq(first, median);
        assertEq(second, 2 * median);
    }
}
