// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {HotWord, OrderWord, PositionWord} from "./Packed.sol";
import {Request} from "./Request.sol";
import {Slot, Slots} from "./Slots.sol";
import {MAX_OPEN_ORDERS, NO_ASK, State, Words} from "./State.sol";
import {TickBitmap} from "./TickBitmap.sol";

/// @title Order queues: one packed slot per order, a queue per series, side and tick, best prices cached
/// @notice docs/spec/book.md. A filled order is retired by moving the head; a cancelled one is trimmed at either end
/// of its queue or stays as a tombstone (0 lots). A level that empties starts again at index 1, so that its slots
/// are used again; no slot of a level returns to zero.
library OrderBook {
    using Slots for mapping(uint256 => uint256);
    using TickBitmap for mapping(uint256 => uint256);

    uint256 internal constant BUYS = 0;
    uint256 internal constant SELLS = 1;
    /// @dev head = tail = 1
    uint256 private constant EMPTY_LEVEL = (1 << 32) | 1;
    /// @dev head = 1, tail = 2
    uint256 private constant ONE_ORDER = (2 << 32) | 1;
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

    /// @notice Key of the word that holds the queue of a tick, with those of its neighbours.
    function levelKey(uint256 side, uint256 tick) internal pure returns (uint256) {
        return (side << 22) | (tick >> 2);
    }

    function levelSlot(State storage s, uint256 side, uint256 tick) internal view returns (Slot) {
        return s.levels.slotOf(levelKey(side, tick));
    }

    /// @notice Head and tail of a tick in its word.
    function queue(uint256 word, uint256 tick) internal pure returns (uint256 head, uint256 tail) {
        uint256 level = word >> ((tick & 3) << 6);
        head = uint32(level);
        tail = uint32(level >> 32);
        if (head == 0) head = tail = 1;
    }

    function withQueue(uint256 word, uint256 tick, uint256 head, uint256 tail)
        internal
        pure
        returns (uint256)
    {
        uint256 shift = (tick & 3) << 6;
        uint256 level = head == tail ? EMPTY_LEVEL : (tail << 32) | head;
        return (word & ~(uint256(type(uint64).max) << shift)) | (level << shift);
    }

    /// @notice Puts an order at the end of its queue; its lots are for the caller to reserve.
    /// @param p the account's position before that
    /// @return the hot word, with a new best price if it is one
    /// @return place index 32 | generation 16
    function rest(State storage s, uint256 series, uint256 account, HotWord h, PositionWord p, Request r)
        internal
        returns (HotWord, uint256 place)
    {
        unchecked {
            uint256 tick = r.tick();
            uint256 sk = sideKey(series, r.side());
            Slot slot = s.levels.slotOf(levelKey(sk, tick));
            uint256 word = slot.read();
            uint256 shift = (tick & 3) << 6;
            uint256 level = uint64(word >> shift);
            uint256 index = level >> 32;
            if (index == type(uint32).max) revert IExchangeErrors.LevelFull(tick);
            if (uint32(level) == index) {
                index = 1;
                slot.write((word & ~(uint256(type(uint64).max) << shift)) | (ONE_ORDER << shift));
                h = _raiseLevel(s, h, sk, tick);
            } else {
                slot.write(word + (1 << (shift + 32)));
            }
            if (p.openCount() == MAX_OPEN_ORDERS) {
                revert IExchangeErrors.TooManyOrders(uint16(series), MAX_OPEN_ORDERS);
            }
            uint256 generation = _write(s, orderKey(sk, tick, index), account, p.epoch(), r);
            return (h, (index << 16) | generation);
        }
    }

    /// @dev A level is in use again: sets its bit and makes it the best if it is.
    function _raiseLevel(State storage s, HotWord h, uint256 sk, uint256 tick) private returns (HotWord) {
        s.bitmap.set(sk, tick);
        uint256 side = sk & 255;
        uint256 best = h.best(side);
        return (side == BUYS ? tick > best : tick < best) ? h.withBest(side, tick) : h;
    }

    /// @dev The next generation of the slot's order.
    function _write(State storage s, uint256 key, uint256 account, uint256 epoch, Request r)
        private
        returns (uint256 generation)
    {
        unchecked {
            Slot slot = s.orders.slotOf(key);
            generation = uint16((slot.read() >> 136) + 1);
            slot.write(
                account | (r.lots() << 32) | (epoch << 64) | (r.expiry() << 96) | (r.flags() << 128)
                    | (generation << 136) | (r.clientId() << 152)
            );
        }
    }

    /// @notice Takes one live order of `account` out of its queue; what it reserved is for the caller to release.
    /// @param where tick 24 | index 32 | generation 16
    /// @return o as it was, zero when no such order is live; nothing is changed then
    /// @return emptied the level has no order left; the caller clears its bit and repairs the best price
    function remove(State storage s, uint256 account, PositionWord p, uint256 sk, uint256 where)
        internal
        returns (OrderWord o, bool emptied)
    {
        unchecked {
            (uint256 tick, uint256 index) = (where >> 48, uint32(where >> 16));
            Slot level = s.levels.slotOf(levelKey(sk, tick));
            uint256 word = level.read();
            uint256 queued = word >> ((tick & 3) << 6);
            (uint256 head, uint256 tail) = (uint32(queued), uint32(queued >> 32));
            if (index - head >= tail - head) return (o, false); // below head it wraps
            Slot slot = s.orders.slotOf(orderKey(sk, tick, index));
            o = OrderWord.wrap(slot.read());
            if (!o.isOf(account, p.epoch(), uint16(where))) return (OrderWord.wrap(0), false);
            if (tail - head == 1) {
                uint256 shift = (tick & 3) << 6;
                level.write((word & ~(uint256(type(uint64).max) << shift)) | (EMPTY_LEVEL << shift));
                return (o, true);
            }
            if (index + 1 == tail) {
                tail = _trimTail(s, sk, tick, head, index);
            } else if (index == head) {
                head = _trimHead(s, sk, tick, index + 1, tail);
            } else {
                slot.write(OrderWord.unwrap(o.withLots(0)));
                return (o, false);
            }
            level.write(withQueue(word, tick, head, tail));
            return (o, head == tail);
        }
    }

    function _trimTail(State storage s, uint256 sk, uint256 tick, uint256 head, uint256 tail)
        private
        view
        returns (uint256)
    {
        unchecked {
            for (uint256 i; i < MAX_TRIM && tail > head; ++i) {
                if (OrderWord.wrap(s.orders[orderKey(sk, tick, tail - 1)]).lots() != 0) break;
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
                if (OrderWord.wrap(s.orders[orderKey(sk, tick, head)]).lots() != 0) break;
                ++head;
            }
            return head;
        }
    }

    /// @notice A level emptied: clears its bit and, when it was the best, finds the next.
    function dropLevel(State storage s, HotWord h, uint256 sk, uint256 tick) internal returns (HotWord) {
        uint256 word = s.bitmap.clear(sk, tick);
        if (sk & 255 == BUYS) {
            return tick == h.bid() ? h.withBest(BUYS, s.bitmap.below(sk, tick, word)) : h;
        }
        return tick == h.ask() ? h.withBest(SELLS, s.bitmap.above(sk, tick, word, NO_ASK)) : h;
    }

    /// @notice A newer epoch kills every order of an older one in O(1); their lots are free at once.
    function killOrders(State storage s, uint256 account, uint256 series) internal {
        Slot slot = s.positions.slotOf(Words.positionKey(account, series));
        uint256 word = slot.read();
        PositionWord p = PositionWord.wrap(word);
        if (Words.isSettled(word) || p.openCount() == 0) return;
        p = p.withoutOrders();
        slot.write(PositionWord.unwrap(p));
        emit IExchangeEvents.MassCancelled(uint16(series), uint32(account), uint32(p.epoch()));
    }
}
