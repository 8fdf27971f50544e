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

    function withPending(FeedState self, bool on) internal pure returns (FeedState) {
        uint256 raw = FeedState.unwrap(self);
        return FeedState.wrap(on ? raw | PENDING : raw & ~PENDING);
    }

    function withHalted(FeedState self, bool on) internal pure returns (FeedState) {
        uint256 raw = FeedState.unwrap(self);
        return FeedState.wrap(on ? raw | HALTED : raw & ~HALTED);
    }

    /// @notice True when `value` is farther from `from` than the bound.
    function beyond(FeedState self, uint256 value, uint256 from) internal pure returns (bool) {
        // Both values are below 2^52.
        unchecked {
            uint256 move = value > from ? value - from : from - value;
            return move * 10_000 > self.boundBps() * from;
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

    /// @notice The state with `price_` in force from `t` on, `t` later than `time`. Round and flags stay.
    function accept(FeedState self, uint256 price_, uint256 t) internal pure returns (FeedState) {
        (uint256 priceSeconds, uint256 freshSeconds) = self.totalsAt(t);
        unchecked {
            uint256 kept = FeedState.unwrap(self) >> ROUND << ROUND;
            return FeedState.wrap(
                kept | ((t - freshSeconds) << STALE) | (t << TIME) | (priceSeconds << CUMULATIVE) | price_
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
