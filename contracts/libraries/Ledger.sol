// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {SeriesMoney} from "../interfaces/Types.sol";
import {HOT_SETTLED, MAX_SERIES, Position, State, Words} from "./State.sol";

/// @title Cash of accounts and the series they list
/// @dev Account word, from the low end: cash 88 | flags 8 | ten series ids of 16, 0 for a free place.
library Ledger {
    uint256 private constant LIST = 96;

    function cash(uint256 word) internal pure returns (uint256) {
        return uint88(word);
    }

    function withCash(uint256 word, uint256 amount) internal pure returns (uint256) {
        if (amount > type(uint88).max) revert IExchangeErrors.Overflow(88, int256(amount));
        return (word & ~uint256(type(uint88).max)) | amount;
    }

    function lists(uint256 word, uint256 series) internal pure returns (bool) {
        unchecked {
            for (uint256 list = word >> LIST; list != 0; list >>= 16) {
                if (uint16(list) == series) return true;
            }
            return false;
        }
    }

    /// @notice True when the account lists this series, in the first place, and no other: most accounts, at no cost.
    function alone(uint256 word, uint256 series) internal pure returns (bool) {
        return word >> LIST == series;
    }

    /// @notice How many series an account lists.
    function count(uint256 word) internal pure returns (uint256 n) {
        unchecked {
            for (uint256 list = word >> LIST; list != 0; list >>= 16) {
                if (uint16(list) != 0) ++n;
            }
        }
    }

    /// @notice Adds a series to an account's list; makes room by dropping series in which nothing is left.
    function join(State storage s, uint256 account, uint256 word, uint256 series) internal returns (uint256) {
        uint256 shift = _free(word);
        if (shift == 256) {
            word = tidy(s, account, word);
            shift = _free(word);
            if (shift == 256) revert IExchangeErrors.TooManySeries(uint32(account), MAX_SERIES);
        }
        ++s.money[series].members;
        return word | (series << shift);
    }

    function _free(uint256 word) private pure returns (uint256 shift) {
        unchecked {
            for (shift = LIST; shift < 256; shift += 16) {
                if (uint16(word >> shift) == 0) return shift;
            }
        }
    }

    /// @notice Drops every series in which the account has neither position, quote nor open order.
    function tidy(State storage s, uint256 account, uint256 word) internal returns (uint256) {
        unchecked {
            for (uint256 shift = LIST; shift < 256; shift += 16) {
                uint256 series = uint16(word >> shift);
                if (series == 0 || (s.hot[series] >> 248) & HOT_SETTLED != 0) continue;
                Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
                if (p.lots == 0 && p.quote == 0 && p.openCount == 0) {
                    word &= ~(uint256(type(uint16).max) << shift);
                    --s.money[series].members;
                }
            }
            return word;
        }
    }

    /// @notice Takes a series off the list without touching the member count.
    function strike(uint256 word, uint256 series) internal pure returns (uint256) {
        unchecked {
            for (uint256 shift = LIST; shift < 256; shift += 16) {
                if (uint16(word >> shift) == series) return word & ~(uint256(type(uint16).max) << shift);
            }
            return word;
        }
    }
}
