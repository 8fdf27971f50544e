// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Context, Records} from "./Context.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Mark} from "./Mark.sol";
import {Matching} from "./Matching.sol";
import {OrderBook} from "./OrderBook.sol";
import {
    DAY,
    HOT_DEFICIT,
    HOT_GUARDED,
    HOT_STALE,
    HOT_TRADED,
    Order,
    Position,
    State,
    Words
} from "./State.sol";

/// @title One call on one book: read once, act in memory, check margin, store what changed
/// @notice docs/spec/book.md
library Trading {
    uint256 internal constant DEFAULT_STEPS = 64;

    uint256 internal constant IMMEDIATE = 1;
    uint256 internal constant FILL_OR_KILL = 2;
    uint256 internal constant POST_ONLY = 4;
    uint256 internal constant REDUCE_ONLY = Matching.REDUCE_ONLY;
    uint256 internal constant SELL = 128;
    /// @dev Bits 32 and 64 mean nothing yet, and 3 is no time in force.
    uint256 private constant UNKNOWN_FLAGS = 96;

    struct Request {
        uint256 flags;
        uint256 tick;
        uint256 lots;
        uint256 expiry;
        uint256 clientId;
    }

    /// @notice Reads everything that acting on a series needs. The mark is refreshed when the cached one is too old.
    function load(State storage s, IIndexOracle oracle, uint256 series, uint256 account)
        internal
        view
        returns (Context memory c)
    {
        uint256 terms = s.terms[series];
        if (terms == 0) revert IExchangeErrors.UnknownSeries(uint16(series));
        c.series = series;
        Words.read(c.terms, terms);
        uint256 expiry = c.terms.expiryDay * DAY;
        if (block.timestamp >= expiry) revert IExchangeErrors.SeriesExpired(uint16(series), expiry);
        c.hotWord = s.hot[series];
        Words.read(c.hot, c.hotWord);
        c.account = account;
        c.accountWord = s.accounts[account];
        c.beforeWord = s.positions[Words.positionKey(account, series)];
        Words.read(c.position, c.beforeWord);
        c.deltaMark = c.hot.mark;
        if (Mark.expired(c.terms, c.hot)) refresh(s, oracle, c);
        c.reduceOnly = c.hot.flags & (HOT_STALE | HOT_DEFICIT) != 0
            || (c.hot.flags & HOT_GUARDED != 0 && block.timestamp < s.money[series].reduceOnlyUntil);
    }

    function refresh(State storage s, IIndexOracle oracle, Context memory c) internal view {
        if (c.refreshed) return;
        Words.read(c.trade, s.tradeTerms[c.series]);
        Mark.refresh(oracle, c);
        if (c.hot.flags & HOT_STALE != 0) c.reduceOnly = true;
    }

    /// @notice Places one order in memory and in the book; margin is checked by `finish`.
    /// @return id 0 when nothing rests
    /// @return filled lots traded
    /// @return crossed a post-only order would have crossed; nothing was placed
    function place(State storage s, IIndexOracle oracle, Context memory c, Request memory r)
        internal
        returns (uint256 id, uint256 filled, bool crossed)
    {
        bool sell = r.flags & SELL != 0;
        uint256 side = sell ? OrderBook.SELLS : OrderBook.BUYS;
        _validate(c, r);
        uint256 limit = r.tick;
        if (sell ? limit <= c.hot.bid : limit >= c.hot.ask) {
            refresh(s, oracle, c);
            if (r.flags & POST_ONLY != 0) {
                Matching.walk(s, c, 1 - side, limit, Matching.PRUNE, r.flags);
                if (sell ? limit <= c.hot.bid : limit >= c.hot.ask) return (0, 0, true);
            }
        }
        uint256 lots = _clip(c, r, side);
        if (r.flags & 3 == 0) {
            (uint256 low, uint256 high) = Matching.band(c);
            if (limit < low || limit > high) revert IExchangeErrors.PriceOutsideBand(limit, low, high);
        }
        c.margined = true;
        if (r.flags & POST_ONLY == 0 && (sell ? limit <= c.hot.bid : limit >= c.hot.ask)) {
            (lots, filled) = _take(s, c, r, side, lots);
        } else if (r.flags & 3 != 0) {
            if (r.flags & FILL_OR_KILL != 0) revert IExchangeErrors.FillOrKill(0, r.lots);
            Records.taken(c, r.flags, limit, 0, lots, r.clientId, Records.END_IMMEDIATE);
            lots = 0;
        }
        if (lots != 0) id = OrderBook.rest(s, c, side, limit, lots, r.flags, r.expiry, r.clientId);
    }

    function _validate(Context memory c, Request memory r) private view {
        uint256 flags = r.flags;
        bool immediate = flags & 3 != 0;
        if (flags & 3 == 3 || flags & UNKNOWN_FLAGS != 0 || (immediate && flags & POST_ONLY != 0)) {
            revert IExchangeErrors.InvalidFlags(flags);
        }
        if (r.tick == 0 || r.tick > c.terms.priceCap) {
            revert IExchangeErrors.TickOutOfRange(r.tick, 1, c.terms.priceCap);
        }
        if (r.lots < c.terms.minLots) revert IExchangeErrors.SizeTooSmall(r.lots, c.terms.minLots);
        if (r.expiry != 0 && r.expiry <= block.timestamp) {
            revert IExchangeErrors.OrderExpired(r.expiry, block.timestamp);
        }
    }

    /// @dev Position limit, and what reduce-only leaves of a taking size. A resting part is clipped at its fill.
    function _clip(Context memory c, Request memory r, uint256 side) private pure returns (uint256 lots) {
        unchecked {
            lots = r.lots;
            Position memory p = c.position;
            if (c.reduceOnly) {
                if (Matching.reducible(p, side) == 0) {
                    revert IExchangeErrors.ReduceOnlySeries(uint16(c.series));
                }
                r.flags |= REDUCE_ONLY;
            }
            if (r.flags & REDUCE_ONLY != 0 && Matching.reducible(p, side) == 0) {
                revert IExchangeErrors.NothingToReduce(uint16(c.series), p.lots);
            }
            int256 most = side == OrderBook.BUYS ? p.lots + int256(p.openBuy) : int256(p.openSell) - p.lots;
            most += int256(lots);
            if (most > int256(c.terms.positionLimit)) {
                revert IExchangeErrors.PositionLimit(uint16(c.series), uint256(most), c.terms.positionLimit);
            }
        }
    }

    /// @return rests lots that shall rest
    function _take(State storage s, Context memory c, Request memory r, uint256 side, uint256 lots)
        private
        returns (uint256 rests, uint256 filled)
    {
        unchecked {
            uint256 taking = lots;
            if (r.flags & REDUCE_ONLY != 0) {
                uint256 most = Matching.reducible(c.position, side);
                if (taking > most) taking = most;
            }
            (uint256 low, uint256 high) = Matching.band(c);
            uint256 limit = r.tick;
            if (side == OrderBook.BUYS && limit > high) limit = high;
            if (side == OrderBook.SELLS && limit < low) limit = low;
            (uint256 left, uint256 end) = Matching.walk(s, c, 1 - side, limit, taking, r.flags);
            filled = taking - left;
            if (r.flags & FILL_OR_KILL != 0 && filled != lots) {
                revert IExchangeErrors.FillOrKill(filled, lots);
            }
            uint256 unfilled = lots - filled;
            if (unfilled == 0) {
                end = Records.END_FILLED;
            } else if (end == Records.END_FILLED) {
                if (r.flags & REDUCE_ONLY != 0 && filled != 0 && left == 0) end = Records.END_REDUCED;
                else end = r.flags & IMMEDIATE != 0 ? Records.END_IMMEDIATE : Records.END_RESTS;
            }
            if (end == Records.END_RESTS) rests = unfilled;
            Records.taken(c, r.flags, r.tick, filled, unfilled, r.clientId, end);
        }
    }

    /// @notice Cancels one order inside a batch. False when it is not live.
    function cancel(
        State storage s,
        Context memory c,
        uint256 side,
        uint256 tick,
        uint256 index,
        uint256 generation
    ) internal returns (bool found) {
        uint256 sk = OrderBook.sideKey(c.series, side);
        bool emptied;
        Order memory o;
        (found, emptied, o) = OrderBook.remove(s, c.account, c.position, sk, tick, index, generation);
        if (!found) return false;
        if (emptied) OrderBook.dropLevel(s, c.hot, sk, tick);
        uint256 where = Records.place(tick, index, generation);
        Records.cancelled(c, Records.BY_OWNER, side, where, o.lots, c.account, o.clientId);
    }

    /// @notice Checks margin and limits, then stores the position, the hot word, and the account when it joined.
    function finish(State storage s, IIndexOracle oracle, Context memory c) internal {
        if (c.margined) {
            if (c.position.openCount == 0 && c.position.lots == 0 && c.position.quote == 0) {
                c.margined = false; // e.g. an IOC that found nothing: no need to join
            } else if (!Ledger.lists(c.accountWord, c.series)) {
                c.accountWord = Ledger.join(s, c.account, c.accountWord, c.series);
                s.accounts[c.account] = c.accountWord;
            }
        }
        if (c.margined) {
            if (Margin.check(s, oracle, c, c.tradedLots == 0)) c.position.checkedMark = c.hot.mark;
        }
        if (c.tradedLots != 0) {
            uint256 wasOpen = uint32(c.hotWord >> 168);
            uint256 cap = c.trade.openInterestCap;
            if (c.hot.openInterest > cap && c.hot.openInterest > wasOpen) {
                revert IExchangeErrors.OpenInterestCap(uint16(c.series), c.hot.openInterest, cap);
            }
            c.hot.flags |= HOT_TRADED;
            Mark.follow(c);
        }
        store(s, c);
        if (c.recordsEnd != 0) {
            emit IExchangeEvents.Book(uint16(c.series), uint32(c.account), Records.finish(c));
        }
    }

    /// @notice Writes the words that changed.
    function store(State storage s, Context memory c) internal {
        if (c.account != 0) {
            uint256 position = Words.pack(c.position);
            if (position != c.beforeWord) s.positions[Words.positionKey(c.account, c.series)] = position;
        }
        if (c.hot.fees >> 47 != 0) {
            s.money[c.series].fees += uint96(c.hot.fees);
            c.hot.fees = 0;
        }
        uint256 hot = Words.pack(c.hot);
        if (hot != c.hotWord) s.hot[c.series] = hot;
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
                    Request memory r = Request({
                        flags: uint8(word >> 240),
                        tick: uint24(word >> 216),
                        lots: uint32(word >> 184),
                        expiry: uint32(word >> 152),
                        clientId: uint64(word >> 88)
                    });
                    (,, bool crossed) = place(s, oracle, c, r);
                    if (crossed) {
                        if (strict) crosses(c, r);
                        Records.push(c, Records.REJECTED, (n << 232) | (r.clientId << 168) | (1 << 160));
                    }
                } else if (kind == 2 && cursor + 11 <= operations.length) {
                    cursor += 11;
                    uint256 side = uint8(word >> 240);
                    uint256 tick = uint24(word >> 216);
                    uint256 index = uint32(word >> 184);
                    uint256 generation = uint16(word >> 168);
                    if (!cancel(s, c, side, tick, index, generation)) {
                        uint256 id =
                            OrderBook.orderId(OrderBook.sideKey(c.series, side), tick, index, generation);
                        if (strict) revert IExchangeErrors.OrderNotLive(id);
                        Records.push(c, Records.MISSED, (n << 232) | (id << 136));
                    }
                } else {
                    revert IExchangeErrors.InvalidBatch(cursor);
                }
            }
        }
    }

    function crosses(Context memory c, Request memory r) internal pure {
        revert IExchangeErrors.PostOnlyWouldCross(r.tick, r.flags & SELL != 0 ? c.hot.bid : c.hot.ask);
    }
}
