// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Terms of one contract month; frozen at listing.
/// @param symbol e.g. "LLM-FLAGSHIP-DEC26"
/// @param feed index feed in the oracle
/// @param windowStart first UTC day of the averaging window (days since 1970-01-01)
/// @param expiryDay UTC day at whose midnight the window ends and the series expires
/// @param tickSize index units (USD x 1e8) of one tick
/// @param tickValue collateral base units of one tick of one lot
/// @param priceCap highest price, ticks
/// @param initialMark mark at listing, ticks; fixes the basis the series starts with
/// @param maxBasis bound of |mark - index|, ticks
/// @param minLots smallest order
/// @param positionLimit bound of |position + open orders|, lots
/// @param openInterestCap bound of long open interest, lots
/// @param imBps initial margin, 1e-4 of the delta
/// @param mmBps maintenance margin, 1e-4
/// @param spreadBps charge on offset deltas of one feed, 1e-4
/// @param bandBps orders and fills stay within mark +- this, 1e-4
/// @param gapBps a maker's order is retired when its mark moved against it by more than this, 1e-4
/// @param concentrationPct initial margin grows by up to this percentage with the share of open interest
/// @param gainPct percentage at which unrealised gains count for initial margin
/// @param takerFee 1e-6 of the traded amount
/// @param makerRebate 1e-6 of the traded amount, at most takerFee
/// @param maxMarkAge seconds for which placing may rely on a cached mark
struct SeriesSpec {
    string symbol;
    uint16 feed;
    uint16 windowStart;
    uint16 expiryDay;
    uint64 tickSize;
    uint32 tickValue;
    uint24 priceCap;
    uint24 initialMark;
    uint24 maxBasis;
    uint8 minLots;
    uint32 positionLimit;
    uint32 openInterestCap;
    uint16 imBps;
    uint16 mmBps;
    uint16 spreadBps;
    uint16 bandBps;
    uint16 gapBps;
    uint8 concentrationPct;
    uint8 gainPct;
    uint16 takerFee;
    uint16 makerRebate;
    uint16 maxMarkAge;
}

/// @notice Where a series stands in its life.
enum Phase {
    NONE,
    LISTED,
    TRADING,
    FIXING,
    EXPIRED,
    SETTLED,
    CLOSED
}

/// @notice What an account is worth and what it must keep, in collateral base units.
/// @param equity cash + value of every position at the mark
/// @param imEquity the same, gains counted at `gainPct` only
/// @param losses sum of the negative values (zero or below)
/// @param initialMargin IM, open orders included
/// @param maintenanceMargin MM
/// @param ordersMargin below this equity anyone may cancel the account's orders
/// @param stale an index of a series in which the account holds lots is older than its heartbeat
struct AccountMargin {
    uint256 cash;
    int256 equity;
    int256 imEquity;
    int256 losses;
    uint256 initialMargin;
    uint256 maintenanceMargin;
    uint256 ordersMargin;
    bool stale;
}

/// @notice Money of one series, base units.
/// @param pool what the series holds
/// @param fees what the pool owes the treasury, after every claim
/// @param advance insurance paid in and not yet repaid
/// @param claims sum of winners' claims at settlement
/// @param collected part of `claims` that is covered
/// @param drawn part of `claims` that has been paid out
/// @param members accounts that list the series
/// @param uncranked members still to be settled
/// @param reduceOnlyUntil the guardian's brake
/// @param credited accounts settled by somebody who has not collected the bounty yet
/// @param bounty what settling one account earned; fixed at closing
struct SeriesMoney {
    uint96 pool;
    uint96 advance;
    uint32 members;
    uint32 uncranked;
    uint96 claims;
    uint96 collected;
    uint64 reduceOnlyUntil;
    uint96 drawn;
    uint96 fees;
    uint32 credited;
    uint64 bounty;
}
