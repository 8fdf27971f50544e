// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesMoney} from "../interfaces/Types.sol";

/// @notice The whole storage of the exchange. Packed words are described at the struct that unpacks them.
struct State {
    // --- read on every trade ---
    mapping(address => uint256) principals; // account 32 | permissions 8 | expiry 40
    mapping(uint256 account => uint256) accounts; // cash 88 | flags 8 | ten series ids of 16
    mapping(uint256 accountSeries => uint256) positions; // see Position
    mapping(uint256 series => uint256) hot; // see Hot
    mapping(uint256 series => uint256) terms; // see Terms
    mapping(uint256 series => uint256) tradeTerms; // see TradeTerms
    mapping(uint256 orderKey => uint256) orders; // see Order
    mapping(uint256 levelKey => uint256) levels; // four levels of head 32 | tail 32
    mapping(uint256 bitmapKey => uint256) bitmap;
    // --- cold ---
    mapping(uint256 series => SeriesMoney) money;
    mapping(uint256 account => address) owners;
    mapping(uint256 accountAgent => uint256) invitations; // permissions 8 | expiry 40
    mapping(uint256 series => string) symbols;
    mapping(uint256 series => uint24) initialMarks;
    mapping(uint256 feed => uint256) insurance;
    mapping(uint256 feed => uint256) feedTickSize;
    mapping(uint256 feed => uint256) feedSeries; // up to sixteen live series of 16 bits
    mapping(uint256 feed => uint256) deficits; // declared and not cleared
    mapping(uint256 accountFeed => uint256) declared;
    mapping(uint256 account => uint256) clocks; // below MM since 40 | below zero since 40, 0 for not
    mapping(uint256 series => Challenge) challenges;
    mapping(uint256 seriesAccount => uint256) cranks; // accounts settled by this account
    mapping(uint256 seriesSide => address) tokens;
    uint32 accountCount;
    uint16 seriesCount;
    uint128 treasury;
    uint128 bonds;
    address guardian;
    address arbiter;
}

/// @notice A bonded challenge of a thinly covered settlement.
struct Challenge {
    uint32 challenger; // account
    uint40 since;
    uint24 ruling; // tick
    bool ruled;
    uint128 bond;
}

/// @notice One account in one series.
/// @dev Word, from the low end: lots 32 | openBuy 32 | openSell 32 | quote 80 | epoch 32 | openCount 8 |
/// checkedMark 24 | lastFillDay 16. After settlement `openCount` is SETTLED and the low 96 bits hold the whole claim,
/// of which `quote` is still to be drawn.
struct Position {
    int256 lots;
    int256 quote;
    uint256 openBuy;
    uint256 openSell;
    uint256 epoch;
    uint256 openCount;
    uint256 checkedMark;
    uint256 lastFillDay;
}

/// @notice What changes with every trade of a series.
/// @dev Word, from the low end: bid 24 | ask 24 | mark 24 | markTime 32 | basis 32 | basisTime 32 | openInterest 32 |
/// fees 48 | flags 8. `ask` is NO_ASK and `bid` 0 when the side is empty; `basis` is in 1/256 tick.
struct Hot {
    uint256 bid;
    uint256 ask;
    uint256 mark;
    uint256 markTime;
    int256 basis;
    uint256 basisTime;
    uint256 openInterest;
    uint256 fees;
    uint256 flags;
}

/// @notice Frozen terms that placing needs; units as in SeriesSpec.
/// @dev Word, from the low end, in this order: 32 | 24 | 16 | 16 | 16 | 16 | 16 | 16 | 32 | 16 | 16 | 16 | 8 | 8 | 8
struct Terms {
    uint256 tickValue;
    uint256 priceCap;
    uint256 feed;
    uint256 imBps;
    uint256 mmBps;
    uint256 spreadBps;
    uint256 bandBps;
    uint256 gapBps;
    uint256 positionLimit;
    uint256 windowStart;
    uint256 expiryDay;
    uint256 maxMarkAge;
    uint256 minLots;
    uint256 concentrationPct;
    uint256 gainPct;
}

/// @notice Frozen terms that only trades and mark refreshes need.
/// @dev Word, from the low end: tickSize 64 | maxBasis 24 | openInterestCap 32 | takerFee 16 | makerRebate 16
struct TradeTerms {
    uint256 tickSize;
    uint256 maxBasis;
    uint256 openInterestCap;
    uint256 takerFee;
    uint256 makerRebate;
}

/// @notice One resting order.
/// @dev Word, from the low end: account 32 | lots 32 | epoch 32 | expiry 32 | flags 8 | generation 16 | clientId 64
struct Order {
    uint256 account;
    uint256 lots;
    uint256 epoch;
    uint256 expiry;
    uint256 flags;
    uint256 generation;
    uint256 clientId;
}

uint256 constant NO_ASK = type(uint24).max;
uint256 constant SETTLED = 255;
uint256 constant MAX_OPEN_ORDERS = 250;
uint256 constant MAX_SERIES = 10;
uint256 constant DAY = 1 days;

uint256 constant HOT_TRADED = 1;
uint256 constant HOT_STALE = 2;
uint256 constant HOT_GUARDED = 4;
uint256 constant HOT_SETTLED = 8;
uint256 constant HOT_CLOSED = 16;
uint256 constant HOT_DEFICIT = 32;

/// @dev Flag of an account word: the account of a position token, which only holds.
uint256 constant ACCOUNT_TOKEN = 1 << 88;

/// @title Words of storage to structs in memory and back
library Words {
    error WordOverflow(uint256 width, int256 value);

    function positionKey(uint256 account, uint256 series) internal pure returns (uint256) {
        return (account << 16) | series;
    }

    function toPosition(uint256 w) internal pure returns (Position memory p) {
        read(p, w);
    }

    /// @notice Unpacks into a struct that is there already.
    function read(Position memory p, uint256 w) internal pure {
        p.lots = int256(int32(uint32(w)));
        p.openBuy = uint32(w >> 32);
        p.openSell = uint32(w >> 64);
        p.quote = int256(int80(uint80(w >> 96)));
        p.epoch = uint32(w >> 176);
        p.openCount = uint8(w >> 208);
        p.checkedMark = uint24(w >> 216);
        p.lastFillDay = w >> 240;
    }

    /// @dev Lots and open lots are bounded by positionLimit <= 2^30; only `quote` can grow without a bound of its own.
    function pack(Position memory p) internal pure returns (uint256 w) {
        if (int256(int80(p.quote)) != p.quote) revert WordOverflow(80, p.quote);
        w = uint256(uint32(int32(p.lots))) | (p.openBuy << 32) | (p.openSell << 64)
            | (uint256(uint80(int80(p.quote))) << 96) | (p.epoch << 176) | (p.openCount << 208)
            | (p.checkedMark << 216) | (p.lastFillDay << 240);
    }

    /// @notice A settled position: `claim` in full, `left` of it still to be drawn (negative: a debt).
    function packClaim(uint256 claim, int256 left) internal pure returns (uint256) {
        if (int256(int80(left)) != left) revert WordOverflow(80, left);
        return claim | (uint256(uint80(int80(left))) << 96) | (SETTLED << 208);
    }

    function claimOf(uint256 w) internal pure returns (uint256) {
        return uint96(w);
    }

    function isSettled(uint256 w) internal pure returns (bool) {
        return uint8(w >> 208) == SETTLED;
    }

    function toHot(uint256 w) internal pure returns (Hot memory h) {
        read(h, w);
    }

    /// @notice Unpacks into a struct that is there already.
    function read(Hot memory h, uint256 w) internal pure {
        h.bid = uint24(w);
        h.ask = uint24(w >> 24);
        h.mark = uint24(w >> 48);
        h.markTime = uint32(w >> 72);
        h.basis = int256(int32(uint32(w >> 104)));
        h.basisTime = uint32(w >> 136);
        h.openInterest = uint32(w >> 168);
        h.fees = uint48(w >> 200);
        h.flags = w >> 248;
    }

    function pack(Hot memory h) internal pure returns (uint256 w) {
        w = h.bid | (h.ask << 24) | (h.mark << 48) | (h.markTime << 72)
            | (uint256(uint32(int32(h.basis))) << 104) | (h.basisTime << 136) | (h.openInterest << 168)
            | (h.fees << 200) | (h.flags << 248);
    }

    function toTerms(uint256 w) internal pure returns (Terms memory t) {
        read(t, w);
    }

    /// @notice Unpacks into a struct that is there already.
    function read(Terms memory t, uint256 w) internal pure {
        t.tickValue = uint32(w);
        t.priceCap = uint24(w >> 32);
        t.feed = uint16(w >> 56);
        t.imBps = uint16(w >> 72);
        t.mmBps = uint16(w >> 88);
        t.spreadBps = uint16(w >> 104);
        t.bandBps = uint16(w >> 120);
        t.gapBps = uint16(w >> 136);
        t.positionLimit = uint32(w >> 152);
        t.windowStart = uint16(w >> 184);
        t.expiryDay = uint16(w >> 200);
        t.maxMarkAge = uint16(w >> 216);
        t.minLots = uint8(w >> 232);
        t.concentrationPct = uint8(w >> 240);
        t.gainPct = w >> 248;
    }

    function pack(Terms memory t) internal pure returns (uint256 w) {
        w = t.tickValue | (t.priceCap << 32) | (t.feed << 56) | (t.imBps << 72) | (t.mmBps << 88)
            | (t.spreadBps << 104) | (t.bandBps << 120) | (t.gapBps << 136) | (t.positionLimit << 152);
        w |= (t.windowStart << 184) | (t.expiryDay << 200) | (t.maxMarkAge << 216) | (t.minLots << 232)
            | (t.concentrationPct << 240) | (t.gainPct << 248);
    }

    function toTradeTerms(uint256 w) internal pure returns (TradeTerms memory t) {
        read(t, w);
    }

    /// @notice Unpacks into a struct that is there already.
    function read(TradeTerms memory t, uint256 w) internal pure {
        t.tickSize = uint64(w);
        t.maxBasis = uint24(w >> 64);
        t.openInterestCap = uint32(w >> 88);
        t.takerFee = uint16(w >> 120);
        t.makerRebate = uint16(w >> 136);
    }

    function pack(TradeTerms memory t) internal pure returns (uint256) {
        return t.tickSize | (t.maxBasis << 64) | (t.openInterestCap << 88) | (t.takerFee << 120)
            | (t.makerRebate << 136);
    }

    function toOrder(uint256 w) internal pure returns (Order memory o) {
        o.account = uint32(w);
        o.lots = uint32(w >> 32);
        o.epoch = uint32(w >> 64);
        o.expiry = uint32(w >> 96);
        o.flags = uint8(w >> 128);
        o.generation = uint16(w >> 136);
        o.clientId = uint64(w >> 152);
    }

    function pack(Order memory o) internal pure returns (uint256) {
        return o.account | (o.lots << 32) | (o.epoch << 64) | (o.expiry << 96) | (o.flags << 128)
            | (o.generation << 136) | (o.clientId << 152);
    }

    /// @notice The same order word with other lots.
    function withLots(uint256 w, uint256 lots) internal pure returns (uint256) {
        return (w & ~(uint256(type(uint32).max) << 32)) | (lots << 32);
    }
}
