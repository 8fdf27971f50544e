// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Hot, Position, Terms, TradeTerms} from "./State.sol";

/// @notice Everything that one call on one book reads once, changes in memory and stores at the end.
/// @dev `before` is the position word as it was, `hotWord` likewise, so that only what changed is written.
struct Context {
    uint256 account;
    uint256 accountWord;
    uint256 series;
    Terms terms;
    TradeTerms trade;
    Hot hot;
    Position position;
    uint256 beforeWord;
    uint256 hotWord;
    uint256 deltaMark;
    int256 index;
    bool refreshed;
    bool reduceOnly;
    bool margined; // the position or its orders grew: check margin before storing
    uint256 steps; // resting orders that may still be looked at
    uint256 tradedLots;
    uint256 tradedTicks; // sum of lots x tick
    bytes records;
    uint256 recordsEnd; // bytes of `records` in use
}

/// @title The packed records of the Book event; layouts in IExchangeEvents
library Records {
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

    /// @dev Room for two records at first, doubled when it runs out.
    function push(Context memory c, uint256 kind, uint256 fields) internal pure {
        bytes memory buffer = c.records;
        uint256 end = c.recordsEnd;
        if (end == buffer.length) buffer = c.records = _grow(buffer);
        unchecked {
            c.recordsEnd = end + 32;
        }
        assembly ("memory-safe") {
            mstore(add(add(buffer, 32), end), or(shl(248, kind), fields))
        }
    }

    function _grow(bytes memory buffer) private pure returns (bytes memory grown) {
        uint256 size = buffer.length;
        grown = new bytes(size == 0 ? 64 : 2 * size);
        assembly ("memory-safe") {
            mcopy(add(grown, 32), add(buffer, 32), size)
        }
    }

    /// @dev tick 24 | index 32 | generation 16 as one number, from high to low.
    function place(uint256 tick, uint256 index, uint256 generation) internal pure returns (uint256) {
        return (tick << 48) | (index << 16) | generation;
    }

    function placed(
        Context memory c,
        uint256 flags,
        uint256 where,
        uint256 lots,
        uint256 expiry,
        uint256 clientId
    ) internal pure {
        push(c, PLACED, (flags << 240) | (where << 168) | (lots << 136) | (expiry << 104) | (clientId << 40));
    }

    function cancelled(
        Context memory c,
        uint256 reason,
        uint256 side,
        uint256 where,
        uint256 lots,
        uint256 account,
        uint256 clientId
    ) internal pure {
        push(
            c,
            CANCELLED,
            (reason << 240) | (side << 232) | (where << 160) | (lots << 128) | (account << 96)
                | (clientId << 32)
        );
    }

    function filled(
        Context memory c,
        uint256 side,
        uint256 where,
        uint256 lots,
        uint256 maker,
        uint256 clientId,
        uint256 left
    ) internal pure {
        push(
            c,
            FILLED,
            (side << 240) | (where << 168) | (lots << 136) | (maker << 104) | (clientId << 40) | (left << 8)
        );
    }

    function taken(
        Context memory c,
        uint256 flags,
        uint256 limit,
        uint256 lots,
        uint256 unfilled,
        uint256 clientId,
        uint256 end
    ) internal pure {
        push(
            c,
            TAKEN,
            (flags << 240) | (limit << 216) | (lots << 184) | (unfilled << 152) | (c.hot.mark << 128)
                | (clientId << 64) | (end << 56)
        );
    }

    /// @notice The records as bytes, cut to what is used.
    function finish(Context memory c) internal pure returns (bytes memory buffer) {
        buffer = c.records;
        uint256 end = c.recordsEnd;
        assembly ("memory-safe") {
            mstore(buffer, end)
        }
    }
}
