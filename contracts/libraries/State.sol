// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {SeriesMoney} from "../interfaces/Types.sol";
import {HotWord, OrderWord, PositionWord, PositionWords, TermsWord} from "./Packed.sol";

/// @notice The whole storage of the exchange. Packed words are laid out in Packed.sol; the structs below are what
/// cold paths and readers unpack them into.
struct State {
    // --- read on every trade ---
    mapping(address => uint256) principals; // account 32 | permissions 8 | expiry 40
    mapping(uint256 account => uint256) accounts; // cash 88 | flags 8 | ten series ids of 16
    mapping(uint256 accountSeries => uint256) positions; // PositionWord
    mapping(uint256 series => uint256) hot; // HotWord
    mapping(uint256 series => uint256) terms; // TermsWord
    mapping(uint256 series => uint256) tradeTerms; // TradeWord
    mapping(uint256 orderKey => uint256) orders; // OrderWord
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
    mapping(uint256 account => uint256) clocks; // below MM since 40 | below zero since 40 | looked at 40; 0 for not
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
/// @dev `ask` is NO_ASK and `bid` 0 when the side is empty; `basis` is in 1/256 tick.
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
struct TradeTerms {
    uint256 tickSize;
    uint256 maxBasis;
    uint256 openInterestCap;
    uint256 takerFee;
    uint256 makerRebate;
}

/// @notice One resting order.
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
    function positionKey(uint256 account, uint256 series) internal pure returns (uint256) {
        return (account << 16) | series;
    }

    function toPosition(uint256 word) internal pure returns (Position memory) {
        PositionWord w = PositionWord.wrap(word);
        return Position({
            lots: w.lots(),
            quote: w.quote(),
            openBuy: w.openBuy(),
            openSell: w.openSell(),
            epoch: w.epoch(),
            openCount: w.openCount(),
            checkedMark: w.checkedMark(),
            lastFillDay: w.lastFillDay()
        });
    }

    /// @dev Lots and open lots are bounded by positionLimit <= 2^30; only `quote` can grow without a bound of its own.
    function pack(Position memory p) internal pure returns (uint256 w) {
        PositionWords.check(p.quote);
        w = uint256(uint32(int32(p.lots))) | (p.openBuy << 32) | (p.openSell << 64)
            | (uint256(uint80(int80(p.quote))) << 96) | (p.epoch << 176) | (p.openCount << 208)
            | (p.checkedMark << 216) | (p.lastFillDay << 240);
    }

    /// @notice A settled position: `claim` in full, `left` of it still to be drawn (negative: a debt).
    function packClaim(uint256 claim, int256 left) internal pure returns (uint256) {
        if (int256(int80(left)) != left) revert IExchangeErrors.Overflow(80, left);
        return claim | (uint256(uint80(int80(left))) << 96) | (SETTLED << 208);
    }

    function claimOf(uint256 w) internal pure returns (uint256) {
        return uint96(w);
    }

    function isSettled(uint256 w) internal pure returns (bool) {
        return uint8(w >> 208) == SETTLED;
    }

    function toHot(uint256 word) internal pure returns (Hot memory) {
        HotWord w = HotWord.wrap(word);
        return Hot({
            bid: w.bid(),
            ask: w.ask(),
            mark: w.mark(),
            markTime: w.markTime(),
            basis: w.basis(),
            basisTime: w.basisTime(),
            openInterest: w.openInterest(),
            fees: w.fees(),
            flags: w.flags()
        });
    }

    function pack(Hot memory h) internal pure returns (uint256 w) {
        w = h.bid | (h.ask << 24) | (h.mark << 48) | (h.markTime << 72)
            | (uint256(uint32(int32(h.basis))) << 104) | (h.basisTime << 136) | (h.openInterest << 168)
            | (h.fees << 200) | (h.flags << 248);
    }

    function toTerms(uint256 word) internal pure returns (Terms memory) {
        TermsWord w = TermsWord.wrap(word);
        return Terms({
            tickValue: w.tickValue(),
            priceCap: w.priceCap(),
            feed: w.feed(),
            imBps: w.imBps(),
            mmBps: w.mmBps(),
            spreadBps: w.spreadBps(),
            bandBps: w.bandBps(),
            gapBps: w.gapBps(),
            positionLimit: w.positionLimit(),
            windowStart: w.windowStart(),
            expiryDay: w.expiryDay(),
            maxMarkAge: w.maxMarkAge(),
            minLots: w.minLots(),
            concentrationPct: w.concentrationPct(),
            gainPct: w.gainPct()
        });
    }

    function pack(Terms memory t) internal pure returns (uint256 w) {
        w = t.tickValue | (t.priceCap << 32) | (t.feed << 56) | (t.imBps << 72) | (t.mmBps << 88)
            | (t.spreadBps << 104) | (t.bandBps << 120) | (t.gapBps << 136) | (t.positionLimit << 152);
        w |= (t.windowStart << 184) | (t.expiryDay << 200) | (t.maxMarkAge << 216) | (t.minLots << 232)
            | (t.concentrationPct << 240) | (t.gainPct << 248);
    }

    function pack(TradeTerms memory t) internal pure returns (uint256) {
        return t.tickSize | (t.maxBasis << 64) | (t.openInterestCap << 88) | (t.takerFee << 120)
            | (t.makerRebate << 136);
    }

    function toOrder(uint256 word) internal pure returns (Order memory) {
        OrderWord w = OrderWord.wrap(word);
        return Order({
            account: w.account(),
            lots: w.lots(),
            epoch: w.epoch(),
            expiry: w.expiry(),
            flags: w.flags(),
            generation: w.generation(),
            clientId: w.clientId()
        });
    }
}
