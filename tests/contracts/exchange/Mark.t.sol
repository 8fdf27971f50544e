// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract MarkTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 10_000_000);
        bob = alice + 1;
    }

    function _mark() private returns (uint24 mark) {
        (mark,) = exchange.refreshMark(series);
    }

    // --- index plus basis ---

    /// @dev [MARK-1]
    function test_startsAtTheListedMark() public {
        SeriesSpec memory s = spec();
        s.initialMark = 4200; // futures may trade far from spot
        series = exchange.listSeries(s);
        assertEq(hot().basis, 700 * 256);
        assertEq(_mark(), 4200);
        setIndex(3600);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.MarkRefreshed(series, 4300, false);
        assertEq(_mark(), 4300, "the basis stays, the index moves");
        setStale();
        (uint24 mark, bool stale) = exchange.refreshMark(series);
        assertEq(mark, 4300);
        assertTrue(stale);
    }

    /// @dev [MARK-1]
    function test_roundsHalfUp() public {
        oracle.set(FEED, 3500 * TICK + TICK / 2, true);
        assertEq(_mark(), 3501);
        oracle.set(FEED, 3500 * TICK + TICK / 2 - TICK / 256, true);
        assertEq(_mark(), 3500);
    }

    /// @dev [MARK-1]
    function test_staysWithinZeroAndTheCap() public {
        setIndex(40_000);
        assertEq(_mark(), 30_000);
        SeriesSpec memory s = spec();
        setIndex(3500);
        s.initialMark = 2600;
        series = exchange.listSeries(s);
        setIndex(899);
        assertEq(_mark(), 0);
        setIndex(901);
        assertEq(_mark(), 1);
    }

    function test_refusesUnknownAndExpired() public {
        refused(
            owner(alice),
            abi.encodeCall(ITrading.refreshMark, (99)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        warpTo(EXPIRY_DAY, 0);
        refused(
            owner(alice),
            abi.encodeCall(ITrading.refreshMark, (series)),
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(EXPIRY_DAY) * 1 days
            )
        );
    }

    // --- the basis follows trades ---

    /// @dev 15 minutes after listing, 10 lots at 3550, all the open interest: half of 50 ticks. [MARK-2]
    function test_basisFollowsTrades() public {
        vm.warp(START + 900);
        trade(alice, bob, 3550, 10);
        assertEq(hot().basis, 25 * 256);
        assertEq(hot().basisTime, START + 900);
        assertEq(_mark(), 3525);
        // The same again after 9 minutes: 30 lots traded against 30 open, 60% of the horizon, half of 25 of it.
        vm.warp(START + 1440);
        trade(alice, bob, 3575, 20);
        int256 step = (75 - 25) * 256 * int256(20 * 540) / int256(50 * 900);
        assertEq(step, 3072);
        assertEq(hot().basis, 25 * 256 + step);
    }

    /// @dev [MARK-2]
    function test_tradesOfTheSameSecondCountOnce() public {
        vm.warp(START + 900);
        trade(alice, bob, 3550, 10);
        int256 basis = hot().basis;
        trade(alice, bob, 3600, 10);
        assertEq(hot().basis, basis, "no time has passed");
    }

    /// @dev A trade too small to move anything leaves the clock running: dust cannot freeze the basis. [MARK-4]
    function test_dustDoesNotFreezeIt() public {
        trade(alice, bob, 3500, 5000);
        int256 basis = hot().basis;
        for (uint256 i = 1; i <= 20; ++i) {
            vm.warp(START + i);
            trade(alice, bob, 3501, 1);
        }
        assertEq(hot().basis, basis);
        assertLt(hot().basisTime, START + 20);
    }

    /// @dev [MARK-2]
    function test_basisIsBounded() public {
        SeriesSpec memory s = spec();
        s.maxBasis = 30;
        series = exchange.listSeries(s);
        for (uint256 i = 1; i <= 40; ++i) {
            vm.warp(START + i * 900);
            trade(alice, bob, 3650, 1000);
            trade(bob, alice, 3650, 1000);
        }
        assertGt(hot().basis, 29 * 256);
        assertLe(hot().basis, 30 * 256);
    }

    /// @dev Whoever trades how often and where: in no hour does the basis move by more than half of im - mm. [MARK-3]
    function testFuzz_basisSpeedInAnyHour(uint256 seed, uint256 lots) public {
        lots = bound(lots, 1, 2000);
        uint256[] memory times = new uint256[](30);
        int256[] memory bases = new int256[](30);
        uint256 highest = 3500;
        for (uint256 i; i < 30; ++i) {
            vm.warp(vm.getBlockTimestamp() + 1 + uint256(keccak256(abi.encode(seed, i))) % 1200);
            uint256 top = uint256(_mark()) * 105 / 100;
            trade(alice, bob, top, lots);
            trade(bob, alice, top, lots); // and back, so that open interest does not slow it down
            (times[i], bases[i]) = (vm.getBlockTimestamp(), hot().basis);
            if (_mark() > highest) highest = _mark();
        }
        assertGt(bases[29], 0, "it moved");
        int256 most = int256(highest * 256 * 1500 / 20_000);
        for (uint256 i; i < 30; ++i) {
            int256 before = i == 0 ? int256(0) : bases[i - 1];
            for (uint256 j = i; j < 30 && times[j] - times[i] < 3600; ++j) {
                assertLe(bases[j] - before, most, "faster than allowed");
            }
        }
    }

    // --- cached marks ---

    /// @dev [MARK-6]
    function test_placingMayUseAYoungMark() public {
        setIndex(3700);
        vm.warp(START + 900);
        buy(alice, 3325, 1); // good at the cached 3500
        assertEq(hot().mark, 3500);
        vm.warp(START + 901);
        refusedPlace(
            alice,
            0,
            3325,
            1,
            abi.encodeWithSelector(IExchangeErrors.PriceOutsideBand.selector, 3325, 3515, 3885)
        );
        buy(alice, 3515, 1);
        assertEq(hot().mark, 3700);
        assertEq(hot().markTime, START + 901);
    }

    /// @dev [MARK-6]
    function test_takingAlwaysRefreshes() public {
        sell(alice, 3550, 1);
        setIndex(3520);
        place(bob, IOC, 3550, 1);
        assertEq(hot().mark, 3520);
    }

    // --- FIXING ---

    /// @dev A window of 7 days from a basis of 25 ticks: 2 days at 3500, one at 4000, four to come at 4000 plus 4/7 of it.
    /// [MARK-5]
    function test_fixingBlendsWhatIsBehindWithWhatIsAhead() public {
        vm.warp(START + 900);
        trade(alice, bob, 3550, 10);
        warpTo(WINDOW_START, 0);
        assertEq(_mark(), 3525, "at its first second nothing is behind");
        warpTo(WINDOW_START + 2, 0);
        setIndex(4000);
        warpTo(WINDOW_START + 3, 0);
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        // (2 x 3500 + 1 x 4000 + 4 x (4000 + 25 x 4 / 7)) / 7 = 3865.3; the part ahead of it 2293.9
        assertEq(mark, 3865);
        assertEq(deltaMark, 2294);
        assertEq(_mark(), 3865);
    }

    /// @dev The formula, from a list of values kept here. [MARK-5]
    function testFuzz_fixingFormula(uint256 seed, uint256 moment) public {
        vm.warp(START + 900);
        trade(alice, bob, 3550, 10);
        int256 basis = hot().basis;
        uint256 start = uint256(WINDOW_START) * 1 days;
        uint256 finish = uint256(EXPIRY_DAY) * 1 days;
        moment = bound(moment, start, finish - 1);
        uint256 index = 3500;
        uint256 sum;
        uint256 last = start;
        for (uint256 i; i < 8; ++i) {
            uint256 time = last + uint256(keccak256(abi.encode(seed, i))) % 1.5 days;
            if (time >= moment) break;
            sum += (time - last) * index;
            vm.warp(time);
            index = 3000 + uint256(keccak256(abi.encode(seed, i, "v"))) % 1000;
            setIndex(index);
            last = time;
        }
        vm.warp(moment);
        sum += (moment - last) * index;
        int256 remaining = int256(finish - moment);
        int256 ahead = (int256(index * 256) + basis * remaining / 7 days) * remaining;
        uint256 expected = uint256((int256(sum * 256) + ahead) / 7 days + 128) / 256;
        uint256 expectedDelta = uint256(ahead / 7 days + 128) / 256;
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        assertEq(mark, expected);
        assertEq(deltaMark, expectedDelta < expected ? expectedDelta : expected);
    }

    /// @dev Stale time is no part of the average: what is fresh and what remains share the weight. [MARK-5]
    function test_fixingLeavesStaleTimeOut() public {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 1, 3 hours); // 1.8% of the window
        setIndex(4000);
        warpTo(WINDOW_START + 3, 0);
        uint256 ahead = 4 days * 4000;
        uint256 behind = 1 days * 3500 + (2 days - 3 hours) * 4000;
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        assertEq(mark, uint256((behind + ahead) * 256 / (7 days - 3 hours) + 128) / 256);
        assertEq(deltaMark, uint256(ahead * 256 / (7 days - 3 hours) + 128) / 256);
        assertEq(mark, 3927);
    }

    /// @dev More than 2% of the window stale: a challenge could move everything, so nothing is certain. [MARGIN-4]
    function test_deltaDoesNotShrinkWhileAChallengeIsPossible() public {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        vm.warp(vm.getBlockTimestamp() + 12_096); // exactly 2%
        setIndex(3500);
        warpTo(WINDOW_START + 3, 0);
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        assertLt(deltaMark, mark);
        uint256 snapshot = vm.snapshotState();
        setStale();
        vm.warp(vm.getBlockTimestamp() + 1);
        (mark, deltaMark,) = lens.markOf(series);
        assertEq(deltaMark, mark);
        vm.revertToState(snapshot);
    }

    /// @dev Exact seconds: the window's first, its last, and the expiry.
    function test_boundariesOfTheWindow() public {
        warpTo(WINDOW_START, 0);
        vm.warp(vm.getBlockTimestamp() - 1);
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 3500);
        warpTo(WINDOW_START, 0);
        (mark, deltaMark,) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 3500);
        warpTo(EXPIRY_DAY, 0);
        vm.warp(vm.getBlockTimestamp() - 1);
        setIndex(9000);
        assertEq(_mark(), 3500, "one second of 604,800 weighs 0.009 ticks");
        vm.warp(vm.getBlockTimestamp() + 1);
        (mark, deltaMark,) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 0, "nothing can move any more");
    }

    /// @dev [MARK-5]
    function test_windowWithoutAnyFreshSecond() public {
        setStale();
        warpTo(EXPIRY_DAY, 0);
        (uint24 mark, uint24 deltaMark,) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 3500);
    }

    /// @dev From the window's first second on, placing never relies on a cached mark. [MARK-6]
    function test_placingInTheWindowRefreshes() public {
        warpTo(WINDOW_START + 1, 0);
        _mark();
        setIndex(3570);
        vm.warp(vm.getBlockTimestamp() + 1);
        buy(alice, 3400, 1);
        assertEq(hot().mark, 3560);
    }
}
