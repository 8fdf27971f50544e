// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";

import {Slot, Slots} from "./Slots.sol";

/// @title Which ticks of one side hold orders
/// @notice Three heights of 256-bit words: a bit of height 0 is a tick, a bit of height h + 1 a word of height h that
/// is not empty. Height 2 is one word. Finding the next tick reads at most five words.
library TickBitmap {
    using Slots for mapping(uint256 => uint256);

    /// @param side a number that is unique to a series and side
    function key(uint256 side, uint256 height, uint256 index) internal pure returns (uint256) {
        return (side << 24) | (height << 16) | index;
    }

    /// @notice Sets the bit of a tick that was clear.
    function set(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick) internal {
        unchecked {
            for (uint256 height; height < 3; ++height) {
                Slot slot = self.slotOf(key(side, height, tick >> 8));
                uint256 word = slot.read();
                slot.write(word | (1 << (tick & 255)));
                if (word != 0) return;
                tick >>= 8;
            }
        }
    }

    /// @notice Clears the bit of a tick that was set.
    /// @return rest what is left of the word that held it
    function clear(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick)
        internal
        returns (uint256 rest)
    {
        unchecked {
            Slot slot = self.slotOf(key(side, 0, tick >> 8));
            rest = slot.read() & ~(1 << (tick & 255));
            slot.write(rest);
            if (rest == 0) _clearAbove(self, side, tick >> 8);
        }
    }

    /// @dev The words of greater height over a word that became empty.
    function _clearAbove(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick) private {
        unchecked {
            for (uint256 height = 1; height < 3; ++height) {
                Slot slot = self.slotOf(key(side, height, tick >> 8));
                uint256 word = slot.read() & ~(1 << (tick & 255));
                slot.write(word);
                if (word != 0) return;
                tick >>= 8;
            }
        }
    }

    /// @notice The nearest set tick below `tick`, 0 for none; `word` holds the neighbours of `tick`, whose own bit is clear.
    function below(mapping(uint256 => uint256) storage self, uint256 side, uint256 tick, uint256 word)
        internal
        view
        returns (uint256 nearest)
    {
        unchecked {
            word &= type(uint256).max >> (255 - (tick & 255));
            if (word != 0) return (tick & ~uint256(255)) | LibBit.fls(word);
            (, nearest) = atOrBelow(self, side, tick);
        }
    }

    /// @notice The nearest set tick above `tick`, `none` for none; `word` as for `below`.
    function above(
        mapping(uint256 => uint256) storage self,
        uint256 side,
        uint256 tick,
        uint256 word,
        uint256 none
    ) internal view returns (uint256) {
        unchecked {
            word &= type(uint256).max << (tick & 255);
            if (word != 0) return (tick & ~uint256(255)) | LibBit.ffs(word);
            (bool found, uint256 nearest) = atOrAbove(self, side, tick);
            return found ? nearest : none;
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
