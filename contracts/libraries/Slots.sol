// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where one entry of a mapping is stored: hashed for once, then read and written.
type Slot is bytes32;

using Slots for Slot global;

library Slots {
    function slotOf(mapping(uint256 => uint256) storage map, uint256 key) internal pure returns (Slot slot) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, map.slot)
            slot := keccak256(0, 64)
        }
    }

    function read(Slot slot) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function write(Slot slot, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }
}
