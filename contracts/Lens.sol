// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchange} from "./interfaces/IExchange.sol";
import {IExchangeErrors} from "./interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "./interfaces/IIndexOracle.sol";
import {AccountView, ILens, LevelView, OrderView, PositionView, SeriesView} from "./interfaces/ILens.sol";
import {AccountMargin, Phase, SeriesMoney, SeriesSpec} from "./interfaces/Types.sol";
import {BookReader} from "./libraries/BookReader.sol";
import {Margin} from "./libraries/Margin.sol";
import {Mark} from "./libraries/Mark.sol";
import {OrderBook} from "./libraries/OrderBook.sol";
import {HotWord, PositionWord, TermsWord, TradeWord} from "./libraries/Packed.sol";
import {
    DAY,
    HOT_CLOSED,
    HOT_DEFICIT,
    HOT_GUARDED,
    HOT_SETTLED,
    HOT_STALE,
    HOT_TRADED,
    MAX_SERIES,
    Words
} from "./libraries/State.sol";

/// @title Batch reads over an exchange: raw words become figures, by the exchange's own formulas
/// @notice Documented in ILens.
// slither-disable-start calls-loop (batch reads are what it is for)
contract Lens is ILens {
    /// @inheritdoc ILens
    IExchange public immutable exchange;

    IIndexOracle private immutable _oracle;

    /// @dev One series at this second; `hot` has the mark that a taking order would see.
    struct Now {
        TermsWord terms;
        TradeWord trade;
        HotWord hot;
        Phase phase;
        uint256 deltaMark;
    }

    constructor(IExchange exchange_) {
        exchange = exchange_;
        _oracle = IIndexOracle(exchange_.oracle());
    }

    // --- series ---

    /// @inheritdoc ILens
    function specOf(uint16 series) external view returns (SeriesSpec memory) {
        (uint256 terms, uint256 trade) = exchange.termsWords(series);
        _requireSeries(series, terms);
        return _spec(series, TermsWord.wrap(terms), TradeWord.wrap(trade));
    }

    /// @inheritdoc ILens
    function phaseOf(uint16 series) external view returns (Phase) {
        (uint256 terms,) = exchange.termsWords(series);
        return terms == 0 ? Phase.NONE : _phase(TermsWord.wrap(terms), HotWord.wrap(exchange.hotWord(series)));
    }

    /// @inheritdoc ILens
    function markOf(uint16 series) external view returns (uint24 mark, uint24 deltaMark, bool stale) {
        Now memory n = _now(series);
        return (uint24(n.hot.mark()), uint24(n.deltaMark), n.hot.has(HOT_STALE));
    }

    /// @inheritdoc ILens
    function seriesInfo(uint16 series) external view returns (SeriesView memory) {
        return _seriesView(series);
    }

    /// @inheritdoc ILens
    function seriesList(uint16 first, uint16 count) external view returns (SeriesView[] memory views) {
        uint256 last = exchange.seriesCount();
        uint256 from = first == 0 ? 1 : first;
        uint256 left = from > last ? 0 : last - from + 1;
        views = new SeriesView[](left < count ? left : count);
        for (uint256 i; i < views.length; ++i) {
            views[i] = _seriesView(uint16(from + i));
        }
    }

    function _seriesView(uint16 series) private view returns (SeriesView memory v) {
        Now memory n = _now(series);
        v.series = series;
        v.spec = _spec(series, n.terms, n.trade);
        v.phase = n.phase;
        v.money = exchange.moneyOf(series);
        v.money.fees += uint96(n.hot.fees()); // until they are moved, new fees stand in the hot word
        if (n.phase < Phase.EXPIRED) {
            v.bestBid = _best(series, OrderBook.BUYS);
            v.bestAsk = _best(series, OrderBook.SELLS);
        }
        v.mark = uint24(n.hot.mark());
        v.deltaMark = uint24(n.deltaMark);
        v.stale = n.hot.has(HOT_STALE);
        bool guarded = n.hot.has(HOT_GUARDED) && block.timestamp < v.money.reduceOnlyUntil;
        v.reduceOnly = v.stale || guarded || n.hot.has(HOT_DEFICIT);
        v.openInterest = uint32(n.hot.openInterest());
        v.basis = int32(n.hot.basis());
    }

    function _best(uint16 series, uint256 side) private view returns (uint24) {
        OrderView[] memory best = BookReader.orders(exchange, series, side, 1);
        return best.length == 0 ? 0 : uint24(best[0].orderId >> 48);
    }

    function _now(uint16 series) private view returns (Now memory n) {
        (uint256 terms, uint256 trade) = exchange.termsWords(series);
        _requireSeries(series, terms);
        n.terms = TermsWord.wrap(terms);
        n.trade = TradeWord.wrap(trade);
        n.hot = HotWord.wrap(exchange.hotWord(series));
        n.phase = _phase(n.terms, n.hot);
        if (n.phase < Phase.SETTLED) (n.hot, n.deltaMark) = Mark.renew(_oracle, n.terms, n.trade, n.hot);
        else n.hot = n.hot.withFlag(HOT_STALE, false);
    }

    function _phase(TermsWord t, HotWord h) private view returns (Phase) {
        if (h.has(HOT_CLOSED)) return Phase.CLOSED;
        if (h.has(HOT_SETTLED)) return Phase.SETTLED;
        if (block.timestamp >= t.expiryDay() * DAY) return Phase.EXPIRED;
        if (block.timestamp >= t.windowStart() * DAY) return Phase.FIXING;
        return h.has(HOT_TRADED) ? Phase.TRADING : Phase.LISTED;
    }

    function _spec(uint16 series, TermsWord t, TradeWord x) private view returns (SeriesSpec memory spec) {
        spec.symbol = exchange.symbolOf(series);
        spec.feed = uint16(t.feed());
        spec.windowStart = uint16(t.windowStart());
        spec.expiryDay = uint16(t.expiryDay());
        spec.tickSize = uint64(x.tickSize());
        spec.tickValue = uint32(t.tickValue());
        spec.priceCap = uint24(t.priceCap());
        spec.initialMark = exchange.initialMarkOf(series);
        spec.maxBasis = uint24(x.maxBasis());
        spec.minLots = uint8(t.minLots());
        spec.positionLimit = uint32(t.positionLimit());
        spec.openInterestCap = uint32(x.openInterestCap());
        spec.imBps = uint16(t.imBps());
        spec.mmBps = uint16(t.mmBps());
        spec.spreadBps = uint16(t.spreadBps());
        spec.bandBps = uint16(t.bandBps());
        spec.gapBps = uint16(t.gapBps());
        spec.concentrationPct = uint8(t.concentrationPct());
        spec.gainPct = uint8(t.gainPct());
        spec.takerFee = uint16(x.takerFee());
        spec.makerRebate = uint16(x.makerRebate());
        spec.maxMarkAge = uint16(t.maxMarkAge());
    }

    function _requireSeries(uint16 series, uint256 terms) private pure {
        if (terms == 0) revert IExchangeErrors.UnknownSeries(series);
    }

    // --- accounts ---

    /// @inheritdoc ILens
    function principal(address who) external view returns (uint32 account, uint8 permissions, uint40 expiry) {
        uint256 word = exchange.principalWord(who);
        return (uint32(word), uint8(word >> 32), uint40(word >> 40));
    }

    /// @inheritdoc ILens
    function seriesOf(uint32 account) external view returns (uint16[] memory) {
        return _series(_account(account));
    }

    /// @inheritdoc ILens
    function marginOf(uint32 account) external view returns (AccountMargin memory m) {
        uint256 word = _account(account);
        (m,) = _measure(account, word, _series(word));
    }

    /// @inheritdoc ILens
    function accountInfo(uint32 account) external view returns (AccountView memory v) {
        uint256 word = _account(account);
        v.account = account;
        v.owner = exchange.ownerOf(account);
        (v.margin, v.positions) = _measure(account, word, _series(word));
        v.withdrawable = Margin.withdrawable(v.margin);
    }

    function _account(uint32 account) private view returns (uint256) {
        if (account == 0 || account > exchange.accountCount()) {
            revert IExchangeErrors.UnknownAccount(account);
        }
        return exchange.accountWord(account);
    }

    function _series(uint256 accountWord) private pure returns (uint16[] memory list) {
        list = new uint16[](MAX_SERIES);
        uint256 count;
        for (uint256 rest = accountWord >> 96; rest != 0; rest >>= 16) {
            if (uint16(rest) != 0) list[count++] = uint16(rest);
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// @dev What Margin.assess does from storage, here from words; a position's value is what it adds to equity.
    function _measure(uint32 account, uint256 accountWord, uint16[] memory list)
        private
        view
        returns (AccountMargin memory m, PositionView[] memory views)
    {
        m.cash = uint88(accountWord);
        m.equity = m.imEquity = int256(m.cash);
        views = new PositionView[](list.length);
        Margin.Leg[] memory legs = new Margin.Leg[](list.length);
        for (uint256 i; i < list.length; ++i) {
            PositionWord p = PositionWord.wrap(exchange.positionWord(account, list[i]));
            Now memory n = _now(list[i]);
            int256 before = m.equity;
            if (n.phase >= Phase.SETTLED) {
                Margin.addSettled(m, p, n.hot.mark() * n.terms.tickValue());
            } else if (!p.idle()) {
                Margin.measure(m, legs[i], n.terms, n.hot, p, n.deltaMark);
            }
            views[i] = _position(list[i], p, m.equity - before);
        }
        Margin.total(m, legs);
    }

    function _position(uint16 series, PositionWord p, int256 value)
        private
        pure
        returns (PositionView memory v)
    {
        v.series = series;
        v.quote = p.quote();
        v.value = value;
        v.settled = Words.isSettled(PositionWord.unwrap(p));
        if (v.settled) {
            v.claim = Words.claimOf(PositionWord.unwrap(p));
            return v;
        }
        v.lots = p.lots();
        v.openBuy = p.openBuy();
        v.openSell = p.openSell();
        v.epoch = p.epoch();
        v.openCount = p.openCount();
        v.checkedMark = p.checkedMark();
        v.lastFillDay = p.lastFillDay();
    }

    // --- books ---

    /// @inheritdoc ILens
    function depth(uint16 series, bool sells, uint16 maxLevels) external view returns (LevelView[] memory) {
        return BookReader.levels(exchange, series, _side(sells), _open(series) ? maxLevels : 0);
    }

    /// @inheritdoc ILens
    function orders(uint16 series, bool sells, uint16 maxOrders) external view returns (OrderView[] memory) {
        return BookReader.orders(exchange, series, _side(sells), _open(series) ? maxOrders : 0);
    }

    /// @inheritdoc ILens
    function openOrders(uint32 account, uint16 series) external view returns (OrderView[] memory all) {
        uint256 word = _account(account);
        if (series != 0) return _ordersOf(account, series);
        uint16[] memory list = _series(word);
        OrderView[][] memory each = new OrderView[][](list.length);
        uint256 count;
        for (uint256 i; i < list.length; ++i) {
            each[i] = _ordersOf(account, list[i]);
            count += each[i].length;
        }
        all = new OrderView[](count);
        for (uint256 i = list.length; i > 0;) {
            OrderView[] memory some = each[--i];
            for (uint256 j = some.length; j > 0;) {
                all[--count] = some[--j];
            }
        }
    }

    function _ordersOf(uint32 account, uint16 series) private view returns (OrderView[] memory none) {
        return _open(series) ? BookReader.ordersOf(exchange, series, account) : none;
    }

    function _side(bool sells) private pure returns (uint256) {
        return sells ? OrderBook.SELLS : OrderBook.BUYS;
    }

    /// @dev From expiry on nothing in a book can trade.
    function _open(uint16 series) private view returns (bool) {
        (uint256 terms,) = exchange.termsWords(series);
        _requireSeries(series, terms);
        return block.timestamp < TermsWord.wrap(terms).expiryDay() * DAY;
    }
}
// slither-disable-end calls-loop
