// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice All that taking a round and reading a feed need, in one slot. From the lowest bit:
///
///     price 52 | cumulative 84 | time 32 | stale 32 | round 24
///     heartbeat in minutes 11 | bound in 0.1% 11 | operator set 8 | pending 1 | halted 1
///
/// `cumulative` is the sum of price x fresh seconds up to `time`; price < 2^52 and time < 2^32 keep it below 2^84.
/// `stale` counts all seconds since 1970 that were not fresh, so fresh seconds = time - stale.
/// Heartbeat, bound and set never change; they are here because each other slot read costs 2,100 gas a feed.
/// Zero: no such feed.
type FeedState is uint256;

using FeedStateLib for FeedState global;

struct Pending {
    uint64 price;
    uint32 time;
    uint24 round;
}

struct Document {
    bytes32 symbol;
    bytes32 methodology;
}

/// @dev One slot. Stored means lastTime > 0, and final.
struct Checkpoint {
    uint88 priceSeconds;
    uint32 freshSeconds;
    uint64 lastPrice;
    uint32 lastTime;
}

struct Range {
    uint64 low;
    uint64 high;
}

library FeedStateLib {
    uint256 internal constant MAX_PRICE = (1 << 52) - 1;
    uint256 internal constant BOUND_STEP_BPS = 10;
    uint256 internal constant MAX_BOUND_BPS = 2047 * BOUND_STEP_BPS;

    uint256 private constant CUMULATIVE = 52;
    uint256 private constant TIME = 136;
    uint256 private constant STALE = 168;
    uint256 private constant ROUND = 200;
    uint256 private constant HEARTBEAT = 224;
    uint256 private constant BOUND = 235;
    uint256 private constant SET = 246;
    uint256 private constant PENDING = 1 << 254;
    uint256 private constant HALTED = 1 << 255;

    /// @param heartbeat_ seconds, a multiple of 60 below 2^11 minutes
    /// @param boundBps_ a multiple of 10 up to `MAX_BOUND_BPS`
    /// @param set below 2^8
    function create(uint256 heartbeat_, uint256 boundBps_, uint256 set) internal pure returns (FeedState) {
        uint256 bound = boundBps_ / BOUND_STEP_BPS;
        return FeedState.wrap((set << SET) | (bound << BOUND) | ((heartbeat_ / 60) << HEARTBEAT));
    }

    function price(FeedState self) internal pure returns (uint256) {
        return FeedState.unwrap(self) & MAX_PRICE;
    }

    function cumulative(FeedState self) internal pure returns (uint256) {
        return (FeedState.unwrap(self) >> CUMULATIVE) & ((1 << 84) - 1);
    }

    function time(FeedState self) internal pure returns (uint256) {
        return uint32(FeedState.unwrap(self) >> TIME);
    }

    function stale(FeedState self) internal pure returns (uint256) {
        return uint32(FeedState.unwrap(self) >> STALE);
    }

    function round(FeedState self) internal pure returns (uint24) {
        return uint24(FeedState.unwrap(self) >> ROUND);
    }

    /// @notice Seconds.
    function heartbeat(FeedState self) internal pure returns (uint256) {
        unchecked {
            return ((FeedState.unwrap(self) >> HEARTBEAT) & 2047) * 60;
        }
    }

    function operatorSet(FeedState self) internal pure returns (uint16) {
        return uint8(FeedState.unwrap(self) >> SET);
    }

    function boundBps(FeedState self) internal pure returns (uint256) {
        unchecked {
            return ((FeedState.unwrap(self) >> BOUND) & 2047) * BOUND_STEP_BPS;
        }
    }

    function exists(FeedState self) internal pure returns (bool) {
        return FeedState.unwrap(self) != 0;
    }

    function pending(FeedState self) internal pure returns (bool) {
        return FeedState.unwrap(self) & PENDING != 0;
    }

    function halted(FeedState self) internal pure returns (bool) {
        return FeedState.unwrap(self) & HALTED != 0;
    }

    /// @notice Pending or halted.
    function flagged(FeedState self) internal pure returns (bool) {
        return FeedState.unwrap(self) >= PENDING;
    }

    /// @notice In force and, with this second, not older than the heartbeat. Before the first report `time` is 0, which is
    /// older; it is never ahead.
    function isFresh(FeedState self) internal view returns (bool young) {
        uint256 limit = self.heartbeat();
        uint256 last = self.time();
        assembly ("memory-safe") {
            young := and(lt(self, PENDING), iszero(gt(sub(timestamp(), last), limit)))
        }
    }

    function withPending(FeedState self, bool on) internal pure returns (FeedState) {
        uint256 raw = FeedState.unwrap(self);
        return FeedState.wrap(on ? raw | PENDING : raw & ~PENDING);
    }

    function withHalted(FeedState self, bool on) internal pure returns (FeedState) {
        uint256 raw = FeedState.unwrap(self);
        return FeedState.wrap(on ? raw | HALTED : raw & ~HALTED);
    }

    /// @notice True when a round of `price_`, observed at `t`, by the operators of `set` needs nothing but
    /// `accept`: the feed is theirs, neither pending nor halted; the price is from 1 to `MAX_PRICE` and not beyond
    /// the bound; `t` is later than the last value, on the same UTC day. False for the first value, and where there
    /// is no such feed, as `set` is not 0.
    function isPlain(FeedState self, uint256 set, uint256 price_, uint256 t)
        internal
        pure
        returns (bool yes)
    {
        bool far = self.beyond(price_, self.price());
        uint256 last = self.time();
        // One jump for them all. The flags are above the set: one compare for the three. Zero wraps: one for both
        // ends.
        assembly ("memory-safe") {
            yes := and(eq(shr(SET, self), set), lt(sub(price_, 1), MAX_PRICE))
            yes := and(yes, gt(t, last))
            yes := and(yes, eq(div(t, 86400), div(last, 86400)))
            yes := gt(yes, far)
        }
    }

    /// @notice True when `value` is farther from `from` than the bound.
    function beyond(FeedState self, uint256 value, uint256 from) internal pure returns (bool) {
        // Both values are below 2^52. From -limit to limit becomes from 0 to twice of it, and all else is more:
        // what is below wraps.
        unchecked {
            uint256 limit = self.boundBps() * from;
            return (value - from) * 10_000 + limit > 2 * limit;
        }
    }

    /// @notice priceSeconds and freshSeconds at `t`, not before `time`, if nothing else is reported until then.
    function totalsAt(FeedState self, uint256 t) internal pure returns (uint256, uint256) {
        uint256 last = self.time();
        if (last == 0) return (0, 0);
        // t >= last >= stale, and the widths above hold every sum.
        unchecked {
            uint256 fresh = t - last;
            uint256 limit = self.heartbeat();
            if (fresh > limit) fresh = limit;
            return (self.cumulative() + self.price() * fresh, last - self.stale() + fresh);
        }
    }

    /// @notice The state before the first value, observed at `t`: all seconds until then are stale.
    function startingAt(FeedState self, uint256 t) internal pure returns (FeedState) {
        return FeedState.wrap(FeedState.unwrap(self) | (t << STALE) | (t << TIME));
    }

    /// @notice The state with `price_` in force from `t` on, `t` not before `time`, which is not 0. Round and flags
    /// stay.
    function accept(FeedState self, uint256 price_, uint256 t) internal pure returns (FeedState) {
        // What each field grows by, all in one sum: no field is taken out and put back. The new values fit their
        // widths, so that of the price, which may fall, borrows from nothing in the end.
        unchecked {
            uint256 elapsed = t - self.time();
            uint256 fresh = elapsed;
            uint256 limit = self.heartbeat();
            if (elapsed > limit) fresh = limit;
            uint256 old = self.price();
            return FeedState.wrap(
                FeedState.unwrap(self) + ((elapsed - fresh) << STALE) + (elapsed << TIME)
                    + ((old * fresh) << CUMULATIVE) + price_ - old
            );
        }
    }

    /// @notice One round more. `round` wraps after 2^24 - 1, 159 years at one every five minutes.
    function withNextRound(FeedState self) internal pure returns (FeedState) {
        uint256 raw = FeedState.unwrap(self);
        uint256 mask = uint256(type(uint24).max) << ROUND;
        unchecked {
            return FeedState.wrap((raw & ~mask) | ((raw + (1 << ROUND)) & mask));
        }
    }
}

/// @dev Without the compare that Solidity makes with the length of the array: `feed` is below 2^16, and so is that.
library FeedStates {
    function read(FeedState[1 << 16] storage self, uint256 feed) internal view returns (FeedState state) {
        assembly ("memory-safe") {
            state := sload(add(self.slot, feed))
        }
    }

    function put(FeedState[1 << 16] storage self, uint256 feed, FeedState state) internal {
        assembly ("memory-safe") {
            sstore(add(self.slot, feed), state)
        }
    }
}
