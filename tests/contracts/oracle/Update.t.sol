// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

contract UpdateTest is OracleBase {
    // ------------------------------------------------------------------ taken

    /// @dev [ORACLE-5]
    function test_stores_the_lower_median() public {
        Draft memory d = draft(START, 100);
        uint64[5] memory values = [uint64(105), 99, 101, 1, 103];
        for (uint256 i; i < 5; ++i) {
            d.values[i][0] = values[i];
        }
        vm.expectEmit(address(oracle));
        emit IIndexOracle.RoundAccepted(1, 1, START, 101, 31);
        send(d);
        (uint64 price, uint32 time, bool fresh) = oracle.latest(1);
        assertEq(price, 101);
        assertEq(time, START);
        assertTrue(fresh);
    }

    function testFuzz_any_quorum_of_any_set(uint256 seed, uint8 size, uint64[31] memory random, uint8 feeds)
        public
    {
        uint256 n = bound(size, 1, 31);
        uint256 f = (n - 1) / 3;
        keys = sortedKeys(n, "others");
        oracle.rotateOperators(1, addresses(keys), uint8(n - f));
        Draft memory d = draftOf(seed, n, n - f, bound(feeds, 1, 8), random);
        send(d);
        uint64[] memory column = new uint64[](d.values.length);
        for (uint256 feed; feed < d.feeds.length; ++feed) {
            for (uint256 i; i < column.length; ++i) {
                column[i] = d.values[i][feed];
            }
            (uint64 price,,) = oracle.latest(uint16(feed + 1));
            assertEq(price, lowerMedian(column));
        }
    }

    function draftOf(uint256 seed, uint256 n, uint256 least, uint256 feeds, uint64[31] memory random)
        private
        view
        returns (Draft memory d)
    {
        d = draft(START, new uint64[](feeds));
        uint256 k = bound(seed >> 8, least, n);
        d.signers = 0;
        d.keys = new uint256[](k);
        d.values = new uint64[][](k);
        uint256 j;
        // Choose k of n: the next operator signs when as many are needed as are left, or by chance.
        for (uint256 i; i < n && j < k; ++i) {
            bool needed = n - i == k - j;
            if (!needed && uint256(keccak256(abi.encode(seed, i))) % 2 == 0) continue;
            d.signers |= uint32(1 << i);
            d.keys[j] = keys[i];
            d.values[j] = new uint64[](feeds);
            for (uint256 f; f < feeds; ++f) {
                d.values[j][f] = uint64(bound(uint256(random[j]) ^ f, 1, 2 ** 52 - 1));
            }
            ++j;
        }
    }

    /// @dev [ORACLE-2]
    function test_two_liars_among_five_stay_within_the_honest() public {
        Draft memory d = draft(START, 350);
        d.values[0][0] = 1;
        d.values[1][0] = type(uint64).max;
        d.values[2][0] = 349;
        d.values[3][0] = 350;
        d.values[4][0] = 351;
        send(d);
        (uint64 price,,) = oracle.latest(1);
        assertEq(price, 350);
        vm.warp(START + 1 minutes);
        d = draft(START + 1 minutes, 350);
        d.values[0][0] = 0;
        d.values[1][0] = 0;
        send(d);
        (price,,) = oracle.latest(1);
        assertEq(price, 350);
    }

    function test_observed_maxLag_ago_is_the_oldest() public {
        vm.warp(START + MAX_LAG);
        send(draft(START, 100));
        assertEq(oracle.feedStatus(1).time, START);
    }

    function test_eight_feeds_under_one_signature() public {
        uint64[] memory prices = new uint64[](8);
        for (uint256 i; i < 8; ++i) {
            prices[i] = uint64(100 + i);
        }
        send(draft(START, prices));
        for (uint16 feed = 1; feed <= 8; ++feed) {
            (uint64 price,,) = oracle.latest(feed);
            assertEq(price, 99 + feed);
        }
    }

    // ------------------------------------------------------------------ when

    /// @dev [ORACLE-6]
    function test_future() public {
        expectRefused(
            draft(START + 1, 100),
            abi.encodeWithSelector(IIndexOracle.FutureObservation.selector, START + 1, uint256(START))
        );
    }

    /// @dev [ORACLE-6]
    function test_stale() public {
        vm.warp(START + MAX_LAG + 1);
        expectRefused(
            draft(START, 100),
            abi.encodeWithSelector(IIndexOracle.StaleObservation.selector, START, uint256(START) + 1)
        );
    }

    function test_decreasing() public {
        send(draft(START, 100));
        expectRefused(
            draft(START - 1, 100),
            abi.encodeWithSelector(IIndexOracle.TimeNotIncreasing.selector, 1, START - 1, START)
        );
    }

    /// @dev [ORACLE-6]
    function test_one_late_feed_refuses_the_batch() public {
        send(draft(START, 100));
        expectRefused(
            draft(START, new uint64[](2)),
            abi.encodeWithSelector(IIndexOracle.ValueOutOfRange.selector, 1, 0, uint64(2 ** 52 - 1))
        );
        uint64[] memory prices = new uint64[](2);
        (prices[0], prices[1]) = (100, 100);
        expectRefused(
            draft(START, prices),
            abi.encodeWithSelector(IIndexOracle.TimeNotIncreasing.selector, 1, START, START)
        );
        assertEq(oracle.feedStatus(2).round, 0);
    }

    function test_a_feed_twice_in_a_batch() public {
        uint64[] memory prices = new uint64[](2);
        (prices[0], prices[1]) = (100, 100);
        Draft memory d = draft(START, prices);
        d.feeds[1] = 1;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.TimeNotIncreasing.selector, 1, START, START));
    }

    // ------------------------------------------------------------------ what

    /// @dev [ORACLE-3] [ORACLE-6]
    function test_wrong_version() public {
        Draft memory d = draft(START, 100);
        d.version = 2;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.WrongVersion.selector, 1, 1, 2));
        oracle.setMethodology(1, keccak256("v2"));
        expectRefused(draft(START, 100), abi.encodeWithSelector(IIndexOracle.WrongVersion.selector, 1, 2, 1));
        send(d);
        assertEq(oracle.feedStatus(1).round, 1);
    }

    /// @dev [ORACLE-3]
    function test_version_is_signed() public {
        Draft memory d = draft(START, 100);
        bytes memory packed = pack(d);
        oracle.setMethodology(1, keccak256("v2"));
        packed[5] = 0x02;
        expectWrongOperators(packed);
    }

    function test_unknown_operator_set() public {
        Draft memory d = draft(START, 100);
        d.operatorSet = 2;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.UnknownOperatorSet.selector, 2));
    }

    function test_feed_of_another_set() public {
        oracle.addOperatorSet(addresses(keys), 5);
        Draft memory d = draft(START, 100);
        d.operatorSet = 2;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.WrongOperatorSet.selector, 1, 1, 2));
    }

    function test_unknown_feed() public {
        Draft memory d = draft(START, 100);
        d.feeds[0] = 9;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 9));
        d.feeds[0] = 0;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 0));
    }

    function test_value_out_of_range() public {
        uint64 max = 2 ** 52 - 1;
        expectRefused(
            draft(START, 0), abi.encodeWithSelector(IIndexOracle.ValueOutOfRange.selector, 1, 0, max)
        );
        expectRefused(
            draft(START, max + 1),
            abi.encodeWithSelector(IIndexOracle.ValueOutOfRange.selector, 1, max + 1, max)
        );
        send(draft(START, max));
        (uint64 price,,) = oracle.latest(1);
        assertEq(price, max);
    }

    /// @dev [ORACLE-5]
    function test_not_the_median() public {
        Draft memory d = draft(START, 100);
        d.values[4][0] = 99;
        d.values[3][0] = 101;
        bytes memory packed = pack(d);
        for (uint8 pointer = 3; pointer < 7; ++pointer) {
            packed[15] = bytes1(pointer);
            vm.expectRevert(abi.encodeWithSelector(IIndexOracle.NotMedian.selector, 1, pointer));
            oracle.update(packed);
        }
        packed[15] = 0x02;
        oracle.update(packed);
        (uint64 price,,) = oracle.latest(1);
        assertEq(price, 100);
    }

    function test_halted_feed() public {
        oracle.setHalted(1, true);
        expectRefused(draft(START, 100), abi.encodeWithSelector(IIndexOracle.FeedHalted.selector, 1));
        oracle.setHalted(1, false);
        send(draft(START, 100));
        assertEq(oracle.feedStatus(1).round, 1);
    }

    function test_no_feeds() public {
        Draft memory d = draft(START, new uint64[](0));
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.NoFeeds.selector));
    }

    function testFuzz_wrong_length(uint16 length) public {
        bytes memory packed = pack(draft(START, 100));
        uint256 right = packed.length;
        vm.assume(length != right && length < 2000);
        bytes memory other = new bytes(length);
        for (uint256 i; i < length && i < right; ++i) {
            other[i] = packed[i];
        }
        uint256 expected = length < 13 ? 13 : right;
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.MalformedUpdate.selector, length, expected));
        oracle.update(other);
    }

    // ------------------------------------------------------------------ the slot

    function testFuzz_slot_keeps_every_part(uint64 a, uint64 b, uint32 gap) public {
        a = uint64(bound(a, 1, 2 ** 52 - 1));
        b = uint64(bound(b, 1, 2 ** 52 - 1));
        gap = uint32(bound(gap, 1, 5 days));
        send(draft(START, a));
        vm.warp(START + gap);
        send(draft(START + gap, b));
        (uint256 priceSeconds, uint256 freshSeconds) = oracle.accumulated(1, START + gap);
        uint256 fresh = gap < HEARTBEAT ? gap : HEARTBEAT;
        IIndexOracle.FeedStatus memory status = oracle.feedStatus(1);
        assertEq(status.round, 2);
        assertEq(oracle.heartbeat(1), HEARTBEAT);
        if (status.pending) {
            assertEq(status.time, START);
            assertEq(status.pendingPrice, b);
            assertEq(status.pendingTime, START + gap);
            assertEq(status.pendingRound, 2);
        } else {
            assertEq(status.price, b);
            assertEq(status.time, START + gap);
        }
        assertEq(priceSeconds, uint256(a) * fresh);
        assertEq(freshSeconds, fresh);
    }
}
