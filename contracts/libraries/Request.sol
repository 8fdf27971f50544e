// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a caller asks of a book, as a batch carries it. From the low end: clientId 64 | expiry 32 | lots 32 |
/// tick 24 | flags 8
type Request is uint256;

using Requests for Request global;

/// @title Flags: ITrading.place
library Requests {
    uint256 internal constant IMMEDIATE = 1;
    uint256 internal constant FILL_OR_KILL = 2;
    uint256 internal constant POST_ONLY = 4;
    uint256 internal constant REDUCE_ONLY = 8;
    uint256 internal constant STP_TAKING = 16;
    uint256 internal constant SELL = 128;
    /// @dev Time in force and post-only, and the bits 32 and 64 that mean nothing yet.
    uint256 private constant RESTRICTED = 103;
    /// @dev Which values of these bits are allowed, as bits: none of them, or one of the three.
    uint256 private constant ALLOWED = (1 << 0) | (1 << IMMEDIATE) | (1 << FILL_OR_KILL) | (1 << POST_ONLY);

    uint256 private constant LOTS = uint256(type(uint32).max) << 96;

    function pack(uint256 flags_, uint256 tick_, uint256 lots_, uint256 expiry_, uint256 clientId_)
        internal
        pure
        returns (Request)
    {
        return Request.wrap((flags_ << 152) | (tick_ << 128) | (lots_ << 96) | (expiry_ << 64) | clientId_);
    }

    function flags(Request r) internal pure returns (uint256) {
        return Request.unwrap(r) >> 152;
    }

    /// @notice 0 buys, 1 sells.
    function side(Request r) internal pure returns (uint256) {
        return Request.unwrap(r) >> 159;
    }

    function tick(Request r) internal pure returns (uint256) {
        return uint24(Request.unwrap(r) >> 128);
    }

    function lots(Request r) internal pure returns (uint256) {
        return uint32(Request.unwrap(r) >> 96);
    }

    function expiry(Request r) internal pure returns (uint256) {
        return uint32(Request.unwrap(r) >> 64);
    }

    function clientId(Request r) internal pure returns (uint256) {
        return uint64(Request.unwrap(r));
    }

    /// @notice True when any of these flags is set.
    function has(Request r, uint256 any) internal pure returns (bool) {
        return Request.unwrap(r) & (any << 152) != 0;
    }

    /// @notice True when the flags go together.
    function valid(Request r) internal pure returns (bool) {
        return (ALLOWED >> (r.flags() & RESTRICTED)) & 1 != 0;
    }

    function withFlag(Request r, uint256 flag) internal pure returns (Request) {
        return Request.wrap(Request.unwrap(r) | (flag << 152));
    }

    function withLots(Request r, uint256 lots_) internal pure returns (Request) {
        return Request.wrap((Request.unwrap(r) & ~LOTS) | (lots_ << 96));
    }
}
