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
    Slot hotSlot;
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

uint256 constant CONTEXT_BYTES = 19 * 32;

/// @title Memory for a struct, cleared with one copy: the compiler would store a zero into each field
library Blank {
    /// @dev The compiler casts no pointer to a struct. So this is a function that returns one.
    function context() internal pure returns (function(uint256) internal pure returns (Context memory) make) {
        function(uint256) internal pure returns (uint256) zeros = cleared;
        assembly ("memory-safe") {
            make := zeros
        }
    }

    function cleared(uint256 size) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
            calldatacopy(pointer, calldatasize(), size) // behind calldata are zeros
            mstore(0x40, add(pointer, size))
        }
    }
}

/// @title The packed records of the Book event; layouts in IExchangeEvents
library Records {
    /// @dev Bytes of an event's data before its records: their offset and their length.
    uint256 private constant HEAD = 64;
    /// @dev Fields of a FILLED record.
    uint256 private constant GENERATION = uint256(type(uint16).max) << 168;
    uint256 private constant CLIENT_ID = uint256(type(uint64).max) << 40;

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
            uint256 size = HEAD;
            if (from != 0) {
                size = c.recordsEnd - from;
                assembly ("memory-safe") {
                    mcopy(free, from, size)
                }
            }
            c.records = free;
            assembly ("memory-safe") {
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
            // In scratch space and the pointer to free memory behind it, which is put back.
            let free := mload(0x40)
            mstore(0, 32)
            mstore(32, 32)
            mstore(64, record)
            log3(0, 96, topic, series, account)
            mstore(0x40, free)
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
    /// @param key of the order: its side, tick and index follow each other as in the record
    /// @param o before the fill
    function filled(uint256 key, OrderWord o, uint256 lots) internal pure returns (uint256) {
        unchecked {
            uint256 raw = OrderWord.unwrap(o);
            uint256 head = (FILLED << 248) | ((key << 184) & (type(uint256).max >> 8)) | (lots << 136);
            return head | ((raw << 32) & GENERATION) | (o.account() << 104) | ((raw >> 112) & CLIENT_ID)
                | ((o.lots() - lots) << 8);
        }
    }

    /// @notice The word of a TAKEN record.
    function taken(HotWord h, Request r, uint256 lots, uint256 unfilled, uint256 reason)
        internal
        pure
        returns (uint256)
    {
        uint256 raw = Request.unwrap(r);
        uint256 head = (TAKEN << 248) | ((raw >> 128) << 216) | (lots << 184) | (unfilled << 152);
        return head | (h.mark() << 128) | (r.clientId() << 64) | (reason << 56);
    }
}
