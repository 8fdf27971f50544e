// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {SeriesMoney} from "../interfaces/Types.sol";
import {Insurance} from "./Insurance.sol";
import {Ledger} from "./Ledger.sol";
import {Mark} from "./Mark.sol";
import {DAY, HOT_CLOSED, Position, State, Terms, Words} from "./State.sol";

/// @title Value to cash and back: drawing a flat account's gain, paying losses and debts
/// @notice docs/spec/settlement.md. Never changes anybody's equity.
/// @dev Per series, always: sum of quote + fees + advance = pool; while settled, plus lots x S x v of the uncranked.
library Realising {
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
            amount = -int256(payDebt(s, account, series));
        } else {
            if (p.lots != 0) revert IExchangeErrors.NotFlat(account, series, p.lots);
            if (p.quote < 0) {
                amount = -int256(pay(s, account, series, uint256(-p.quote)));
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
    function pay(State storage s, uint256 account, uint256 series, uint256 wanted)
        internal
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
        uint256 deficit = s.deficits[t.feed];
        uint256 insurance = s.insurance[t.feed];
        if (deficit > insurance) {
            revert IExchangeErrors.DeficitDeclaredIn(uint16(t.feed), deficit, insurance);
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
        Mark.Quote memory q = Mark.quote(s, oracle, series);
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
            uint256 paid = pay(s, payers[i], series, loss < wanted - pool ? loss : wanted - pool);
            if (paid != 0) emit IExchangeEvents.Realised(payers[i], series, -int256(paid));
        }
    }

    // --- debts ---

    /// @dev A debt paid after closing first raises the claims' share to one, then repays insurance, then is fees.
    function payDebt(State storage s, uint32 account, uint16 series) internal returns (uint256 paid) {
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
        Insurance.add(s, feed, repaid);
        emit IExchangeEvents.InsuranceRepaid(feed, series, repaid);
    }
}
