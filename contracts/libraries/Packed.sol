// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";

// The words of storage that trading reads and writes, as value types: a field is read with a shift and a mask, and only
// the fields that change are put back. Names and meaning of the fields: the structs of the same name in State.sol.

/// @notice From the low end: lots 32 | openBuy 32 | openSell 32 | quote 80 | epoch 32 | openCount 8 | checkedMark 24 |
/// lastFillDay 16. After settlement `openCount` is SETTLED and the low 96 bits hold the whole claim, of which `quote` is
/// still to be drawn.
type PositionWord is uint256;

/// @notice From the low end: bid 24 | ask 24 | mark 24 | markTime 32 | basis 32 | basisTime 32 | openInterest 32 | fees 48 |
/// flags 8
type HotWord is uint256;

/// @notice From the low end: tickValue 32 | priceCap 24 | feed 16 | imBps 16 | mmBps 16 | spreadBps 16 | bandBps 16 |
/// gapBps 16 | positionLimit 32 | windowStart 16 | expiryDay 16 | maxMarkAge 16 | minLots 8 | concentrationPct 8 | gainPct 8
type TermsWord is uint256;

/// @notice From the low end: tickSize 64 | maxBasis 24 | openInterestCap 32 | takerFee 16 | makerRebate 16
type TradeWord is uint256;

/// @notice From the low end: account 32 | lots 32 | epoch 32 | expiry 32 | flags 8 | generation 16 | clientId 64
type OrderWord is uint256;

using PositionWords for PositionWord global;
using HotWords for HotWord global;
using TermsWords for TermsWord global;
using TradeWords for TradeWord global;
using OrderWords for OrderWord global;

library PositionWords {
    uint256 private constant LOTS = type(uint32).max;
    uint256 private constant OPENS = uint256(type(uint64).max) << 32;
    uint256 private constant QUOTE = uint256(type(uint80).max) << 96;
    uint256 private constant COUNT = uint256(type(uint8).max) << 208;
    uint256 private constant CHECKED = uint256(type(uint24).max) << 216;
    uint256 private constant DAY_ = uint256(type(uint16).max) << 240;

    function lots(PositionWord w) internal pure returns (int256) {
        return int32(int256(PositionWord.unwrap(w)));
    }

    function openBuy(PositionWord w) internal pure returns (uint256) {
        return uint32(PositionWord.unwrap(w) >> 32);
    }

    function openSell(PositionWord w) internal pure returns (uint256) {
        return uint32(PositionWord.unwrap(w) >> 64);
    }

    function quote(PositionWord w) internal pure returns (int256) {
        return int80(int256(PositionWord.unwrap(w) >> 96));
    }

    function epoch(PositionWord w) internal pure returns (uint256) {
        return uint32(PositionWord.unwrap(w) >> 176);
    }

    function openCount(PositionWord w) internal pure returns (uint256) {
        return uint8(PositionWord.unwrap(w) >> 208);
    }

    function checkedMark(PositionWord w) internal pure returns (uint256) {
        return uint24(PositionWord.unwrap(w) >> 216);
    }

    function lastFillDay(PositionWord w) internal pure returns (uint256) {
        return PositionWord.unwrap(w) >> 240;
    }

    /// @notice Nothing is held, owed or open.
    function idle(PositionWord w) internal pure returns (bool) {
        return PositionWord.unwrap(w) & (LOTS | QUOTE | COUNT) == 0;
    }

    /// @notice One order more on a side (0 buys, 1 sells). The position limit bounds open lots, the caller orders.
    function reserve(PositionWord w, uint256 side, uint256 lots_) internal pure returns (PositionWord) {
        unchecked {
            return PositionWord.wrap(PositionWord.unwrap(w) + (lots_ << (32 + (side << 5))) + (1 << 208));
        }
    }

    /// @notice Gives back what a resting order reserved; `whole` when nothing of it is left.
    function release(PositionWord w, uint256 side, uint256 lots_, bool whole)
        internal
        pure
        returns (PositionWord)
    {
        unchecked {
            uint256 freed = (lots_ << (32 + (side << 5))) + (LibBit.toUint(whole) << 208);
            return PositionWord.wrap(PositionWord.unwrap(w) - freed);
        }
    }

    /// @notice No open orders any more: those of older epochs are dead.
    function withoutOrders(PositionWord w) internal pure returns (PositionWord) {
        unchecked {
            return PositionWord.wrap((PositionWord.unwrap(w) & ~(OPENS | COUNT)) + (1 << 176));
        }
    }

    /// @notice The position after fills of this day. Only `quote` can grow without a bound of its own.
    function traded(PositionWord w, int256 lots_, int256 quote_, uint256 day)
        internal
        pure
        returns (PositionWord)
    {
        check(quote_);
        return PositionWord.wrap(
            (PositionWord.unwrap(w) & ~(LOTS | QUOTE | DAY_)) | uint32(int32(lots_))
                | (uint256(uint80(int80(quote_))) << 96) | (day << 240)
        );
    }

    /// @notice The position after a fill of one of its orders: `traded`, and `freed` of what that had reserved.
    function filled(PositionWord w, int256 lots_, int256 quote_, uint256 day, uint256 freed)
        internal
        pure
        returns (PositionWord)
    {
        unchecked {
            if (_wide(quote_)) _overflow(quote_);
            return PositionWord.wrap(
                ((PositionWord.unwrap(w) - freed) & ~(LOTS | QUOTE | DAY_)) | uint32(int32(lots_))
                    | (uint256(uint80(int80(quote_))) << 96) | (day << 240)
            );
        }
    }

    /// @notice A quote has one bit less than its field, so that a claim (quote + lots x settlement price) fits it too.
    function check(int256 quote_) internal pure {
        if (_wide(quote_)) _overflow(quote_);
    }

    function _wide(int256 quote_) private pure returns (bool) {
        unchecked {
            return uint256(quote_ + (1 << 78)) >> 79 != 0;
        }
    }

    function _overflow(int256 quote_) private pure {
        revert IExchangeErrors.Overflow(79, quote_);
    }

    function withQuote(PositionWord w, int256 quote_) internal pure returns (PositionWord) {
        return w.traded(w.lots(), quote_, w.lastFillDay());
    }

    function withCheckedMark(PositionWord w, uint256 mark) internal pure returns (PositionWord) {
        return PositionWord.wrap((PositionWord.unwrap(w) & ~CHECKED) | (mark << 216));
    }
}

library HotWords {
    uint256 private constant TICK = type(uint24).max;
    uint256 private constant MARK = (uint256(type(uint56).max)) << 48; // with its time
    uint256 private constant BASIS = (uint256(type(uint64).max)) << 104; // with its time
    uint256 private constant OPEN = uint256(type(uint32).max) << 168;
    uint256 private constant FEES = uint256(type(uint48).max) << 200;

    function bid(HotWord w) internal pure returns (uint256) {
        return uint24(HotWord.unwrap(w));
    }

    function ask(HotWord w) internal pure returns (uint256) {
        return uint24(HotWord.unwrap(w) >> 24);
    }

    /// @notice Best price of a side (0 buys, 1 sells).
    function best(HotWord w, uint256 side) internal pure returns (uint256) {
        unchecked {
            return uint24(HotWord.unwrap(w) >> (24 * side));
        }
    }

    function mark(HotWord w) internal pure returns (uint256) {
        return uint24(HotWord.unwrap(w) >> 48);
    }

    function markTime(HotWord w) internal pure returns (uint256) {
        return uint32(HotWord.unwrap(w) >> 72);
    }

    function basis(HotWord w) internal pure returns (int256) {
        return int32(int256(HotWord.unwrap(w) >> 104));
    }

    function basisTime(HotWord w) internal pure returns (uint256) {
        return uint32(HotWord.unwrap(w) >> 136);
    }

    function openInterest(HotWord w) internal pure returns (uint256) {
        return uint32(HotWord.unwrap(w) >> 168);
    }

    function fees(HotWord w) internal pure returns (uint256) {
        return uint48(HotWord.unwrap(w) >> 200);
    }

    function flags(HotWord w) internal pure returns (uint256) {
        return HotWord.unwrap(w) >> 248;
    }

    function withBest(HotWord w, uint256 side, uint256 tick) internal pure returns (HotWord) {
        unchecked {
            uint256 shift = 24 * side;
            return HotWord.wrap((HotWord.unwrap(w) & ~(TICK << shift)) | (tick << shift));
        }
    }

    function withMark(HotWord w, uint256 mark_, uint256 time) internal pure returns (HotWord) {
        return HotWord.wrap((HotWord.unwrap(w) & ~MARK) | (mark_ << 48) | (time << 72));
    }

    function withBasis(HotWord w, int256 basis_, uint256 time) internal pure returns (HotWord) {
        uint256 packed = uint32(int32(basis_));
        return HotWord.wrap((HotWord.unwrap(w) & ~BASIS) | (packed << 104) | (time << 136));
    }

    function withOpenInterest(HotWord w, uint256 lots) internal pure returns (HotWord) {
        return HotWord.wrap((HotWord.unwrap(w) & ~OPEN) | (lots << 168));
    }

    function withFees(HotWord w, uint256 fees_) internal pure returns (HotWord) {
        return HotWord.wrap((HotWord.unwrap(w) & ~FEES) | (fees_ << 200));
    }

    function withFlag(HotWord w, uint256 flag, bool on) internal pure returns (HotWord) {
        unchecked {
            return HotWord.wrap((HotWord.unwrap(w) & ~(flag << 248)) | ((flag * LibBit.toUint(on)) << 248));
        }
    }

    /// @notice True when any of these flags is set.
    function has(HotWord w, uint256 any) internal pure returns (bool) {
        return HotWord.unwrap(w) & (any << 248) != 0;
    }
}

library TermsWords {
    function tickValue(TermsWord w) internal pure returns (uint256) {
        return uint32(TermsWord.unwrap(w));
    }

    function priceCap(TermsWord w) internal pure returns (uint256) {
        return uint24(TermsWord.unwrap(w) >> 32);
    }

    function feed(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 56);
    }

    function imBps(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 72);
    }

    function mmBps(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 88);
    }

    function spreadBps(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 104);
    }

    function bandBps(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 120);
    }

    function gapBps(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 136);
    }

    function positionLimit(TermsWord w) internal pure returns (uint256) {
        return uint32(TermsWord.unwrap(w) >> 152);
    }

    function windowStart(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 184);
    }

    function expiryDay(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 200);
    }

    function maxMarkAge(TermsWord w) internal pure returns (uint256) {
        return uint16(TermsWord.unwrap(w) >> 216);
    }

    function minLots(TermsWord w) internal pure returns (uint256) {
        return uint8(TermsWord.unwrap(w) >> 232);
    }

    function concentrationPct(TermsWord w) internal pure returns (uint256) {
        return uint8(TermsWord.unwrap(w) >> 240);
    }

    function gainPct(TermsWord w) internal pure returns (uint256) {
        return TermsWord.unwrap(w) >> 248;
    }
}

library TradeWords {
    function tickSize(TradeWord w) internal pure returns (uint256) {
        return uint64(TradeWord.unwrap(w));
    }

    function maxBasis(TradeWord w) internal pure returns (uint256) {
        return uint24(TradeWord.unwrap(w) >> 64);
    }

    function openInterestCap(TradeWord w) internal pure returns (uint256) {
        return uint32(TradeWord.unwrap(w) >> 88);
    }

    function takerFee(TradeWord w) internal pure returns (uint256) {
        return uint16(TradeWord.unwrap(w) >> 120);
    }

    function makerRebate(TradeWord w) internal pure returns (uint256) {
        return uint16(TradeWord.unwrap(w) >> 136);
    }

    /// @notice The same terms without fee and rebate.
    function free(TradeWord w) internal pure returns (TradeWord) {
        return TradeWord.wrap(uint120(TradeWord.unwrap(w)));
    }
}

library OrderWords {
    /// @dev An expiry, or reduce-only.
    uint256 private constant CONDITIONS = (uint256(type(uint32).max) << 96) | (8 << 128);
    uint256 private constant IDENTITY =
        type(uint32).max | (uint256(type(uint32).max) << 64) | (uint256(type(uint16).max) << 136);

    function account(OrderWord w) internal pure returns (uint256) {
        return uint32(OrderWord.unwrap(w));
    }

    function lots(OrderWord w) internal pure returns (uint256) {
        return uint32(OrderWord.unwrap(w) >> 32);
    }

    function epoch(OrderWord w) internal pure returns (uint256) {
        return uint32(OrderWord.unwrap(w) >> 64);
    }

    function expiry(OrderWord w) internal pure returns (uint256) {
        return uint32(OrderWord.unwrap(w) >> 96);
    }

    function flags(OrderWord w) internal pure returns (uint256) {
        return uint8(OrderWord.unwrap(w) >> 128);
    }

    function generation(OrderWord w) internal pure returns (uint256) {
        return uint16(OrderWord.unwrap(w) >> 136);
    }

    function clientId(OrderWord w) internal pure returns (uint256) {
        return uint64(OrderWord.unwrap(w) >> 152);
    }

    /// @notice True when any of these flags is set.
    function has(OrderWord w, uint256 any) internal pure returns (bool) {
        return OrderWord.unwrap(w) & (any << 128) != 0;
    }

    /// @notice Zero when the order is of the same epoch as its maker's position, good till cancelled and not reduce-only.
    function doubts(OrderWord w, PositionWord p) internal pure returns (uint256) {
        uint256 epochs = uint32((OrderWord.unwrap(w) >> 64) ^ (PositionWord.unwrap(p) >> 176));
        return epochs | (OrderWord.unwrap(w) & CONDITIONS);
    }

    /// @notice A live order of this account, epoch and generation.
    function isOf(OrderWord w, uint256 account_, uint256 epoch_, uint256 generation_)
        internal
        pure
        returns (bool)
    {
        uint256 wanted = account_ | (epoch_ << 64) | (generation_ << 136);
        bool same = (OrderWord.unwrap(w) ^ wanted) & IDENTITY == 0;
        unchecked {
            return w.lots() * LibBit.toUint(same) != 0; // `&&` would be a branch
        }
    }

    function withLots(OrderWord w, uint256 lots_) internal pure returns (OrderWord) {
        return OrderWord.wrap((OrderWord.unwrap(w) & ~(uint256(type(uint32).max) << 32)) | (lots_ << 32));
    }
}
