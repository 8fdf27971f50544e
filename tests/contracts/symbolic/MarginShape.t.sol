// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {AccountMargin} from "../../../contracts/interfaces/Types.sol";
import {Margin} from "../../../contracts/libraries/Margin.sol";
import {HotWord, PositionWord, TermsWord} from "../../../contracts/libraries/Packed.sol";
import {Hot, Position, Terms, Words} from "../../../contracts/libraries/State.sol";

/// @dev Every small portfolio of two series of one feed: which way the requirements move, and how far they go.
/// docs/spec/margin.md
contract MarginShapeTest is Test {
    uint256 private constant CAP = 12;
    uint256 private constant UNIT = 1_000;
    int256 private constant MOST = 3;

    /// @dev Gives back the memory that a case took; nothing of it is used later.
    modifier freed() {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        _;
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    struct Book {
        int256 lots;
        uint256 buys;
        uint256 sells;
        uint256 mark;
    }

    struct Rules {
        uint256 im;
        uint256 pct;
        uint256 cap;
    }

    function _leg(AccountMargin memory m, Margin.Leg memory leg, Book memory b, Rules memory r) private view {
        Terms memory t;
        (t.tickValue, t.priceCap, t.feed, t.imBps, t.mmBps) = (UNIT, r.cap, 1, r.im, 1000);
        (t.spreadBps, t.bandBps, t.concentrationPct) = (300, 500, r.pct);
        Hot memory h;
        (h.mark, h.openInterest) = (b.mark, 10);
        Position memory p;
        (p.lots, p.openBuy, p.openSell) = (b.lots, b.buys, b.sells);
        TermsWord terms = TermsWord.wrap(Words.pack(t));
        HotWord hot = HotWord.wrap(Words.pack(h));
        Margin.measure(m, leg, terms, hot, PositionWord.wrap(Words.pack(p)), b.mark);
    }

    function _margin(Book memory a, Book memory b, Rules memory r)
        private
        view
        returns (AccountMargin memory m)
    {
        Margin.Leg[] memory legs = new Margin.Leg[](2);
        _leg(m, legs[0], a, r);
        _leg(m, legs[1], b, r);
        Margin.total(m, legs);
    }

    /// @dev What longs lose at a price of 0 and shorts at the cap; an order as a long or short from its whole amount.
    function _largestLoss(Book memory b) private pure returns (uint256) {
        uint256 position = b.lots >= 0 ? uint256(b.lots) * b.mark : uint256(-b.lots) * (CAP - b.mark);
        return (position + (b.buys + b.sells) * b.mark) * UNIT;
    }

    /// @dev IM >= MM; nothing above the largest loss; an order more never lowers IM or the orders' margin, nor moves MM.
    function test_requirements_are_ordered_bounded_and_grow_with_orders() public view {
        for (int256 i; i < (2 * MOST + 1) * (2 * MOST + 1); ++i) {
            int256 a = i / (2 * MOST + 1) - MOST;
            int256 b = i % (2 * MOST + 1) - MOST;
            for (uint256 orders; orders < 36; ++orders) {
                for (uint256 marks; marks < 4; ++marks) {
                    _ordered(a, b, orders, marks);
                }
            }
        }
    }

    function _ordered(int256 lots, int256 others, uint256 orders, uint256 marks) private view freed {
        Book memory a = Book(lots, orders % 3, orders / 3 % 3, 1 + marks * 3);
        Book memory b = Book(others, orders / 9 % 2, orders / 18, 2 + (marks * 7) % 10);
        AccountMargin memory m = _margin(a, b, Rules(2500, 20, CAP));
        uint256 most = _largestLoss(a) + _largestLoss(b);
        assertGe(m.initialMargin, m.maintenanceMargin, "IM >= MM");
        assertLe(m.initialMargin, most, "IM above the largest loss");
        assertLe(m.maintenanceMargin, most, "MM above the largest loss");
        ++a.buys;
        AccountMargin memory buys = _margin(a, b, Rules(2500, 20, CAP));
        --a.buys;
        ++a.sells;
        AccountMargin memory sells = _margin(a, b, Rules(2500, 20, CAP));
        --a.sells;
        assertGe(buys.initialMargin, m.initialMargin, "a buy lowered IM");
        assertGe(sells.initialMargin, m.initialMargin, "a sell lowered IM");
        assertGe(buys.ordersMargin, m.ordersMargin, "a buy lowered the orders' margin");
        assertGe(sells.ordersMargin, m.ordersMargin, "a sell lowered the orders' margin");
        assertEq(buys.maintenanceMargin, m.maintenanceMargin, "a buy moved MM");
        assertEq(sells.maintenanceMargin, m.maintenanceMargin, "a sell moved MM");
    }

    /// @dev Rates up to 200%: the cap of a short is its largest loss, whatever the rate.
    function test_a_short_never_needs_more_than_it_can_lose() public view {
        for (uint256 im = 1000; im <= 20_000; im += 500) {
            for (uint256 mark; mark <= CAP; ++mark) {
                for (int256 lots = 1; lots <= 9; ++lots) {
                    _short(lots, mark, im);
                }
            }
        }
    }

    function _short(int256 lots, uint256 mark, uint256 im) private view freed {
        Book memory none;
        AccountMargin memory m = _margin(Book(-lots, 0, 0, mark), none, Rules(im, 20, CAP));
        assertLe(m.initialMargin, uint256(lots) * (CAP - mark) * UNIT);
    }

    /// @dev One series without orders: both requirements grow with the lots of either side, a long's also with the mark.
    function test_one_series_grows_with_lots_and_a_long_with_the_mark() public view {
        for (uint256 mark; mark <= CAP; ++mark) {
            for (int256 lots; lots < 12; ++lots) {
                _grows(lots, mark, 1);
                _grows(lots, mark, -1);
            }
        }
    }

    function _grows(int256 lots, uint256 mark, int256 side) private view freed {
        Book memory none;
        AccountMargin memory m = _margin(Book(side * lots, 0, 0, mark), none, Rules(2500, 20, CAP));
        AccountMargin memory more = _margin(Book(side * (lots + 1), 0, 0, mark), none, Rules(2500, 20, CAP));
        assertGe(more.initialMargin, m.initialMargin, "IM falls with lots");
        assertGe(more.maintenanceMargin, m.maintenanceMargin, "MM falls with lots");
        if (mark == CAP || side < 0) return;
        AccountMargin memory up = _margin(Book(lots, 0, 0, mark + 1), none, Rules(2500, 20, CAP));
        assertGe(up.initialMargin, m.initialMargin, "a long's IM falls with the mark");
        assertGe(up.maintenanceMargin, m.maintenanceMargin, "a long's MM falls with the mark");
    }

    /// @dev What liquidation through the book relies on to size itself: with no orders, k lots closed at the mark free
    /// at most k times what the first frees, but for the unit by which each figure is rounded. Far from the cap: where
    /// a short's largest loss is below its rate, the first lot can free less than the others.
    function test_the_first_lot_closed_frees_most() public view {
        _closeAll(Rules(2500, 0, 1000), 0);
    }

    /// @dev Concentration makes the rate of the other series count for less as this one shrinks: within a hundredth.
    function test_the_first_lot_closed_frees_most_within_a_hundredth() public view {
        _closeAll(Rules(2500, 20, 1000), 100);
    }

    function _closeAll(Rules memory r, uint256 slackBps) private view {
        for (int256 held = 1; held <= 8; ++held) {
            for (int256 other = -8; other <= 8; ++other) {
                for (uint256 marks; marks < 12; ++marks) {
                    _convex(held, 1 + marks, other, r, slackBps);
                    _convex(-held, 1 + marks, other, r, slackBps);
                }
            }
        }
    }

    function _convex(int256 held, uint256 mark, int256 other, Rules memory r, uint256 slackBps)
        private
        view
        freed
    {
        Book memory b = Book(other, 0, 0, 1 + (mark * 5 + 6) % 11);
        int256 one = held > 0 ? int256(1) : -1;
        uint256 im = _margin(Book(held, 0, 0, mark), b, r).initialMargin;
        uint256 first = _margin(Book(held - one, 0, 0, mark), b, r).initialMargin;
        if (first >= im) return; // liquidation refuses: nothing is freed
        for (int256 k = 2; k <= (held > 0 ? held : -held); ++k) {
            uint256 left = _margin(Book(held - k * one, 0, 0, mark), b, r).initialMargin;
            uint256 freed_ = im > left ? im - left : 0;
            uint256 most = uint256(k) * (im - first + 2);
            assertLe(freed_ * 10_000, most * (10_000 + slackBps), "a later lot frees more");
        }
    }
}
