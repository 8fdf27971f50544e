// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Median
/// @notice Checks a claimed lower median, which costs a third of finding it.
library Median {
    /// @notice How many of `count` words in calldata are below `word`, the first at `start`, the others `stride`
    /// bytes apart.
    /// @dev Where the words begin with the values, they have an order of the values: the word that as many are
    /// below as come before the median begins with it.
    function wordsBelow(uint256 word, uint256 start, uint256 stride, uint256 count)
        internal
        pure
        returns (uint256 less)
    {
        assembly ("memory-safe") {
            let pos := start
            // Those that are over four, then four by four.
            for { let rest := add(start, mul(stride, and(count, 3))) } lt(pos, rest) {
                pos := add(pos, stride)
            } {
                less := add(less, lt(calldataload(pos), word))
            }
            for { let end := add(start, mul(stride, count)) } lt(pos, end) { pos := add(pos, stride) } {
                less := add(less, lt(calldataload(pos), word))
                pos := add(pos, stride)
                less := add(less, lt(calldataload(pos), word))
                pos := add(pos, stride)
                less := add(less, lt(calldataload(pos), word))
                pos := add(pos, stride)
                less := add(less, lt(calldataload(pos), word))
            }
        }
    }

    /// @notice True when `claim` is the lower median of `count` big-endian uint64 in calldata, the first at `start`,
    /// the others `stride` bytes apart. `count` is at least 1.
    function isLower(uint256 claim, uint256 start, uint256 stride, uint256 count)
        internal
        pure
        returns (bool ok)
    {
        assembly ("memory-safe") {
            let less := 0
            let more := 0
            let end := add(start, mul(stride, count))
            for { let pos := start } lt(pos, end) { pos := add(pos, stride) } {
                let value := shr(192, calldataload(pos))
                less := add(less, lt(value, claim))
                more := add(more, gt(value, claim))
            }
            // In order, the claim takes the places from `less` to count - 1 - more; the median's is (count - 1) / 2.
            let place := shr(1, sub(count, 1))
            ok := and(iszero(gt(less, place)), lt(add(place, more), count))
        }
    }
}
