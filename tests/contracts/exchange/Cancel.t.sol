// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract CancelTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
    }

    /// @dev [BOOK-8]
    function test_givesBackWhatWasReserved() public {
        (uint96 id,) = placeFull(alice, SELL, 3510, 7, 0, 42, 0);
        vm.recordLogs();
        cancel(alice, id);
        uint256[] memory words = records();
        assertEq(words.length, 1);
        assertEq(
            words[0],
            (uint256(CANCELLED) << 248) | (uint256(SELLS) << 232) | (3510 << 208) | (1 << 176) | (1 << 160)
                | (7 << 128) | (uint256(alice) << 96) | (42 << 32)
        );
        assertEq(position(alice).openSell, 0);
        assertEq(position(alice).openCount, 0);
        assertEq(hot().ask, type(uint24).max);
        assertEq(margin(alice).initialMargin, 0);
        refusedCancel(alice, id);
    }

    /// @dev Peers lose the rest of the queue here: order of service and totals stay exact.
    function testFuzz_midQueueCancelKeepsTheQueue(uint256 gone) public {
        uint96[6] memory ids;
        for (uint256 i; i < 6; ++i) {
            (ids[i],) = buy(i % 2 == 0 ? alice : bob, 3500, i + 1);
        }
        uint256 left;
        for (uint256 i; i < 6; ++i) {
            if ((gone >> i) & 1 == 1) cancel(i % 2 == 0 ? alice : bob, ids[i]);
            else left += i + 1;
        }
        assertEq(uint256(position(alice).openBuy) + position(bob).openBuy, left);
        uint32 taker = open(1_000_000);
        for (uint256 i; i < 6; ++i) {
            if ((gone >> i) & 1 == 1) continue;
            int256 before = lotsOf(i % 2 == 0 ? alice : bob);
            (, uint32 filled) = place(taker, IOC | SELL, 3500, i + 1);
            assertEq(filled, i + 1, "the queue lost an order");
            assertEq(lotsOf(i % 2 == 0 ? alice : bob), before + int256(i + 1), "out of turn");
        }
        assertEq(hot().bid == 0 || left == 0, true);
        assertEq(position(alice).openCount, 0);
        assertEq(position(bob).openCount, 0);
    }

    function test_trimsTail() public {
        uint96[4] memory ids;
        for (uint256 i; i < 4; ++i) {
            (ids[i],) = buy(alice, 3500, 1);
        }
        cancel(alice, ids[1]);
        cancel(alice, ids[2]);
        _assertLevel(1, 5);
        cancel(alice, ids[3]);
        _assertLevel(1, 2);
        cancel(alice, ids[0]);
        _assertLevel(1, 1);
        assertEq(hot().bid, 0);
    }

    function test_trimsHead() public {
        uint96[4] memory ids;
        for (uint256 i; i < 4; ++i) {
            (ids[i],) = buy(alice, 3500, 1);
        }
        cancel(alice, ids[1]);
        cancel(alice, ids[0]);
        _assertLevel(3, 5);
        cancel(alice, ids[2]);
        _assertLevel(4, 5);
        cancel(alice, ids[3]);
        _assertLevel(1, 1);
    }

    /// @dev One cancel trims at most 16 tombstones; what it leaves behind does no harm. [BOOK-14]
    function test_trimIsBounded() public {
        uint96[30] memory ids;
        for (uint256 i; i < 30; ++i) {
            (ids[i],) = buy(alice, 3500, 1);
        }
        for (uint256 i = 1; i < 29; ++i) {
            cancel(alice, ids[i]);
        }
        cancel(alice, ids[29]);
        _assertLevel(1, 14);
        cancel(alice, ids[0]);
        assertEq(position(alice).openCount, 0);
        assertEq(hot().bid, 0);
        buy(alice, 3400, 1);
        (, uint32 filled) = place(bob, IOC | SELL, 3400, 1);
        assertEq(filled, 1);
    }

    function _assertLevel(uint256 head, uint256 tail) private view {
        (uint256 h, uint256 t) = level(BUYS, 3500);
        assertEq(h, head, "head");
        assertEq(t, tail, "tail");
    }

    /// @dev A level that emptied starts again at index 1; the ids differ in their generation. [BOOK-14]
    function test_oldIdNeverHitsANewOrder() public {
        (uint96 first,) = buy(alice, 3500, 1);
        (uint96 second,) = buy(alice, 3500, 1);
        place(bob, IOC | SELL, 3500, 2);
        (uint96 third,) = buy(alice, 3500, 1);
        (uint96 fourth,) = buy(alice, 3500, 1);
        assertEq(third, first + 1, "same place, next generation");
        assertEq(fourth, second + 1);
        refusedCancel(alice, first);
        refusedCancel(alice, second);
        refusedCancel(alice, fourth + 1);
        cancel(alice, fourth);
        // Behind the tail lies the word of a dead order with lots in it.
        refusedCancel(alice, fourth);
        cancel(alice, third);
    }

    /// @dev [BOOK-11]
    function test_refusesWhatIsNotLive() public {
        (uint96 id,) = buy(alice, 3500, 2);
        refusedCancel(bob, id);
        refusedCancel(alice, id ^ (1 << 72)); // other side
        refusedCancel(alice, id ^ (1 << 48)); // other tick
        refusedCancel(alice, id + (1 << 16)); // next index
        refusedCancel(alice, id + (1 << 80)); // unknown series
        refusedCancel(alice, 0);
        place(bob, IOC | SELL, 3500, 1);
        cancel(alice, id); // a part was filled: the rest is live
        assertEq(position(alice).openBuy, 0);
        assertEq(lotsOf(alice), 1);
        (id,) = buy(alice, 3500, 2);
        massCancel(alice);
        refusedCancel(alice, id);
        assertEq(position(alice).openBuy, 0);
    }

    /// @dev A filled order's word keeps its lots: it must not be given back once more.
    function test_refusesFilled() public {
        (uint96 id,) = buy(alice, 3500, 2);
        buy(alice, 3500, 3);
        place(bob, IOC | SELL, 3500, 2);
        refusedCancel(alice, id);
        assertEq(position(alice).openBuy, 3);
        assertEq(position(alice).openCount, 1);
    }

    /// @dev An expired order still holds its reservation until someone meets it or its owner cancels it.
    function test_cancelsExpired() public {
        (uint96 id,) = placeFull(alice, 0, 3500, 2, START + 10, 0, 0);
        vm.warp(START + 10);
        assertEq(position(alice).openBuy, 2);
        cancel(alice, id);
        assertEq(position(alice).openBuy, 0);
    }

    /// @dev [BOOK-11]
    function test_worksWhileStaleAndAfterExpiry() public {
        (uint96 id,) = buy(alice, 3500, 2);
        (uint96 late,) = buy(alice, 3490, 2);
        setStale();
        cancel(alice, id);
        warpTo(EXPIRY_DAY, 0);
        cancel(alice, late);
        assertEq(position(alice).openCount, 0);
    }

    /// @dev A settled account's word is a claim, no position: an order left in the book must not eat into it. [BOOK-11]
    function test_refusesAfterSettlement() public {
        trade(alice, bob, 3500, 10);
        (uint96 id,) = buy(alice, 3400, 1);
        (uint96 loser,) = sell(bob, 3600, 1);
        uint32 other = open(1_000_000);
        buy(other, 3400, 1);
        settleAt(4500);
        exchange.settleAccounts(two(alice, bob));
        uint256 word = exchange.positionWord(alice, series);
        assertGt(position(alice).claim, 1 << 32, "large enough to look like open lots");
        refusedCancel(alice, id);
        refusedCancel(bob, loser);
        assertEq(exchange.positionWord(alice, series), word, "the claim is untouched");
        crank(alice);
        crank(other);
        assertEq(exchange.positionWord(alice, series), word);
        exchange.draw(alice, series);
        refusedCancel(alice, id);
    }

    function test_refusesStrangers() public {
        (uint96 id,) = buy(alice, 3500, 2);
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            abi.encodeCall(ITrading.cancel, (id)),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, stranger)
        );
    }
}
