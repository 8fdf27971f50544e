// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {HOT_DEFICIT, State} from "./State.sol";

/// @title Insurance of a feed, the deficits declared against it, and the brake on its series
/// @notice docs/spec/liquidation.md. While the declared deficits of a feed exceed its insurance, its series are
/// reduce-only and nothing is drawn from them: no winner runs while a loss is unassigned.
library Insurance {
    function add(State storage s, uint256 feed, uint256 amount) internal {
        s.insurance[feed] += amount;
        brake(s, feed);
    }

    function take(State storage s, uint256 feed, uint256 amount) internal {
        s.insurance[feed] -= amount;
        brake(s, feed);
    }

    /// @notice Sets what an account is declared to be short of in a feed; 0 clears it.
    function declare(State storage s, uint256 account, uint256 feed, uint256 amount) internal {
        uint256 key = (account << 16) | feed;
        s.deficits[feed] = s.deficits[feed] + amount - s.declared[key];
        s.declared[key] = amount;
        brake(s, feed);
    }

    /// @notice Puts the brake of a feed into the hot words of its live series, or takes it out.
    function brake(State storage s, uint256 feed) internal {
        bool on = s.deficits[feed] > s.insurance[feed];
        uint256 flag = HOT_DEFICIT << 248;
        for (uint256 list = s.feedSeries[feed]; list != 0; list >>= 16) {
            uint256 series = uint16(list);
            if (series == 0) continue;
            uint256 word = s.hot[series];
            uint256 next = on ? word | flag : word & ~flag;
            if (next != word) s.hot[series] = next;
        }
    }

    /// @notice A settled series leaves its feed's list.
    function delist(State storage s, uint256 feed, uint256 series) internal {
        uint256 word = s.feedSeries[feed];
        for (uint256 shift; shift < 256; shift += 16) {
            if (uint16(word >> shift) == series) {
                s.feedSeries[feed] = word & ~(uint256(type(uint16).max) << shift);
                return;
            }
        }
    }
}
