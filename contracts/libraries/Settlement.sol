// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {SeriesMoney} from "../interfaces/Types.sol";
import {Ledger} from "./Ledger.sol";
import {Mark} from "./Mark.sol";
import {DAY, HOT_CLOSED, HOT_SETTLED, Hot, Position, State, Terms, TradeTerms, Words} from "./State.sol";

/// @title From expiry to money: settlement price, crank, claims, debts, and drawing gains before expiry
/// @notice docs/spec/settlement.md. These paths are cold.
/// @dev Per series, always: sum of quote + fees + advance = pool; while settled, plus lots x S x v of the uncranked.
library Settlement {
    /// @notice Fresh seconds per hundred of the window from which the average settles at once.
    uint256 internal constant MIN_COVERAGE = 98;
    /// @notice After this silence a thinly covered average stands.
    uint256 internal constant SILENCE = 5 days;

    // --- before expiry ---

    /// @notice Draws a flat account's gain from the pool, or pays its debt from its cash.
    function realise(
        State storage s,
        IIndexOracle oracle,
        uint32 account,
        uint16 series,
        uint32[] calldata payers
    ) internal returns (int256 amount) {
        uint256 key = Words.positionKey(account, series);
        uint256 word = s.positions[key];
        uint256 list = s.accounts[account];
        if (!Ledger.lists(list, series)) revert IExchangeErrors.NothingToRealise(account, series);
        Position memory p = Words.toPosition(word);
        if (Words.isSettled(word)) {
            amount = -int256(_payDebt(s, account, series));
        } else {
            if (p.lots != 0) revert IExchangeErrors.NotFlat(account, series, p.lots);
            if (p.quote < 0) {
                amount = -int256(_pay(s, account, series, uint256(-p.quote)));
            } else if (p.quote > 0) {
                amount = int256(_drawGain(s, oracle, account, series, p, payers));
            }
        }
        if (amount == 0) revert IExchangeErrors.NothingToRealise(account, series);
        list = s.accounts[account];
        s.accounts[account] = Ledger.tidy(s, account, list);
        emit IExchangeEvents.Realised(account, series, amount);
    }

    /// @dev Moves up to `wanted` from cash into the pool against the account's negative quote.
    function _pay(State storage s, uint256 account, uint256 series, uint256 wanted)
        private
        returns (uint256 paid)
    {
        uint256 word = s.accounts[account];
        uint256 cash = Ledger.cash(word);
        paid = wanted < cash ? wanted : cash;
        if (paid == 0) return 0;
        s.accounts[account] = Ledger.withCash(word, cash - paid);
        uint256 key = Words.positionKey(account, series);
        Position memory p = Words.toPosition(s.positions[key]);
        p.quote += int256(paid);
        s.positions[key] = Words.pack(p);
        s.money[series].pool += uint96(paid);
    }

    function _drawGain(
        State storage s,
        IIndexOracle oracle,
        uint32 account,
        uint16 series,
        Position memory p,
        uint32[] calldata payers
    ) private returns (uint256 drawn) {
        Terms memory t = Words.toTerms(s.terms[series]);
        uint256 allowedFrom = (p.lastFillDay + 2) * DAY;
        if (block.timestamp < allowedFrom) revert IExchangeErrors.TooEarly(allowedFrom);
        if (block.timestamp >= t.expiryDay * DAY) {
            revert IExchangeErrors.SeriesExpired(series, t.expiryDay * DAY);
        }
        uint256 wanted = uint256(p.quote);
        if (s.money[series].pool < wanted && payers.length != 0) {
            _collect(s, oracle, series, t, wanted, payers);
        }
        uint256 pool = s.money[series].pool;
        drawn = wanted < pool ? wanted : pool;
        if (drawn == 0) return 0;
        s.money[series].pool = uint96(pool - drawn);
        p.quote -= int256(drawn);
        s.positions[Words.positionKey(account, series)] = Words.pack(p);
        uint256 word = s.accounts[account];
        s.accounts[account] = Ledger.withCash(word, Ledger.cash(word) + drawn);
    }

    /// @dev Named losers pay at most their loss, their cash, and what is still needed. Their equity is unchanged.
    function _collect(
        State storage s,
        IIndexOracle oracle,
        uint16 series,
        Terms memory t,
        uint256 wanted,
        uint32[] calldata payers
    ) private {
        Mark.Quote memory q = Mark.quote(
            oracle, t, Words.toTradeTerms(s.tradeTerms[series]), Words.toHot(s.hot[series])
        );
        if (q.stale) {
            (, uint32 observedAt,) = oracle.latest(uint16(t.feed));
            revert IExchangeErrors.StaleIndex(series, observedAt);
        }
        for (uint256 i; i < payers.length; ++i) {
            uint256 pool = s.money[series].pool;
            if (pool >= wanted) return;
            Position memory p = Words.toPosition(s.positions[Words.positionKey(payers[i], series)]);
            int256 value = p.quote + p.lots * int256(q.mark * t.tickValue);
            if (value >= 0) revert IExchangeErrors.PayerNotLosing(payers[i], value);
            uint256 loss = uint256(-value);
            uint256 paid = _pay(s, payers[i], series, loss < wanted - pool ? loss : wanted - pool);
            if (paid != 0) emit IExchangeEvents.Realised(payers[i], series, -int256(paid));
        }
    }

    // --- expiry ---

    /// @notice Fixes the settlement price once the window's last checkpoint cannot change any more.
    function settle(State storage s, IIndexOracle oracle, uint16 series) internal returns (uint24) {
        Terms memory t = _terms(s, series);
        Hot memory h = Words.toHot(s.hot[series]);
        uint256 end = t.expiryDay * DAY;
        if (block.timestamp < end) revert IExchangeErrors.NotExpired(series, end);
        if (h.flags & HOT_SETTLED != 0) revert IExchangeErrors.AlreadySettled(series);
        (uint256 sum, uint256 fresh, uint256 elapsed, bool fixed_) =
            oracle.window(uint16(t.feed), uint16(t.windowStart), uint16(t.expiryDay));
        if (!fixed_) revert IExchangeErrors.WindowNotFixed(series);
        if (fresh * 100 < elapsed * MIN_COVERAGE && block.timestamp < end + SILENCE) {
            revert IExchangeErrors.CoverageTooLow(fresh, elapsed, end + SILENCE);
        }
        if (fresh == 0) {
            (uint64 last,) = oracle.lastBefore(uint16(t.feed), uint16(t.windowStart));
            sum = last;
        }
        uint256 unit = (fresh == 0 ? 1 : fresh) * Words.toTradeTerms(s.tradeTerms[series]).tickSize;
        uint256 tick = (sum + (unit >> 1)) / unit;
        if (tick > t.priceCap) tick = t.priceCap;
        h.mark = tick;
        h.markTime = block.timestamp;
        h.flags |= HOT_SETTLED;
        SeriesMoney storage money = s.money[series];
        money.fees += uint96(h.fees);
        money.uncranked = money.members;
        h.fees = 0;
        s.hot[series] = Words.pack(h);
        emit IExchangeEvents.SeriesSettled(series, uint24(tick), fresh, elapsed);
        if (money.uncranked == 0) _close(s, series, t.feed);
        return uint24(tick);
    }

    /// @notice Settles every settled series of each account, lowest id first.
    function settleAccounts(State storage s, uint32[] calldata accounts) internal {
        for (uint256 i; i < accounts.length; ++i) {
            uint256 last;
            while (true) {
                uint256 series = _nextSettled(s, accounts[i], last);
                if (series == 0) break;
                _settleAccount(s, accounts[i], uint16(series));
                last = series;
            }
        }
    }

    /// @dev The account's lowest series above `last` that is settled and not yet cranked.
    function _nextSettled(State storage s, uint256 account, uint256 last)
        private
        view
        returns (uint256 next)
    {
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            uint256 series = uint16(list);
            if (series <= last || (next != 0 && series > next)) continue;
            if ((s.hot[series] >> 248) & HOT_SETTLED == 0) continue;
            if (!Words.isSettled(s.positions[Words.positionKey(account, series)])) next = series;
        }
    }

    function _settleAccount(State storage s, uint32 account, uint16 series) private {
        uint256 key = Words.positionKey(account, series);
        Position memory p = Words.toPosition(s.positions[key]);
        Terms memory t = Words.toTerms(s.terms[series]);
        uint256 mark = uint24(s.hot[series] >> 48);
        SeriesMoney storage money = s.money[series];
        int256 claim = p.quote + p.lots * int256(mark * t.tickValue);
        uint256 word = s.accounts[account];
        uint256 paid;
        if (claim < 0) {
            uint256 cash = Ledger.cash(word);
            paid = uint256(-claim) < cash ? uint256(-claim) : cash;
            word = Ledger.withCash(word, cash - paid);
            money.pool += uint96(paid);
            claim += int256(paid);
        } else {
            money.claims += uint96(uint256(claim));
        }
        if (claim == 0) word = Ledger.strike(word, series);
        s.accounts[account] = word;
        // A struck series keeps a settled word: it cannot be joined again.
        s.positions[key] = Words.packClaim(claim > 0 ? uint256(claim) : 0, claim);
        emit IExchangeEvents.AccountSettled(account, series, p.lots, claim, paid);
        if (--money.uncranked == 0) _close(s, series, t.feed);
    }

    /// @dev Every account is settled: insurance advances what claims lack, as far as it goes.
    function _close(State storage s, uint16 series, uint256 feed) private {
        SeriesMoney storage money = s.money[series];
        uint256 claims = money.claims;
        uint256 pool = money.pool;
        uint256 advance;
        if (pool < claims) {
            uint256 insurance = s.insurance[feed];
            advance = claims - pool < insurance ? claims - pool : insurance;
            s.insurance[feed] = insurance - advance;
            pool += advance;
            money.advance = uint96(advance);
            money.pool = uint96(pool);
        }
        money.collected = uint96(pool < claims ? pool : claims);
        s.hot[series] |= HOT_CLOSED << 248;
        emit IExchangeEvents.SeriesClosed(series, claims, money.collected, advance);
    }

    // --- after closing ---

    /// @notice Draws what an account's claim may draw now; what it owes elsewhere is paid first, oldest debt first.
    function draw(State storage s, uint32 account, uint16 series) internal returns (uint256 amount) {
        _terms(s, series);
        if ((s.hot[series] >> 248) & HOT_CLOSED == 0) revert IExchangeErrors.NotClosed(series);
        uint256 key = Words.positionKey(account, series);
        uint256 word = s.positions[key];
        int256 left = Words.toPosition(word).quote;
        if (!Words.isSettled(word) || left <= 0) revert IExchangeErrors.NothingToRealise(account, series);
        SeriesMoney storage money = s.money[series];
        uint256 claim = Words.claimOf(word);
        uint256 entitled = claim * money.collected / money.claims;
        amount = entitled - (claim - uint256(left));
        if (amount == 0) revert IExchangeErrors.NothingToRealise(account, series);
        left -= int256(amount);
        s.positions[key] = Words.packClaim(claim, left);
        money.pool -= uint96(amount);
        money.drawn += uint96(amount);
        uint256 accountWord = s.accounts[account];
        if (left == 0) accountWord = Ledger.strike(accountWord, series);
        s.accounts[account] = Ledger.withCash(accountWord, Ledger.cash(accountWord) + amount);
        emit IExchangeEvents.ClaimDrawn(account, series, amount);
        _payDebts(s, account);
    }

    /// @dev The lien: debts take the account's cash in the order in which their series expired.
    function _payDebts(State storage s, uint32 account) private {
        uint256 floor_;
        while (true) {
            uint256 oldest;
            uint256 oldestRank = type(uint256).max;
            for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
                uint256 series = uint16(list);
                if (series == 0) continue;
                uint256 word = s.positions[Words.positionKey(account, series)];
                if (!Words.isSettled(word) || Words.toPosition(word).quote >= 0) continue;
                uint256 rank = (uint16(s.terms[series] >> 200) << 16) | series;
                if (rank > floor_ && rank < oldestRank) (oldest, oldestRank) = (series, rank);
            }
            if (oldest == 0 || _payDebt(s, account, uint16(oldest)) == 0) return;
            floor_ = oldestRank;
        }
    }

    /// @dev A debt paid after closing first raises the claims' share to one, then repays insurance, then is fees.
    function _payDebt(State storage s, uint32 account, uint16 series) private returns (uint256 paid) {
        uint256 key = Words.positionKey(account, series);
        int256 owed = -Words.toPosition(s.positions[key]).quote;
        uint256 word = s.accounts[account];
        uint256 cash = Ledger.cash(word);
        if (owed <= 0 || cash == 0) return 0;
        paid = uint256(owed) < cash ? uint256(owed) : cash;
        s.positions[key] = Words.packClaim(0, int256(paid) - owed);
        word = Ledger.withCash(word, cash - paid);
        if (int256(paid) == owed) word = Ledger.strike(word, series);
        s.accounts[account] = word;
        s.money[series].pool += uint96(paid);
        emit IExchangeEvents.DebtPaid(account, series, paid);
        if ((s.hot[series] >> 248) & HOT_CLOSED != 0) _repay(s, series, paid);
    }

    function _repay(State storage s, uint16 series, uint256 amount) private {
        SeriesMoney storage money = s.money[series];
        uint256 missing = money.claims - money.collected;
        uint256 raised = amount < missing ? amount : missing;
        money.collected += uint96(raised);
        amount -= raised;
        uint256 advance = money.advance;
        uint256 repaid = amount < advance ? amount : advance;
        if (repaid == 0) return;
        money.advance = uint96(advance - repaid);
        money.pool -= uint96(repaid);
        uint16 feed = uint16(s.terms[series] >> 56);
        s.insurance[feed] += repaid;
        emit IExchangeEvents.InsuranceRepaid(feed, series, repaid);
    }

    /// @notice Moves to the treasury what the pool holds beyond all claims and advances.
    function collectFees(State storage s, uint16 series) internal returns (uint256 amount) {
        _terms(s, series);
        if ((s.hot[series] >> 248) & HOT_CLOSED == 0) revert IExchangeErrors.NotClosed(series);
        SeriesMoney storage money = s.money[series];
        if (money.collected == money.claims && money.advance == 0) {
            amount = money.pool - (money.collected - money.drawn);
        }
        if (amount == 0) revert IExchangeErrors.NothingToCollect(series);
        money.pool -= uint96(amount);
        money.fees -= uint96(amount);
        s.treasury += uint128(amount);
        emit IExchangeEvents.FeesCollected(series, amount);
    }

    function _terms(State storage s, uint16 series) private view returns (Terms memory t) {
        uint256 word = s.terms[series];
        if (word == 0) revert IExchangeErrors.UnknownSeries(series);
        t = Words.toTerms(word);
    }
}
