// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";

import {IExchange} from "../interfaces/IExchange.sol";
import {LevelView, OrderView} from "../interfaces/ILens.sol";
import {OrderBook} from "./OrderBook.sol";
import {Order, Position, Words} from "./State.sol";

/// @title The live orders of a book, read from outside the exchange in price-time priority
library BookReader {
    /// @dev Most levels or orders of one answer, so that its memory stays cheap.
    uint256 private constant MOST = 4096;

    /// @dev `levels` or `orders` is where the walk puts what it finds; it ends when that is full.
    struct Walk {
        IExchange exchange;
        uint16 series;
        uint8 side;
        uint256 only; // account whose orders are wanted; 0 for all
        uint256 toMeet; // orders of `only` still to be met
        LevelView[] levels;
        OrderView[] orders;
        uint256 count;
        bool done;
        uint256 maker; // whose position word is at hand
        uint256 makerWord;
    }

    /// @notice Levels with a live order, best first.
    function levels(IExchange exchange, uint16 series, uint256 side, uint256 most)
        internal
        view
        returns (LevelView[] memory found)
    {
        found = new LevelView[](most > MOST ? MOST : most);
        Walk memory w = _start(exchange, series, side);
        w.levels = found;
        _run(w);
        uint256 count = w.count;
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @notice Live orders, best first.
    function orders(IExchange exchange, uint16 series, uint256 side, uint256 most)
        internal
        view
        returns (OrderView[] memory)
    {
        Walk memory w = _start(exchange, series, side);
        w.orders = new OrderView[](most > MOST ? MOST : most);
        _run(w);
        return _cut(w);
    }

    /// @notice Live orders of one account, buys first.
    function ordersOf(IExchange exchange, uint16 series, uint32 account)
        internal
        view
        returns (OrderView[] memory)
    {
        uint256 word = exchange.positionWord(account, series);
        Walk memory w = _start(exchange, series, OrderBook.BUYS);
        if (!Words.isSettled(word)) w.toMeet = Words.toPosition(word).openCount;
        w.only = account;
        w.orders = new OrderView[](w.toMeet);
        _run(w);
        w.side = uint8(OrderBook.SELLS);
        _run(w);
        return _cut(w);
    }

    function _start(IExchange exchange, uint16 series, uint256 side) private pure returns (Walk memory w) {
        w.exchange = exchange;
        w.series = series;
        w.side = uint8(side);
    }

    function _run(Walk memory w) private view {
        if (w.count == w.orders.length + w.levels.length) w.done = true;
        _descend(w, 2, 0);
    }

    function _cut(Walk memory w) private pure returns (OrderView[] memory found) {
        found = w.orders;
        uint256 count = w.count;
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @dev The bitmap's words from the top, best bit first.
    function _descend(Walk memory w, uint256 height, uint256 index) private view {
        if (w.done) return;
        uint256 word = w.exchange.bitmapWord(w.series, w.side, uint8(height), uint16(index));
        while (word != 0 && !w.done) {
            uint256 bit = w.side == OrderBook.SELLS ? LibBit.ffs(word) : LibBit.fls(word);
            word ^= 1 << bit;
            uint256 next = (index << 8) | bit;
            if (height == 0) _level(w, next);
            else _descend(w, height - 1, next);
        }
    }

    function _level(Walk memory w, uint256 tick) private view {
        uint256 level = w.exchange.levelWord(w.series, w.side, uint24(tick));
        uint256 tail = level >> 32;
        uint256 lots;
        uint256 count;
        for (uint256 index = uint32(level); index < tail && !w.done; ++index) {
            uint256 id = OrderBook.orderId(OrderBook.sideKey(w.series, w.side), tick, index, 0);
            Order memory o = Words.toOrder(w.exchange.orderWord(uint96(id)));
            if (!_live(w, o)) continue;
            lots += o.lots;
            ++count;
            if (w.levels.length == 0) _push(w, id | o.generation, o);
        }
        if (w.levels.length == 0 || count == 0) return;
        w.levels[w.count] = LevelView(uint24(tick), uint64(lots), uint32(count));
        w.done = ++w.count == w.levels.length;
    }

    function _live(Walk memory w, Order memory o) private view returns (bool) {
        if (o.lots == 0 || (w.only != 0 && o.account != w.only)) return false;
        if (o.account != w.maker) {
            w.maker = o.account;
            w.makerWord = w.exchange.positionWord(uint32(o.account), w.series);
        }
        Position memory p = Words.toPosition(w.makerWord);
        if (o.epoch != p.epoch) return false;
        // An expired order still counts in `openCount`, so it is met all the same.
        if (w.only != 0) w.done = --w.toMeet == 0;
        return o.expiry == 0 || o.expiry > block.timestamp;
    }

    function _push(Walk memory w, uint256 id, Order memory o) private pure {
        w.orders[w.count] = OrderView({
            orderId: uint96(id),
            account: uint32(o.account),
            lots: uint32(o.lots),
            expiry: uint32(o.expiry),
            flags: uint8(o.flags),
            clientId: uint64(o.clientId)
        });
        if (++w.count == w.orders.length) w.done = true;
    }
}
