// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract MassCancelTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
    }

    /// @dev [BOOK-12]
    function test_killsEveryOrderAtOnce() public {
        (uint96 bid,) = buy(alice, 3490, 5);
        (uint96 ask,) = sell(alice, 3510, 5);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.MassCancelled(series, alice, 1);
        massCancel(alice);
        assertEq(position(alice).openBuy, 0);
        assertEq(position(alice).openSell, 0);
        assertEq(position(alice).openCount, 0);
        assertEq(margin(alice).initialMargin, 0);
        refusedCancel(alice, bid);
        refusedCancel(alice, ask);
        assertEq(hot().bid, 3490, "the books' best may be a ghost");
        (, uint32 filled) = place(bob, IOC, 3510, 5);
        assertEq(filled, 0);
        assertEq(hot().ask, type(uint24).max, "until somebody meets it");
    }

    function test_leavesOthersAndThePositionAlone() public {
        trade(alice, bob, 3500, 2);
        buy(alice, 3490, 5);
        (uint96 id,) = buy(bob, 3490, 5);
        massCancel(alice);
        assertEq(lotsOf(alice), 2);
        assertEq(position(bob).openBuy, 5);
        cancel(bob, id);
    }

    /// @dev The cost does not depend on how many orders there are. [BOOK-12]
    function test_costsTheSameForManyOrders() public {
        buy(alice, 3490, 1);
        for (uint256 i; i < 200; ++i) {
            buy(bob, 3400 + i % 50, 1);
        }
        uint256 few = _gas(alice);
        uint256 many = _gas(bob);
        assertApproxEqAbs(few, many, 200);
    }

    function _gas(uint32 account) private returns (uint256 used) {
        address who = owner(account);
        vm.prank(who);
        used = gasleft();
        exchange.massCancel(series);
        used -= gasleft();
    }

    /// @dev [BOOK-12]
    function test_newOrdersLive() public {
        buy(alice, 3490, 5);
        massCancel(alice);
        (uint96 id,) = buy(alice, 3490, 2);
        (, uint32 filled) = place(bob, IOC | SELL, 3490, 9);
        assertEq(filled, 2);
        refusedCancel(alice, id);
    }

    /// @dev No orders, no new epoch: nobody wears the counter out.
    function test_withoutOrdersNothingHappens() public {
        massCancel(alice);
        assertEq(position(alice).epoch, 0);
        buy(alice, 3490, 5);
        massCancel(alice);
        massCancel(alice);
        assertEq(position(alice).epoch, 1);
        address who = owner(alice);
        vm.prank(who);
        exchange.massCancel(999); // an unknown series has no orders of anyone
    }

    function test_allSeriesAtOnce() public {
        uint16 first = series;
        uint16 second = listLater();
        buy(alice, 3490, 5);
        series = second;
        sell(alice, 3510, 3);
        buy(bob, 3490, 1);
        address who = owner(alice);
        vm.prank(who);
        exchange.massCancelAll();
        assertEq(positionIn(alice, first).openCount, 0);
        assertEq(positionIn(alice, second).openCount, 0);
        assertEq(positionIn(bob, second).openCount, 1);
    }

    /// @dev [BOOK-11]
    function test_worksAfterExpiryAndDoesNotTouchClaims() public {
        trade(alice, bob, 3500, 10);
        buy(alice, 3490, 5);
        buy(bob, 3490, 1);
        warpTo(EXPIRY_DAY, 0);
        massCancel(bob);
        assertEq(position(bob).openCount, 0);
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(series);
        crank(alice);
        uint256 word = exchange.positionWord(alice, series);
        massCancel(alice);
        address who = owner(alice);
        vm.prank(who);
        exchange.massCancelAll();
        assertEq(exchange.positionWord(alice, series), word);
    }

    function test_refusesStrangers() public {
        address stranger = makeAddr("stranger");
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, stranger);
        refused(stranger, abi.encodeCall(ITrading.massCancel, (series)), error_);
        refused(stranger, abi.encodeCall(ITrading.massCancelAll, ()), error_);
    }
}
