// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract OpenTest is ExchangeTest {
    address internal alice = makeAddr("alice");

    function test_accountsAreNumberedFromOne() public {
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AccountOpened(1, alice);
        vm.prank(alice);
        assertEq(exchange.open(), 1);
        vm.prank(makeAddr("bob"));
        assertEq(exchange.open(), 2);
        assertEq(exchange.accountCount(), 2);
        assertEq(exchange.ownerOf(1), alice);
        (uint32 account, uint8 permissions, uint40 expiry) = lens.principal(alice);
        assertEq(account, 1);
        assertEq(permissions, 255);
        assertEq(expiry, 0);
    }

    /// @dev [ACCOUNT-1]
    function test_oneAccountAnAddress() public {
        vm.prank(alice);
        exchange.open();
        refused(
            alice,
            abi.encodeCall(IBackOffice.open, ()),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, alice, 1)
        );
    }

    /// @dev [ACCOUNT-1]
    function test_agentOpensNone() public {
        uint32 account = open(0 + 1);
        address boss = owner(account);
        vm.prank(boss);
        exchange.inviteAgent(alice, uint40(vm.getBlockTimestamp() + 1), 1);
        vm.prank(alice);
        exchange.acceptAgent(account);
        refused(
            alice,
            abi.encodeCall(IBackOffice.open, ()),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, alice, account)
        );
    }
}
