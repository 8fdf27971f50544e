// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Context} from "./Context.sol";
import {HotWord, TermsWord, TradeWord} from "./Packed.sol";
import {DAY, HOT_SETTLED, HOT_STALE, State} from "./State.sol";

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
    function quote(State storage s, IIndexOracle oracle, uint256 series)
        internal
        view
        returns (Quote memory q)
    {
        TermsWord t = TermsWord.wrap(s.terms[series]);
        TradeWord x = TradeWord.wrap(s.tradeTerms[series]);
        (q.mark, q.deltaMark, q.stale, q.index) = _now(oracle, t, x, HotWord.wrap(s.hot[series]));
    }

    /// @dev The fields of a Quote.
    function _now(IIndexOracle oracle, TermsWord t, TradeWord x, HotWord h)
        private
        view
        returns (uint256 mark, uint256 deltaMark, bool stale, int256 index)
    {
        unchecked {
            uint256 price;
            (price, stale) = _latest(oracle, t.feed());
            uint256 tickSize = x.tickSize();
            index = int256(FixedPointMathLib.rawDiv((price << 8) + (tickSize >> 1), tickSize)); // never 0
            if (block.timestamp < t.windowStart() * DAY) {
                mark = deltaMark = _clamp(index + h.basis(), t.priceCap());
            } else {
                (mark, deltaMark) = _fixing(oracle, t, x, h, index);
            }
        }
    }

    /// @dev `oracle.latest(feed)` by hand: every trade makes this call.
    function _latest(IIndexOracle oracle, uint256 feed) private view returns (uint256 price, bool stale) {
        bytes4 selector = IIndexOracle.latest.selector;
        assembly ("memory-safe") {
            let answer := mload(0x40)
            mstore(0, selector)
            mstore(4, feed)
            if iszero(staticcall(gas(), oracle, 0, 36, answer, 96)) {
                returndatacopy(answer, 0, returndatasize())
                revert(answer, returndatasize())
            }
            if lt(returndatasize(), 96) { revert(0, 0) } // no oracle there
            price := mload(answer)
            stale := iszero(mload(add(answer, 64)))
        }
    }

    /// @dev Inside the window what is behind counts as it was, what is ahead at index plus a shrinking basis.
    function _fixing(IIndexOracle oracle, TermsWord t, TradeWord x, HotWord h, int256 index)
        private
        view
        returns (uint256 mark, uint256 deltaMark)
    {
        uint256 start = t.windowStart() * DAY;
        uint256 end = t.expiryDay() * DAY;
        uint256 sum;
        uint256 fresh;
        uint256 remaining;
        uint256 elapsed = end - start;
        if (block.timestamp < end) {
            remaining = end - block.timestamp;
            elapsed -= remaining;
            (sum, fresh) = oracle.accumulated(uint16(t.feed()), uint32(block.timestamp));
            (uint256 sumBefore, uint256 freshBefore,) =
                oracle.checkpoint(uint16(t.feed()), uint16(t.windowStart()));
            sum -= sumBefore;
            fresh -= freshBefore;
        } else {
            (sum, fresh,,) = oracle.window(uint16(t.feed()), uint16(t.windowStart()), uint16(t.expiryDay()));
        }
        int256 ahead = index + h.basis() * int256(remaining) / int256(end - start);
        // slither-disable-next-line incorrect-equality (division by it follows)
        if (fresh + remaining == 0) {
            mark = _clamp(index, t.priceCap());
            return (mark, mark);
        }
        int256 seconds_ = int256(fresh + remaining);
        ahead = ahead * int256(remaining);
        mark = _clamp((int256((sum << 8) / x.tickSize()) + ahead) / seconds_, t.priceCap());
        // A window that may end below the coverage minimum can be challenged: then all of the mark can still move.
        bool challengeable = (elapsed - fresh) * 50 > end - start;
        deltaMark = challengeable ? mark : _clamp(ahead / seconds_, t.priceCap());
        if (deltaMark > mark) deltaMark = mark;
    }

    /// @notice The hot word with mark and staleness of this second; its markTime stays.
    function renew(IIndexOracle oracle, TermsWord t, TradeWord x, HotWord h)
        internal
        view
        returns (HotWord, uint256 deltaMark)
    {
        uint256 mark;
        bool stale;
        (mark, deltaMark, stale,) = _now(oracle, t, x, h);
        return (h.withMark(mark, h.markTime()).withFlag(HOT_STALE, stale), deltaMark);
    }

    /// @notice Puts a fresh mark into the hot word.
    function refresh(IIndexOracle oracle, Context memory c) internal view {
        HotWord h = c.hot;
        (uint256 mark, uint256 deltaMark, bool stale, int256 index) = _now(oracle, c.terms, c.trade, h);
        c.hot = h.withMark(mark, block.timestamp).withFlag(HOT_STALE, stale);
        c.deltaMark = deltaMark;
        c.index = index;
    }

    /// @notice Lets the trades of this call pull the basis towards (average price - index).
    /// @dev Weighted by traded size against open interest and by time; at most half of (im - mm) an hour.
    function follow(Context memory c) internal view {
        unchecked {
            HotWord h = c.hot;
            uint256 elapsed = block.timestamp - h.basisTime();
            if (elapsed > BASIS_HORIZON) elapsed = BASIS_HORIZON;
            int256 basis = h.basis();
            uint256 lots = c.tradedLots;
            int256 step = FixedPointMathLib.rawSDiv(
                (_target(c, lots) - basis) * int256(lots * elapsed),
                int256((lots + h.openInterest()) * BASIS_HORIZON)
            );
            // 4/5, as up to BASIS_HORIZON from before the hour may count in it.
            int256 limit = int256(
                (h.mark() << 8) * (c.terms.imBps() - c.terms.mmBps()) * elapsed * 4
                    / (2 * 10_000 * 5 * uint256(1 hours))
            );
            step = FixedPointMathLib.clamp(step, -limit, limit);
            // slither-disable-next-line incorrect-equality (nothing but 0 leaves the basis where it is)
            if (step == 0) return; // time goes on counting, so that dust trades cannot freeze the basis
            c.hot = h.withBasis(basis + step, block.timestamp);
        }
    }

    /// @dev Average price of the trades less the index, within +-maxBasis.
    function _target(Context memory c, uint256 lots) private pure returns (int256 target) {
        unchecked {
            int256 bound = int256(c.trade.maxBasis() << 8);
            target = int256(FixedPointMathLib.rawDiv(c.tradedTicks << 8, lots)) - c.index;
            target = FixedPointMathLib.clamp(target, -bound, bound);
        }
    }

    /// @notice True when the cached mark may not be relied on for placing.
    function expired(TermsWord t, HotWord h) internal view returns (bool) {
        unchecked {
            if (h.has(HOT_SETTLED | HOT_STALE)) return !h.has(HOT_SETTLED); // a stale index may be fresh again
            return block.timestamp - h.markTime() > t.maxMarkAge() || block.timestamp >= t.windowStart() * DAY;
        }
    }

    /// @notice Index units to 1/256 tick to whole ticks: rounded half up, within [0, cap].
    function _clamp(int256 price, uint256 cap) private pure returns (uint256) {
        unchecked {
            if (price <= 0) return 0;
            uint256 ticks = (uint256(price) + 128) >> 8;
            return FixedPointMathLib.min(ticks, cap);
        }
    }
}
