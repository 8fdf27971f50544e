// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../contracts/interfaces/IExchangeErrors.sol";
import {AccountView, PositionView, SeriesView} from "../../contracts/interfaces/ILens.sol";
import {AccountMargin, Phase, SeriesSpec} from "../../contracts/interfaces/Types.sol";
import {Base} from "./Base.t.sol";

/// @dev Series, marks, accounts and margin as the lens shows them, against the exchange's own answers.
contract LensTest is Base {
    uint16 internal constant OTHER_FEED = 2;

    function listAnother(uint16 feed, uint24 mark) internal returns (uint16) {
        SeriesSpec memory other = spec();
        other.feed = feed;
        other.initialMark = mark;
        return exchange.listSeries(other);
    }

    /// @dev Every field has a value of its own, so a swapped or shifted field shows.
    function test_spec_is_what_was_listed() public {
        SeriesSpec memory listed = SeriesSpec({
            symbol: "LLM-FLAGSHIP-JAN27",
            feed: FEED,
            windowStart: WINDOW_START + 31,
            expiryDay: EXPIRY_DAY + 31,
            tickSize: TICK,
            tickValue: 1_000_001,
            priceCap: 30_001,
            initialMark: 3601,
            maxBasis: 777,
            minLots: 2,
            positionLimit: 100_003,
            openInterestCap: 1_000_004,
            imBps: 2506,
            mmBps: 1007,
            spreadBps: 308,
            bandBps: 409,
            gapBps: 310,
            concentrationPct: 21,
            gainPct: 52,
            takerFee: 313,
            makerRebate: 114,
            maxMarkAge: 915
        });
        uint16 id = exchange.listSeries(listed);
        assertEq(abi.encode(lens.specOf(id)), abi.encode(listed));
        assertEq(abi.encode(lens.seriesInfo(id).spec), abi.encode(listed));
        assertEq(abi.encode(lens.specOf(series)), abi.encode(spec()));
    }

    /// @dev [SETTLE-1]
    function test_phases_of_a_life() public {
        uint32 a = openMany(2, 100_000);
        assertEq(uint256(lens.phaseOf(99)), uint256(Phase.NONE));
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.LISTED));
        sell(a, 3500, 1);
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.LISTED));
        buy(a + 1, 3500, 1);
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.TRADING));
        warpTo(WINDOW_START, 0);
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.FIXING));
        warpTo(EXPIRY_DAY, 0);
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.EXPIRED));
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(series);
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.SETTLED));
        exchange.settleAccounts(numbers(a, a + 1));
        assertEq(uint256(lens.phaseOf(series)), uint256(Phase.CLOSED));
        assertEq(uint256(lens.seriesInfo(series).phase), uint256(Phase.CLOSED));
    }

    function numbers(uint32 a, uint32 b) internal pure returns (uint32[] memory list) {
        list = new uint32[](2);
        (list[0], list[1]) = (a, b);
    }

    // --- marks ---

    /// @dev Over the whole life until expiry the lens says before what the exchange then does.
    function testFuzz_mark_is_the_exchanges(uint256 index, uint256 later, uint256 age, bool fresh) public {
        index = bound(index, 3000, 4000);
        later = bound(later, 1000, 6000);
        uint32 a = openMany(2, 1_000_000);
        sell(a, 3600, 7);
        vm.warp(START + 10 minutes);
        buy(a + 1, 3600, 7); // moves the basis
        setIndex(index);
        warpTo(WINDOW_START - 1, 0);
        setIndex(later);
        vm.warp(block.timestamp + bound(age, 0, 8 days - 1));
        if (!fresh) setStale();
        (uint24 mark,, bool stale) = lens.markOf(series);
        (uint24 expected, bool expectedStale) = exchange.refreshMark(series);
        assertEq(mark, expected);
        assertEq(stale, expectedStale);
        assertEq(stale, !fresh);
    }

    function test_mark_halfway_through_the_window() public {
        warpTo(WINDOW_START, 3 days + 12 hours);
        (uint24 mark, uint24 deltaMark, bool stale) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 1750, "half of the window is behind");
        assertFalse(stale);
        setIndex(3600);
        (mark, deltaMark,) = lens.markOf(series);
        assertEq(mark, 3550);
        assertEq(deltaMark, 1800);
    }

    function test_settled_mark_stays() public {
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(series);
        setIndex(9000);
        setStale();
        (uint24 mark, uint24 deltaMark, bool stale) = lens.markOf(series);
        assertEq(mark, 3500);
        assertEq(deltaMark, 0);
        assertFalse(stale);
    }

    // --- margin ---

    /// @dev By hand: 10 long at 3500 of 10 open, index now 3600; 5 more offered for purchase.
    function test_margin_by_hand() public {
        uint32 maker = open(1_000_000);
        uint32 a = open(1_000_000);
        sell(maker, 3500, 10);
        buy(a, 3500, 10);
        vm.warp(START + 1 hours);
        setIndex(3600);
        buy(a, 3590, 5);
        AccountView memory v = lens.accountInfo(a);
        // Trading at index + basis 0 left the basis at 0.
        int256 fee = 10_500_000; // 0.03% of $35,000
        int256 value = 1000e6 - fee;
        assertEq(v.margin.cash, 1_000_000e6);
        assertEq(v.margin.equity, 1_000_000e6 + value);
        assertEq(v.margin.imEquity, 1_000_000e6 + value / 2);
        assertEq(v.margin.losses, 0);
        // 15 lots x $3,600 at 25% x (1 + 20% x 15 / (10 + 15))
        assertEq(v.margin.initialMargin, 54_000e6 * 28 / 100);
        assertEq(v.margin.maintenanceMargin, 3600e6);
        assertEq(v.withdrawable, 1_000_000e6 - 15_120e6);
        assertEq(v.owner, owner(a));
        assertEq(v.positions.length, 1);
        PositionView memory p = v.positions[0];
        assertEq(p.series, series);
        assertEq(p.lots, 10);
        assertEq(p.quote, -35_000e6 - fee);
        assertEq(p.value, value);
        assertEq(p.openBuy, 5);
        assertEq(p.openSell, 0);
        assertEq(p.openCount, 1);
        assertEq(p.checkedMark, 3600);
        assertEq(p.lastFillDay, DAY0);
        assertFalse(p.settled);
        assertEq(abi.encode(lens.marginOf(a)), abi.encode(v.margin));
    }

    /// @dev The exchange names what is free when it refuses one unit more: three series, two feeds, orders, any marks.
    function testFuzz_withdrawable_is_the_exchanges(uint256 seed, bool late) public {
        oracle.set(OTHER_FEED, uint64(3500 * TICK), true);
        uint16[3] memory all = [series, listAnother(FEED, 3400), listAnother(OTHER_FEED, 3500)];
        uint32 maker = open(100_000_000);
        uint32 a = open(1_000_000);
        for (uint256 i; i < 3; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            series = all[i];
            (uint24 mark,,) = lens.markOf(series);
            uint8 side = seed & 1 == 0 ? SELL : 0;
            if (seed & 6 != 0) {
                place(maker, SELL - side, mark, seed % 41 + 1);
                place(a, side, mark, seed % 41 + 1);
            }
            if (seed & 8 != 0) place(a, SELL, mark + 9, seed % 17 + 1);
            if (seed & 16 != 0) place(a, 0, mark - 9, seed % 23 + 1);
        }
        vm.warp(late ? (uint256(WINDOW_START) * 1 days + seed % 7 days) : START + 2 hours);
        setIndex(3300 + seed % 400);
        oracle.set(OTHER_FEED, uint64((3300 + (seed >> 9) % 400) * TICK), true);
        AccountView memory v = lens.accountInfo(a);
        address who = owner(a);
        if (v.withdrawable < v.margin.cash) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IExchangeErrors.NotWithdrawable.selector, a, v.withdrawable, v.withdrawable + 1
                )
            );
            vm.prank(who);
            exchange.withdraw(v.withdrawable + 1, who);
        }
        assertGt(v.withdrawable, 0);
        withdraw(a, v.withdrawable);
        assertEq(usdc.balanceOf(who), v.withdrawable);
    }

    /// @dev The exchange names IM-equity and IM when it refuses an order.
    function test_margin_is_what_placing_checks() public {
        uint32 a = open(10_000);
        uint32 maker = open(1_000_000);
        sell(maker, 3500, 9);
        buy(a, 3500, 9);
        vm.warp(START + 1);
        setIndex(3280);
        exchange.refreshMark(series);
        AccountMargin memory m = lens.marginOf(a);
        assertLt(m.imEquity, int256(m.initialMargin), "under water");
        // One more lot of 9 open: (10 lots) x $3,280 at 25% x (1 + 20% x 10 / 19), rounded up.
        uint256 more = (32_800e6 * (25_000_000 + uint256(2500 * 20 * 100 * 10) / 19) + 1e8 - 1) / 1e8;
        address who = owner(a);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeErrors.InsufficientMargin.selector, a, m.imEquity, more)
        );
        vm.prank(who);
        exchange.place(series, 0, 3200, 1, 0, 0, 0);
    }

    /// @dev [MARGIN-3]
    function test_idle_series_lends_no_rate() public {
        SeriesSpec memory dear = spec();
        dear.imBps = 5000;
        uint16 second = exchange.listSeries(dear);
        uint32 a = openMany(2, 1_000_000);
        sell(a, 3500, 4);
        buy(a + 1, 3500, 4);
        uint256 before = lens.marginOf(a).initialMargin;
        uint16 first = series;
        series = second;
        (uint96 id,) = sell(a, 3600, 1);
        cancel(a, id);
        series = first;
        assertEq(lens.seriesOf(a).length, 2);
        assertEq(lens.marginOf(a).initialMargin, before);
    }

    function test_stale_index_marks_the_holder() public {
        uint32 a = openMany(3, 1_000_000);
        sell(a, 3500, 4);
        buy(a + 1, 3500, 4);
        setStale();
        assertTrue(lens.marginOf(a).stale);
        assertFalse(lens.marginOf(a + 2).stale);
        assertTrue(lens.seriesInfo(series).stale);
        assertTrue(lens.seriesInfo(series).reduceOnly);
    }

    // --- settlement ---

    function test_claims_and_debts_after_settlement() public {
        uint32 loser = open(20_000);
        uint32 winner = open(100_000);
        buy(loser, 3500, 10);
        sell(winner, 3500, 10);
        setIndex(1000);
        warpTo(EXPIRY_DAY, 1 hours);
        assertEq(exchange.settle(series), 1000);
        int256 fee = 10_500_000;
        int256 rebate = 3_500_000;
        int256 owed = 25_000e6 - rebate;
        AccountView memory v = lens.accountInfo(loser);
        assertEq(v.positions[0].lots, 10, "not cranked yet");
        assertEq(v.positions[0].value, -owed);
        assertEq(v.margin.equity, 20_000e6 - owed);
        assertEq(v.withdrawable, 0);
        exchange.settleAccounts(numbers(loser, winner));

        v = lens.accountInfo(loser);
        assertTrue(v.positions[0].settled);
        assertEq(v.positions[0].lots, 0);
        assertEq(v.positions[0].quote, 20_000e6 - owed, "the debt left");
        assertEq(v.positions[0].claim, 0);
        assertEq(v.margin.equity, 20_000e6 - owed);
        assertEq(v.margin.losses, 20_000e6 - owed);

        v = lens.accountInfo(winner);
        uint256 claim = uint256(25_000e6 - fee);
        assertEq(v.positions[0].claim, claim);
        assertEq(v.positions[0].quote, int256(claim));
        assertEq(v.positions[0].value, int256(claim));
        assertEq(v.margin.imEquity, 100_000e6, "a claim counts for nothing before it is drawn");
        uint256 drawn = exchange.draw(winner, series);
        v = lens.accountInfo(winner);
        assertEq(v.positions[0].claim, claim);
        assertEq(v.positions[0].quote, int256(claim - drawn));
        assertEq(v.margin.cash, 100_000e6 + drawn);
        assertEq(v.margin.equity, int256(100_000e6 + claim));
    }

    // --- lists, principals, bad input ---

    function test_series_list_pages() public {
        listAnother(FEED, 3400);
        listAnother(FEED, 3600);
        SeriesView[] memory all = lens.seriesList(0, 65_535);
        assertEq(all.length, 3);
        for (uint16 i; i < 3; ++i) {
            assertEq(abi.encode(all[i]), abi.encode(lens.seriesInfo(i + 1)));
        }
        assertEq(all[1].mark, 3400);
        assertEq(all[1].basis, -100 << 8);
        SeriesView[] memory page = lens.seriesList(2, 1);
        assertEq(page.length, 1);
        assertEq(page[0].series, 2);
        assertEq(lens.seriesList(3, 9).length, 1);
        assertEq(lens.seriesList(4, 9).length, 0);
        assertEq(lens.seriesList(1, 0).length, 0);
    }

    function test_guardian_brake_lapses() public {
        vm.prank(guardian);
        exchange.setReduceOnly(series, true);
        assertTrue(lens.seriesInfo(series).reduceOnly);
        assertFalse(lens.seriesInfo(series).stale);
        vm.warp(START + 7 days);
        assertFalse(lens.seriesInfo(series).reduceOnly);
    }

    function test_principals() public {
        uint32 a = open(1000);
        address agent = makeAddr("agent");
        address who = owner(a);
        vm.prank(who);
        exchange.inviteAgent(agent, uint40(START + 1 days), 3);
        (uint32 account,,) = lens.principal(agent);
        assertEq(account, 0, "not accepted yet");
        vm.prank(agent);
        exchange.acceptAgent(a);
        (uint32 served, uint8 permissions, uint40 expiry) = lens.principal(agent);
        assertEq(served, a);
        assertEq(permissions, 3);
        assertEq(expiry, START + 1 days);
        (served, permissions, expiry) = lens.principal(who);
        assertEq(served, a);
        assertEq(permissions, 255);
        assertEq(expiry, 0);
    }

    function test_unknown_series_and_accounts_are_named() public {
        uint32 a = open(1000);
        bytes memory noSeries = abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 9);
        vm.expectRevert(noSeries);
        lens.specOf(9);
        vm.expectRevert(noSeries);
        lens.markOf(9);
        vm.expectRevert(noSeries);
        lens.seriesInfo(9);
        vm.expectRevert(noSeries);
        lens.depth(9, true, 1);
        vm.expectRevert(noSeries);
        lens.orders(9, true, 1);
        vm.expectRevert(noSeries);
        lens.openOrders(a, 9);
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.UnknownAccount.selector, 0));
        lens.marginOf(0);
        bytes memory noAccount = abi.encodeWithSelector(IExchangeErrors.UnknownAccount.selector, a + 1);
        vm.expectRevert(noAccount);
        lens.accountInfo(a + 1);
        vm.expectRevert(noAccount);
        lens.seriesOf(a + 1);
        vm.expectRevert(noAccount);
        lens.openOrders(a + 1, series);
    }
}
