// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {HotWord, OrderWord, PositionWord, TermsWord, TradeWord} from "./Packed.sol";
import {Request} from "./Request.sol";
import {Slot} from "./Slots.sol";

/// @notice Everything that one call on one book reads once, changes in memory and stores at the end.
struct Context {
    uint256 account;
    uint256 series;
    TermsWord terms;
    TradeWord trade; // zero before the first refresh
    HotWord hot;
    HotWord hotBefore; // as stored: only what changed is written
    PositionWord position;
    PositionWord before; // as stored
    Slot positionSlot;
    uint256 deltaMark;
    int256 index;
    bool reduceOnly;
    bool margined; // the position or its orders grew: check margin before storing
    uint256 steps; // resting orders that may still be looked at
    uint256 tradedLots;
    uint256 tradedTicks; // sum of lots x tick
    uint256 records; // where in memory the data of the Book event begins, 0 for nowhere
    uint256 recordsEnd;
}

/// @title The packed records of the Book event; layouts in IExchangeEvents
library Records {
    /// @dev Bytes of an event's data before its records: their offset and their length.
    uint256 private constant HEAD = 64;

    uint256 internal constant PLACED = 1;
    uint256 internal constant CANCELLED = 2;
    uint256 internal constant FILLED = 3;
    uint256 internal constant TAKEN = 4;
    uint256 internal constant MISSED = 5;
    uint256 internal constant REJECTED = 6;

    uint256 internal constant BY_OWNER = 0;
    uint256 internal constant BY_EXPIRY = 1;
    uint256 internal constant BY_BAND = 2;
    uint256 internal constant BY_GAP = 3;
    uint256 internal constant BY_EPOCH = 4;
    uint256 internal constant BY_SELF_TRADE = 5;
    uint256 internal constant BY_REDUCE_ONLY = 6;

    uint256 internal constant END_FILLED = 0;
    uint256 internal constant END_RESTS = 1;
    uint256 internal constant END_IMMEDIATE = 2;
    uint256 internal constant END_STEPS = 3;
    uint256 internal constant END_SELF_TRADE = 4;
    uint256 internal constant END_REDUCED = 5;

    /// @notice Appends a record.
    function push(Context memory c, uint256 record) internal pure {
        open(c);
        append(record);
        close(c);
    }

    /// @notice Makes sure that the records so far end where free memory begins. Until `close` only `append` may take memory.
    function open(Context memory c) internal pure {
        unchecked {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            if (c.recordsEnd == free) return;
            uint256 from = c.records;
            uint256 size = from == 0 ? HEAD : c.recordsEnd - from;
            c.records = free;
            assembly ("memory-safe") {
                if from { mcopy(free, from, size) }
                mstore(free, 32) // where ABI's bytes begin; their length is written at last
                mstore(0x40, add(free, size))
            }
        }
    }

    function append(uint256 record) internal pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, record)
            mstore(0x40, add(free, 32))
        }
    }

    function close(Context memory c) internal pure {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        c.recordsEnd = free;
    }

    /// @notice Logs the Book event of what `push` gathered.
    function publish(Context memory c) internal {
        bytes32 topic = IExchangeEvents.Book.selector;
        (uint256 begin, uint256 end) = (c.records, c.recordsEnd);
        (uint256 series, uint256 account) = (c.series, c.account);
        assembly ("memory-safe") {
            mstore(add(begin, 32), sub(end, add(begin, 64)))
            log3(begin, sub(end, begin), topic, series, account)
        }
    }

    /// @notice Logs a Book event of one record.
    function publish(uint256 series, uint256 account, uint256 record) internal {
        bytes32 topic = IExchangeEvents.Book.selector;
        assembly ("memory-safe") {
            let begin := mload(0x40)
            mstore(begin, 32)
            mstore(add(begin, 32), 32)
            mstore(add(begin, 64), record)
            log3(begin, 96, topic, series, account)
        }
    }

    function none(Context memory c) internal pure returns (bool) {
        unchecked {
            return c.recordsEnd - c.records <= HEAD;
        }
    }

    /// @notice The word of a PLACED record.
    /// @param r with the lots that rest
    /// @param where index 32 | generation 16
    function placed(Request r, uint256 where) internal pure returns (uint256) {
        uint256 raw = Request.unwrap(r);
        return (PLACED << 248) | ((raw >> 128) << 216) | (where << 168) | (uint256(uint128(raw)) << 40);
    }

    /// @dev tick 24 | index 32 | generation 16 as one number, from high to low.
    function place(uint256 tick, uint256 index, OrderWord o) internal pure returns (uint256) {
        return (tick << 48) | (index << 16) | o.generation();
    }

    /// @notice The word of a CANCELLED record.
    /// @param where as of `place`
    /// @param o with the lots that it loses
    function cancelled(uint256 reason, uint256 side, uint256 where, OrderWord o)
        internal
        pure
        returns (uint256)
    {
        uint256 head = (CANCELLED << 248) | (reason << 240) | (side << 232) | (where << 160);
        return head | (uint256(uint64(OrderWord.unwrap(o))) << 96) | (o.clientId() << 32); // lots and account
    }

    /// @notice The word of a FILLED record.
    /// @param where as of `place`
    /// @param o before the fill
    function filled(uint256 side, uint256 where, OrderWord o, uint256 lots) internal pure returns (uint256) {
        unchecked {
            uint256 head = (FILLED << 248) | (side << 240) | (where << 168) | (lots << 136);
            return head | (o.account() << 104) | (o.clientId() << 40) | ((o.lots() - lots) << 8);
        }
    }

    /// @notice Appends a TAKEN record.
    function taken(Context memory c, Request r, uint256 lots, uint256 unfilled, uint256 reason)
        internal
        pure
    {
        uint256 raw = Request.unwrap(r);
        uint256 head = (TAKEN << 248) | ((raw >> 128) << 216) | (lots << 184) | (unfilled << 152);
        push(c, head | (c.hot.mark() << 128) | (r.clientId() << 64) | (reason << 56));
    }
}
