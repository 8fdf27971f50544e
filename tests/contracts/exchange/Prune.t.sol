// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract PruneTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    address internal anyone = makeAddr("anyone");

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
    }

    function _prune(bool sells, uint16 maxSteps) private returns (uint256) {
        vm.prank(anyone);
        return exchange.prune(series, sells, maxSteps);
    }

    /// @dev [BOOK-20]
    function test_findsTheBestLiveOrder() public {
        buy(bob, 3470, 1);
        buy(alice, 3480, 1);
        buy(alice, 3490, 1);
        sell(bob, 3530, 1);
        sell(alice, 3520, 1);
        massCancel(alice);
        assertEq(hot().bid, 3490);
        assertEq(_prune(false, 0), 3, "two ghosts and the live one");
        assertEq(hot().bid, 3470);
        assertEq(hot().ask, 3520, "the other side waits");
        assertEq(_prune(true, 0), 2);
        assertEq(hot().ask, 3530);
        assertEq(position(bob).openCount, 2);
        assertEq(_prune(true, 0), 1, "again: only the live one is looked at");
    }

    function test_emptyBook() public {
        assertEq(_prune(false, 0), 0);
        assertEq(_prune(true, 0), 0);
    }

    function test_givesBackWhatTheExpiredReserved() public {
        placeFull(alice, 0, 3490, 4, START + 10, 0, 0);
        vm.warp(START + 10);
        vm.recordLogs();
        assertEq(_prune(false, 0), 1);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED]);
        assertEq(reason(words[0]), 1);
        assertEq(position(alice).openBuy, 0);
        assertEq(position(alice).openCount, 0);
        assertEq(hot().bid, 0);
    }

    /// @dev It refreshes the mark first, so it retires for band and gap what a taker would.
    function test_retiresByTheFreshMark() public {
        buy(alice, 3600, 4);
        setIndex(3400);
        _prune(false, 0);
        assertEq(position(alice).openBuy, 0);
        assertEq(hot().mark, 3400);
    }

    /// @dev [BOOK-19]
    function test_boundKeepsProgress() public {
        for (uint256 i; i < 5; ++i) {
            buy(alice, 3490, 1);
        }
        massCancel(alice);
        assertEq(_prune(false, 2), 2);
        (uint256 head,) = level(BUYS, 3490);
        assertEq(head, 3);
        assertEq(_prune(false, 2), 2);
        assertEq(_prune(false, 2), 1);
        assertEq(hot().bid, 0);
    }

    /// @dev [BOOK-19]
    function test_skipsTombstones() public {
        uint96[3] memory ids;
        for (uint256 i; i < 3; ++i) {
            (ids[i],) = buy(i == 1 ? bob : alice, 3490, 1);
        }
        cancel(bob, ids[1]);
        massCancel(alice);
        buy(bob, 3480, 1);
        assertEq(_prune(false, 0), 4);
        assertEq(hot().bid, 3480);
        assertEq(position(bob).openCount, 1);
    }

    function test_refusesUnknownAndExpired() public {
        refused(
            anyone,
            abi.encodeCall(ITrading.prune, (99, false, 0)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        warpTo(EXPIRY_DAY, 0);
        refused(
            anyone,
            abi.encodeCall(ITrading.prune, (series, false, 0)),
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(EXPIRY_DAY) * 1 days
            )
        );
    }
}
