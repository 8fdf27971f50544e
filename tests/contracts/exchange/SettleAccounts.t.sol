// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {Phase} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract SettleAccountsTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 100_000);
        bob = alice + 1;
    }

    /// @dev Ten lots from 3500 to 3600: Bob pays $1,000 less his rebate, Alice may draw $1,000 less her fee.
    /// [SETTLE-13]
    function test_losersPayWinnersClaim() public {
        trade(alice, bob, 3500, 10);
        settleAt(3600);
        int256 claim = 1000 * V - fee(3500, 10);
        int256 loss = 1000 * V - rebate(3500, 10);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AccountSettled(alice, series, 10, claim, 0);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AccountSettled(bob, series, -10, 0, uint256(loss));
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.SeriesClosed(series, uint256(claim), uint256(claim), 0);
        exchange.settleAccounts(two(alice, bob));
        assertEq(cashOf(bob), uint256(100_000 * V - loss));
        assertEq(cashOf(alice), 100_000 * USD, "a claim is drawn, not pushed");
        assertTrue(position(alice).settled);
        assertEq(position(alice).claim, uint256(claim));
        assertEq(quoteOf(alice), claim);
        assertEq(quoteOf(bob), 0);
        assertEq(lens.seriesOf(alice).length, 1);
        assertEq(lens.seriesOf(bob).length, 0, "nothing is left for him here");
        assertEq(uint256(money(series).pool), uint256(loss));
        assertEq(uint256(money(series).fees), uint256(loss - claim));
    }

    /// @dev [SETTLE-14]
    function test_closesWithTheLastAccount() public {
        trade(alice, bob, 3500, 10);
        uint32 idle = open(10_000);
        (uint96 id,) = buy(idle, 3400, 1);
        cancel(idle, id); // lists the series all the same
        settleAt(3600);
        assertEq(money(series).uncranked, 3);
        exchange.settleAccounts(two(alice, bob));
        assertEq(uint8(lens.phaseOf(series)), uint8(Phase.SETTLED));
        crank(idle);
        assertEq(uint8(lens.phaseOf(series)), uint8(Phase.CLOSED));
        assertEq(money(series).uncranked, 0);
    }

    /// @dev [SETTLE-13]
    function test_oncePerAccount() public {
        trade(alice, bob, 3500, 10);
        settleAt(3600);
        exchange.settleAccounts(two(alice, alice));
        uint256 word = exchange.positionWord(alice, series);
        crank(alice);
        assertEq(exchange.positionWord(alice, series), word);
        assertEq(money(series).uncranked, 1);
    }

    function test_nothingToDoIsNoError() public {
        trade(alice, bob, 3500, 10);
        exchange.settleAccounts(two(alice, 999));
        crank(0);
        exchange.settleAccounts(none());
        assertEq(lotsOf(alice), 10, "the series still trades");
    }

    /// @dev [SETTLE-13]
    function test_loserOwesWhatItsCashLacks() public {
        bob = open(10_600);
        trade(alice, bob, 3500, 10);
        settleAt(5000);
        int256 loss = 15_000 * V - rebate(3500, 10);
        crank(bob);
        assertEq(cashOf(bob), 0);
        assertEq(quoteOf(bob), 10_600 * V - loss);
        assertEq(margin(bob).equity, 10_600 * V - loss, "a debt counts in equity");
        assertEq(lens.accountInfo(bob).withdrawable, 0);
        fund(owner(bob), bob, 5000);
        uint256 free = uint256(15_600 * V - loss);
        assertEq(lens.accountInfo(bob).withdrawable, free, "and in what is free");
        withdraw(bob, free);
    }

    /// @dev One call settles every settled series of the account, lowest id first: cash goes to the first. [SETTLE-13]
    function test_allSeriesLowestIdFirst() public {
        uint16 first = series;
        uint16 second = listOther(2);
        uint16 live = listLater();
        uint32 mule = open(4000);
        trade(mule, alice, 3500, 1);
        series = second;
        trade(mule, alice, 3500, 1);
        series = live;
        trade(mule, alice, 3500, 1);
        warpTo(WINDOW_START, 0);
        oracle.set(1, 500 * TICK, true);
        oracle.set(2, 500 * TICK, true);
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(second);
        exchange.settle(first);
        crank(mule);
        int256 loss = 3000 * V + fee(3500, 1);
        assertEq(positionIn(mule, first).quote, 0);
        assertEq(positionIn(mule, second).quote, 4000 * V - 2 * loss);
        assertEq(positionIn(mule, live).lots, 1, "not settled yet");
        assertEq(cashOf(mule), 0);
    }

    /// @dev [MARGIN-1]
    function test_settledEquityCountsBeforeTheCrank() public {
        trade(alice, bob, 3500, 10);
        settleAt(3600);
        int256 equity = margin(alice).equity;
        int256 bobs = margin(bob).equity;
        assertEq(equity, 100_000 * V + 1000 * V - fee(3500, 10));
        assertEq(margin(alice).imEquity, 100_000 * V, "a claim is no margin before it is drawn");
        assertEq(margin(alice).initialMargin, 0);
        exchange.settleAccounts(two(alice, bob));
        assertEq(margin(alice).equity, equity);
        assertEq(margin(bob).equity, bobs);
    }

    // --- order and splitting ---

    /// @dev Five accounts, two of which cannot pay. Whatever the order of cranks and draws and however they are split
    /// into calls, everybody ends with the same money. [SETTLE-19]
    function testFuzz_orderDoesNotMatter(uint256 seed, uint256 tick) public {
        uint32 first = open(10_600);
        open(20_000);
        open(100_000);
        open(100_000);
        open(100_000);
        trade(first + 2, first, 3500, 10);
        trade(first + 3, first + 1, 3500, 17);
        trade(first + 4, first + 1, 3520, 2);
        trade(first + 2, first + 3, 3510, 5);
        usdc.mint(address(this), 3000 * USD);
        usdc.approve(address(exchange), 3000 * USD);
        exchange.topUpInsurance(FEED, 3000 * USD);
        settleAt(bound(tick, 1500, 8000));
        uint256 snapshot = vm.snapshotState();
        bytes32 straight = _finish(first, 0);
        vm.revertToState(snapshot);
        assertEq(_finish(first, seed), straight);
    }

    function _finish(uint32 first, uint256 seed) private returns (bytes32) {
        uint32[] memory order_ = _shuffle(first, seed);
        uint256 split = seed % 6;
        uint32[] memory part = new uint32[](split);
        for (uint256 i; i < split; ++i) {
            part[i] = order_[i];
        }
        exchange.settleAccounts(part);
        exchange.settleAccounts(order_);
        order_ = _shuffle(first, uint256(keccak256(abi.encode(seed))));
        for (uint256 i; i < 5; ++i) {
            (bool drawn,) = address(exchange).call(abi.encodeCall(IClearing.draw, (order_[i], series)));
            assertEq(drawn, position(order_[i]).claim > 0, "who has a claim draws");
        }
        uint256[5] memory cash;
        for (uint32 i; i < 5; ++i) {
            cash[i] = cashOf(first + i);
        }
        return keccak256(abi.encode(cash, money(series), exchange.insurance(FEED)));
    }

    function _shuffle(uint32 first, uint256 seed) private pure returns (uint32[] memory list) {
        list = new uint32[](5);
        for (uint32 i; i < 5; ++i) {
            list[i] = first + i;
        }
        if (seed == 0) return list;
        for (uint256 i = 4; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
    }
}
