// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Median
/// @notice Lower median of a few values.
library Median {
    /// @notice Sorts the `count` words from `start` on in place and returns the lower median. `count` is at least 1.
    /// @dev Insertion sort: at most 31 values, nearly sorted ones cost least.
    function sortAndPick(uint256 start, uint256 count) internal pure returns (uint256 median) {
        assembly ("memory-safe") {
            let end := add(start, shl(5, count))
            for { let i := add(start, 32) } lt(i, end) { i := add(i, 32) } {
                let value := mload(i)
                let j := i
                for {} gt(j, start) { j := sub(j, 32) } {
                    let before := mload(sub(j, 32))
                    if iszero(gt(before, value)) { break }
                    mstore(j, before)
                }
                mstore(j, value)
            }
            median := mload(add(start, shl(5, shr(1, sub(count, 1)))))
        }
    }
}
