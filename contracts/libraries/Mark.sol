// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Context} from "./Context.sol";
import {DAY, HOT_SETTLED, HOT_STALE, Hot, Terms, TradeTerms} from "./State.sol";

/// @title Mark price: index plus a basis that follows trades
/// @notice docs/spec/margin.md. The index and the basis are held in 1/256 tick.
library Mark {
    /// @notice A trade moves the basis as if at most this much time had passed since the last one.
    uint256 internal constant BASIS_HORIZON = 15 minutes;

    struct Quote {
        uint256 mark; // ticks
        uint256 deltaMark; // the part that can still move, ticks
        bool stale;
        int256 index; // 1/256 tick
    }

    /// @notice The mark of an unsettled series at this second.
    function quote(IIndexOracle oracle, Terms memory t, TradeTerms memory x, Hot memory h)
        internal
        view
        returns (Quote memory q)
    {
        unchecked {
            (uint64 price,, bool fresh) = oracle.latest(uint16(t.feed));
            q.stale = !fresh;
            q.index = int256(((uint256(price) << 8) + (x.tickSize >> 1)) / x.tickSize);
            if (block.timestamp < t.windowStart * DAY) {
                q.mark = _clamp(q.index + h.basis, t.priceCap);
                q.deltaMark = q.mark;
            } else {
                _fixing(oracle, t, x, h, q);
            }
        }
    }

    /// @dev Inside the window what is behind counts as it was, what is ahead at index plus a shrinking basis.
    function _fixing(IIndexOracle oracle, Terms memory t, TradeTerms memory x, Hot memory h, Quote memory q)
        private
        view
    {
        uint256 start = t.windowStart * DAY;
        uint256 end = t.expiryDay * DAY;
        uint256 sum;
        uint256 fresh;
        uint256 remaining;
        uint256 elapsed = end - start;
        if (block.timestamp < end) {
            remaining = end - block.timestamp;
            elapsed -= remaining;
            (sum, fresh) = oracle.accumulated(uint16(t.feed), uint32(block.timestamp));
            (uint256 sumBefore, uint256 freshBefore,) =
                oracle.checkpoint(uint16(t.feed), uint16(t.windowStart));
            sum -= sumBefore;
            fresh -= freshBefore;
        } else {
            (sum, fresh,,) = oracle.window(uint16(t.feed), uint16(t.windowStart), uint16(t.expiryDay));
        }
        int256 ahead = q.index + h.basis * int256(remaining) / int256(end - start);
        // slither-disable-next-line incorrect-equality (division by it follows)
        if (fresh + remaining == 0) {
            q.mark = q.deltaMark = _clamp(q.index, t.priceCap);
            return;
        }
        int256 seconds_ = int256(fresh + remaining);
        ahead = ahead * int256(remaining);
        q.mark = _clamp((int256((sum << 8) / x.tickSize) + ahead) / seconds_, t.priceCap);
        // A window that may end below the coverage minimum can be challenged: then all of the mark can still move.
        bool challengeable = (elapsed - fresh) * 50 > end - start;
        q.deltaMark = challengeable ? q.mark : _clamp(ahead / seconds_, t.priceCap);
        if (q.deltaMark > q.mark) q.deltaMark = q.mark;
    }

    /// @notice Puts mark and staleness of this second into `h`; its markTime stays.
    function renew(IIndexOracle oracle, Terms memory t, TradeTerms memory x, Hot memory h)
        internal
        view
        returns (Quote memory q)
    {
        q = quote(oracle, t, x, h);
        h.mark = q.mark;
        h.flags = q.stale ? h.flags | HOT_STALE : h.flags & ~HOT_STALE;
    }

    /// @notice Puts a fresh mark into the hot word.
    function refresh(IIndexOracle oracle, Context memory c) internal view {
        Quote memory q = renew(oracle, c.terms, c.trade, c.hot);
        c.hot.markTime = block.timestamp;
        c.deltaMark = q.deltaMark;
        c.index = q.index;
        c.refreshed = true;
    }

    /// @notice Lets the trades of this call pull the basis towards (average price - index).
    /// @dev Weighted by traded size against open interest and by time; at most half of (im - mm) an hour.
    function follow(Context memory c) internal view {
        unchecked {
            Hot memory h = c.hot;
            uint256 elapsed = block.timestamp - h.basisTime;
            if (elapsed > BASIS_HORIZON) elapsed = BASIS_HORIZON;
            int256 bound = int256(c.trade.maxBasis << 8);
            int256 target = int256((c.tradedTicks << 8) / c.tradedLots) - c.index;
            if (target > bound) target = bound;
            if (target < -bound) target = -bound;
            int256 step = (target - h.basis) * int256(c.tradedLots * elapsed)
                / int256((c.tradedLots + h.openInterest) * BASIS_HORIZON);
            // 4/5, as up to BASIS_HORIZON from before the hour may count in it.
            int256 limit = int256(
                (h.mark << 8) * (c.terms.imBps - c.terms.mmBps) * elapsed * 4
                    / (2 * 10_000 * 5 * uint256(1 hours))
            );
            if (step > limit) step = limit;
            if (step < -limit) step = -limit;
            // slither-disable-next-line incorrect-equality (nothing but 0 leaves the basis where it is)
            if (step == 0) return; // time goes on counting, so that dust trades cannot freeze the basis
            h.basis += step;
            h.basisTime = block.timestamp;
        }
    }

    /// @notice True when the cached mark may not be relied on for placing.
    function expired(Terms memory t, Hot memory h) internal view returns (bool) {
        unchecked {
            if (h.flags & HOT_SETTLED != 0) return false;
            if (h.flags & HOT_STALE != 0) return true; // the index may be fresh again
            return block.timestamp - h.markTime > t.maxMarkAge || block.timestamp >= t.windowStart * DAY;
        }
    }

    /// @notice Index units to 1/256 tick to whole ticks: rounded half up, within [0, cap].
    function _clamp(int256 price, uint256 cap) private pure returns (uint256) {
        unchecked {
            if (price <= 0) return 0;
            uint256 ticks = (uint256(price) + 128) >> 8;
            return ticks > cap ? cap : ticks;
        }
    }
}
