// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OrderBook} from "./OrderBook.sol";
import {Context, Records} from "./Context.sol";
import {DAY, Hot, Order, Position, State, Words} from "./State.sol";

/// @title The match loop: walks the opposite side from its best price, fills the living, retires the dead
/// @notice docs/spec/book.md. Price, then time. A resting order is retired instead of filled when its account
/// cancelled en masse since, when it ran out, when it lies outside the band on the side that hurts its maker, when its
/// maker's mark moved against it by more than `gap` since its margin was checked, or when it has nothing to reduce.
library Matching {
    uint256 internal constant REDUCE_ONLY = 8;
    uint256 internal constant STP_TAKING = 16;
    /// @dev `lots` of a walk that only removes dead orders.
    uint256 internal constant PRUNE = type(uint256).max;

    /// @dev The maker whose position is in memory, so that consecutive fills write it once.
    struct Maker {
        uint256 account;
        uint256 key;
        bool dirty;
        Position position;
    }

    struct Walk {
        uint256 side; // of the resting orders
        uint256 sideKey;
        uint256 tick;
        uint256 left; // lots still to trade
        uint256 flags; // of the taking order
        uint256 lowBand;
        uint256 highBand;
        bool stopped;
        uint256 end; // why it stopped, Records.END_*
        Maker maker;
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
        w.sideKey = OrderBook.sideKey(c.series, side);
        w.left = lots;
        w.flags = flags;
        (w.lowBand, w.highBand) = band(c);
        while (true) {
            uint256 tick = side == OrderBook.SELLS ? c.hot.ask : c.hot.bid;
            if (side == OrderBook.SELLS ? tick > limit : tick < limit) break;
            if (c.steps == 0) {
                w.end = Records.END_STEPS;
                break;
            }
            w.tick = tick;
            if (!_level(s, c, w)) break;
            OrderBook.dropLevel(s, c.hot, w.sideKey, tick);
            if (w.left == 0 || w.stopped) break;
        }
        _flush(s, w.maker);
        return (w.left, w.end);
    }

    /// @notice Lowest and highest tick at which orders may be placed and filled.
    function band(Context memory c) internal pure returns (uint256 low, uint256 high) {
        unchecked {
            uint256 width = c.hot.mark * c.terms.bandBps;
            low = (c.hot.mark * 10_000 - width + 9_999) / 10_000;
            if (low == 0) low = 1;
            high = (c.hot.mark * 10_000 + width) / 10_000;
            if (high > c.terms.priceCap) high = c.terms.priceCap;
        }
    }

    /// @return emptied every order of the level is gone
    function _level(State storage s, Context memory c, Walk memory w) private returns (bool emptied) {
        unchecked {
            (uint256 head, uint256 tail) = OrderBook.loadLevel(s, w.sideKey, w.tick);
            uint256 index = head;
            while (index != tail && w.left != 0) {
                if (c.steps == 0) {
                    w.stopped = true;
                    w.end = Records.END_STEPS;
                    break;
                }
                --c.steps;
                if (!_order(s, c, w, index)) break;
                ++index;
            }
            emptied = index == tail;
            if (index != head) OrderBook.storeLevel(s, w.sideKey, w.tick, index, tail);
        }
    }

    /// @return gone the order is filled or retired; false leaves it at the head
    function _order(State storage s, Context memory c, Walk memory w, uint256 index)
        private
        returns (bool gone)
    {
        uint256 key = OrderBook.orderKey(w.sideKey, w.tick, index);
        uint256 word = s.orders[key];
        Order memory o = Words.toOrder(word);
        if (o.lots == 0) return true; // tombstone
        bool own = o.account == c.account;
        if (!own) _load(s, c, w.maker, o.account);
        Position memory p = own ? c.position : w.maker.position;
        uint256 where = Records.place(w.tick, index, o.generation);
        uint256 reason = _dead(c, w, o, p);
        if (own && reason == 0) {
            if (w.left == PRUNE || w.flags & STP_TAKING != 0) {
                w.stopped = true;
                w.end = Records.END_SELF_TRADE;
                return false;
            }
            reason = Records.BY_SELF_TRADE;
        }
        if (reason != 0) {
            if (reason != Records.BY_EPOCH) {
                OrderBook.release(p, w.side, o.lots, true);
                w.maker.dirty = w.maker.dirty || !own;
            }
            Records.cancelled(c, reason, w.side, where, o.lots, o.account, o.clientId);
            return true;
        }
        if (w.left == PRUNE) {
            w.stopped = true;
            return false;
        }
        return _fill(s, c, w, o, p, key, word, where);
    }

    function _fill(
        State storage s,
        Context memory c,
        Walk memory w,
        Order memory o,
        Position memory p,
        uint256 key,
        uint256 word,
        uint256 where
    ) private returns (bool gone) {
        unchecked {
            uint256 lots = w.left < o.lots ? w.left : o.lots;
            uint256 rest = o.lots - lots;
            uint256 clipped;
            if (o.flags & REDUCE_ONLY != 0) {
                uint256 most = reducible(p, w.side);
                if (lots > most) lots = most;
                if (o.lots > most) clipped = o.lots - most;
                rest = o.lots - lots - clipped;
            }
            w.left -= lots;
            w.maker.dirty = true;
            exchange(c, p, w.side, w.tick, lots);
            OrderBook.release(p, w.side, lots + clipped, rest == 0);
            Records.filled(c, w.side, where, lots, o.account, o.clientId, rest + clipped);
            if (clipped != 0) {
                Records.cancelled(c, Records.BY_REDUCE_ONLY, w.side, where, clipped, o.account, o.clientId);
            }
            if (rest == 0) return true;
            s.orders[key] = Words.withLots(word, rest);
            return false;
        }
    }

    /// @notice Moves `lots` at `tick` between the maker and the acting account, with fee and rebate, in memory.
    /// @param side of the maker
    function exchange(Context memory c, Position memory maker, uint256 side, uint256 tick, uint256 lots)
        internal
        view
    {
        unchecked {
            Position memory taker = c.position;
            uint256 amount = lots * tick * c.terms.tickValue;
            uint256 fee = (amount * c.trade.takerFee + 999_999) / 1_000_000;
            uint256 rebate = amount * c.trade.makerRebate / 1_000_000;
            int256 signed = side == OrderBook.BUYS ? int256(lots) : -int256(lots);
            int256 cost = side == OrderBook.BUYS ? int256(amount) : -int256(amount);
            int256 longs = _long(maker.lots) + _long(taker.lots);
            maker.lots += signed;
            taker.lots -= signed;
            maker.quote += int256(rebate) - cost;
            taker.quote += cost - int256(fee);
            maker.lastFillDay = taker.lastFillDay = block.timestamp / DAY;
            Hot memory h = c.hot;
            h.openInterest = uint256(int256(h.openInterest) + _long(maker.lots) + _long(taker.lots) - longs);
            h.fees += fee - rebate;
            c.tradedLots += lots;
            c.tradedTicks += lots * tick;
        }
    }

    function _long(int256 lots) private pure returns (int256) {
        return lots > 0 ? lots : int256(0);
    }

    /// @notice Lots that an order of `side` may still take off a position.
    function reducible(Position memory p, uint256 side) internal pure returns (uint256) {
        if (side == OrderBook.BUYS) return p.lots < 0 ? uint256(-p.lots) : 0;
        return p.lots > 0 ? uint256(p.lots) : 0;
    }

    /// @notice Why an order may not be filled; 0 when it may.
    function _dead(Context memory c, Walk memory w, Order memory o, Position memory p)
        private
        view
        returns (uint256)
    {
        if (o.epoch != p.epoch) return Records.BY_EPOCH;
        if (o.expiry != 0 && o.expiry <= block.timestamp) return Records.BY_EXPIRY;
        if (w.side == OrderBook.BUYS ? w.tick > w.highBand : w.tick < w.lowBand) return Records.BY_BAND;
        if (o.account != c.account && _moved(c, p, w.side)) return Records.BY_GAP;
        if (o.flags & REDUCE_ONLY != 0 && reducible(p, w.side) == 0) return Records.BY_REDUCE_ONLY;
        return 0;
    }

    /// @dev A flat maker is hurt by the move that its order would have suffered.
    function _moved(Context memory c, Position memory p, uint256 side) private pure returns (bool) {
        unchecked {
            bool long_ = p.lots > 0 || (p.lots == 0 && side == OrderBook.BUYS);
            uint256 was = p.checkedMark;
            uint256 mark = c.hot.mark;
            uint256 against = long_ ? (was > mark ? was - mark : 0) : (mark > was ? mark - was : 0);
            return against * 10_000 > was * c.terms.gapBps;
        }
    }

    function _load(State storage s, Context memory c, Maker memory m, uint256 account) private {
        if (m.account == account) return;
        _flush(s, m);
        m.account = account;
        m.key = Words.positionKey(account, c.series);
        Words.read(m.position, s.positions[m.key]);
    }

    function _flush(State storage s, Maker memory m) private {
        if (!m.dirty) return;
        s.positions[m.key] = Words.pack(m.position);
        m.dirty = false;
    }
}
