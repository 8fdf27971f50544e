// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/utils/LibBit.sol";

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {Context, Records} from "./Context.sol";
import {OrderBook} from "./OrderBook.sol";
import {HotWord, OrderWord, PositionWord, TermsWord} from "./Packed.sol";
import {Requests} from "./Request.sol";
import {Slot, Slots} from "./Slots.sol";
import {DAY, State, Words} from "./State.sol";

/// @title The match loop: walks the opposite side from its best price, fills the living, retires the dead
/// @notice docs/spec/book.md. Price, then time. A resting order is retired instead of filled when its account
/// cancelled en masse since, when it ran out, when it lies outside the band on the side that hurts its maker, when its
/// maker's mark moved against it by more than `gap` since its margin was checked, or when it has nothing to reduce.
library Matching {
    using Slots for mapping(uint256 => uint256);

    /// @dev `lots` of a walk that only removes dead orders.
    uint256 internal constant PRUNE = type(uint256).max;
    uint256 private constant FAR = 1 << 255;

    struct Walk {
        uint256 side; // of the resting orders
        uint256 tick;
        uint256 left; // lots still to trade
        uint256 flags; // of the taking order
        bool hurts; // the tick lies outside the band on the side that hurts makers
        bool wary; // that, or nothing shall be filled
        bool stopped;
        uint256 end; // why it stopped, Records.END_*
        // The maker whose position is in memory, so that consecutive fills write it once.
        uint256 maker;
        Slot makerSlot;
        PositionWord makerBefore;
        PositionWord makerNow;
        // What the acting account traded.
        uint256 lots;
        uint256 ticks;
        uint256 fees; // fees 128 | rebates 128
        int256 opened; // open interest, the acting account's own part left out
    }

    /// @notice Trades up to `lots` against resting orders of `side` that are no worse than `limit`.
    /// @return left lots that did not trade
    /// @return end why the walk stopped early; END_FILLED when it did not
    function walk(State storage s, Context memory c, uint256 side, uint256 limit, uint256 lots, uint256 flags)
        internal
        returns (uint256 left, uint256 end)
    {
        Walk memory w;
        w.side = side;
        w.left = lots;
        w.flags = flags;
        Records.open(c);
        while (true) {
            uint256 tick = c.hot.best(side);
            if (side == OrderBook.SELLS ? tick > limit : tick < limit) break;
            if (c.steps == 0) {
                w.end = Records.END_STEPS;
                break;
            }
            w.tick = tick;
            if (!_level(s, c, w)) break;
            c.hot = OrderBook.dropLevel(s, c.hot, OrderBook.sideKey(c.series, side), tick);
            if (w.left == 0 || w.stopped) break;
        }
        Records.close(c);
        if (PositionWord.unwrap(w.makerNow) != PositionWord.unwrap(w.makerBefore)) {
            w.makerSlot.write(PositionWord.unwrap(w.makerNow));
        }
        if (w.lots != 0) book(s, c, w);
        return (w.left, w.end);
    }

    /// @notice Lowest and highest tick at which orders may be placed and filled.
    function band(HotWord h, TermsWord t) internal pure returns (uint256 low, uint256 high) {
        unchecked {
            uint256 mark = h.mark();
            uint256 width = mark * t.bandBps();
            low = (mark * 10_000 - width + 9_999) / 10_000;
            if (low == 0) low = 1;
            high = FixedPointMathLib.min((mark * 10_000 + width) / 10_000, t.priceCap());
        }
    }

    /// @notice True when a tick from 1 to priceCap lies outside `band`; the same without its divisions.
    function outside(HotWord h, TermsWord t, uint256 tick) internal pure returns (bool) {
        unchecked {
            uint256 mark = h.mark();
            return FixedPointMathLib.dist(tick, mark) * 10_000 > mark * t.bandBps();
        }
    }

    /// @return emptied every order of the level is gone
    function _level(State storage s, Context memory c, Walk memory w) private returns (bool emptied) {
        unchecked {
            uint256 tick = w.tick;
            uint256 mark = c.hot.mark();
            w.hurts = (w.side == OrderBook.BUYS ? tick > mark : tick < mark) && outside(c.hot, c.terms, tick);
            w.wary = w.hurts || w.left == PRUNE;
            Slot slot = OrderBook.levelSlot(s, OrderBook.sideKey(c.series, w.side), tick);
            uint256 word = slot.read();
            (uint256 head, uint256 tail) = OrderBook.queue(word, tick);
            uint256 last = FixedPointMathLib.min(tail, head + c.steps);
            uint256 left = w.left;
            uint256 index = _orders(s, c, w, head, last);
            left -= w.left;
            w.lots += left;
            w.ticks += left * tick;
            if (index == last && index != tail && w.left != 0) {
                w.stopped = true;
                w.end = Records.END_STEPS;
            }
            if (index != head) slot.write(OrderBook.withQueue(word, tick, index, tail));
            return index == tail;
        }
    }

    /// @dev The loop that every fill runs through, so what it changes is held in variables. Nothing in it takes memory
    /// but records.
    /// @return the first order that stays
    function _orders(State storage s, Context memory c, Walk memory w, uint256 index, uint256 last)
        private
        returns (uint256)
    {
        unchecked {
            uint256 key = OrderBook.orderKey(OrderBook.sideKey(c.series, w.side), w.tick, 0);
            c.steps += index; // until the end, the first order that may not be looked at
            uint256 left = w.left;
            PositionWord p = w.makerNow;
            for (; index != last && left != 0; ++index) {
                Slot slot = s.orders.slotOf(key | index);
                OrderWord o = OrderWord.wrap(slot.read());
                uint256 lots = o.lots();
                if (lots == 0) continue; // tombstone
                if (o.account() != w.maker) {
                    if (o.account() == c.account) {
                        if (_own(c, w, o, index, left)) continue;
                        --c.steps;
                        break;
                    }
                    p = _load(s, c, w, o.account(), p);
                }
                uint256 traded = FixedPointMathLib.min(lots, left);
                uint256 clipped;
                uint256 doubts = _doubts(c, w, o, p);
                if (doubts != 0) {
                    uint256 reason = _dead(c, w, o, p, doubts >= FAR);
                    if (reason != 0) {
                        p = _retire(w, o, p, index, reason);
                        continue;
                    }
                    if (left == PRUNE) {
                        w.stopped = true;
                        --c.steps;
                        break;
                    }
                    (traded, clipped) = _clip(w, o, p, traded);
                }
                left -= traded;
                p = trade(c, w, p, traded).release(w.side, traded + clipped, traded + clipped == lots);
                _record(w, o, index, traded, clipped);
                if (traded + clipped != lots) {
                    slot.write(OrderWord.unwrap(o.withLots(lots - traded - clipped)));
                    --c.steps;
                    break;
                }
            }
            w.makerNow = p;
            w.left = left;
            c.steps -= index;
            return index;
        }
    }

    /// @dev Stores the maker in memory and reads the next one.
    function _load(State storage s, Context memory c, Walk memory w, uint256 account, PositionWord p)
        private
        returns (PositionWord)
    {
        if (PositionWord.unwrap(p) != PositionWord.unwrap(w.makerBefore)) {
            w.makerSlot.write(PositionWord.unwrap(p));
        }
        Slot slot = s.positions.slotOf(Words.positionKey(account, c.series));
        w.maker = account;
        w.makerSlot = slot;
        p = PositionWord.wrap(slot.read());
        w.makerBefore = p;
        return p;
    }

    /// @dev Zero for most orders that may be filled, so that they cost one branch: of the maker's epoch, good till
    /// cancelled, not reduce-only, at a tick and a mark that hurt nobody. FAR: the mark moved by more than `gap`.
    function _doubts(Context memory c, Walk memory w, OrderWord o, PositionWord p)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 was = p.checkedMark();
            bool far = FixedPointMathLib.dist(was, c.hot.mark()) * 10_000 > was * c.terms.gapBps();
            return (o.epoch() ^ p.epoch()) | o.expiry() | (o.flags() & Requests.REDUCE_ONLY)
                | (LibBit.toUint(far) << 255) | LibBit.toUint(w.wary);
        }
    }

    /// @dev Why another account's order may not be filled; 0 when it may.
    function _dead(Context memory c, Walk memory w, OrderWord o, PositionWord p, bool far)
        private
        view
        returns (uint256)
    {
        uint256 reason = _gone(w, o, p);
        if (reason != 0) return reason;
        if (far && _against(c, w, p)) return Records.BY_GAP;
        if (o.has(Requests.REDUCE_ONLY) && reducible(p.lots(), w.side) == 0) return Records.BY_REDUCE_ONLY;
        return 0;
    }

    /// @dev Why an order is dead, whoever's it is; 0 when it is not.
    function _gone(Walk memory w, OrderWord o, PositionWord p) private view returns (uint256) {
        unchecked {
            if (o.epoch() != p.epoch()) return Records.BY_EPOCH;
            if (o.expiry() - 1 < block.timestamp) return Records.BY_EXPIRY; // zero, for never, wraps
            return w.hurts ? Records.BY_BAND : 0;
        }
    }

    /// @dev The mark moved against the maker. A flat one is hurt by the move that its order would have suffered.
    function _against(Context memory c, Walk memory w, PositionWord p) private pure returns (bool) {
        int256 lots = p.lots();
        bool long_ = lots > 0 || (lots == 0 && w.side == OrderBook.BUYS);
        return long_ == p.checkedMark() > c.hot.mark();
    }

    /// @dev An order of the acting account: retired, unless it is alive and shall stop the taking one.
    /// @param left lots that the taking order still wants
    function _own(Context memory c, Walk memory w, OrderWord o, uint256 index, uint256 left)
        private
        view
        returns (bool gone)
    {
        unchecked {
            PositionWord p = c.position;
            uint256 reason = _gone(w, o, p);
            if (reason == 0 && o.has(Requests.REDUCE_ONLY)) {
                int256 lots = p.lots() - int256(w.lots + w.left - left) * _sign(w); // with the fills so far
                if (reducible(lots, w.side) == 0) reason = Records.BY_REDUCE_ONLY;
            }
            if (reason == 0) {
                if (left == PRUNE || w.flags & Requests.STP_TAKING != 0) {
                    w.stopped = true;
                    w.end = Records.END_SELF_TRADE;
                    return false;
                }
                reason = Records.BY_SELF_TRADE;
            }
            c.position = _retire(w, o, p, index, reason);
            return true;
        }
    }

    function _retire(Walk memory w, OrderWord o, PositionWord p, uint256 index, uint256 reason)
        private
        pure
        returns (PositionWord)
    {
        uint256 where = Records.place(w.tick, index, o);
        Records.append(Records.cancelled(reason, w.side, where, o));
        return reason == Records.BY_EPOCH ? p : p.release(w.side, o.lots(), true);
    }

    /// @dev What a reduce-only order may trade, and what of it dies with that.
    function _clip(Walk memory w, OrderWord o, PositionWord p, uint256 lots)
        private
        pure
        returns (uint256 traded, uint256 clipped)
    {
        unchecked {
            traded = lots;
            if (o.has(Requests.REDUCE_ONLY)) {
                uint256 most = reducible(p.lots(), w.side);
                traded = FixedPointMathLib.min(lots, most);
                clipped = FixedPointMathLib.zeroFloorSub(o.lots(), most);
            }
        }
    }

    /// @notice Gives the maker `lots` at the tick, less or plus their price, and its rebate.
    function trade(Context memory c, Walk memory w, PositionWord p, uint256 lots)
        internal
        view
        returns (PositionWord)
    {
        unchecked {
            uint256 amount = lots * w.tick * c.terms.tickValue();
            uint256 fee = (amount * c.trade.takerFee() + 999_999) / 1_000_000;
            uint256 rebate = amount * c.trade.makerRebate() / 1_000_000;
            w.fees += (fee << 128) | rebate;
            int256 sign = _sign(w);
            int256 was = p.lots();
            int256 now_ = was + int256(lots) * sign;
            w.opened += _long(now_) - _long(was);
            int256 quote = p.quote() + int256(rebate) - int256(amount) * sign;
            return p.traded(now_, quote, block.timestamp / DAY);
        }
    }

    function _record(Walk memory w, OrderWord o, uint256 index, uint256 lots, uint256 clipped) private pure {
        unchecked {
            uint256 where = Records.place(w.tick, index, o);
            Records.append(Records.filled(w.side, where, o, lots));
            if (clipped == 0) return;
            Records.append(Records.cancelled(Records.BY_REDUCE_ONLY, w.side, where, o.withLots(clipped)));
        }
    }

    /// @notice Puts what was traded into the acting account's position, open interest and fees.
    function book(State storage s, Context memory c, Walk memory w) internal {
        unchecked {
            (uint256 lots, uint256 ticks) = (w.lots, w.ticks);
            c.tradedLots += lots;
            c.tradedTicks += ticks;
            uint256 fees = w.fees >> 128;
            PositionWord p = c.position;
            int256 was = p.lots();
            int256 now_ = was - int256(lots) * _sign(w);
            int256 money = int256(ticks * c.terms.tickValue()) * _sign(w) - int256(fees);
            c.position = p.traded(now_, p.quote() + money, block.timestamp / DAY);
            uint256 open = uint256(int256(c.hot.openInterest()) + w.opened + _long(now_) - _long(was));
            if (open > type(uint32).max) {
                revert IExchangeErrors.OpenInterestCap(uint16(c.series), open, c.trade.openInterestCap());
            }
            uint256 earned = c.hot.fees() + fees - uint128(w.fees);
            if (earned >> 47 != 0) {
                s.money[c.series].fees += uint96(earned); // before it could overflow
                earned = 0;
            }
            c.hot = c.hot.withOpenInterest(open).withFees(earned);
        }
    }

    /// @dev 1 when makers gain lots, which is on the buying side; else -1.
    function _sign(Walk memory w) private pure returns (int256) {
        unchecked {
            return 1 - int256(2 * w.side);
        }
    }

    /// @dev max(lots, 0)
    function _long(int256 lots) private pure returns (int256) {
        return lots & ~(lots >> 255);
    }

    /// @notice Lots that an order of `side` may still take off a position.
    function reducible(int256 lots, uint256 side) internal pure returns (uint256) {
        unchecked {
            if (side == OrderBook.BUYS) lots = -lots;
            return lots > 0 ? uint256(lots) : 0;
        }
    }
}
