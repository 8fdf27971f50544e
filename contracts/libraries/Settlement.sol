// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {SeriesMoney} from "../interfaces/Types.sol";
import {Challenges} from "./Challenges.sol";
import {Insurance} from "./Insurance.sol";
import {Ledger} from "./Ledger.sol";
import {Realising} from "./Realising.sol";
import {ACCOUNT_TOKEN, DAY, HOT_CLOSED, HOT_SETTLED, Hot, Position, State, Terms, Words} from "./State.sol";

/// @title From expiry to money: settlement price, crank, claims, fees and bounties
/// @notice docs/spec/settlement.md. These paths are cold.
/// @dev Per series, always: sum of quote + fees + advance = pool; while settled, plus lots x S x v of the uncranked.
library Settlement {
    /// @notice The crankers' share of a series' fees, 1e-4.
    uint256 internal constant BOUNTY_BPS = 1_000;

    // --- expiry ---

    /// @notice Fixes the settlement price once the window's last checkpoint cannot change any more.
    function settle(State storage s, IIndexOracle oracle, uint16 series) internal returns (uint24) {
        Terms memory t = _terms(s, series);
        Hot memory h = Words.toHot(s.hot[series]);
        uint256 end = t.expiryDay * DAY;
        if (block.timestamp < end) revert IExchangeErrors.NotExpired(series, end);
        if (h.flags & HOT_SETTLED != 0) revert IExchangeErrors.AlreadySettled(series);
        Challenges.Average memory a = Challenges.average(oracle, t, uint64(s.tradeTerms[series]));
        if (!a.fixed_) revert IExchangeErrors.WindowNotFixed(series);
        uint256 tick = a.tick;
        if (a.fresh * 100 < a.elapsed * Challenges.MIN_COVERAGE) {
            tick = Challenges.decide(s, series, a, end);
        }
        h.mark = tick;
        h.markTime = block.timestamp;
        h.flags |= HOT_SETTLED;
        SeriesMoney storage money = s.money[series];
        money.fees += uint96(h.fees);
        money.uncranked = money.members;
        h.fees = 0;
        s.hot[series] = Words.pack(h);
        Insurance.delist(s, t.feed, series);
        emit IExchangeEvents.SeriesSettled(series, uint24(tick), a.fresh, a.elapsed);
        // slither-disable-next-line incorrect-equality (a count of accounts)
        if (money.uncranked == 0) _close(s, series, t.feed);
        return uint24(tick);
    }

    /// @notice Settles every settled series of each account, lowest id first.
    /// @param cranker account that earns the bounties, 0 for none
    function settleAccounts(State storage s, uint32[] calldata accounts, uint256 cranker) internal {
        for (uint256 i; i < accounts.length; ++i) {
            uint256 last;
            while (true) {
                uint256 series = _nextSettled(s, accounts[i], last);
                if (series == 0) break;
                _settleAccount(s, accounts[i], uint16(series));
                if (cranker != 0) {
                    ++s.money[series].credited;
                    ++s.cranks[(series << 32) | cranker];
                }
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
            Insurance.take(s, feed, advance);
            pool += advance;
            money.advance = uint96(advance);
            money.pool = uint96(pool);
        }
        money.collected = uint96(pool < claims ? pool : claims);
        uint256 bounty = money.fees * BOUNTY_BPS / 10_000 / (money.members == 0 ? 1 : money.members);
        money.bounty = bounty > type(uint64).max ? type(uint64).max : uint64(bounty);
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
        if (s.accounts[account] & ACCOUNT_TOKEN != 0) revert IExchangeErrors.TokenAccount(account);
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
                uint256 rank = (uint256(uint16(s.terms[series] >> 200)) << 16) | series;
                if (rank > floor_ && rank < oldestRank) (oldest, oldestRank) = (series, rank);
            }
            if (oldest == 0 || Realising.payDebt(s, account, uint16(oldest)) == 0) return;
            floor_ = oldestRank;
        }
    }

    /// @notice Moves to the treasury what the pool holds beyond all claims and advances.
    function collectFees(State storage s, uint16 series) internal returns (uint256 amount) {
        _terms(s, series);
        if ((s.hot[series] >> 248) & HOT_CLOSED == 0) revert IExchangeErrors.NotClosed(series);
        SeriesMoney storage money = s.money[series];
        uint256 reserved = money.credited * uint256(money.bounty);
        amount = _forFees(money);
        amount = amount > reserved ? amount - reserved : 0;
        if (amount == 0) revert IExchangeErrors.NothingToCollect(series);
        money.pool -= uint96(amount);
        money.fees -= uint96(amount);
        s.treasury += uint128(amount);
        emit IExchangeEvents.FeesCollected(series, amount);
    }

    /// @notice Pays an account for the accounts that it settled in a closed series.
    function collectBounty(State storage s, uint32 account, uint16 series) internal returns (uint256 amount) {
        uint256 key = (uint256(series) << 32) | account;
        SeriesMoney storage money = s.money[series];
        uint256 count = s.cranks[key];
        amount = count * money.bounty;
        if (amount == 0 || _forFees(money) < amount) revert IExchangeErrors.NothingToCollect(series);
        delete s.cranks[key];
        money.credited -= uint32(count);
        money.pool -= uint96(amount);
        money.fees -= uint96(amount);
        uint256 word = s.accounts[account];
        s.accounts[account] = Ledger.withCash(word, Ledger.cash(word) + amount);
        emit IExchangeEvents.BountyPaid(series, account, amount);
    }

    /// @dev What a closed series' pool holds beyond all claims and advances.
    function _forFees(SeriesMoney storage money) private view returns (uint256) {
        if (money.collected != money.claims || money.advance != 0) return 0;
        return money.pool - (money.collected - money.drawn);
    }

    function _terms(State storage s, uint16 series) private view returns (Terms memory t) {
        uint256 word = s.terms[series];
        if (word == 0) revert IExchangeErrors.UnknownSeries(series);
        t = Words.toTerms(word);
    }
}
