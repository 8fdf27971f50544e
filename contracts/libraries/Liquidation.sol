// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {AccountMargin} from "../interfaces/Types.sol";
import {Context, Records} from "./Context.sol";
import {Insurance} from "./Insurance.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Mark} from "./Mark.sol";
import {Matching} from "./Matching.sol";
import {OrderBook} from "./OrderBook.sol";
import {HotWord, PositionWord, TermsWord} from "./Packed.sol";
import {Request, Requests} from "./Request.sol";
import {DAY, HOT_SETTLED, HOT_STALE, Hot, Position, State, Terms, Words} from "./State.sol";
import {Trading} from "./Trading.sol";

/// @title What happens to an account below its margin: orders cancelled, closed through the book, auctioned, declared
/// @notice docs/spec/liquidation.md. No step lowers the account's equity - MM, and none needs a role.
library Liquidation {
    /// @notice The keeper's share of the maintenance margin that it frees, 1e-4.
    uint256 internal constant KEEPER_BPS = 1_000;
    /// @notice Seconds in which the auction's discount grows from none to all of the margin freed.
    uint256 internal constant AUCTION = 30 minutes;
    /// @notice Seconds after which a clock at which nobody looked counts no more.
    uint256 internal constant MEMORY = AUCTION / 3;
    /// @notice In the flags of a TAKEN record: its fills paid no fee and earned no rebate.
    uint256 internal constant FEES_WAIVED = 64;
    /// @notice A fraction of 1.
    uint256 internal constant WHOLE = 1e6;

    // --- step 1: orders ---

    /// @notice Kills all orders of an account whose equity would not carry their fills.
    function cancelOrders(State storage s, IIndexOracle oracle, uint32 account) internal {
        AccountMargin memory m = _assess(s, oracle, account);
        _sure(s, oracle, account, m, m.ordersMargin);
        if (m.equity >= int256(m.ordersMargin)) {
            revert IExchangeErrors.Healthy(account, m.equity, m.ordersMargin);
        }
        killOrders(s, account);
    }

    function killOrders(State storage s, uint256 account) internal {
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            if (uint16(list) != 0) OrderBook.killOrders(s, account, uint16(list));
        }
    }

    // --- step 2: through the book ---

    struct Closing {
        AccountMargin before;
        uint256 side; // of the resting orders
        uint256 lots;
        uint256 limit;
        uint256 keeper;
        uint256 flags; // of the TAKEN record
    }

    /// @notice Closes part of a position through the book, inside the band, no more than restores initial margin.
    function throughBook(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        uint256 keeper,
        uint256 lots,
        uint256 limit
    ) internal returns (uint256 closed, uint256 reward) {
        Closing memory x;
        x.keeper = keeper;
        if (c.hot.has(HOT_STALE)) revert IExchangeErrors.StaleAccount(uint32(c.account));
        x.before = _assess(s, oracle, c, c.position);
        _below(s, oracle, uint32(c.account), x.before);
        _size(s, oracle, c, x, lots, limit);
        x.flags = Requests.IMMEDIATE | (x.side == OrderBook.BUYS ? Requests.SELL : 0);
        if (x.before.equity <= 0) {
            c.trade = c.trade.free();
            x.flags |= FEES_WAIVED;
        }
        (uint256 left,) = Matching.walk(s, c, x.side, x.limit, x.lots, Requests.IMMEDIATE);
        closed = x.lots - left;
        if (closed == 0) {
            if (Records.none(c)) revert IExchangeErrors.NothingTraded(uint16(c.series));
            Trading.finish(s, oracle, c); // dead orders went: the next call meets living ones
            return (0, 0);
        }
        Request r = Requests.pack(x.flags, x.limit, 0, 0, 0);
        Records.push(c, Records.taken(c.hot, r, closed, left, Records.END_IMMEDIATE));
        reward = _reward(s, oracle, c, x);
        c.position = c.position.withQuote(c.position.quote() - int256(reward));
        Trading.finish(s, oracle, c);
        _credit(s, keeper, c.series, int256(reward));
        emit IExchangeEvents.Liquidated(uint32(c.account), uint16(c.series), uint32(keeper), closed, reward);
    }

    /// @dev Side, limit inside the band, and the lots that bring equity at the mark back to IM. IM is convex in the
    /// lots closed, so each frees at most what the first does, and those asked for are never too many.
    function _size(
        State storage s,
        IIndexOracle oracle,
        Context memory c,
        Closing memory x,
        uint256 lots,
        uint256 limit
    ) private view {
        Position memory p = Words.toPosition(PositionWord.unwrap(c.position));
        if (p.lots == 0) revert IExchangeErrors.NothingToReduce(uint16(c.series), 0);
        uint256 held = p.lots > 0 ? uint256(p.lots) : uint256(-p.lots);
        Position memory less = Words.toPosition(PositionWord.unwrap(c.before));
        int256 one = p.lots > 0 ? int256(1) : -1;
        less.lots -= one;
        less.quote += one * int256(c.hot.mark() * c.terms.tickValue());
        AccountMargin memory m = _assess(s, oracle, c, PositionWord.wrap(Words.pack(less)));
        uint256 im = x.before.initialMargin;
        if (m.initialMargin >= im) {
            revert IExchangeErrors.NothingFreed(uint32(c.account), uint16(c.series));
        }
        uint256 freed = im - m.initialMargin;
        uint256 most = (uint256(int256(im) - x.before.equity) + freed - 1) / freed;
        if (most > held) most = held;
        x.lots = lots < most ? lots : most;
        (uint256 low, uint256 high) = Matching.band(c.hot, c.terms);
        x.side = p.lots > 0 ? OrderBook.BUYS : OrderBook.SELLS;
        x.limit = limit;
        if (x.side == OrderBook.BUYS && limit < low) x.limit = low;
        if (x.side == OrderBook.SELLS && limit > high) x.limit = high;
    }

    /// @dev What the account loses, reward included, is at most max(equity, 0) x MM freed / MM.
    function _reward(State storage s, IIndexOracle oracle, Context memory c, Closing memory x)
        private
        returns (uint256 reward)
    {
        AccountMargin memory m = _assess(s, oracle, c, c.position);
        if (m.maintenanceMargin >= x.before.maintenanceMargin) {
            revert IExchangeErrors.NothingFreed(uint32(c.account), uint16(c.series));
        }
        uint256 freed = x.before.maintenanceMargin - m.maintenanceMargin;
        int256 allowed = int256(_allowed(x.before, freed));
        int256 loss = x.before.equity - m.equity;
        if (loss > allowed) revert IExchangeErrors.LiquidationLoss(loss, allowed);
        reward = freed * KEEPER_BPS / 10_000;
        if (loss < 0) loss = 0;
        if (reward > uint256(allowed - loss)) reward = uint256(allowed - loss);
        _note(s, c.account, m.equity - int256(reward), m.maintenanceMargin);
    }

    function _allowed(AccountMargin memory m, uint256 freed) private pure returns (uint256) {
        // slither-disable-next-line incorrect-equality (division by it follows)
        if (m.equity <= 0 || m.maintenanceMargin == 0) return 0;
        return uint256(m.equity) * freed / m.maintenanceMargin;
    }

    // --- step 3: auction ---

    struct Slice {
        AccountMargin before;
        uint256 account;
        uint256 bidder;
        uint256 feed;
        uint256 fraction;
        uint256 payIn; // series in which the discount is paid
        uint256 discount; // 1e-6 of the margin freed
    }

    /// @notice Hands a fraction of every position of a feed to the bidder at the mark less the auction's discount.
    function auction(
        State storage s,
        IIndexOracle oracle,
        uint32 account,
        uint32 bidder,
        uint16 feed,
        uint32 fraction
    ) internal returns (uint256 paid, uint256 insured) {
        if (fraction == 0 || fraction > WHOLE) {
            revert IExchangeErrors.InvalidFraction(fraction, WHOLE);
        }
        if (account == bidder) revert IExchangeErrors.NotAuthorised(msg.sender);
        Slice memory x;
        (x.account, x.bidder, x.feed, x.fraction) = (account, bidder, feed, fraction);
        killOrders(s, account);
        x.before = _assess(s, oracle, account);
        x.discount = _below(s, oracle, account, x.before) * WHOLE / AUCTION;
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            if (uint16(list) != 0) _move(s, oracle, x, uint16(list));
        }
        // slither-disable-next-line incorrect-equality (no series has the number 0)
        if (x.payIn == 0) revert IExchangeErrors.NothingFreed(account, 0);
        (paid, insured) = _pay(s, oracle, x);
        AccountMargin memory m = Margin.assess(s, oracle, bidder);
        if (m.imEquity < int256(m.initialMargin)) {
            revert IExchangeErrors.InsufficientMargin(bidder, m.imEquity, m.initialMargin);
        }
        emit IExchangeEvents.Auctioned(account, feed, bidder, fraction, paid, insured);
    }

    /// @dev One series of the slice at the mark; lots rounded towards zero.
    function _move(State storage s, IIndexOracle oracle, Slice memory x, uint256 series) private {
        Terms memory t = Words.toTerms(s.terms[series]);
        if (t.feed != x.feed) return;
        Hot memory h = Words.toHot(s.hot[series]);
        if (h.flags & HOT_SETTLED != 0 || block.timestamp >= t.expiryDay * DAY) return;
        uint256 key = Words.positionKey(x.account, series);
        Position memory p = Words.toPosition(s.positions[key]);
        int256 lots = p.lots * int256(x.fraction) / int256(WHOLE);
        // slither-disable-next-line incorrect-equality (whole lots: none is moved)
        if (lots == 0) return;
        x.payIn = series;
        Mark.Quote memory q = Mark.quote(s, oracle, series);
        if (q.stale) revert IExchangeErrors.StaleAccount(uint32(x.account));
        int256 price = int256(q.mark * t.tickValue);
        _join(s, x.bidder, series);
        uint256 bidderKey = Words.positionKey(x.bidder, series);
        Position memory b = Words.toPosition(s.positions[bidderKey]);
        int256 longs = _long(p.lots) + _long(b.lots);
        p.lots -= lots;
        // slither-disable-next-line divide-before-multiply (the lots are whole lots first: what is moved is what is paid for)
        p.quote += lots * price;
        b.lots += lots;
        // slither-disable-next-line divide-before-multiply (as above)
        b.quote -= lots * price;
        p.lastFillDay = b.lastFillDay = block.timestamp / DAY;
        _limit(t, b, series);
        h.openInterest = uint256(int256(h.openInterest) + _long(p.lots) + _long(b.lots) - longs);
        s.positions[key] = Words.pack(p);
        s.positions[bidderKey] = Words.pack(b);
        s.hot[series] = Words.pack(h);
        emit IExchangeEvents.PositionMoved(uint32(x.account), uint32(x.bidder), uint16(series), lots, q.mark);
    }

    function _limit(Terms memory t, Position memory p, uint256 series) private pure {
        int256 long_ = p.lots + int256(p.openBuy);
        int256 short_ = int256(p.openSell) - p.lots;
        int256 most = long_ > short_ ? long_ : short_;
        if (most > int256(t.positionLimit)) {
            revert IExchangeErrors.PositionLimit(uint16(series), uint256(most), t.positionLimit);
        }
    }

    /// @dev The account pays the discount as far as max(equity, 0) x MM freed / MM goes, insurance the rest.
    function _pay(State storage s, IIndexOracle oracle, Slice memory x)
        private
        returns (uint256 paid, uint256 insured)
    {
        AccountMargin memory m = Margin.assess(s, oracle, x.account);
        if (m.maintenanceMargin >= x.before.maintenanceMargin) {
            revert IExchangeErrors.NothingFreed(uint32(x.account), uint16(x.payIn));
        }
        uint256 freed = x.before.maintenanceMargin - m.maintenanceMargin;
        uint256 discount = freed * x.discount / WHOLE;
        uint256 allowed = _allowed(x.before, freed);
        paid = discount < allowed ? discount : allowed;
        uint256 insurance = s.insurance[x.feed];
        insured = discount - paid < insurance ? discount - paid : insurance;
        if (insured != 0) {
            Insurance.take(s, x.feed, insured);
            s.money[x.payIn].pool += uint96(insured);
        }
        _addQuote(s, x.account, x.payIn, -int256(paid));
        _addQuote(s, x.bidder, x.payIn, int256(paid + insured));
        _note(s, x.account, m.equity - int256(paid), m.maintenanceMargin);
    }

    // --- flags and deficits ---

    /// @dev Starts the auction's clock of an account below MM.
    /// @return elapsed seconds since then, at most AUCTION
    function _below(State storage s, IIndexOracle oracle, uint32 account, AccountMargin memory m)
        private
        returns (uint256 elapsed)
    {
        _sure(s, oracle, account, m, m.maintenanceMargin);
        if (m.equity >= int256(m.maintenanceMargin)) {
            revert IExchangeErrors.Healthy(account, m.equity, m.maintenanceMargin);
        }
        elapsed = block.timestamp - _note(s, account, m.equity, m.maintenanceMargin);
        if (elapsed > AUCTION) elapsed = AUCTION;
    }

    /// @notice Sets the clocks of an account below MM, or stops those of one that recovered.
    function flag(State storage s, IIndexOracle oracle, uint32 account) internal {
        AccountMargin memory m = _assess(s, oracle, account);
        _sure(s, oracle, account, m, m.maintenanceMargin);
        if (m.equity >= int256(m.maintenanceMargin) && s.clocks[account] == 0) {
            revert IExchangeErrors.Healthy(account, m.equity, m.maintenanceMargin);
        }
        _note(s, account, m.equity, m.maintenanceMargin);
    }

    /// @dev Keeps both clocks of an account: since when it has been below MM, and since when below zero. A clock at which
    /// nobody has looked for MEMORY starts anew: the account may have recovered meanwhile.
    /// @return since below MM since then, 0 when it is not
    function _note(State storage s, uint256 account, int256 equity, uint256 mm)
        private
        returns (uint256 since)
    {
        uint256 word = s.clocks[account];
        since = uint40(word);
        uint256 negative = uint40(word >> 40);
        bool forgotten = _forgotten(word);
        if (equity >= int256(mm)) since = 0;
        else if (since == 0 || forgotten) since = block.timestamp;
        if (equity >= 0) negative = 0;
        else if (negative == 0 || forgotten) negative = block.timestamp;
        uint256 next = since | (negative << 40);
        if (next != 0) s.clocks[account] = next | (block.timestamp << 80);
        else if (word != 0) s.clocks[account] = 0;
        if (next == uint80(word)) return since;
        emit IExchangeEvents.Flagged(uint32(account), uint40(since), uint40(negative));
    }

    function _forgotten(uint256 clocks) private view returns (bool) {
        return block.timestamp > (clocks >> 80) + MEMORY;
    }

    /// @notice Declares what an account lacks in a feed once it has been below zero for as long as a whole auction,
    /// or clears it once cured.
    function declare(State storage s, IIndexOracle oracle, uint32 account, uint16 feed)
        internal
        returns (uint256 amount)
    {
        AccountMargin memory m = _assess(s, oracle, account);
        uint256 before = s.declared[(uint256(account) << 16) | feed];
        // Without a loss in the feed there is nothing to declare in it, whatever the rest is worth.
        if (m.stale || m.equity < 0) amount = _lossIn(s, oracle, account, feed);
        if (amount != 0) {
            _sure(s, oracle, account, m, 0);
            uint256 short_ = uint256(-m.equity);
            if (amount > short_) amount = short_;
        }
        if (amount == before) revert IExchangeErrors.Healthy(account, m.equity, 0);
        uint256 since = uint40(s.clocks[account] >> 40);
        if (_forgotten(s.clocks[account])) since = 0;
        if (amount > before && (since == 0 || block.timestamp < since + AUCTION)) {
            revert IExchangeErrors.TooEarly(since == 0 ? 0 : since + AUCTION);
        }
        Insurance.declare(s, account, feed, amount);
        emit IExchangeEvents.DeficitDeclared(account, feed, amount);
    }

    /// @dev The account's loss in the unsettled series of one feed, at the mark.
    function _lossIn(State storage s, IIndexOracle oracle, uint256 account, uint256 feed)
        private
        view
        returns (uint256)
    {
        int256 value;
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            uint256 series = uint16(list);
            if (series == 0) continue;
            Terms memory t = Words.toTerms(s.terms[series]);
            Hot memory h = Words.toHot(s.hot[series]);
            if (t.feed != feed || h.flags & HOT_SETTLED != 0) continue;
            Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
            Mark.Quote memory q = Mark.quote(s, oracle, series);
            if (q.stale && p.lots != 0) revert IExchangeErrors.StaleAccount(uint32(account));
            value += p.quote + p.lots * int256(q.mark * t.tickValue);
        }
        return value < 0 ? uint256(-value) : 0;
    }

    // --- small ---

    function _assess(State storage s, IIndexOracle oracle, uint32 account)
        private
        view
        returns (AccountMargin memory m)
    {
        if (account == 0 || account > s.accountCount) revert IExchangeErrors.UnknownAccount(account);
        m = Margin.assess(s, oracle, account);
    }

    /// @dev Reverts when lots at a stale index may be worth so much more that equity is not below what is `needed`.
    function _sure(
        State storage s,
        IIndexOracle oracle,
        uint32 account,
        AccountMargin memory m,
        uint256 needed
    ) private view {
        if (!m.stale) return;
        if (m.equity + int256(_doubt(s, oracle, account)) >= int256(needed)) {
            revert IExchangeErrors.StaleAccount(account);
        }
    }

    /// @dev By how much lots at a stale index may be worth more than at their last mark: initial margin's share of it.
    function _doubt(State storage s, IIndexOracle oracle, uint256 account) private view returns (uint256) {
        uint256 scaled;
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            uint256 series = uint16(list);
            if (series == 0 || HotWord.wrap(s.hot[series]).has(HOT_SETTLED)) continue;
            int256 lots = PositionWord.wrap(s.positions[Words.positionKey(account, series)]).lots();
            Mark.Quote memory q = Mark.quote(s, oracle, series);
            if (!q.stale) continue;
            TermsWord t = TermsWord.wrap(s.terms[series]);
            scaled += uint256(lots < 0 ? -lots : lots) * q.mark * t.tickValue() * t.imBps();
        }
        return (scaled + 9999) / 10_000;
    }

    /// @dev The account of `c` with a position of its own in that series.
    function _assess(State storage s, IIndexOracle oracle, Context memory c, PositionWord p)
        private
        view
        returns (AccountMargin memory)
    {
        return Margin.assess(s, oracle, c, s.accounts[c.account], p, false);
    }

    function _join(State storage s, uint256 account, uint256 series) private {
        uint256 word = s.accounts[account];
        if (!Ledger.lists(word, series)) s.accounts[account] = Ledger.join(s, account, word, series);
    }

    function _credit(State storage s, uint256 account, uint256 series, int256 amount) private {
        // slither-disable-next-line incorrect-equality (only saves a write)
        if (amount == 0) return;
        _join(s, account, series);
        _addQuote(s, account, series, amount);
    }

    function _addQuote(State storage s, uint256 account, uint256 series, int256 amount) private {
        uint256 key = Words.positionKey(account, series);
        Position memory p = Words.toPosition(s.positions[key]);
        p.quote += amount;
        // A reward is a gain like one from a fill: drawn no sooner.
        if (amount > 0) p.lastFillDay = block.timestamp / DAY;
        s.positions[key] = Words.pack(p);
    }

    function _long(int256 lots) private pure returns (int256) {
        return lots > 0 ? lots : int256(0);
    }
}
