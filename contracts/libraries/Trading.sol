// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/utils/LibBit.sol";

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Context, Records} from "./Context.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Mark} from "./Mark.sol";
import {Matching} from "./Matching.sol";
import {OrderBook} from "./OrderBook.sol";
import {HotWord, OrderWord, PositionWord, TermsWord, TradeWord} from "./Packed.sol";
import {Request, Requests} from "./Request.sol";
import {Slot, Slots} from "./Slots.sol";
import {DAY, HOT_DEFICIT, HOT_GUARDED, HOT_SETTLED, HOT_STALE, HOT_TRADED, State, Words} from "./State.sol";

/// @title One call on one book: read once, act in memory, check margin, store what changed
/// @notice docs/spec/book.md
library Trading {
    using Slots for mapping(uint256 => uint256);

    uint256 internal constant DEFAULT_STEPS = 64;
    /// @dev A series with one of these flags is not simply traded.
    uint256 private constant HOT_SPECIAL = HOT_STALE | HOT_GUARDED | HOT_DEFICIT | HOT_SETTLED;

    /// @notice Reads everything that acting on a series needs. The mark is refreshed when the cached one is too old.
    /// @param maxSteps 0 for the default
    function load(State storage s, IIndexOracle oracle, uint256 series, uint256 account, uint256 maxSteps)
        internal
        view
        returns (Context memory c)
    {
        load(s, oracle, c, series, account, maxSteps);
    }

    /// @notice The same into a cleared context.
    function load(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        uint256 series,
        uint256 account,
        uint256 maxSteps
    ) internal view {
        unchecked {
            c.account = account;
            c.series = series;
            if (maxSteps == 0) maxSteps = DEFAULT_STEPS;
            c.steps = maxSteps;
            TermsWord terms = TermsWord.wrap(s.terms[series]);
            if (TermsWord.unwrap(terms) == 0) revert IExchangeErrors.UnknownSeries(uint16(series));
            uint256 expiry = terms.expiryDay() * DAY;
            if (block.timestamp >= expiry) revert IExchangeErrors.SeriesExpired(uint16(series), expiry);
            c.terms = terms;
            Slot hotSlot = s.hot.slotOf(series);
            c.hotSlot = hotSlot;
            HotWord hot = HotWord.wrap(hotSlot.read());
            c.hot = c.hotBefore = hot;
            c.deltaMark = hot.mark();
            c.positionSlot = s.positions.slotOf(Words.positionKey(account, series));
            c.position = c.before = PositionWord.wrap(c.positionSlot.read());
            if (Mark.expired(terms, hot)) refresh(s, oracle, c);
            if (c.hot.has(HOT_STALE | HOT_DEFICIT | HOT_GUARDED)) c.reduceOnly = _reduceOnly(s, c);
        }
    }

    function _reduceOnly(State storage s, Context memory c) private view returns (bool) {
        return c.hot.has(HOT_STALE | HOT_DEFICIT) || block.timestamp < s.money[c.series].reduceOnlyUntil;
    }

    function refresh(State storage s, IIndexOracle oracle, Context memory c) internal view {
        if (TradeWord.unwrap(c.trade) != 0) return;
        c.trade = TradeWord.wrap(s.tradeTerms[c.series]);
        Mark.refresh(oracle, c);
        if (c.hot.has(HOT_STALE)) c.reduceOnly = true;
    }

    /// @notice Places one order the short way that most go: it rests, on a mark that is young enough, for an account
    /// active in this series only whose margin is plainly enough. It needs no context: one order, one record.
    /// @return 0 when the order has to go the long way; nothing is changed then
    function quote(State storage s, uint256 series, uint256 account, Request r) internal returns (uint256) {
        TermsWord t = TermsWord.wrap(s.terms[series]);
        HotWord h = HotWord.wrap(s.hot[series]);
        if (h.has(HOT_SPECIAL) || Mark.expired(t, h)) return 0;
        _validate(t, r);
        if (_crosses(h, r)) return 0;
        uint256 word = s.accounts[account];
        if (!Ledger.alone(word, series)) return 0;
        Slot slot = s.positions.slotOf(Words.positionKey(account, series));
        PositionWord p = PositionWord.wrap(slot.read());
        _checkLimit(series, t, p, r);
        _checkBand(t, h, r.tick());
        PositionWord next = p.reserve(r.side(), r.lots());
        if (!Margin.covers(word, t, h, next, h.mark())) return 0;
        slot.write(PositionWord.unwrap(next.withCheckedMark(h.mark())));
        (HotWord raised, uint256 where) = OrderBook.rest(s, series, account, h, p, r);
        if (HotWord.unwrap(raised) != HotWord.unwrap(h)) s.hot[series] = HotWord.unwrap(raised);
        Records.publish(series, account, Records.placed(r, where));
        return _id(series, r, where);
    }

    /// @notice Places one order in memory and in the book; margin is checked by `finish`.
    /// @return id 0 when nothing rests
    /// @return filled lots traded
    /// @return crossed a post-only order would have crossed; nothing was placed
    function place(State storage s, IIndexOracle oracle, Context memory c, Request r)
        internal
        returns (uint256 id, uint256 filled, bool crossed)
    {
        _validate(c.terms, r);
        crossed = _crosses(c.hot, r);
        if (crossed) {
            refresh(s, oracle, c);
            if (r.has(Requests.POST_ONLY)) {
                Matching.walk(s, c, 1 - r.side(), r.tick(), Matching.PRUNE, r.flags());
                if (_crosses(c.hot, r)) return (0, 0, true);
                crossed = false;
            }
        }
        r = _clip(c, r);
        bool immediate = r.has(Requests.IMMEDIATE | Requests.FILL_OR_KILL);
        if (!immediate) _checkBand(c.terms, c.hot, r.tick());
        c.margined = true;
        if (crossed) {
            uint256 rests;
            (rests, filled) = _take(s, c, r);
            if (rests == 0) return (0, filled, false);
            r = r.withLots(rests);
        } else if (immediate) {
            if (r.has(Requests.FILL_OR_KILL)) revert IExchangeErrors.FillOrKill(0, r.lots());
            Records.push(c, Records.taken(c.hot, r, 0, r.lots(), Records.END_IMMEDIATE));
            return (0, 0, false);
        }
        return (_rest(s, c, r), filled, false);
    }

    function _rest(State storage s, Context memory c, Request r) private returns (uint256) {
        PositionWord p = c.position;
        uint256 where;
        (c.hot, where) = OrderBook.rest(s, c.series, c.account, c.hot, p, r);
        c.position = p.reserve(r.side(), r.lots());
        Records.push(c, Records.placed(r, where));
        return _id(c.series, r, where);
    }

    /// @param where index 32 | generation 16
    function _id(uint256 series, Request r, uint256 where) private pure returns (uint256) {
        return (OrderBook.sideKey(series, r.side()) << 72) | (r.tick() << 48) | where;
    }

    /// @dev The order could trade with the best of the other side.
    function _crosses(HotWord h, Request r) private pure returns (bool) {
        return r.has(Requests.SELL) ? r.tick() <= h.bid() : r.tick() >= h.ask();
    }

    function _validate(TermsWord t, Request r) private view {
        unchecked {
            if (!r.valid()) revert IExchangeErrors.InvalidFlags(r.flags());
            // Zero wraps: it is out of range as a tick, and no expiry.
            uint256 cap = t.priceCap();
            if (r.tick() - 1 >= cap) revert IExchangeErrors.TickOutOfRange(r.tick(), 1, cap);
            if (r.lots() < t.minLots()) revert IExchangeErrors.SizeTooSmall(r.lots(), t.minLots());
            if (r.expiry() - 1 < block.timestamp) {
                revert IExchangeErrors.OrderExpired(r.expiry(), block.timestamp);
            }
        }
    }

    function _checkBand(TermsWord t, HotWord h, uint256 tick) private pure {
        if (!Matching.outside(h, t, tick)) return;
        (uint256 low, uint256 high) = Matching.band(h, t);
        revert IExchangeErrors.PriceOutsideBand(tick, low, high);
    }

    /// @dev What reduce-only leaves of a taking size, and the position limit. A resting part is clipped at its fill.
    function _clip(Context memory c, Request r) private pure returns (Request) {
        if (LibBit.or(c.reduceOnly, r.has(Requests.REDUCE_ONLY))) {
            int256 lots = c.position.lots();
            if (Matching.reducible(lots, r.side()) == 0) {
                if (c.reduceOnly) revert IExchangeErrors.ReduceOnlySeries(uint16(c.series));
                revert IExchangeErrors.NothingToReduce(uint16(c.series), lots);
            }
            r = r.withFlag(Requests.REDUCE_ONLY);
        }
        _checkLimit(c.series, c.terms, c.position, r);
        return r;
    }

    function _checkLimit(uint256 series, TermsWord t, PositionWord p, Request r) private pure {
        unchecked {
            int256 most = int256(r.lots());
            if (r.has(Requests.SELL)) most += int256(p.openSell()) - p.lots();
            else most += int256(p.openBuy()) + p.lots();
            if (most > int256(t.positionLimit())) {
                revert IExchangeErrors.PositionLimit(uint16(series), uint256(most), t.positionLimit());
            }
        }
    }

    /// @return rests lots that shall rest
    function _take(State storage s, Context memory c, Request r)
        private
        returns (uint256 rests, uint256 filled)
    {
        unchecked {
            uint256 side = r.side();
            uint256 lots = r.lots();
            uint256 taking = lots;
            if (r.has(Requests.REDUCE_ONLY)) {
                uint256 most = Matching.reducible(c.position.lots(), side);
                if (taking > most) taking = most;
            }
            (uint256 left, uint256 end) =
                Matching.walk(s, c, 1 - side, _inside(c, side, r.tick()), taking, r.flags());
            filled = taking - left;
            uint256 unfilled = lots - filled;
            if (unfilled != 0) {
                if (r.has(Requests.FILL_OR_KILL)) revert IExchangeErrors.FillOrKill(filled, lots);
                if (end == Records.END_FILLED) {
                    if (r.has(Requests.REDUCE_ONLY) && filled != 0 && left == 0) end = Records.END_REDUCED;
                    else end = r.has(Requests.IMMEDIATE) ? Records.END_IMMEDIATE : Records.END_RESTS;
                }
                if (end == Records.END_RESTS) rests = unfilled;
            } else {
                end = Records.END_FILLED;
            }
            Records.append(Records.taken(c.hot, r, filled, unfilled, end)); // nothing took memory since the walk
            Records.close(c);
        }
    }

    /// @dev A limit no farther than the band's edge.
    function _inside(Context memory c, uint256 side, uint256 limit) private pure returns (uint256) {
        if (!Matching.outside(c.hot, c.terms, limit)) return limit;
        (uint256 low, uint256 high) = Matching.band(c.hot, c.terms);
        return side == OrderBook.BUYS ? FixedPointMathLib.min(limit, high) : FixedPointMathLib.max(limit, low);
    }

    /// @notice Cancels one order inside a batch. False when it is not live.
    /// @param where tick 24 | index 32 | generation 16
    function cancel(State storage s, Context memory c, uint256 side, uint256 where) internal returns (bool) {
        uint256 sk = OrderBook.sideKey(c.series, side);
        (OrderWord o, bool emptied) = OrderBook.remove(s, c.account, c.position, sk, where);
        if (OrderWord.unwrap(o) == 0) return false;
        if (emptied) c.hot = OrderBook.dropLevel(s, c.hot, sk, where >> 48);
        c.position = c.position.release(side, o.lots(), true);
        Records.push(c, Records.cancelled(Records.BY_OWNER, side, where, o));
        return true;
    }

    /// @notice Checks margin and limits, then stores the position, the hot word, and the account when it joined.
    function finish(State storage s, IIndexOracle oracle, Context memory c) internal {
        // An IOC that found nothing, for one, needs not join. What ends idle may have left other series without offset.
        if (c.margined) {
            if (!c.position.idle() || !c.before.idle()) {
                if (_margined(s, oracle, c)) c.position = c.position.withCheckedMark(c.hot.mark());
            }
        }
        if (c.tradedLots != 0) {
            uint256 open = c.hot.openInterest();
            uint256 cap = c.trade.openInterestCap();
            if (open > cap) {
                if (open > c.hotBefore.openInterest()) {
                    revert IExchangeErrors.OpenInterestCap(uint16(c.series), open, cap);
                }
            }
            c.hot = c.hot.withFlag(HOT_TRADED, true);
            Mark.follow(c);
        }
        store(c);
        if (!Records.none(c)) Records.publish(c);
    }

    /// @dev Joins the series if need be. Reverts without margin; true when IM-equity covers IM.
    function _margined(State storage s, IIndexOracle oracle, Context memory c) private returns (bool) {
        uint256 word = s.accounts[c.account];
        if (Ledger.alone(word, c.series)) {
            if (Margin.covers(word, c.terms, c.hot, c.position, c.deltaMark)) return true;
        } else if (!Ledger.lists(word, c.series)) {
            word = Ledger.join(s, c.account, word, c.series);
            s.accounts[c.account] = word;
        }
        return Margin.check(s, oracle, c, word, c.tradedLots == 0);
    }

    /// @notice Writes the words that changed.
    function store(Context memory c) internal {
        uint256 position = PositionWord.unwrap(c.position);
        if (position != PositionWord.unwrap(c.before)) {
            if (c.account != 0) c.positionSlot.write(position);
        }
        uint256 hot = HotWord.unwrap(c.hot);
        if (hot != HotWord.unwrap(c.hotBefore)) c.hotSlot.write(hot);
    }

    /// @notice Runs packed operations; see IExchange.batch.
    function run(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        bytes calldata operations,
        bool strict
    ) internal {
        unchecked {
            uint256 cursor;
            for (uint256 n; cursor < operations.length; ++n) {
                uint256 word = uint256(bytes32(operations[cursor:]));
                uint256 kind = word >> 248;
                if (kind == 1 && cursor + 21 <= operations.length) {
                    cursor += 21;
                    _runPlace(s, oracle, c, Request.wrap(uint160(word >> 88)), n, strict);
                } else if (kind == 2 && cursor + 11 <= operations.length) {
                    cursor += 11;
                    _runCancel(s, c, word, n, strict);
                } else {
                    revert IExchangeErrors.InvalidBatch(cursor);
                }
            }
        }
    }

    function _runPlace(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        Request r,
        uint256 n,
        bool strict
    ) private {
        (,, bool crossed) = place(s, oracle, c, r);
        if (!crossed) return;
        if (strict) crosses(c, r);
        Records.push(c, (Records.REJECTED << 248) | (n << 232) | (r.clientId() << 168) | (1 << 160));
    }

    function _runCancel(State storage s, Context memory c, uint256 word, uint256 n, bool strict) private {
        uint256 side = uint8(word >> 240);
        uint256 where = uint72(word >> 168);
        if (cancel(s, c, side, where)) return;
        uint256 id = (OrderBook.sideKey(c.series, side) << 72) | where;
        if (strict) revert IExchangeErrors.OrderNotLive(id);
        Records.push(c, (Records.MISSED << 248) | (n << 232) | (id << 136));
    }

    function crosses(Context memory c, Request r) internal pure {
        uint256 best = r.has(Requests.SELL) ? c.hot.bid() : c.hot.ask();
        revert IExchangeErrors.PostOnlyWouldCross(r.tick(), best);
    }
}
