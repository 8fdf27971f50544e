// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {AccountMargin} from "../interfaces/Types.sol";
import {Context} from "./Context.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Requests} from "./Request.sol";
import {State} from "./State.sol";
import {Trading} from "./Trading.sol";

/// @title Calendar spreads: two fill-or-kill legs of one feed at a price difference, margined together
/// @notice docs/spec/book.md. Both books' resting orders are the liquidity: no spread book, so nothing is split.
library Spreads {
    struct Request {
        uint256 buySeries;
        uint256 sellSeries;
        uint256 lots;
        int256 limit;
        uint256 clientId;
        uint256 maxSteps;
    }

    function trade(State storage s, IIndexOracle oracle, uint256 account, Request memory r)
        internal
        returns (uint256 bought, uint256 sold)
    {
        Context memory a = Trading.load(s, oracle, r.buySeries, account, r.maxSteps);
        Context memory b = Trading.load(s, oracle, r.sellSeries, account, r.maxSteps);
        if (
            r.buySeries == r.sellSeries || a.terms.feed() != b.terms.feed()
                || a.terms.tickValue() != b.terms.tickValue()
        ) {
            revert IExchangeErrors.SpreadMismatch(uint16(r.buySeries), uint16(r.sellSeries));
        }
        AccountMargin memory was = Margin.assess(s, oracle, account);
        bought = _leg(s, oracle, a, r, false);
        sold = _leg(s, oracle, b, r, true);
        int256 cost = int256(bought) - int256(sold);
        int256 most = r.limit * int256(r.lots);
        if (cost > most) revert IExchangeErrors.SpreadWorse(cost, most);
        _hold(s, a);
        _hold(s, b);
        _check(s, oracle, a, b, was);
        Trading.finish(s, oracle, a);
        Trading.finish(s, oracle, b);
        emit IExchangeEvents.SpreadTraded(
            uint32(account), uint16(r.buySeries), uint16(r.sellSeries), r.lots, bought, sold
        );
    }

    /// @return ticks sum of lots x tick
    function _leg(State storage s, IIndexOracle oracle, Context memory c, Request memory r, bool sell)
        private
        returns (uint256 ticks)
    {
        uint256 flags = Requests.FILL_OR_KILL | (sell ? Requests.SELL : 0);
        uint256 tick = sell ? 1 : c.terms.priceCap();
        Trading.place(s, oracle, c, Requests.pack(flags, tick, r.lots, 0, r.clientId));
        return c.tradedTicks;
    }

    /// @dev Into storage, where margin finds both legs; the basis still stands where it stood for `was`.
    function _hold(State storage s, Context memory c) private {
        uint256 word = s.accounts[c.account];
        if (!Ledger.lists(word, c.series)) s.accounts[c.account] = Ledger.join(s, c.account, word, c.series);
        Trading.store(c);
        c.margined = false; // `finish` would look at one leg alone
    }

    function _check(
        State storage s,
        IIndexOracle oracle,
        Context memory a,
        Context memory b,
        AccountMargin memory was
    ) private view {
        AccountMargin memory m = Margin.assess(s, oracle, a.account);
        if (m.imEquity >= int256(m.initialMargin)) {
            a.position = a.position.withCheckedMark(a.hot.mark());
            b.position = b.position.withCheckedMark(b.hot.mark());
        } else {
            Margin.requireNotLowered(a.account, m, was);
        }
    }
}
