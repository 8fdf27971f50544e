// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {AccountMargin} from "../interfaces/Types.sol";
import {Context} from "./Context.sol";
import {Ledger} from "./Ledger.sol";
import {Mark} from "./Mark.sol";
import {HotWord, PositionWord, TermsWord, TradeWord} from "./Packed.sol";
import {DAY, HOT_SETTLED, HOT_STALE, State, Words} from "./State.sol";

/// @title Portfolio margin of one account
/// @notice docs/spec/margin.md. Long and short deltas of series on the same feed with the same cap offset each other at
/// a spread charge; open orders count as if the worse side of them filled; no requirement exceeds the largest loss.
library Margin {
    /// @dev One series of the account. `rate` figures are 1e-8.
    struct Leg {
        uint256 group; // window 32 | feed 16 | priceCap 24: legs of one group offset; no window while all of the mark moves
        int256 delta;
        uint256 buys;
        uint256 sells;
        uint256 shortLoss; // what a short can lose at most, base units; 0 when not short
        uint256 imRate;
        uint256 mmRate;
        uint256 spreadRate;
        uint256 bandRate;
    }

    struct Sums {
        uint256 longs;
        uint256 shorts;
        uint256 buys;
        uint256 sells;
        uint256 imRate;
        uint256 mmRate;
        uint256 spreadRate;
        uint256 bandRate;
        uint256 imCap;
        uint256 mmCap;
        uint256 worst;
        uint256 offset;
        uint256 mm;
    }

    uint256 private constant RATE = 1e8;

    /// @notice Margin of `account` from storage, at fresh marks.
    function assess(State storage s, IIndexOracle oracle, uint256 account)
        internal
        view
        returns (AccountMargin memory)
    {
        Context memory none;
        none.account = account;
        return assess(s, oracle, none, s.accounts[account], none.position, false);
    }

    /// @notice Margin of the account of `c`; the series of `c` is taken from memory, with `p` as its position.
    /// @param cached rely on cached marks that are young enough, as placing may
    function assess(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        uint256 accountWord,
        PositionWord p,
        bool cached
    ) internal view returns (AccountMargin memory m) {
        unchecked {
            m.cash = uint88(accountWord);
            m.equity = m.imEquity = int256(m.cash);
            Leg[] memory legs = new Leg[](Ledger.count(accountWord));
            uint256 next;
            for (uint256 list = accountWord >> 96; list != 0; list >>= 16) {
                uint256 series = uint16(list);
                if (series == 0) continue;
                if (series == c.series) _own(m, legs[next], c, p);
                else _other(s, oracle, m, legs[next], c.account, series, cached);
                ++next;
            }
            total(m, legs);
        }
    }

    /// @dev The series being traded. What was idle before must not lend its rates to what was.
    function _own(AccountMargin memory m, Leg memory leg, Context memory c, PositionWord p) private view {
        if (!p.idle()) measure(m, leg, c.terms, c.hot, p, c.deltaMark);
    }

    /// @dev A series that is not the one being traded; its leg stays empty when it has no weight.
    function _other(
        State storage s,
        IIndexOracle oracle,
        AccountMargin memory m,
        Leg memory leg,
        uint256 account,
        uint256 series,
        bool cached
    ) private view {
        PositionWord p = PositionWord.wrap(s.positions[Words.positionKey(account, series)]);
        HotWord h = HotWord.wrap(s.hot[series]);
        if (h.has(HOT_SETTLED)) {
            addSettled(m, p, h.mark() * TermsWord.wrap(s.terms[series]).tickValue());
            return;
        }
        if (p.idle()) return; // an idle leg must not lend its rates to its group
        TermsWord t = TermsWord.wrap(s.terms[series]);
        uint256 deltaMark = h.mark();
        if (!cached || Mark.expired(t, h)) {
            (h, deltaMark) = Mark.renew(oracle, t, TradeWord.wrap(s.tradeTerms[series]), h);
        }
        measure(m, leg, t, h, p, deltaMark);
    }

    /// @notice Adds a settled series: gains count for nothing before they are drawn, and no margin is needed.
    /// @param p the position, settled itself or not yet
    /// @param unit settlement price of a lot, base units
    function addSettled(AccountMargin memory m, PositionWord p, uint256 unit) internal pure {
        unchecked {
            int256 lots = Words.isSettled(PositionWord.unwrap(p)) ? int256(0) : p.lots();
            _value(m, p.quote() + lots * int256(unit), 0);
        }
    }

    function _value(AccountMargin memory m, int256 value, uint256 gainPct) private pure {
        unchecked {
            m.equity += value;
            if (value < 0) {
                m.losses += value;
                m.imEquity += value;
            } else {
                m.imEquity += value * int256(gainPct) / 100;
            }
        }
    }

    /// @notice Adds the value of an unsettled series at the mark of `h`, and fills its leg for `total`.
    function measure(
        AccountMargin memory m,
        Leg memory leg,
        TermsWord t,
        HotWord h,
        PositionWord p,
        uint256 deltaMark
    ) internal view {
        unchecked {
            int256 lots = p.lots();
            uint256 mark = h.mark();
            uint256 tickValue = t.tickValue();
            uint256 unit = mark * tickValue;
            _value(m, p.quote() + lots * int256(unit), t.gainPct());
            if (lots != 0 && h.has(HOT_STALE)) m.stale = true;
            leg.group = (t.feed() << 24) | t.priceCap();
            if (deltaMark == mark) leg.group |= _window(t);
            leg.delta = lots * int256(deltaMark * tickValue);
            // A fill can cost the band of the whole mark, however little of it can still move.
            leg.buys = p.openBuy() * unit;
            leg.sells = p.openSell() * unit;
            if (lots < 0) leg.shortLoss = uint256(-lots) * (t.priceCap() - mark) * tickValue;
            leg.mmRate = t.mmBps() * 10_000;
            leg.spreadRate = t.spreadBps() * 10_000;
            leg.bandRate = t.bandBps() * 10_000;
            leg.imRate = _imRate(t, h, _worst(lots, p.openBuy(), p.openSell()));
        }
    }

    /// @dev The window of a leg whose delta is whole though more than 2% of the window is behind: what is behind does not
    /// move with the index, so it may offset nothing that does. 0 earlier, when nobody can challenge yet.
    function _window(TermsWord t) private view returns (uint256) {
        unchecked {
            (uint256 start, uint256 end) = (t.windowStart(), t.expiryDay());
            if (block.timestamp <= start * DAY + (end - start) * DAY / 50) return 0;
            return ((start << 16) | end) << 40;
        }
    }

    /// @dev Grows with the share of open interest that the position would have if its orders filled.
    /// @param size of that position
    function _imRate(TermsWord t, HotWord h, uint256 size) private pure returns (uint256 rate) {
        unchecked {
            uint256 imBps = t.imBps();
            uint256 share = imBps * t.concentrationPct() * 100 * size;
            rate = imBps * 10_000 + FixedPointMathLib.rawDiv(share, h.openInterest() + size); // 0 / 0 is 0
        }
    }

    /// @notice Sums the legs group by group into both requirements; the legs are used up.
    /// @dev At most ten legs, so the two loops are bounded.
    function total(AccountMargin memory m, Leg[] memory legs) internal pure {
        unchecked {
            for (uint256 i; i < legs.length; ++i) {
                if (legs[i].group != 0) _group(m, _sum(legs, i));
            }
        }
    }

    /// @dev The legs of one group, taken out of the list as they are summed.
    function _sum(Leg[] memory legs, uint256 first) private pure returns (Sums memory t) {
        unchecked {
            uint256 group = legs[first].group;
            for (uint256 j = first; j < legs.length; ++j) {
                if (legs[j].group == group) _add(t, legs[j]);
            }
            t.imCap = t.imRate * (t.longs + t.buys + t.sells);
            t.mmCap = t.mmRate * t.longs;
            for (uint256 j = first; j < legs.length; ++j) {
                if (legs[j].group == group) _cap(t, legs[j]);
            }
        }
    }

    /// @dev A short loses at most `shortLoss`. The leg is used up.
    function _cap(Sums memory t, Leg memory leg) private pure {
        unchecked {
            leg.group = 0;
            if (leg.delta >= 0) return;
            t.imCap += FixedPointMathLib.min(t.imRate * uint256(-leg.delta), leg.shortLoss * RATE);
            t.mmCap += FixedPointMathLib.min(t.mmRate * uint256(-leg.delta), leg.shortLoss * RATE);
        }
    }

    function _add(Sums memory t, Leg memory leg) private pure {
        unchecked {
            if (leg.delta >= 0) t.longs += uint256(leg.delta);
            else t.shorts += uint256(-leg.delta);
            t.buys += leg.buys;
            t.sells += leg.sells;
            t.imRate = FixedPointMathLib.max(t.imRate, leg.imRate);
            t.mmRate = FixedPointMathLib.max(t.mmRate, leg.mmRate);
            t.spreadRate = FixedPointMathLib.max(t.spreadRate, leg.spreadRate);
            t.bandRate = FixedPointMathLib.max(t.bandRate, leg.bandRate);
        }
    }

    /// @dev Intermediate figures live in `t`, as everything here is inlined into one deep function.
    function _group(AccountMargin memory m, Sums memory t) private pure {
        unchecked {
            int256 net = int256(t.longs) - int256(t.shorts);
            t.worst = _worst(net, t.buys, t.sells);
            t.offset = t.spreadRate * FixedPointMathLib.min(t.longs, t.shorts);
            t.mm = t.mmRate * _abs(net) + t.offset;
        }
        unchecked {
            uint256 im = t.imRate * t.worst + t.spreadRate
                * FixedPointMathLib.min(t.longs + t.buys, t.shorts + t.sells);
            m.initialMargin += _ceil(FixedPointMathLib.min(im, t.imCap));
            m.maintenanceMargin += _ceil(FixedPointMathLib.min(t.mm, t.mmCap));
            uint256 open = t.buys + t.sells;
            uint256 filled = FixedPointMathLib.min(t.mmRate * t.worst + t.offset, t.mmCap + t.mmRate * open);
            m.ordersMargin += _ceil(filled + t.bandRate * open);
        }
    }

    /// @notice Reverts unless IM-equity covers IM, or the action neither lowered equity - IM nor left equity negative.
    /// @return covered IM-equity covers IM
    function check(State storage s, IIndexOracle oracle, Context memory c, uint256 accountWord, bool cached)
        internal
        view
        returns (bool covered)
    {
        AccountMargin memory m = assess(s, oracle, c, accountWord, c.position, cached);
        if (m.imEquity >= int256(m.initialMargin)) return true;
        requireNotLowered(c.account, m, assess(s, oracle, c, accountWord, c.before, cached));
    }

    /// @notice After money or lots went out under enough margin: the marks of now are those at which open orders were
    /// last checked. A lower mark asks for less than the one of their placing did.
    function recheck(State storage s, IIndexOracle oracle, uint256 account) internal {
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            uint256 series = uint16(list);
            if (series == 0 || HotWord.wrap(s.hot[series]).has(HOT_SETTLED)) continue;
            uint256 key = Words.positionKey(account, series);
            PositionWord p = PositionWord.wrap(s.positions[key]);
            if (p.openCount() == 0) continue;
            s.positions[key] = PositionWord.unwrap(p.withCheckedMark(Mark.quote(s, oracle, series).mark));
        }
    }

    /// @notice What `assess` comes to for an account that lists one series only, as most do: its IM-equity covers its
    /// IM, even without the cap on IM.
    function covers(uint256 accountWord, TermsWord t, HotWord h, PositionWord p, uint256 deltaMark)
        internal
        pure
        returns (bool)
    {
        unchecked {
            int256 lots = p.lots();
            uint256 unit = h.mark() * t.tickValue();
            int256 value = p.quote() + lots * int256(unit);
            if (value > 0) value = value * int256(t.gainPct()) / 100;
            int256 delta = lots * int256(deltaMark * t.tickValue());
            uint256 buys = p.openBuy();
            uint256 sells = p.openSell();
            uint256 rate = _imRate(t, h, _worst(lots, buys, sells));
            buys *= unit;
            sells *= unit;
            uint256 offset = delta < 0
                ? FixedPointMathLib.min(buys, sells + uint256(-delta))
                : FixedPointMathLib.min(buys + uint256(delta), sells);
            uint256 im = rate * _worst(delta, buys, sells) + t.spreadBps() * 10_000 * offset;
            return int256(uint256(uint88(accountWord))) + value >= int256(_ceil(im));
        }
    }

    /// @dev |net| after the fills that make it largest: max(|net + buys|, |net - sells|).
    function _worst(int256 net, uint256 buys, uint256 sells) private pure returns (uint256) {
        unchecked {
            int256 long_ = net + int256(buys);
            int256 short_ = int256(sells) - net;
            return uint256(FixedPointMathLib.max(long_, short_)); // not negative, as neither buys nor sells are
        }
    }

    /// @notice Reverts when an action lowered equity - IM, or left equity negative.
    function requireNotLowered(uint256 account, AccountMargin memory m, AccountMargin memory was)
        internal
        pure
    {
        unchecked {
            bool lowered = m.equity - int256(m.initialMargin) < was.equity - int256(was.initialMargin);
            if (lowered || m.equity < 0) {
                revert IExchangeErrors.InsufficientMargin(uint32(account), m.imEquity, m.initialMargin);
            }
        }
    }

    /// @notice cash + losses - IM, not below zero.
    function withdrawable(AccountMargin memory m) internal pure returns (uint256) {
        int256 free = int256(m.cash) + m.losses - int256(m.initialMargin);
        return free > 0 ? uint256(free) : 0;
    }

    function _ceil(uint256 scaled) private pure returns (uint256) {
        unchecked {
            return (scaled + RATE - 1) / RATE;
        }
    }

    function _abs(int256 x) private pure returns (uint256) {
        unchecked {
            return x < 0 ? uint256(-x) : uint256(x);
        }
    }
}
