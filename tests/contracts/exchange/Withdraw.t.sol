// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract WithdrawTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 100_000);
        bob = alice + 1;
    }

    function _refused(uint256 amount, bytes memory error_) private {
        address who = owner(alice);
        refused(who, abi.encodeCall(ITrading.withdraw, (amount, who)), error_);
    }

    function test_paysOut() public {
        address to = makeAddr("cold wallet");
        address who = owner(alice);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Withdrawn(alice, to, 40_000 * USD);
        vm.prank(who);
        exchange.withdraw(40_000 * USD, to);
        assertEq(usdc.balanceOf(to), 40_000 * USD);
        assertEq(cashOf(alice), 60_000 * USD);
        assertEq(cashOf(bob), 100_000 * USD);
    }

    function test_refusesZeroAmountAndRecipientsThatWouldLoseIt() public {
        _refused(0, abi.encodeWithSelector(IExchangeErrors.ZeroAmount.selector));
        address[2] memory lost = [address(0), address(exchange)];
        for (uint256 i; i < lost.length; ++i) {
            refused(
                owner(alice),
                abi.encodeCall(ITrading.withdraw, (1, lost[i])),
                abi.encodeWithSelector(IExchangeErrors.InvalidRecipient.selector, lost[i])
            );
        }
    }

    function test_refusesMoreThanCash() public {
        uint256 cash = 100_000 * USD;
        _refused(
            cash + 1, abi.encodeWithSelector(IExchangeErrors.InsufficientCash.selector, alice, cash, cash + 1)
        );
    }

    /// @dev [ACCOUNT-1] [ACCOUNT-2]
    function test_refusesStrangersAndAgents() public {
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            abi.encodeCall(ITrading.withdraw, (1, stranger)),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, stranger)
        );
        address boss = owner(alice);
        vm.prank(boss);
        exchange.inviteAgent(stranger, uint40(vm.getBlockTimestamp() + 100), 254);
        vm.prank(stranger);
        exchange.acceptAgent(alice);
        refused(
            stranger,
            abi.encodeCall(ITrading.withdraw, (1, boss)),
            abi.encodeWithSelector(IExchangeErrors.AgentNotPermitted.selector, stranger, 255)
        );
    }

    /// @dev 10 lots at 3500, the only open interest: IM 25% x 1.2 (all of the size is ours) of $35,000. [MARGIN-2]
    function test_openOrdersReserve() public {
        buy(alice, 3500, 10);
        uint256 free = (100_000 - 10_500) * USD;
        _refused(
            free + 1, abi.encodeWithSelector(IExchangeErrors.NotWithdrawable.selector, alice, free, free + 1)
        );
        withdraw(alice, free);
        assertEq(cashOf(alice), 10_500 * USD);
        massCancel(alice);
        withdraw(alice, 10_500 * USD);
    }

    /// @dev Long 10 from 3500 at 3600: the $1,000 gain is no money yet. IM 25% x (1 + 20% x 10 / 20) of $36,000 = $9,900;
    /// what it paid is quote, so its value is 1,000 less the fee of $10.50. [MARGIN-2]
    function test_gainsAreNotWithdrawn() public {
        trade(alice, bob, 3500, 10);
        setIndex(3600);
        uint256 free = (100_000 - 9_900) * USD;
        assertEq(margin(alice).equity, int256(100_000 + 1000) * V - fee(3500, 10));
        _refused(
            free + 1, abi.encodeWithSelector(IExchangeErrors.NotWithdrawable.selector, alice, free, free + 1)
        );
        withdraw(alice, free);
    }

    /// @dev The same at 3400: the loss of $1,000 and the fee of $10.50 lie in quote and lower what is free at once.
    /// [MARGIN-2]
    function test_lossesCount() public {
        trade(alice, bob, 3500, 10);
        setIndex(3400);
        uint256 free = (100_000 - 1000 - 9350) * USD - uint256(fee(3500, 10));
        _refused(
            free + 1, abi.encodeWithSelector(IExchangeErrors.NotWithdrawable.selector, alice, free, free + 1)
        );
        withdraw(alice, free);
    }

    /// @dev [MARK-7]
    function test_staleIndexHoldsPositionsOnly() public {
        trade(alice, bob, 3500, 10);
        uint32 flat = open(1000);
        buy(flat, 3400, 1);
        setStale();
        _refused(1, abi.encodeWithSelector(IExchangeErrors.StaleAccount.selector, alice));
        withdraw(flat, 1);
        setIndex(3500);
        withdraw(alice, 1);
    }

    /// @dev The bound holds to the unit whatever the position and the mark.
    function testFuzz_boundIsExact(uint256 lots, uint256 mark, bool long) public {
        lots = bound(lots, 1, 20);
        mark = bound(mark, 3000, 4000);
        if (long) trade(alice, bob, 3500, lots);
        else trade(bob, alice, 3500, lots);
        setIndex(mark);
        uint256 free = lens.accountInfo(alice).withdrawable;
        assertLe(free, cashOf(alice));
        _refused(
            free + 1,
            free == cashOf(alice)
                ? abi.encodeWithSelector(IExchangeErrors.InsufficientCash.selector, alice, free, free + 1)
                : abi.encodeWithSelector(IExchangeErrors.NotWithdrawable.selector, alice, free, free + 1)
        );
        if (free != 0) withdraw(alice, free);
        assertEq(lens.accountInfo(alice).withdrawable, 0);
    }

    /// @dev An order that had margin at a high mark is not filled with what is left at a low one. [MARGIN-10] [BOOK-17]
    function test_checksOpenOrdersAtTheMarkOfNow() public {
        uint16 other = listLater();
        sell(alice, 3400, 30);
        setIndex(1000);
        withdraw(alice, 90_000 * USD);
        assertEq(position(alice).checkedMark, 1000);
        assertEq(positionIn(alice, other).checkedMark, 0);
        setIndex(3500);
        (, uint32 filled) = place(bob, IOC, 3400, 30);
        assertEq(filled, 0, "retired by the gap");
    }
}
