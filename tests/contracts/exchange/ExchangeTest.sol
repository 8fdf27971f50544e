// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {PositionView} from "../../../contracts/interfaces/ILens.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {AccountMargin, SeriesMoney, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {Hot, Order, Words} from "../../../contracts/libraries/State.sol";
import {Base} from "../Base.t.sol";

/// @dev What the tests of the exchange's verbs share: refusals by exact error, figures of accounts, records of books.
abstract contract ExchangeTest is Base {
    uint8 internal constant BUYS = 0;
    uint8 internal constant SELLS = 1;
    /// @dev One tick of one lot, base units.
    int256 internal constant V = 1e6;

    uint8 internal constant PLACED = 1;
    uint8 internal constant CANCELLED = 2;
    uint8 internal constant FILLED = 3;
    uint8 internal constant TAKEN = 4;
    uint8 internal constant MISSED = 5;
    uint8 internal constant REJECTED = 6;

    // --- refusals ---

    /// @dev The call must revert with exactly these bytes.
    function refused(address who, bytes memory call_, bytes memory error_) internal {
        vm.prank(who);
        (bool ok, bytes memory answer) = address(exchange).call(call_);
        assertFalse(ok, "accepted what must be refused");
        assertEq(answer, error_, "refused for another reason");
    }

    function refusedPlace(uint32 account, uint8 flags, uint256 tick, uint256 lots, bytes memory error_)
        internal
    {
        refused(owner(account), placeCall(flags, tick, lots, 0, 0), error_);
    }

    function placeCall(uint8 flags, uint256 tick, uint256 lots, uint32 expiry, uint16 maxSteps)
        internal
        view
        returns (bytes memory)
    {
        return
            abi.encodeCall(ITrading.place, (series, flags, uint24(tick), uint32(lots), expiry, 0, maxSteps));
    }

    function notLive(uint96 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.OrderNotLive.selector, uint256(id));
    }

    function refusedCancel(uint32 account, uint96 id) internal {
        refused(owner(account), abi.encodeCall(ITrading.cancel, (id)), notLive(id));
    }

    // --- figures ---

    function cashOf(uint32 account) internal view returns (uint256) {
        return uint88(exchange.accountWord(account));
    }

    function positionIn(uint32 account, uint16 id) internal view returns (PositionView memory v) {
        uint256 word = exchange.positionWord(account, id);
        (v.settled, v.claim) = (Words.isSettled(word), Words.claimOf(word));
        v.quote = Words.toPosition(word).quote;
        if (v.settled) return v;
        v.claim = 0;
        v.lots = Words.toPosition(word).lots;
        v.openBuy = uint32(Words.toPosition(word).openBuy);
        v.openSell = uint32(Words.toPosition(word).openSell);
        v.openCount = uint8(Words.toPosition(word).openCount);
        v.epoch = uint32(Words.toPosition(word).epoch);
        v.checkedMark = uint24(Words.toPosition(word).checkedMark);
        v.lastFillDay = uint16(Words.toPosition(word).lastFillDay);
    }

    function position(uint32 account) internal view returns (PositionView memory) {
        return positionIn(account, series);
    }

    function lotsOf(uint32 account) internal view returns (int256) {
        return position(account).lots;
    }

    function quoteOf(uint32 account) internal view returns (int256) {
        return position(account).quote;
    }

    function hot() internal view returns (Hot memory) {
        return Words.toHot(exchange.hotWord(series));
    }

    function order(uint96 id) internal view returns (Order memory) {
        return Words.toOrder(exchange.orderWord(id));
    }

    function margin(uint32 account) internal view returns (AccountMargin memory) {
        return lens.marginOf(account);
    }

    function money(uint16 id) internal view returns (SeriesMoney memory) {
        return exchange.moneyOf(id);
    }

    /// @dev head and tail of a level
    function level(uint8 side, uint256 tick) internal view returns (uint256 head, uint256 tail) {
        uint256 word = exchange.levelWord(series, side, uint24(tick));
        return (uint32(word), word >> 32);
    }

    // --- trades ---

    /// @dev `short` rests a sell, `long` takes it whole.
    function trade(uint32 long, uint32 short, uint256 tick, uint256 lots) internal {
        sell(short, tick, lots);
        (, uint32 filled) = place(long, IOC, tick, lots);
        assertEq(filled, lots, "trade did not happen");
    }

    function fee(uint256 tick, uint256 lots) internal pure returns (int256) {
        return int256((tick * lots * uint256(V) * 300 + 999_999) / 1_000_000);
    }

    function rebate(uint256 tick, uint256 lots) internal pure returns (int256) {
        return int256(tick * lots * uint256(V) * 100 / 1_000_000);
    }

    // --- other series ---

    /// @dev A later month of the same feed.
    function listLater() internal returns (uint16) {
        SeriesSpec memory s = spec();
        (s.windowStart, s.expiryDay) = (WINDOW_START + 31, EXPIRY_DAY + 31);
        return exchange.listSeries(s);
    }

    /// @dev The same terms on another feed at the same price.
    function listOther(uint16 feed) internal returns (uint16) {
        oracle.set(feed, uint64(3500 * TICK), true);
        SeriesSpec memory s = spec();
        s.feed = feed;
        return exchange.listSeries(s);
    }

    function one(uint32 account) internal pure returns (uint32[] memory list) {
        list = new uint32[](1);
        list[0] = account;
    }

    function two(uint32 a, uint32 b) internal pure returns (uint32[] memory list) {
        list = new uint32[](2);
        (list[0], list[1]) = (a, b);
    }

    function none() internal pure returns (uint32[] memory list) {}

    function crank(uint32 account) internal {
        exchange.settleAccounts(one(account));
    }

    // --- life ---

    /// @dev One value all through the window, then settlement.
    function settleAt(uint256 ticks) internal returns (uint24) {
        warpTo(WINDOW_START, 0);
        setIndex(ticks);
        warpTo(EXPIRY_DAY, 1 hours);
        return exchange.settle(series);
    }

    // --- records ---

    /// @dev The records of the last Book event since vm.recordLogs.
    function records() internal returns (uint256[] memory words) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; --i) {
            if (logs[i - 1].topics[0] != IExchangeEvents.Book.selector) continue;
            bytes memory packed = abi.decode(logs[i - 1].data, (bytes));
            words = new uint256[](packed.length / 32);
            for (uint256 j; j < words.length; ++j) {
                assembly ("memory-safe") {
                    mstore(add(add(words, 32), mul(j, 32)), mload(add(add(packed, 32), mul(j, 32))))
                }
            }
            return words;
        }
    }

    function kind(uint256 record) internal pure returns (uint256) {
        return record >> 248;
    }

    /// @dev Reason of a CANCELLED record.
    function reason(uint256 record) internal pure returns (uint256) {
        return uint8(record >> 240);
    }

    /// @dev `end` of a TAKEN record.
    function end(uint256 record) internal pure returns (uint256) {
        return uint8(record >> 56);
    }

    /// @dev The one Book event's records must be of these kinds, in order.
    function assertKinds(uint256[] memory words, uint8[1] memory a) internal pure {
        assertEq(words.length, 1, "records");
        assertEq(kind(words[0]), a[0]);
    }

    function assertKinds(uint256[] memory words, uint8[2] memory a) internal pure {
        assertEq(words.length, 2, "records");
        for (uint256 i; i < 2; ++i) {
            assertEq(kind(words[i]), a[i]);
        }
    }

    function assertKinds(uint256[] memory words, uint8[3] memory a) internal pure {
        assertEq(words.length, 3, "records");
        for (uint256 i; i < 3; ++i) {
            assertEq(kind(words[i]), a[i]);
        }
    }
}
