// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {Phase} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract SettleTest is ExchangeTest {
    address internal anyone = makeAddr("anyone");
    uint256 internal finish = uint256(EXPIRY_DAY) * 1 days;
    uint256 internal constant WINDOW = 7 days;

    function _settle() private returns (uint24) {
        vm.prank(anyone);
        return exchange.settle(series);
    }

    function _refused(bytes memory error_) private {
        refused(anyone, abi.encodeCall(IClearing.settle, (series)), error_);
    }

    function _thin(uint256 fresh, uint256 standsFrom) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.CoverageTooLow.selector, fresh, WINDOW, standsFrom);
    }

    /// @dev Without a member it closes at once. [SETTLE-6]
    function test_pricesTheWindowsAverage() public {
        warpTo(WINDOW_START + 2, 0);
        setIndex(4200); // 2 days at 3500, 5 at 4200
        vm.warp(finish + 1 hours);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.SeriesSettled(series, 4000, WINDOW, WINDOW);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.SeriesClosed(series, 0, 0, 0);
        assertEq(_settle(), 4000);
        assertEq(hot().mark, 4000);
        assertEq(uint8(lens.phaseOf(series)), uint8(Phase.CLOSED));
    }

    /// @dev What came before the window and what comes after it do not count.
    function test_onlyTheWindowCounts() public {
        setIndex(9000);
        warpTo(WINDOW_START, 0);
        setIndex(3600);
        vm.warp(finish);
        setIndex(9000);
        vm.warp(finish + 1 hours);
        assertEq(_settle(), 3600);
    }

    /// @dev [SETTLE-6]
    function test_roundsHalfUp() public {
        uint256 snapshot = vm.snapshotState();
        _settleWithStepAt(12 hours, 3501);
        vm.revertToState(snapshot);
        _settleWithStepAt(12 hours + 1, 3500);
    }

    /// @dev 3500 until so many seconds into the window's fourth day, 3501 from then on.
    function _settleWithStepAt(uint256 secondsInto, uint256 expected) private {
        warpTo(WINDOW_START + 3, secondsInto);
        setIndex(3501);
        vm.warp(finish + 1 hours);
        assertEq(_settle(), expected);
    }

    /// @dev Five values of any fineness, the first from before the window: the price is no farther than half a tick from
    /// their average, and half a tick below it only is rounded up. [SETTLE-6]
    function testFuzz_isTheNearestTickToTheAverage(uint16[4] memory values, uint32[4] memory waits) public {
        vm.warp(finish - WINDOW);
        uint256 value = 3500 * TICK;
        uint256 sum;
        for (uint256 i; i < values.length; ++i) {
            uint256 wait = bound(waits[i], 1, 40 hours);
            sum += value * wait;
            skip(wait);
            value = uint256(values[i]) * (TICK / 2) + 1; // up to 32,768 ticks: above the cap too
            oracle.set(FEED, uint64(value), true);
        }
        sum += value * (finish - vm.getBlockTimestamp());
        vm.warp(finish + 1 hours);
        uint256 tick = _settle();
        uint256 whole = WINDOW * TICK;
        if (tick == 30_000) return assertGe(2 * sum, (2 * 30_000 - 1) * whole);
        assertLt(2 * sum, (2 * tick + 1) * whole, "rounded down too far");
        if (tick != 0) assertGe(2 * sum, (2 * tick - 1) * whole, "rounded up too far");
    }

    /// @dev [SETTLE-6]
    function test_neverAboveTheCap() public {
        assertEq(settleAt(40_000), 30_000);
    }

    /// @dev [SETTLE-1] [SETTLE-7]
    function test_phasesToTheSecond() public {
        _assertPhase(Phase.LISTED);
        uint32 alice = openMany(2, 100_000);
        trade(alice, alice + 1, 3500, 1);
        _assertPhase(Phase.TRADING);
        vm.warp(finish - WINDOW - 1);
        _assertPhase(Phase.TRADING);
        vm.warp(finish - WINDOW);
        _assertPhase(Phase.FIXING);
        vm.warp(finish - 1);
        _assertPhase(Phase.FIXING);
        _refused(abi.encodeWithSelector(IExchangeErrors.NotExpired.selector, series, finish));
        vm.warp(finish);
        _assertPhase(Phase.EXPIRED);
        _refused(abi.encodeWithSelector(IExchangeErrors.WindowNotFixed.selector, series));
        vm.warp(finish + 1 hours - 1); // a report may be an hour late
        _refused(abi.encodeWithSelector(IExchangeErrors.WindowNotFixed.selector, series));
        vm.warp(finish + 1 hours);
        _settle();
        _assertPhase(Phase.SETTLED);
        _refused(abi.encodeWithSelector(IExchangeErrors.AlreadySettled.selector, series));
        exchange.settleAccounts(two(alice, alice + 1));
        _assertPhase(Phase.CLOSED);
        _refused(abi.encodeWithSelector(IExchangeErrors.AlreadySettled.selector, series));
    }

    function _assertPhase(Phase phase) private view {
        assertEq(uint8(lens.phaseOf(series)), uint8(phase));
    }

    function test_refusesUnknownSeries() public {
        refused(
            anyone,
            abi.encodeCall(IClearing.settle, (99)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
    }

    /// @dev 2% of the week, 12,096 seconds, may be stale; one more and the average waits two days for a challenge.
    /// [SETTLE-8]
    function test_coverageToTheSecond() public {
        uint256 snapshot = vm.snapshotState();
        _staleFor(12_096);
        assertEq(_settle(), 3500);
        vm.revertToState(snapshot);
        _staleFor(12_097);
        uint256 from = finish + 2 days;
        _refused(_thin(WINDOW - 12_097, from));
        vm.warp(from - 1);
        _refused(_thin(WINDOW - 12_097, from));
        vm.warp(from);
        assertEq(_settle(), 3500);
    }

    function _staleFor(uint256 seconds_) private {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        vm.warp(vm.getBlockTimestamp() + seconds_);
        setIndex(3500);
        vm.warp(finish + 1 hours);
    }

    /// @dev [SETTLE-6]
    function test_thinAverageIsOverFreshSeconds() public {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 4, 0);
        setIndex(3900); // 1 day at 3500, 3 stale, 3 at 3900
        vm.warp(finish + 2 days);
        assertEq(_settle(), 3800);
    }

    /// @dev [SETTLE-12]
    function test_withoutAnyFreshSecondTheLastValueBeforeStands() public {
        setIndex(3777);
        warpTo(WINDOW_START - 1, 0);
        setStale();
        vm.warp(finish + 2 days - 1);
        _refused(_thin(0, finish + 2 days));
        vm.warp(finish + 2 days);
        assertEq(_settle(), 3777);
    }
}
