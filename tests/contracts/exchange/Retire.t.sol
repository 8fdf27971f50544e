// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

/// @dev Resting orders that are retired instead of filled.
contract RetireTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint32 internal carol;

    function setUp() public override {
        super.setUp();
        alice = openMany(3, 1_000_000);
        (bob, carol) = (alice + 1, alice + 2);
    }

    /// @dev [BOOK-1]
    function test_expiryToTheSecond() public {
        placeFull(alice, SELL, 3500, 2, START + 100, 0, 0);
        placeFull(alice, SELL, 3500, 3, START + 101, 0, 0);
        vm.warp(START + 99);
        (, uint32 filled) = place(carol, IOC, 3500, 1);
        assertEq(filled, 1);
        vm.warp(START + 100);
        vm.recordLogs();
        (, filled) = place(carol, IOC, 3500, 1);
        assertEq(filled, 1, "the next in line");
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, FILLED, TAKEN]);
        assertEq(reason(words[0]), 1);
        assertEq(uint32(words[0] >> 128), 1);
        assertEq(position(alice).openSell, 2, "the dead order's reservation came back");
        assertEq(position(alice).openCount, 1);
    }

    /// @dev [BOOK-12]
    function test_ghostsOfAnOlderEpochGiveNothingBackTwice() public {
        sell(alice, 3500, 2);
        massCancel(alice);
        sell(alice, 3500, 3);
        sell(alice, 3510, 4);
        vm.recordLogs();
        (, uint32 filled) = place(carol, IOC, 3500, 2);
        assertEq(filled, 2);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, FILLED, TAKEN]);
        assertEq(reason(words[0]), 4);
        assertEq(position(alice).openSell, 5);
        assertEq(position(alice).openCount, 2);
    }

    /// @dev A bid at 3600 was good at a mark of 3500; at 3400 the band ends at 3570. [BOOK-16]
    function test_ordersTheBandLeftBehindAreRetired() public {
        buy(alice, 3600, 2);
        setIndex(3400);
        vm.recordLogs();
        (, uint32 filled) = place(carol, IOC | SELL, 3400, 2);
        assertEq(filled, 0);
        uint256[] memory words = records();
        assertKinds(words, [CANCELLED, TAKEN]);
        assertEq(reason(words[0]), 2);
        assertEq(position(alice).openBuy, 0);
        // The same for a sell at 3400 when the mark rises to 3600: its band begins at 3420.
        setIndex(3500);
        exchange.refreshMark(series);
        sell(alice, 3400, 2);
        setIndex(3600);
        vm.recordLogs();
        place(carol, IOC, 3600, 2);
        words = records();
        assertKinds(words, [CANCELLED, TAKEN]);
        assertEq(reason(words[0]), 2);
    }

    /// @dev On the other side the band only keeps takers in: a sell at 3600 is too dear for a band that ends at 3570.
    /// [BOOK-2] [BOOK-16]
    function test_takersStayInsideTheBand() public {
        sell(alice, 3570, 1);
        sell(alice, 3571, 1);
        setIndex(3400);
        (, uint32 filled) = place(carol, IOC, 30_000, 5);
        assertEq(filled, 1);
        assertEq(hot().ask, 3571, "still there");
        refusedPlace(
            carol,
            0,
            3571,
            1,
            abi.encodeWithSelector(IExchangeErrors.PriceOutsideBand.selector, 3571, 3230, 3570)
        );
        buy(alice, 3231, 1);
        buy(alice, 3232, 1);
        setIndex(3402); // the band begins at 3231.9
        (, filled) = place(carol, IOC | SELL, 1, 5);
        assertEq(filled, 1);
        assertEq(hot().bid, 3231);
    }

    /// @dev gap 3% of 3500 is 105 ticks: at 3395 a flat maker's bid still trades, at 3394 it is retired. [BOOK-17]
    function test_gapRetiresMakersBeyondIt() public {
        _gap(false, 3395, true);
        _gap(false, 3394, false);
        _gap(true, 3605, true);
        _gap(true, 3606, false);
        _gap(true, 3394, true); // the move that helps a seller
    }

    function _gap(bool sells, uint256 mark, bool fills) private {
        uint256 snapshot = vm.snapshotState();
        uint256 tick = sells ? (mark < 3500 ? 3460 : 3600) : 3400;
        place(alice, sells ? SELL : 0, tick, 2);
        setIndex(mark);
        vm.recordLogs();
        (, uint32 filled) = place(carol, IOC | (sells ? 0 : SELL), sells ? 30_000 : 1, 2);
        assertEq(filled, fills ? 2 : 0);
        if (!fills) {
            uint256[] memory words = records();
            assertKinds(words, [CANCELLED, TAKEN]);
            assertEq(reason(words[0]), 3);
            assertEq(position(alice).openCount, 0);
        }
        vm.revertToState(snapshot);
    }

    /// @dev With a position its own side decides: a long whose mark fell is retired on both sides of the book.
    /// [BOOK-17]
    function test_gapCountsForThePosition() public {
        trade(alice, bob, 3500, 2);
        sell(alice, 3410, 1);
        setIndex(3394);
        vm.recordLogs();
        (, uint32 filled) = place(carol, IOC, 3410, 1);
        assertEq(filled, 0);
        assertEq(reason(records()[0]), 3);
        // A new order of the maker checks its margin at the new mark and is filled there.
        sell(alice, 3410, 1);
        (, filled) = place(carol, IOC, 3410, 1);
        assertEq(filled, 1);
    }
}
