// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {SeriesSpec} from "../interfaces/Types.sol";
import {Insurance} from "./Insurance.sol";
import {DAY, HOT_GUARDED, Hot, NO_ASK, State, Terms, TradeTerms, Words} from "./State.sol";

/// @title Listing a series: its terms are checked once and frozen
/// @notice Bounds in docs/spec/settlement.md and docs/spec/margin.md.
library Listing {
    using Words for Terms;

    uint256 private constant BRAKE = 7 days;

    function list(State storage s, IIndexOracle oracle, SeriesSpec calldata spec)
        internal
        returns (uint16 series)
    {
        _checkPrices(spec);
        _checkRates(spec);
        _checkWindow(spec);
        uint256 tickSize = s.feedTickSize[spec.feed];
        if (tickSize == 0) s.feedTickSize[spec.feed] = spec.tickSize;
        else _in("tickSize", spec.tickSize, tickSize, tickSize);
        (uint64 price,,) = oracle.latest(spec.feed);
        int256 index = int256(((uint256(price) << 8) + (spec.tickSize >> 1)) / spec.tickSize);
        int256 basis = (int256(uint256(spec.initialMark)) << 8) - index;
        _in("initialMark: |basis|", uint256(basis < 0 ? -basis : basis) >> 8, 0, spec.maxBasis);

        series = ++s.seriesCount;
        s.feedSeries[spec.feed] = _enlist(s.feedSeries[spec.feed], series);
        s.terms[series] = _terms(spec);
        s.tradeTerms[series] = Words.pack(
            TradeTerms({
                tickSize: spec.tickSize,
                maxBasis: spec.maxBasis,
                openInterestCap: spec.openInterestCap,
                takerFee: spec.takerFee,
                makerRebate: spec.makerRebate
            })
        );
        Hot memory h;
        h.ask = NO_ASK;
        h.mark = spec.initialMark;
        h.markTime = block.timestamp;
        h.basis = basis;
        h.basisTime = block.timestamp;
        s.hot[series] = Words.pack(h);
        Insurance.brake(s, spec.feed);
        s.symbols[series] = spec.symbol;
        s.initialMarks[series] = spec.initialMark;
        emit IExchangeEvents.SeriesListed(series, spec.feed, spec);
    }

    /// @notice The guardian's brake: lapses by itself, so it cannot hold a series for ever.
    function setReduceOnly(State storage s, uint16 series, bool on) internal {
        if (s.terms[series] == 0) revert IExchangeErrors.UnknownSeries(series);
        uint40 until = on ? uint40(block.timestamp + BRAKE) : 0;
        s.money[series].reduceOnlyUntil = until;
        uint256 flag = HOT_GUARDED << 248;
        s.hot[series] = on ? s.hot[series] | flag : s.hot[series] & ~flag;
        emit IExchangeEvents.GuardianReduceOnly(series, until);
    }

    /// @dev The brake of a feed reaches all its live series in one go, so there are at most sixteen.
    function _enlist(uint256 word, uint256 series) private pure returns (uint256) {
        for (uint256 shift; shift < 256; shift += 16) {
            if (uint16(word >> shift) == 0) return word | (series << shift);
        }
        revert IExchangeErrors.InvalidSpec("feed: live series", 16, 0, 15);
    }

    function _terms(SeriesSpec calldata spec) private pure returns (uint256) {
        Terms memory t;
        t.tickValue = spec.tickValue;
        t.priceCap = spec.priceCap;
        t.feed = spec.feed;
        t.imBps = spec.imBps;
        t.mmBps = spec.mmBps;
        t.spreadBps = spec.spreadBps;
        t.bandBps = spec.bandBps;
        t.gapBps = spec.gapBps;
        t.positionLimit = spec.positionLimit;
        t.windowStart = spec.windowStart;
        t.expiryDay = spec.expiryDay;
        t.maxMarkAge = spec.maxMarkAge;
        t.minLots = spec.minLots;
        t.concentrationPct = spec.concentrationPct;
        t.gainPct = spec.gainPct;
        return t.pack();
    }

    function _checkPrices(SeriesSpec calldata spec) private pure {
        _in("symbol", bytes(spec.symbol).length, 1, 31);
        _in("tickSize", spec.tickSize, 1, type(uint64).max);
        _in("tickValue", spec.tickValue, 1, type(uint32).max);
        _in("priceCap", spec.priceCap, 2, NO_ASK - 1);
        _in("initialMark", spec.initialMark, 1, spec.priceCap);
        // The basis must fit 1/256 ticks in 32 signed bits.
        _in("maxBasis", spec.maxBasis, 0, type(uint24).max >> 1);
        _in("minLots", spec.minLots, 1, type(uint8).max);
        _in("positionLimit", spec.positionLimit, spec.minLots, 1 << 30);
        _in("openInterestCap", spec.openInterestCap, spec.positionLimit, 1 << 30);
        // All open interest at the cap must fit the 80 signed bits of `quote` with room to spare: a position token's
        // account can hold as much.
        uint256 most = ((1 << 78) - 1) / (uint256(spec.priceCap) * spec.tickValue);
        _in("openInterestCap x priceCap x tickValue", spec.openInterestCap, 1, most);
    }

    function _checkRates(SeriesSpec calldata spec) private pure {
        _in("takerFee", spec.takerFee, 0, 50_000);
        _in("makerRebate", spec.makerRebate, 0, spec.takerFee);
        _in("bandBps", spec.bandBps, 1, 9_999);
        _in("gapBps", spec.gapBps, 1, 9_999);
        _in("mmBps", spec.mmBps, 1, 10_000);
        _in("spreadBps", spec.spreadBps, 0, spec.mmBps);
        _in("gainPct", spec.gainPct, 0, 100);
        // A fill at the band's edge leaves a maker that was just checked at or above maintenance margin.
        uint256 least = uint256(spec.mmBps) + 2 * uint256(spec.bandBps) + spec.gapBps
            + (uint256(spec.takerFee) + 99) / 100;
        // No rate above the whole: a long can lose what it is worth, and no more.
        _in("imBps", spec.imBps, least, 10_000);
        uint256 scaled = spec.imBps * (100 + uint256(spec.concentrationPct));
        _in("imBps x (100 + concentrationPct)", scaled, 1, 1_000_000);
        _in("maxMarkAge", spec.maxMarkAge, 1, 1 hours);
    }

    function _checkWindow(SeriesSpec calldata spec) private view {
        _in("windowStart", spec.windowStart, block.timestamp / DAY + 1, type(uint16).max - 1);
        _in("expiryDay", spec.expiryDay, uint256(spec.windowStart) + 1, uint256(spec.windowStart) + 31);
    }

    function _in(string memory field, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert IExchangeErrors.InvalidSpec(field, value, low, high);
    }
}
