// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Insurance} from "./Insurance.sol";
import {Challenge, DAY, HOT_SETTLED, State, Terms, Words} from "./State.sol";

/// @title Bonded challenges of a settlement whose window is thinly covered
/// @notice docs/spec/settlement.md. Unchallenged, or after the arbiter's silence, the average stands.
library Challenges {
    /// @notice Time after expiry in which a challenge can be posted.
    uint256 internal constant WINDOW = 2 days;
    /// @notice Time after a challenge in which the arbiter can rule.
    uint256 internal constant SILENCE = 5 days;
    /// @notice Coverage, in hundredths of the window, below which a settlement can be challenged.
    uint256 internal constant MIN_COVERAGE = 98;

    /// @param bond what the caller has already paid in
    function post(State storage s, IIndexOracle oracle, uint16 series, uint32 account, uint128 bond)
        internal
    {
        Terms memory t = Words.toTerms(s.terms[series]);
        uint256 end = t.expiryDay * DAY;
        if (s.terms[series] == 0) revert IExchangeErrors.UnknownSeries(series);
        if (block.timestamp < end) revert IExchangeErrors.NotExpired(series, end);
        if ((s.hot[series] >> 248) & HOT_SETTLED != 0) revert IExchangeErrors.AlreadySettled(series);
        (, uint256 fresh, uint256 elapsed, bool fixed_) =
            oracle.window(uint16(t.feed), uint16(t.windowStart), uint16(t.expiryDay));
        if (!fixed_) revert IExchangeErrors.WindowNotFixed(series);
        if (fresh * 100 >= elapsed * MIN_COVERAGE || block.timestamp >= end + WINDOW) {
            revert IExchangeErrors.NotChallengeable(series);
        }
        Challenge storage c = s.challenges[series];
        if (c.challenger != 0) revert IExchangeErrors.AlreadyChallenged(series, c.challenger);
        (c.challenger, c.since, c.bond) = (account, uint40(block.timestamp), bond);
        s.bonds += bond;
        emit IExchangeEvents.Challenged(series, account, bond);
    }

    /// @dev Upheld when the ruling differs from the average; the bond of a challenge that is not goes to insurance.
    /// @return refund what the caller must pay to the challenger
    function rule(State storage s, IIndexOracle oracle, uint16 series, uint24 tick, bytes32 evidence)
        internal
        returns (uint256 refund, uint256 challenger)
    {
        Challenge storage c = s.challenges[series];
        challenger = c.challenger;
        if (challenger == 0 || c.ruled) revert IExchangeErrors.NotChallenged(series);
        if (block.timestamp >= c.since + SILENCE) revert IExchangeErrors.NotChallenged(series);
        Terms memory t = Words.toTerms(s.terms[series]);
        uint256 tickSize = uint64(s.tradeTerms[series]);
        (uint256 low, uint256 high) =
            oracle.windowRange(uint16(t.feed), uint16(t.windowStart), uint16(t.expiryDay));
        if (high == 0) {
            (uint64 last,) = oracle.lastBefore(uint16(t.feed), uint16(t.windowStart));
            low = high = last;
        }
        uint256 mean = average(oracle, t, tickSize).tick;
        // The value that was in force when the window began counts in the average, published in it or not.
        low = _min(_ticks(low, tickSize, t.priceCap), mean);
        high = _max(_ticks(high, tickSize, t.priceCap), mean);
        if (tick < low || tick > high) revert IExchangeErrors.RulingOutOfRange(tick, low, high);
        bool upheld = tick != mean;
        (c.ruled, c.ruling) = (true, tick);
        uint128 bond = c.bond;
        s.bonds -= bond;
        c.bond = 0;
        if (upheld) refund = bond;
        else Insurance.add(s, t.feed, bond);
        emit IExchangeEvents.Ruled(series, tick, evidence, upheld);
    }

    struct Average {
        uint256 tick;
        uint256 fresh;
        uint256 elapsed;
        bool fixed_;
    }

    /// @notice The window's average over its fresh seconds; without one, the last value before the window.
    function average(IIndexOracle oracle, Terms memory t, uint256 tickSize)
        internal
        view
        returns (Average memory a)
    {
        uint256 sum;
        (sum, a.fresh, a.elapsed, a.fixed_) =
            oracle.window(uint16(t.feed), uint16(t.windowStart), uint16(t.expiryDay));
        if (a.fresh == 0) (sum,) = oracle.lastBefore(uint16(t.feed), uint16(t.windowStart));
        a.tick = _ticks(sum, (a.fresh == 0 ? 1 : a.fresh) * tickSize, t.priceCap);
    }

    /// @notice The settlement tick of a thinly covered window, or a revert that says from when on there is one.
    function decide(State storage s, uint16 series, Average memory a, uint256 end)
        internal
        view
        returns (uint256)
    {
        Challenge storage c = s.challenges[series];
        if (c.ruled) return c.ruling;
        uint256 stands = c.challenger == 0 ? end + WINDOW : c.since + SILENCE;
        if (block.timestamp < stands) revert IExchangeErrors.CoverageTooLow(a.fresh, a.elapsed, stands);
        return a.tick;
    }

    /// @notice After the arbiter's silence the bond goes back.
    function release(State storage s, uint16 series) internal returns (uint256 refund, uint256 challenger) {
        Challenge storage c = s.challenges[series];
        (refund, challenger) = (c.bond, c.challenger);
        if (refund == 0) return (0, challenger);
        c.bond = 0;
        s.bonds -= uint128(refund);
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }

    function _ticks(uint256 sum, uint256 unit, uint256 cap) private pure returns (uint256 tick) {
        tick = (sum + (unit >> 1)) / unit;
        if (tick > cap) tick = cap;
    }
}
