// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {IPositionToken, ITokenFactory} from "../interfaces/IPositionToken.sol";
import {AccountMargin} from "../interfaces/Types.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Mark} from "./Mark.sol";
import {Realising} from "./Realising.sol";
import {ACCOUNT_TOKEN, DAY, HOT_CLOSED, HOT_SETTLED, Position, State, Terms, Words} from "./State.sol";

/// @title Fully funded long and short sides of a series as ERC-20 tokens
/// @notice docs/spec/tokens.md. A token's account takes lots over at a constant price, 0 for LONG and priceCap for SHORT,
/// so it never owes anything: a LONG token is worth the settlement price, a SHORT token priceCap minus it.
library Tokens {
    // slither-disable-next-line reentrancy-events (called under the lock; factory and tokens are our own code)
    function create(State storage s, ITokenFactory factory, uint16 series)
        internal
        returns (address longToken, address shortToken)
    {
        if (s.terms[series] == 0) revert IExchangeErrors.UnknownSeries(series);
        address existing = s.tokens[_key(series, true)];
        if (existing != address(0)) revert IExchangeErrors.TokenExists(series, existing);
        longToken = factory.create(s.symbols[series], series, true);
        shortToken = factory.create(s.symbols[series], series, false);
        uint32 longAccount = _open(s, series, true, longToken);
        uint32 shortAccount = _open(s, series, false, shortToken);
        emit IExchangeEvents.TokensCreated(series, longToken, shortToken, longAccount, shortAccount);
    }

    function _open(State storage s, uint16 series, bool long_, address token)
        private
        returns (uint32 account)
    {
        account = ++s.accountCount;
        s.principals[token] = account | (uint256(255) << 32);
        s.owners[account] = token;
        s.accounts[account] = ACCOUNT_TOKEN;
        s.tokens[_key(series, long_)] = token;
        emit IExchangeEvents.AccountOpened(account, token);
    }

    function wrap(
        State storage s,
        IIndexOracle oracle,
        uint256 account,
        uint16 series,
        bool long_,
        uint32 lots,
        address to
    ) internal {
        if (lots == 0) revert IExchangeErrors.ZeroAmount();
        if (to == address(this)) revert IExchangeErrors.InvalidRecipient(to); // it redeems nothing
        address token = _token(s, series, long_);
        Terms memory t = _alive(s, series);
        if (!Ledger.lists(s.accounts[account], series)) {
            revert IExchangeErrors.NothingToWrap(series, 0, lots);
        }
        Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
        if ((long_ ? p.lots : -p.lots) < int256(uint256(lots))) {
            revert IExchangeErrors.NothingToWrap(series, p.lots, lots);
        }
        uint256 holder = uint32(s.principals[token]);
        _move(s, account, holder, series, long_, lots, false);
        _limit(s, t, account, series); // open orders may take the position back, and farther
        uint256 paid = _fund(s, oracle, account, series);
        AccountMargin memory m = Margin.assess(s, oracle, account);
        if (m.stale) revert IExchangeErrors.StaleAccount(uint32(account));
        if (int256(m.cash) + m.losses < int256(m.initialMargin)) {
            revert IExchangeErrors.InsufficientMargin(
                uint32(account), int256(m.cash) + m.losses, m.initialMargin
            );
        }
        Margin.recheck(s, oracle, account);
        emit IExchangeEvents.Wrapped(uint32(account), series, long_, lots, paid);
        IPositionToken(token).mint(to, lots);
    }

    /// @dev The loss that giving the lots away leaves, at the mark, goes into the pool at once.
    function _fund(State storage s, IIndexOracle oracle, uint256 account, uint16 series)
        private
        returns (uint256 paid)
    {
        Terms memory t = Words.toTerms(s.terms[series]);
        Mark.Quote memory q = Mark.quote(s, oracle, series);
        if (q.stale) revert IExchangeErrors.StaleAccount(uint32(account));
        Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
        int256 value = p.quote + p.lots * int256(q.mark * t.tickValue);
        if (value >= 0) return 0;
        paid = Realising.pay(s, account, series, uint256(-value));
        if (int256(paid) != -value) {
            revert IExchangeErrors.InsufficientCash(uint32(account), paid, uint256(-value));
        }
        emit IExchangeEvents.Realised(uint32(account), series, value);
    }

    // slither-disable-next-line reentrancy-events (called under the lock; factory and tokens are our own code)
    function unwrap(
        State storage s,
        IIndexOracle oracle,
        uint256 account,
        uint16 series,
        bool long_,
        uint32 lots
    ) internal {
        if (lots == 0) revert IExchangeErrors.ZeroAmount();
        address token = _token(s, series, long_);
        Terms memory t = _alive(s, series);
        IPositionToken(token).burn(msg.sender, lots);
        AccountMargin memory was = Margin.assess(s, oracle, account);
        _move(s, uint32(s.principals[token]), account, series, long_, lots, true);
        _limit(s, t, account, series);
        AccountMargin memory m = Margin.assess(s, oracle, account);
        if (m.imEquity < int256(m.initialMargin)) Margin.requireNotLowered(account, m, was);
        emit IExchangeEvents.Unwrapped(uint32(account), series, long_, lots);
    }

    function _limit(State storage s, Terms memory t, uint256 account, uint16 series) private view {
        Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
        int256 most = _max(p.lots + int256(p.openBuy), int256(p.openSell) - p.lots);
        if (most > int256(t.positionLimit)) {
            revert IExchangeErrors.PositionLimit(series, uint256(most), t.positionLimit);
        }
    }

    /// @dev Lots at the constant price of the side: 0 for LONG, priceCap for SHORT. Not a trade: no mark, no fee.
    /// @param freshen the receiver's gain may not be drawn before the second midnight, as after a fill
    function _move(
        State storage s,
        uint256 from,
        uint256 to,
        uint16 series,
        bool long_,
        uint256 lots,
        bool freshen
    ) private {
        uint256 word = s.accounts[to];
        if (!Ledger.lists(word, series)) s.accounts[to] = Ledger.join(s, to, word, series);
        int256 signed = long_ ? int256(lots) : -int256(lots);
        int256 money;
        if (!long_) {
            Terms memory t = Words.toTerms(s.terms[series]);
            money = int256(lots * t.priceCap * t.tickValue);
        }
        uint256 fromKey = Words.positionKey(from, series);
        uint256 toKey = Words.positionKey(to, series);
        Position memory a = Words.toPosition(s.positions[fromKey]);
        Position memory b = Words.toPosition(s.positions[toKey]);
        uint256 longs = _long(a.lots) + _long(b.lots);
        a.lots -= signed;
        a.quote -= money;
        b.lots += signed;
        b.quote += money;
        if (freshen) b.lastFillDay = block.timestamp / DAY;
        s.positions[fromKey] = Words.pack(a);
        s.positions[toKey] = Words.pack(b);
        _openInterest(s, series, longs, _long(a.lots) + _long(b.lots));
        emit IExchangeEvents.PositionMoved(
            uint32(from),
            uint32(to),
            series,
            signed,
            long_ ? 0 : uint256(money) / lots / uint32(s.terms[series])
        );
    }

    /// @dev Unwrapping into the other side closes both.
    function _openInterest(State storage s, uint16 series, uint256 before, uint256 after_) private {
        // slither-disable-next-line incorrect-equality (only saves a write)
        if (before == after_) return;
        uint256 word = s.hot[series];
        uint256 open = uint32(word >> 168) + after_ - before;
        s.hot[series] = (word & ~(uint256(type(uint32).max) << 168)) | (open << 168);
    }

    // slither-disable-next-line reentrancy-events (called under the lock; factory and tokens are our own code)
    function redeem(State storage s, uint256 account, uint16 series, bool long_, uint32 lots)
        internal
        returns (uint256 claim)
    {
        if (lots == 0) revert IExchangeErrors.ZeroAmount();
        address token = _token(s, series, long_);
        if ((s.hot[series] >> 248) & HOT_CLOSED == 0) revert IExchangeErrors.NotClosed(series);
        IPositionToken(token).burn(msg.sender, lots);
        Terms memory t = Words.toTerms(s.terms[series]);
        uint256 mark = uint24(s.hot[series] >> 48);
        claim = lots * (long_ ? mark : t.priceCap - mark) * t.tickValue;
        if (claim != 0) {
            uint256 holderKey = Words.positionKey(uint32(s.principals[token]), series);
            uint256 held = Words.claimOf(s.positions[holderKey]) - claim;
            s.positions[holderKey] = Words.packClaim(held, int256(held));
            _addClaim(s, account, series, claim);
        }
        emit IExchangeEvents.Redeemed(uint32(account), series, long_, lots, claim);
    }

    function _addClaim(State storage s, uint256 account, uint16 series, uint256 claim) private {
        uint256 key = Words.positionKey(account, series);
        uint256 word = s.positions[key];
        uint256 whole;
        int256 left;
        if (Words.isSettled(word)) {
            whole = Words.claimOf(word);
            left = Words.toPosition(word).quote;
        }
        if (left < 0) revert IExchangeErrors.OwesSeries(uint32(account), series, uint256(-left));
        s.positions[key] = Words.packClaim(whole + claim, left + int256(claim));
        uint256 accountWord = s.accounts[account];
        if (!Ledger.lists(accountWord, series)) {
            s.accounts[account] = Ledger.join(s, account, accountWord, series);
        }
    }

    function _alive(State storage s, uint16 series) private view returns (Terms memory t) {
        t = Words.toTerms(s.terms[series]);
        uint256 expiry = t.expiryDay * DAY;
        if (block.timestamp >= expiry) revert IExchangeErrors.SeriesExpired(series, expiry);
    }

    function _token(State storage s, uint16 series, bool long_) private view returns (address token) {
        token = s.tokens[_key(series, long_)];
        if (token == address(0)) revert IExchangeErrors.NoToken(series, long_);
    }

    function _key(uint256 series, bool long_) private pure returns (uint256) {
        return (series << 1) | (long_ ? 1 : 0);
    }

    function _long(int256 lots) private pure returns (uint256) {
        return lots > 0 ? uint256(lots) : 0;
    }

    function _max(int256 a, int256 b) private pure returns (int256) {
        return a > b ? a : b;
    }
}
