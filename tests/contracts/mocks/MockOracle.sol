// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @dev The reads of IIndexOracle that the exchange makes, over values that a test sets. A value is in force, and fresh
/// or not, from the second it is set until the next; averages are summed from that history, without any cache.
contract MockOracle {
    struct Change {
        uint64 price;
        uint32 time;
        bool fresh;
    }

    uint256 public constant maxLag = 1 hours;

    mapping(uint16 feed => Change[]) private _history;

    /// @param price USD x 1e8, in force from now on
    function set(uint16 feed, uint64 price, bool fresh) external {
        _history[feed].push(Change(price, uint32(block.timestamp), fresh));
    }

    function latest(uint16 feed) external view returns (uint64, uint32, bool) {
        Change[] storage history = _history[feed];
        if (history.length == 0) return (0, 0, false);
        Change memory last = history[history.length - 1];
        return (last.price, last.time, last.fresh);
    }

    function accumulated(uint16 feed, uint32 atTime) public view returns (uint256 sum, uint256 fresh) {
        Change[] storage history = _history[feed];
        for (uint256 i; i < history.length; ++i) {
            uint256 end = i + 1 < history.length ? history[i + 1].time : atTime;
            if (end > atTime) end = atTime;
            if (!history[i].fresh || end <= history[i].time) continue;
            sum += (end - history[i].time) * history[i].price;
            fresh += end - history[i].time;
        }
    }

    function checkpoint(uint16 feed, uint16 day) public view returns (uint256 sum, uint256 fresh, bool) {
        uint32 midnight = uint32(day) * 1 days;
        require(block.timestamp >= midnight, "day not reached");
        (sum, fresh) = accumulated(feed, midnight);
        return (sum, fresh, block.timestamp >= midnight + maxLag);
    }

    function window(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint256 sum, uint256 fresh, uint256 elapsed, bool fixed_)
    {
        (uint256 sumBefore, uint256 freshBefore,) = checkpoint(feed, fromDay);
        (sum, fresh, fixed_) = checkpoint(feed, toDay);
        return (sum - sumBefore, fresh - freshBefore, uint256(toDay - fromDay) * 1 days, fixed_);
    }

    /// @dev Lowest and highest value set inside the window.
    function windowRange(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint64 low, uint64 high)
    {
        Change[] storage history = _history[feed];
        for (uint256 i; i < history.length; ++i) {
            (uint256 day, uint64 price) = (history[i].time / 1 days, history[i].price);
            if (day < fromDay || day >= toDay) continue;
            if (price > high) high = price;
            if (price < low || low == 0) low = price;
        }
    }

    function lastBefore(uint16 feed, uint16 day) external view returns (uint64 price, uint32 time) {
        Change[] storage history = _history[feed];
        for (uint256 i; i < history.length && history[i].time < uint256(day) * 1 days; ++i) {
            (price, time) = (history[i].price, history[i].time);
        }
    }
}
