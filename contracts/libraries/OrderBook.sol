// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {Context, Records} from "./Context.sol";
import {Hot, MAX_OPEN_ORDERS, NO_ASK, Order, Position, State, Words} from "./State.sol";
import {TickBitmap} from "./TickBitmap.sol";

/// @title Order queues: one packed slot per order, a queue per series, side and tick, best prices cached
/// @notice docs/spec/book.md. A filled order is retired by moving the head; a cancelled one is trimmed at either end
/// of its queue or stays as a tombstone (0 lots). A level that empties starts again at index 1, so that its slots
/// are used again; no slot of a level returns to zero.
library OrderBook {
    using TickBitmap for mapping(uint256 => uint256);

    uint256 internal constant BUYS = 0;
    uint256 internal constant SELLS = 1;
    /// @dev head = tail = 1
    uint256 private constant EMPTY_LEVEL = (1 << 32) | 1;
    /// @dev Tombstones that one cancel may trim.
    uint256 private constant MAX_TRIM = 16;

    function sideKey(uint256 series, uint256 side) internal pure returns (uint256) {
        return (series << 8) | side;
    }

    function orderKey(uint256 side, uint256 tick, uint256 index) internal pure returns (uint256) {
        return (side << 56) | (tick << 32) | index;
    }

    /// @notice series 16 | side 8 | tick 24 | index 32 | generation 16
    function orderId(uint256 side, uint256 tick, uint256 index, uint256 generation)
        internal
        pure
        returns (uint256)
    {
        return (side << 72) | (tick << 48) | (index << 16) | generation;
    }

    function loadLevel(State storage s, uint256 side, uint256 tick)
        internal
        view
        returns (uint256 head, uint256 tail)
    {
        uint256 level = s.levels[(side << 22) | (tick >> 2)] >> ((tick & 3) << 6);
        head = uint32(level);
        tail = uint32(level >> 32);
        if (head == 0) head = tail = 1;
    }

    function storeLevel(State storage s, uint256 side, uint256 tick, uint256 head, uint256 tail) internal {
        uint256 key = (side << 22) | (tick >> 2);
        uint256 shift = (tick & 3) << 6;
        uint256 level = head == tail ? EMPTY_LEVEL : (tail << 32) | head;
        s.levels[key] = (s.levels[key] & ~(uint256(type(uint64).max) << shift)) | (level << shift);
    }

    /// @notice Puts an order at the end of its queue and reserves its lots.
    function rest(
        State storage s,
        Context memory c,
        uint256 side,
        uint256 tick,
        uint256 lots,
        uint256 flags,
        uint256 expiry,
        uint256 clientId
    ) internal returns (uint256) {
        unchecked {
            uint256 sk = sideKey(c.series, side);
            (uint256 head, uint256 tail) = loadLevel(s, sk, tick);
            if (tail == type(uint32).max) revert IExchangeErrors.LevelFull(tick);
            if (head == tail) {
                s.bitmap.set(sk, tick);
                if (side == BUYS) {
                    if (tick > c.hot.bid) c.hot.bid = tick;
                } else if (tick < c.hot.ask) {
                    c.hot.ask = tick;
                }
                head = tail = 1;
            }
            uint256 generation = _write(s, c, orderKey(sk, tick, tail), lots, flags, expiry, clientId);
            storeLevel(s, sk, tick, head, tail + 1);
            _reserve(c, side, lots);
            Records.placed(c, flags, Records.place(tick, tail, generation), lots, expiry, clientId);
            return orderId(sk, tick, tail, generation);
        }
    }

    function _write(
        State storage s,
        Context memory c,
        uint256 key,
        uint256 lots,
        uint256 flags,
        uint256 expiry,
        uint256 clientId
    ) private returns (uint256 generation) {
        generation = uint16((s.orders[key] >> 136) + 1);
        s.orders[key] = c.account | (lots << 32) | (c.position.epoch << 64) | (expiry << 96) | (flags << 128)
            | (generation << 136) | (clientId << 152);
    }

    function _reserve(Context memory c, uint256 side, uint256 lots) private pure {
        Position memory p = c.position;
        if (p.openCount == MAX_OPEN_ORDERS) {
            revert IExchangeErrors.TooManyOrders(uint16(c.series), MAX_OPEN_ORDERS);
        }
        ++p.openCount;
        if (side == BUYS) p.openBuy += lots;
        else p.openSell += lots;
    }

    /// @notice Gives back what a resting order reserved.
    function release(Position memory p, uint256 side, uint256 lots, bool whole) internal pure {
        if (side == BUYS) p.openBuy -= lots;
        else p.openSell -= lots;
        if (whole) --p.openCount;
    }

    /// @notice Takes one live order of `account` out of its queue.
    /// @return found false when no such order is live; nothing is changed then
    /// @return emptied the level has no order left; the caller clears its bit and repairs the best price
    function remove(
        State storage s,
        uint256 account,
        Position memory p,
        uint256 sk,
        uint256 tick,
        uint256 index,
        uint256 generation
    ) internal returns (bool found, bool emptied, Order memory o) {
        (uint256 head, uint256 tail) = loadLevel(s, sk, tick);
        if (index < head || index >= tail) return (false, false, o);
        uint256 word = s.orders[orderKey(sk, tick, index)];
        o = Words.toOrder(word);
        if (o.account != account || o.generation != generation || o.lots == 0 || o.epoch != p.epoch) {
            return (false, false, o);
        }
        release(p, sk & 255, o.lots, true);
        if (index + 1 == tail) {
            tail = _trimTail(s, sk, tick, head, index);
        } else if (index == head) {
            head = _trimHead(s, sk, tick, index + 1, tail);
        } else {
            s.orders[orderKey(sk, tick, index)] = Words.withLots(word, 0);
            return (true, false, o);
        }
        storeLevel(s, sk, tick, head, tail);
        return (true, head == tail, o);
    }

    function _trimTail(State storage s, uint256 sk, uint256 tick, uint256 head, uint256 tail)
        private
        view
        returns (uint256)
    {
        unchecked {
            for (uint256 i; i < MAX_TRIM && tail > head; ++i) {
                if (uint32(s.orders[orderKey(sk, tick, tail - 1)] >> 32) != 0) break;
                --tail;
            }
            return tail;
        }
    }

    function _trimHead(State storage s, uint256 sk, uint256 tick, uint256 head, uint256 tail)
        private
        view
        returns (uint256)
    {
        unchecked {
            for (uint256 i; i < MAX_TRIM && head < tail; ++i) {
                if (uint32(s.orders[orderKey(sk, tick, head)] >> 32) != 0) break;
                ++head;
            }
            return head;
        }
    }

    /// @notice A level emptied: clears its bit and, when it was the best, finds the next.
    function dropLevel(State storage s, Hot memory h, uint256 sk, uint256 tick) internal {
        s.bitmap.clear(sk, tick);
        if (sk & 255 == BUYS) {
            if (tick == h.bid) {
                (, h.bid) = s.bitmap.atOrBelow(sk, tick);
            }
        } else if (tick == h.ask) {
            (bool found, uint256 next) = s.bitmap.atOrAbove(sk, tick);
            h.ask = found ? next : NO_ASK;
        }
    }

    /// @notice A newer epoch kills every order of an older one in O(1); their lots are free at once.
    function killOrders(State storage s, uint256 account, uint256 series) internal {
        uint256 key = Words.positionKey(account, series);
        uint256 word = s.positions[key];
        if (Words.isSettled(word)) return;
        Position memory p = Words.toPosition(word);
        if (p.openCount == 0) return;
        ++p.epoch;
        p.openBuy = p.openSell = p.openCount = 0;
        s.positions[key] = Words.pack(p);
        emit IExchangeEvents.MassCancelled(uint16(series), uint32(account), uint32(p.epoch));
    }
}
