// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {AccountMargin} from "../../../contracts/interfaces/Types.sol";
import {Context} from "../../../contracts/libraries/Context.sol";
import {Margin} from "../../../contracts/libraries/Margin.sol";
import {Matching} from "../../../contracts/libraries/Matching.sol";
import {OrderBook} from "../../../contracts/libraries/OrderBook.sol";
import {
    HotWord,
    OrderWord,
    PositionWord,
    PositionWords,
    TermsWord,
    TradeWord
} from "../../../contracts/libraries/Packed.sol";
import {Hot, Position, State, Terms, Words} from "../../../contracts/libraries/State.sol";

/// @dev Every small input, not a sample: what is rounded is rounded against whoever acts, by less than one unit.
contract RoundingTest is Test {
    State internal s;

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

    /// @dev Any requirement is the least whole number of units that is not below the exact one.
    function test_requirements_round_up() public view {
        uint16[6] memory rates = [1, 3, 333, 4_999, 9_999, 10_000];
        for (uint256 mark = 1; mark <= 40; ++mark) {
            for (int256 lots = -7; lots <= 7; ++lots) {
                for (uint256 i; i < rates.length; ++i) {
                    _requirement(lots, mark, rates[i]);
                }
            }
        }
    }

    function _requirement(int256 lots, uint256 mark, uint16 rate) private view freed {
        AccountMargin memory m = _single(lots, mark, rate);
        uint256 exact = uint256(lots < 0 ? -lots : lots) * mark * rate;
        assertGe(m.maintenanceMargin * 10_000, exact, "MM");
        assertLt(m.maintenanceMargin * 10_000, exact + 10_000, "MM, by a unit");
        assertGe(m.initialMargin * 10_000, exact, "IM");
        assertLt(m.initialMargin * 10_000, exact + 10_000, "IM, by a unit");
        assertGe(m.ordersMargin * 10_000, exact, "orders");
    }

    function _single(int256 lots, uint256 mark, uint16 rate) private view returns (AccountMargin memory m) {
        Terms memory t;
        (t.tickValue, t.priceCap, t.feed) = (1, 1_000_000, 1);
        t.imBps = t.mmBps = rate;
        Hot memory h;
        h.mark = mark;
        Position memory p;
        p.lots = lots;
        Margin.Leg[] memory legs = new Margin.Leg[](1);
        _measure(m, legs[0], t, h, p, mark);
        Margin.total(m, legs);
    }

    function _measure(
        AccountMargin memory m,
        Margin.Leg memory leg,
        Terms memory t,
        Hot memory h,
        Position memory p,
        uint256 mark
    ) private view {
        TermsWord terms = TermsWord.wrap(Words.pack(t));
        HotWord hot = HotWord.wrap(Words.pack(h));
        Margin.measure(m, leg, terms, hot, PositionWord.wrap(Words.pack(p)), mark);
    }

    /// @dev Gains count rounded down, losses whole.
    function test_gains_count_rounded_down() public view {
        for (uint256 pct; pct <= 100; ++pct) {
            for (int256 quote = -120; quote <= 120; ++quote) {
                _gain(pct, quote);
            }
        }
    }

    function _gain(uint256 pct, int256 quote) private view freed {
        Terms memory t;
        (t.tickValue, t.priceCap, t.feed, t.gainPct) = (1, 100, 1, pct);
        Hot memory h;
        Position memory p;
        p.quote = quote;
        AccountMargin memory m;
        _measure(m, new Margin.Leg[](1)[0], t, h, p, 0);
        assertEq(m.equity, quote);
        assertEq(m.losses, quote < 0 ? quote : int256(0));
        if (quote <= 0) {
            assertEq(m.imEquity, quote);
        } else {
            assertLe(m.imEquity * 100, quote * int256(pct));
            assertGt(m.imEquity * 100, quote * int256(pct) - 100);
        }
    }

    /// @dev Fees up, rebates down, and between buyer, seller and fees nothing is lost or made.
    function test_fees_round_up_and_rebates_down() public {
        uint16[5] memory fees = [0, 1, 299, 300, 50_000];
        for (uint256 i; i < fees.length; ++i) {
            for (uint256 j; j <= i; ++j) {
                for (uint256 tick = 1; tick <= 40; ++tick) {
                    _fill(fees[i], fees[j], tick, 1 + tick % 5, tick % 2, 1);
                    _fill(fees[i], fees[j], tick, 1 + tick % 3, 1 - tick % 2, 3_333);
                }
            }
        }
    }

    function _fill(
        uint256 takerFee,
        uint256 makerRebate,
        uint256 tick,
        uint256 lots,
        uint256 side,
        uint256 unit
    ) private freed {
        Context memory c;
        c.terms = TermsWord.wrap(unit);
        c.trade = TradeWord.wrap((takerFee << 120) | (makerRebate << 136));
        Matching.Walk memory w;
        (w.price, w.ticks) = (tick * unit, lots * tick);
        w.sign = side == OrderBook.BUYS ? int256(1) : int256(-1);
        PositionWord maker = Matching.fill(c, w, PositionWord.wrap(0), OrderWord.wrap(lots << 32), 0, lots, 0);
        Matching.book(s, c, w, lots);
        int256 amount = int256(lots * tick * unit);
        int256 cost = side == OrderBook.BUYS ? amount : -amount;
        uint256 rebate = uint256(maker.quote() + cost);
        uint256 fee = uint256(cost - c.position.quote());
        assertGe(fee * 1e6, uint256(amount) * takerFee, "fee");
        assertLt(fee * 1e6, uint256(amount) * takerFee + 1e6, "fee, by a unit");
        assertLe(rebate * 1e6, uint256(amount) * makerRebate, "rebate");
        assertGt(rebate * 1e6 + 1e6, uint256(amount) * makerRebate, "rebate, by a unit");
        assertEq(c.hot.fees(), fee - rebate, "the series' part");
        assertEq(maker.quote() + c.position.quote() + int256(c.hot.fees()), 0, "nothing is lost or made");
        assertEq(maker.lots() + c.position.lots(), 0, "lots");
    }

    /// @dev The band is the ticks whose distance from the mark is at most the band, and no other.
    function test_the_band_rounds_inwards() public pure {
        uint16[5] memory bands = [1, 7, 500, 3_333, 9_999];
        for (uint256 i; i < bands.length; ++i) {
            for (uint256 mark; mark <= 150; ++mark) {
                _band(bands[i], mark);
            }
        }
    }

    function _band(uint256 bps, uint256 mark) private pure freed {
        TermsWord t = TermsWord.wrap((bps << 120) | (140 << 32));
        HotWord h = HotWord.wrap(mark << 48);
        (uint256 low, uint256 high) = Matching.band(h, t);
        for (uint256 tick = 1; tick <= 140; ++tick) {
            uint256 distance = tick > mark ? tick - mark : mark - tick;
            assertEq(tick >= low && tick <= high, distance * 10_000 <= mark * bps);
            assertEq(Matching.outside(h, t, tick), tick < low || tick > high);
        }
        assertGe(low, 1);
        assertLe(high, 140);
    }

    function check(int256 quote) external pure {
        PositionWords.check(quote);
    }

    /// @dev A quote has 79 bits. [SETTLE-2]
    function test_a_quote_that_leaves_its_width_overflows() public {
        this.check((1 << 78) - 1);
        this.check(-(1 << 78));
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 79, int256(1 << 78)));
        this.check(1 << 78);
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 79, -int256(1 << 78) - 1));
        this.check(-(1 << 78) - 1);
    }
}
