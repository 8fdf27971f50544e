// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";

/// @title Which ticks of one side hold orders
/// @notice Three heights of 256-bit words: a bit of height 0 is a tick, a bit of height h + 1 a word of height h that
/// is not empty. Height 2 is one word. Finding the next tick reads at most five words.
library TickBitmap {
    using TickBitmap for mapping(uint256 => uint256);

    /// @param side a number that is unique to a series and side
    function key(uint256 side, uint256 height, uint256 index) internal pure returns (uint256) {
        return (side << 24) | (height << 16) | index;
    }

    /// @notice Sets the bit of a tick that was clear.
    function set(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick) internal {
        unchecked {
            for (uint256 height; height < 3; ++height) {
                uint256 slot = key(side, height, tick >> 8);
                uint256 word = self[slot];
                self[slot] = word | (1 << (tick & 255));
                if (word != 0) return;
                tick >>= 8;
            }
        }
    }

    /// @notice Clears the bit of a tick that was set.
    function clear(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick) internal {
        unchecked {
            for (uint256 height; height < 3; ++height) {
                uint256 slot = key(side, height, tick >> 8);
                uint256 word = self[slot] & ~(1 << (tick & 255));
                self[slot] = word;
                if (word != 0) return;
                tick >>= 8;
            }
        }
    }

    /// @notice The nearest set tick at or below `tick`.
    function atOrBelow(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick)
        internal
        view
        returns (bool found, uint256 nearest)
    {
        unchecked {
            for (uint256 height; height < 3; ++height) {
                uint256 word =
                    self[key(side, height, tick >> 8)] & (type(uint256).max >> (255 - (tick & 255)));
                if (word != 0) {
                    nearest = (tick & ~uint256(255)) | LibBit.fls(word);
                    while (height != 0) {
                        --height;
                        nearest = (nearest << 8) | LibBit.fls(self[key(side, height, nearest)]);
                    }
                    return (true, nearest);
                }
                tick >>= 8;
                if (tick == 0) return (false, 0);
                --tick;
            }
        }
    }

    /// @notice The nearest set tick at or above `tick`.
    function atOrAbove(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick)
        internal
        view
        returns (bool found, uint256 nearest)
    {
        unchecked {
            for (uint256 height; height < 3; ++height) {
                uint256 word = self[key(side, height, tick >> 8)] & (type(uint256).max << (tick & 255));
                if (word != 0) {
                    nearest = (tick & ~uint256(255)) | LibBit.ffs(word);
                    while (height != 0) {
                        --height;
                        nearest = (nearest << 8) | LibBit.ffs(self[key(side, height, nearest)]);
                    }
                    return (true, nearest);
                }
                tick = (tick >> 8) + 1;
                if (tick >> (16 - 8 * height) != 0) return (false, 0);
            }
        }
    }
}
