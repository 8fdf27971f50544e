// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/utils/LibBit.sol";

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {Blank, Context, Records} from "./Context.sol";
import {OrderBook} from "./OrderBook.sol";
import {HotWord, OrderWord, PositionWord, TermsWord, TradeWord} from "./Packed.sol";
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
    /// @dev Above every mark.
    uint256 private constant NO_MARK = 1 << 24;
    uint256 private constant WALK_BYTES = 18 * 32;

    struct Walk {
        // The maker whose position is in memory, so that consecutive fills write it once.
        uint256 maker;
        Slot makerSlot;
        PositionWord makerNow;
        uint256 lots; // that shall trade
        uint256 left; // of these, not traded yet
        uint256 flags; // of the taking order
        bool hurts; // the tick lies outside the band on the side that hurts makers
        bool stopped;
        uint256 end; // why it stopped, Records.END_*
        uint256 side; // of the resting orders
        int256 sign; // 1 when makers gain lots, which is on the buying side; else -1
        uint256 reserved; // what one lot of an order adds to the word of its maker's position
        uint256 sk; // series 16 | side 8
        uint256 tick;
        uint256 price; // of a lot, base units
        // What the acting account traded.
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
        unchecked {
            Walk memory w = _blank()(WALK_BYTES);
            _begin(c, w, side);
            w.lots = w.left = lots;
            w.flags = flags;
            Records.open(c);
            while (true) {
                HotWord h = c.hot;
                uint256 tick = h.best(side);
                if ((int256(limit) - int256(tick)) * w.sign > 0) break; // worse than the limit
                if (c.steps == 0) {
                    w.end = Records.END_STEPS;
                    break;
                }
                w.tick = tick;
                if (!_level(s, c, w, h, tick)) break;
                c.hot = OrderBook.dropLevel(s, h, w.sk, tick);
                if (w.left == 0) break;
                if (w.stopped) break;
            }
            Records.close(c);
            if (w.maker != 0) w.makerSlot.write(PositionWord.unwrap(w.makerNow));
            left = w.left;
            if (left != lots) book(s, c, w, lots - left);
            end = w.end;
        }
    }

    /// @dev As Blank.context.
    function _blank() private pure returns (function(uint256) internal pure returns (Walk memory) make) {
        function(uint256) internal pure returns (uint256) zeros = Blank.cleared;
        assembly ("memory-safe") {
            make := zeros
        }
    }

    /// @dev What all levels have in common.
    function _begin(Context memory c, Walk memory w, uint256 side) private pure {
        unchecked {
            w.side = side;
            w.sign = 1 - int256(2 * side);
            w.reserved = 1 << (32 + 32 * side);
            w.sk = OrderBook.sideKey(c.series, side);
        }
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
            uint256 width = mark * t.bandBps();
            // |tick - mark| x 10,000 > width; a negative sum wraps.
            return (tick - mark) * 10_000 + width > 2 * width;
        }
    }

    /// @return emptied every order of the level is gone
    function _level(State storage s, Context memory c, Walk memory w, HotWord h, uint256 tick)
        private
        returns (bool emptied)
    {
        unchecked {
            Slot slot = s.levels.slotOf(OrderBook.levelKey(w.sk, tick));
            uint256 word = slot.read();
            (uint256 head, uint256 tail) = OrderBook.queue(word, tick);
            uint256 index = _orders(s, c, w, h, head, tail);
            c.steps -= index - head;
            if (index != head) slot.write(OrderBook.withQueue(word, w.tick, index, tail));
            if (index == tail) return true;
            if (c.steps != 0) return false;
            if (w.left == 0) return false;
            if (w.stopped) return false;
            w.stopped = true;
            w.end = Records.END_STEPS;
        }
    }

    /// @dev The loop that every fill runs through, so what it changes is held in variables. Nothing in it takes memory
    /// but records.
    /// @return the first order that stays
    function _orders(State storage s, Context memory c, Walk memory w, HotWord h, uint256 index, uint256 tail)
        private
        returns (uint256)
    {
        unchecked {
            uint256 tick = w.tick;
            w.price = tick * c.terms.tickValue();
            uint256 key = OrderBook.orderKey(w.sk, tick, index);
            uint256 room = FixedPointMathLib.min(tail - index, c.steps);
            uint256 left = w.left;
            PositionWord p = w.makerNow;
            // Checked marks that raise no doubt, from the least on: nearer than `gap` for sure.
            uint256 least = h.mark();
            uint256 span = (least * c.terms.gapBps()) >> 15;
            least -= span;
            span <<= 1;
            if (left == PRUNE) (least, span) = (NO_MARK, 0);
            w.hurts = false;
            if ((int256(tick) - int256(h.mark())) * w.sign > 0) {
                if (outside(h, c.terms, tick)) {
                    w.hurts = true;
                    (least, span) = (NO_MARK, 0);
                }
            }
            // While neither is 0: a product is cheaper than two branches.
            for (; room * left != 0; ++key) {
                --room;
                Slot slot = s.orders.slotOf(key);
                OrderWord o = OrderWord.wrap(slot.read());
                uint256 lots = o.lots();
                if (lots == 0) continue; // tombstone
                if (o.account() != w.maker) {
                    if (o.account() == c.account) {
                        if (_own(c, w, o, uint32(key), left)) continue;
                        --c.steps;
                        break;
                    }
                    p = _load(s, c, w, o.account(), p);
                }
                uint256 gone = FixedPointMathLib.min(lots, left);
                // Zero for most orders that may be filled, so that they cost one branch.
                if (o.doubts(p) | LibBit.toUint(p.checkedMark() - least > span) == 0) {
                    left -= gone;
                    p = fill(c, w, p, o, key, gone, gone);
                } else {
                    uint256 reason = _dead(c, w, o, p);
                    if (reason != 0) {
                        p = _retire(w, o, p, uint32(key), reason);
                        continue;
                    }
                    if (left == PRUNE) {
                        w.stopped = true;
                        --c.steps;
                        break;
                    }
                    uint256 traded;
                    (traded, gone) = _clip(w, o, p, gone);
                    left -= traded;
                    p = fill(c, w, p, o, key, traded, gone);
                    if (gone != traded) _recordClipped(w, o, uint32(key), gone - traded);
                }
                if (gone != lots) {
                    slot.write(OrderWord.unwrap(o.withLots(lots - gone)));
                    --c.steps;
                    break;
                }
                p = p.release(0, 0, true);
            }
            w.makerNow = p;
            uint256 filled = w.left - left;
            w.left = left;
            w.ticks += filled * w.tick;
            return uint32(key);
        }
    }

    /// @dev Stores the maker in memory and reads the next one.
    function _load(State storage s, Context memory c, Walk memory w, uint256 account, PositionWord p)
        private
        returns (PositionWord)
    {
        if (w.maker != 0) w.makerSlot.write(PositionWord.unwrap(p));
        Slot slot = s.positions.slotOf(Words.positionKey(account, c.series));
        w.maker = account;
        w.makerSlot = slot;
        return PositionWord.wrap(slot.read());
    }

    /// @dev Why another account's order may not be filled; 0 when it may.
    function _dead(Context memory c, Walk memory w, OrderWord o, PositionWord p)
        private
        view
        returns (uint256)
    {
        unchecked {
            uint256 reason = _gone(w, o, p);
            if (reason != 0) return reason;
            uint256 was = p.checkedMark();
            bool far = FixedPointMathLib.dist(was, c.hot.mark()) * 10_000 > was * c.terms.gapBps();
            if (far && _against(c, w, p)) return Records.BY_GAP;
            if (o.has(Requests.REDUCE_ONLY) && reducible(p.lots(), w.side) == 0) {
                return Records.BY_REDUCE_ONLY;
            }
            return 0;
        }
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
                int256 lots = p.lots() - int256(w.lots - left) * w.sign; // with the fills so far
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

    /// @dev What a reduce-only order may trade, and that with what of it dies then.
    function _clip(Walk memory w, OrderWord o, PositionWord p, uint256 lots)
        private
        pure
        returns (uint256 traded, uint256 gone)
    {
        unchecked {
            traded = gone = lots;
            if (o.has(Requests.REDUCE_ONLY)) {
                uint256 most = reducible(p.lots(), w.side);
                traded = FixedPointMathLib.min(lots, most);
                gone = traded + FixedPointMathLib.zeroFloorSub(o.lots(), most);
            }
        }
    }

    /// @notice Gives the maker `lots`, less or plus their price, and its rebate. Apart from the loop, whose variables leave
    /// no room on the stack for these.
    /// @param gone lots that leave the order, with those that reduce-only clips
    function fill(
        Context memory c,
        Walk memory w,
        PositionWord p,
        OrderWord o,
        uint256 key,
        uint256 lots,
        uint256 gone
    ) internal view returns (PositionWord) {
        unchecked {
            Records.append(Records.filled(key, o, lots));
            uint256 amount = lots * w.price;
            TradeWord x = c.trade;
            uint256 fee = (amount * x.takerFee() + 999_999) / 1_000_000;
            uint256 rebate = amount * x.makerRebate() / 1_000_000;
            w.fees += (fee << 128) | rebate;
            int256 sign = w.sign;
            int256 was = p.lots();
            int256 now_ = was + int256(lots) * sign;
            w.opened += _long(now_) - _long(was);
            int256 quote = p.quote() + int256(rebate) - int256(amount) * sign;
            return p.filled(now_, quote, block.timestamp / DAY, gone * w.reserved);
        }
    }

    function _recordClipped(Walk memory w, OrderWord o, uint256 index, uint256 clipped) private pure {
        uint256 where = Records.place(w.tick, index, o);
        Records.append(Records.cancelled(Records.BY_REDUCE_ONLY, w.side, where, o.withLots(clipped)));
    }

    /// @notice Puts what was traded into the acting account's position, open interest and fees.
    function book(State storage s, Context memory c, Walk memory w, uint256 lots) internal {
        unchecked {
            uint256 ticks = w.ticks;
            c.tradedLots += lots;
            c.tradedTicks += ticks;
            uint256 fees = w.fees >> 128;
            PositionWord p = c.position;
            int256 was = p.lots();
            int256 now_ = was - int256(lots) * w.sign;
            int256 money = int256(ticks * c.terms.tickValue()) * w.sign - int256(fees);
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
