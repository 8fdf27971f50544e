// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Desk} from "../../../contracts/desks/Desk.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {AccountMargin, SeriesMoney} from "../../../contracts/interfaces/Types.sol";
import {Ledger} from "../../../contracts/libraries/Ledger.sol";
import {Margin} from "../../../contracts/libraries/Margin.sol";
import {
    HOT_CLOSED,
    HOT_DEFICIT,
    HOT_SETTLED,
    Hot,
    NO_ASK,
    Order,
    Position,
    Words
} from "../../../contracts/libraries/State.sol";
import {OrderBook} from "../../../contracts/libraries/OrderBook.sol";
import {IProbe} from "./IProbe.sol";

/// @dev See IProbe.
contract Probe is Desk, IProbe {
    uint16 private constant FEEDS = 2;

    struct Sums {
        int256 quotes;
        int256 lots;
        uint256 longs;
        uint256 members;
        uint256 uncranked;
    }

    constructor(IERC20 collateral_, IIndexOracle oracle_) Desk(collateral_, oracle_, address(0)) {}

    // --- money: rules 1, 2 and 6; deficits and their brake ---

    function probeMoney() external view returns (string memory) {
        uint256 held = uint256(s.bonds) + s.treasury;
        for (uint256 account = 1; account <= s.accountCount; ++account) {
            held += Ledger.cash(s.accounts[account]);
        }
        for (uint16 feed = 1; feed <= FEEDS; ++feed) {
            held += s.insurance[feed];
            uint256 declared;
            for (uint256 account = 1; account <= s.accountCount; ++account) {
                declared += s.declared[(account << 16) | feed];
            }
            if (declared != s.deficits[feed]) return "deficits are not what accounts are declared for";
        }
        for (uint16 series = 1; series <= s.seriesCount; ++series) {
            held += s.money[series].pool;
            string memory broken = _series(series);
            if (bytes(broken).length != 0) return broken;
        }
        if (_collateral.balanceOf(address(this)) != held) return "2 tokens held are not what is owed";
        return "";
    }

    function _series(uint256 series) private view returns (string memory) {
        Hot memory h = Words.toHot(s.hot[series]);
        SeriesMoney memory m = s.money[series];
        bool settled = h.flags & HOT_SETTLED != 0;
        uint256 unit = settled ? h.mark * uint256(uint32(s.terms[series])) : 0;
        Sums memory sums = _sums(series, unit);
        if (!settled && sums.lots != 0) return "1 lots do not add up to zero";
        if (!settled && sums.longs != h.openInterest) return "1 open interest is not the long lots";
        if (sums.quotes + int256(uint256(m.fees) + h.fees + m.advance) != int256(uint256(m.pool))) {
            return "2 quotes + fees + advance are not the pool";
        }
        if (m.drawn > m.collected) return "6 more was drawn than collected";
        if (m.collected > m.claims) return "6 more was collected than claimed";
        if (h.flags & HOT_CLOSED != 0 && uint256(m.pool) + m.drawn < m.collected) {
            return "6 collected claims are not in the pool";
        }
        if (!settled && sums.members != m.members) return "6 members are not those who list the series";
        if (settled && sums.uncranked != m.uncranked) return "6 uncranked is not what is left to crank";
        uint256 feed = uint16(s.terms[series] >> 56);
        if (!settled && (h.flags & HOT_DEFICIT != 0) != (s.deficits[feed] > s.insurance[feed])) {
            return "the brake is not as the deficits are";
        }
        return "";
    }

    function _sums(uint256 series, uint256 unit) private view returns (Sums memory sums) {
        for (uint256 account = 1; account <= s.accountCount; ++account) {
            uint256 word = s.positions[Words.positionKey(account, series)];
            bool listed = Ledger.lists(s.accounts[account], series);
            if (listed) ++sums.members;
            Position memory p = Words.toPosition(word);
            sums.quotes += p.quote;
            if (Words.isSettled(word)) continue;
            if (listed) ++sums.uncranked;
            sums.quotes += p.lots * int256(unit);
            sums.lots += p.lots;
            if (p.lots > 0) sums.longs += uint256(p.lots);
        }
    }

    // --- books: rule 3 ---

    function probeBook(uint16 series, uint256[] calldata buys, uint256[] calldata sells)
        external
        view
        returns (string memory)
    {
        Hot memory h = Words.toHot(s.hot[series]);
        if (h.flags & HOT_SETTLED != 0) return "";
        Position[] memory found = new Position[](s.accountCount + 1);
        (uint256 bid, bool broken) = _walk(series, OrderBook.BUYS, buys, found);
        if (broken) return "3 a level has its head behind its tail";
        uint256 ask;
        (ask, broken) = _walk(series, OrderBook.SELLS, sells, found);
        if (broken) return "3 a level has its head behind its tail";
        if (bid >= ask) return "3 live orders cross";
        if (h.bid < bid) return "3 the cached bid is worse than the best live one";
        if (h.ask > ask) return "3 the cached ask is worse than the best live one";
        for (uint256 account = 1; account <= s.accountCount; ++account) {
            Position memory p = Words.toPosition(s.positions[Words.positionKey(account, series)]);
            if (p.openBuy != found[account].openBuy) return "3 open buys are not what rests";
            if (p.openSell != found[account].openSell) return "3 open sells are not what rests";
            if (p.openCount != found[account].openCount) return "3 open orders are not those that rest";
        }
        return "";
    }

    /// @dev Reads every level, without the bitmap. An expired order is dead but still reserved.
    function _walk(uint256 series, uint256 side, uint256[] calldata ticks, Position[] memory found)
        private
        view
        returns (uint256 best, bool broken)
    {
        best = side == OrderBook.SELLS ? NO_ASK : 0;
        uint256 sk = OrderBook.sideKey(series, side);
        for (uint256 i; i < ticks.length; ++i) {
            uint256 level = OrderBook.levelSlot(s, sk, ticks[i]).read();
            (uint256 head, uint256 tail) = OrderBook.queue(level, ticks[i]);
            if (head > tail) return (best, true);
            bool live;
            for (uint256 index = head; index < tail; ++index) {
                Order memory o = Words.toOrder(s.orders[OrderBook.orderKey(sk, ticks[i], index)]);
                if (o.lots == 0) continue;
                uint256 word = s.positions[Words.positionKey(o.account, series)];
                if (o.epoch != Words.toPosition(word).epoch) continue;
                if (side == OrderBook.BUYS) found[o.account].openBuy += o.lots;
                else found[o.account].openSell += o.lots;
                ++found[o.account].openCount;
                if (o.expiry == 0 || o.expiry > block.timestamp) live = true;
            }
            if (live && (side == OrderBook.SELLS ? ticks[i] < best : ticks[i] > best)) best = ticks[i];
        }
    }

    // --- accounts: rule 7 ---

    function probeAccounts() external view returns (uint256[] memory cash, bool[] memory clean) {
        cash = new uint256[](s.accountCount + 1);
        clean = new bool[](s.accountCount + 1);
        for (uint256 account = 1; account <= s.accountCount; ++account) {
            cash[account] = Ledger.cash(s.accounts[account]);
            clean[account] = true;
            for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
                uint256 word = s.positions[Words.positionKey(account, uint16(list))];
                Position memory p = Words.toPosition(word);
                if (p.quote < 0 || (p.lots != 0 && !Words.isSettled(word))) clean[account] = false;
            }
        }
    }

    function probeMargin(uint32 account) external view returns (AccountMargin memory) {
        return Margin.assess(s, _oracle, account);
    }

    function probeWithdrawable(uint32 account) external view returns (uint256) {
        return Margin.withdrawable(Margin.assess(s, _oracle, account));
    }

    function probeEquities() external view returns (int256[] memory all) {
        all = new int256[](s.accountCount);
        for (uint256 i; i < all.length; ++i) {
            all[i] = Margin.assess(s, _oracle, i + 1).equity;
        }
    }

    function probeQuote(uint32 account, uint16 series) external view returns (int256) {
        return Words.toPosition(s.positions[Words.positionKey(account, series)]).quote;
    }

    function probeWords(uint32 account) public view returns (uint256[] memory words) {
        words = new uint256[](1 + 2 * uint256(s.seriesCount));
        words[0] = s.accounts[account];
        for (uint256 series = 1; series <= s.seriesCount; ++series) {
            words[2 * series - 1] = s.positions[Words.positionKey(account, series)];
            words[2 * series] = uint64(s.hot[series] >> 104);
        }
    }

    function probeMarginWith(uint32 account, uint256[] calldata words, bool positions)
        external
        returns (AccountMargin memory m)
    {
        uint256[] memory kept = probeWords(account);
        _put(account, words, positions);
        m = Margin.assess(s, _oracle, account);
        _put(account, kept, positions);
    }

    function _put(uint32 account, uint256[] memory words, bool positions) private {
        if (positions) s.accounts[account] = words[0];
        for (uint256 series = 1; series <= s.seriesCount; ++series) {
            if (positions) s.positions[Words.positionKey(account, series)] = words[2 * series - 1];
            uint256 rest = s.hot[series] & ~(uint256(type(uint64).max) << 104);
            s.hot[series] = rest | (words[2 * series] << 104);
        }
    }
}
