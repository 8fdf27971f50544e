// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LevelView, OrderView} from "../../contracts/interfaces/ILens.sol";
import {SeriesSpec} from "../../contracts/interfaces/Types.sol";
import {Base} from "./Base.t.sol";

/// @dev Books as the lens shows them, against a list that the test keeps.
contract LensBookTest is Base {
    struct Kept {
        uint96 id;
        uint32 account;
        uint8 flags;
        uint24 tick;
        uint32 lots;
        uint32 expiry;
        bool live;
    }

    Kept[] internal kept;
    uint32 internal a;

    function setUp() public override {
        super.setUp();
        a = openMany(3, 10_000_000);
    }

    function keep(uint32 account, uint8 flags, uint256 tick, uint256 lots, uint32 expiry) internal {
        (uint96 id, uint32 filled) = placeFull(account, flags, tick, lots, expiry, uint64(kept.length + 1), 0);
        assertEq(filled, 0);
        kept.push(Kept(id, account, flags, uint24(tick), uint32(lots), expiry, true));
    }

    /// @dev Live kept orders of one side, best tick first, then oldest; `only` 0 for every account.
    function expected(bool sells, uint32 only) internal view returns (uint256[] memory list) {
        list = new uint256[](kept.length);
        uint256 count;
        for (uint256 i; i < kept.length; ++i) {
            Kept memory k = kept[i];
            bool expired = k.expiry != 0 && k.expiry <= block.timestamp;
            if (!k.live || expired || (k.flags & SELL != 0) != sells) continue;
            if (only != 0 && k.account != only) continue;
            uint256 j = count++;
            for (; j > 0; --j) {
                uint24 other = kept[list[j - 1]].tick;
                if (sells ? k.tick >= other : k.tick <= other) break;
                list[j] = list[j - 1];
            }
            list[j] = i;
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    function assertOrders(OrderView[] memory got, uint256 from, uint256[] memory wanted) internal view {
        for (uint256 i; i < wanted.length; ++i) {
            Kept memory k = kept[wanted[i]];
            OrderView memory o = got[from + i];
            assertEq(o.orderId, k.id);
            assertEq(o.account, k.account);
            assertEq(o.lots, k.lots);
            assertEq(o.expiry, k.expiry);
            assertEq(o.flags, k.flags);
            assertEq(o.clientId, wanted[i] + 1);
        }
    }

    function assertBook() internal view {
        for (uint256 side; side < 2; ++side) {
            bool sells = side == 1;
            uint256[] memory wanted = expected(sells, 0);
            OrderView[] memory got = lens.orders(series, sells, 65_535);
            assertEq(got.length, wanted.length);
            assertOrders(got, 0, wanted);
            assertLevels(lens.depth(series, sells, 65_535), wanted);
            uint24 best = wanted.length == 0 ? 0 : kept[wanted[0]].tick;
            assertEq(sells ? lens.seriesInfo(series).bestAsk : lens.seriesInfo(series).bestBid, best);
        }
        for (uint32 account = a; account < a + 3; ++account) {
            uint256[] memory buys = expected(false, account);
            uint256[] memory sells_ = expected(true, account);
            OrderView[] memory got = lens.openOrders(account, series);
            assertEq(got.length, buys.length + sells_.length);
            assertOrders(got, 0, buys);
            assertOrders(got, buys.length, sells_);
        }
    }

    function assertLevels(LevelView[] memory levels, uint256[] memory wanted) internal view {
        uint256 level;
        for (uint256 i; i < wanted.length; ++level) {
            uint24 tick = kept[wanted[i]].tick;
            uint256 lots;
            uint256 count;
            for (; i < wanted.length && kept[wanted[i]].tick == tick; ++i) {
                lots += kept[wanted[i]].lots;
                ++count;
            }
            assertEq(levels[level].tick, tick);
            assertEq(levels[level].lots, lots);
            assertEq(levels[level].orders, count);
        }
        assertEq(levels.length, level);
    }

    /// @dev Places, cancels, cancels en masse and expiries in any order leave the list that was kept.
    function testFuzz_book_is_what_was_kept(uint256 seed) public {
        for (uint256 i; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint32 account = a + uint32((seed >> 8) % 3);
            uint256 kind = seed % 16;
            if (kind == 0) {
                massCancel(account);
                for (uint256 j; j < kept.length; ++j) {
                    if (kept[j].account == account) kept[j].live = false;
                }
            } else if (kind == 1) {
                vm.warp(block.timestamp + 60);
            } else if (kind < 6 && kept.length != 0) {
                Kept storage k = kept[(seed >> 16) % kept.length];
                if (!k.live) continue;
                cancel(k.account, k.id);
                k.live = false;
            } else {
                uint8 side = seed >> 32 & 1 == 0 ? SELL : 0;
                uint256 away = (seed >> 40) % 6 * ((seed >> 48) & 1 == 0 ? 1 : 34);
                uint32 expiry = (seed >> 56) % 3 == 0 ? uint32(block.timestamp + 90) : 0;
                uint256 tick = side == SELL ? 3501 + away : 3499 - away;
                keep(account, side, tick, (seed >> 64) % 9 + 1, expiry);
            }
        }
        assertBook();
    }

    function test_empty_book() public view {
        assertBook();
        assertEq(lens.depth(series, true, 10).length, 0);
        assertEq(lens.orders(series, false, 10).length, 0);
    }

    function test_a_fill_shrinks_the_first_order() public {
        keep(a, SELL, 3510, 5, 0);
        keep(a + 1, SELL, 3510, 6, 0);
        keep(a, SELL, 3520, 7, 0);
        (, uint32 filled) = buy(a + 2, 3510, 7);
        assertEq(filled, 7);
        kept[0].live = false;
        kept[1].lots = 4;
        assertBook();
    }

    function test_ghosts_in_front_are_left_out() public {
        keep(a, 0, 3499, 1, 0);
        keep(a, 0, 3498, 1, 0);
        keep(a + 1, 0, 3400, 2, 0);
        massCancel(a);
        kept[0].live = kept[1].live = false;
        assertEq(uint24(exchange.hotWord(series)), 3499, "the cached best is a ghost");
        assertEq(lens.seriesInfo(series).bestBid, 3400);
        assertEq(lens.depth(series, false, 1)[0].tick, 3400);
        assertBook();
        keep(a, 0, 3499, 3, 0); // behind a ghost of its own
        assertBook();
    }

    function test_orders_end_at_their_second() public {
        keep(a, 0, 3400, 1, START + 100);
        vm.warp(START + 99);
        assertBook();
        assertEq(lens.orders(series, false, 9).length, 1);
        vm.warp(START + 100);
        assertBook();
        assertEq(lens.orders(series, false, 9).length, 0);
    }

    /// @dev Bits of the bitmap's two upper heights: ticks on both sides of 65,536, 131,072 apart from small ones.
    function test_ticks_across_bitmap_words() public {
        SeriesSpec memory wide = spec();
        wide.feed = 2;
        wide.priceCap = 200_000;
        wide.initialMark = 65_536;
        wide.maxBasis = 1_000_000;
        oracle.set(2, uint64(65_536 * TICK), true);
        series = exchange.listSeries(wide);
        uint24[6] memory asks = [uint24(65_537), 65_791, 65_792, 66_048, 68_000, 65_537];
        uint24[6] memory bids = [uint24(65_535), 65_280, 65_279, 65_024, 63_000, 65_280];
        for (uint256 i; i < 6; ++i) {
            keep(a, SELL, asks[i], i + 1, 0);
            keep(a + 1, 0, bids[i], i + 1, 0);
        }
        keep(a + 2, 0, 65_536, 1, 0);
        assertBook();
    }

    function test_answers_are_cut_to_what_was_asked() public {
        keep(a, SELL, 3510, 5, 0);
        keep(a, SELL, 3510, 6, 0);
        keep(a, SELL, 3520, 7, 0);
        assertEq(lens.depth(series, true, 0).length, 0);
        assertEq(lens.orders(series, true, 0).length, 0);
        LevelView[] memory one = lens.depth(series, true, 1);
        assertEq(one.length, 1);
        assertEq(one[0].lots, 11, "the whole of the last level");
        assertEq(one[0].orders, 2);
        OrderView[] memory two = lens.orders(series, true, 2);
        assertEq(two.length, 2);
        assertEq(two[1].lots, 6);
    }

    /// @dev A settled position's word has no epoch, like one that never cancelled en masse.
    function test_no_orders_from_expiry_on() public {
        keep(a, SELL, 3510, 5, 0);
        warpTo(EXPIRY_DAY, 0);
        assertEq(lens.orders(series, true, 9).length, 0);
        assertEq(lens.openOrders(a, series).length, 0);
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(series);
        uint32[] memory list = new uint32[](1);
        list[0] = a;
        exchange.settleAccounts(list);
        assertEq(lens.depth(series, true, 9).length, 0);
        assertEq(lens.openOrders(a, series).length, 0);
        assertEq(lens.seriesInfo(series).bestAsk, 0);
    }

    function test_one_call_for_the_orders_of_all_series() public {
        SeriesSpec memory later = spec();
        later.windowStart += 31;
        later.expiryDay += 31;
        uint16 other = exchange.listSeries(later);
        keep(a, SELL, 3510, 5, 0);
        keep(a + 1, SELL, 3511, 1, 0);
        keep(a, 0, 3480, 4, 0);
        vm.prank(owner(a));
        (uint96 far,) = exchange.place(other, 0, 3490, 2, 0, 77, 0);
        OrderView[] memory got = lens.openOrders(a, 0);
        assertEq(got.length, 3);
        assertEq(got[0].orderId, kept[2].id);
        assertEq(got[1].orderId, kept[0].id);
        assertEq(got[2].orderId, far);
        assertEq(got[2].clientId, 77);
        assertEq(lens.openOrders(a + 2, 0).length, 0);
        warpTo(EXPIRY_DAY, 0);
        got = lens.openOrders(a, 0);
        assertEq(got.length, 1);
        assertEq(got[0].orderId, far);
    }
}
