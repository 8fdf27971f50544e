// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {IndexOracle} from "../../../contracts/IndexOracle.sol";

contract UpdateTest is OracleBase {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function expectNothingChanged() private view {
        assertEq(oracle.feedStatus(1).round, 0, "round");
        assertEq(oracle.feedStatus(1).time, 0, "time");
    }

    /// @dev The given set's hash is not known beforehand, so the reason is compared by its first words.
    function expectWrongOperators(bytes memory packed) private {
        (bytes24 expected,,,) = oracle.operatorSet(1);
        try oracle.update(packed) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IIndexOracle.WrongOperators.selector, "reason");
            (uint16 set, bytes32 hash, bytes32 given) = abi.decode(cut(reason), (uint16, bytes32, bytes32));
            assertEq(set, 1);
            assertEq(hash, expected);
            assertNotEq(given, hash);
        }
        expectNothingChanged();
    }

    function cut(bytes memory reason) private pure returns (bytes memory out) {
        out = new bytes(reason.length - 4);
        for (uint256 i; i < out.length; ++i) {
            out[i] = reason[i + 4];
        }
    }

    // ------------------------------------------------------------------ taken

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

    // ------------------------------------------------------------------ who signed

    function test_forged_signature() public {
        Draft memory d = draft(START, 100);
        d.keys[3] = uint256(keccak256("a stranger"));
        expectWrongOperators(pack(d));
    }

    function test_rubbish_signature_recovers_nothing() public {
        Draft memory d = draft(START, 100);
        bytes memory packed = head(d);
        for (uint256 i; i < 5; ++i) {
            packed = bytes.concat(packed, body(d, i, bytes32(type(uint256).max), bytes32(uint256(1))));
        }
        expectWrongOperators(packed);
    }

    function test_signature_of_other_values() public {
        Draft memory d = draft(START, 100);
        bytes memory packed = head(d);
        for (uint256 i; i < 5; ++i) {
            (bytes32 r, bytes32 vs) = signature(d, i);
            if (i == 4) d.values[4] = draft(START, 101).values[0];
            packed = bytes.concat(packed, body(d, i, r, vs));
        }
        expectWrongOperators(packed);
    }

    function test_duplicated_signer() public {
        Draft memory d = draft(START, 100);
        d.keys[4] = d.keys[3];
        expectWrongOperators(pack(d));
    }

    function test_one_signature_cannot_count_twice_in_a_short_set_of_bits() public {
        Draft memory d = draft(START, 100);
        d.signers = 15;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.ShortQuorum.selector, 1, 4, 5));
    }

    function test_signatures_out_of_order() public {
        Draft memory d = draft(START, 100);
        (d.keys[0], d.keys[1]) = (d.keys[1], d.keys[0]);
        expectWrongOperators(pack(d));
    }

    function test_silent_operator_of_the_relayers_choice() public {
        Draft memory d = draft(START, 100);
        bytes memory packed = pack(d);
        packed[13 + 3 + 5] ^= 0x01;
        expectWrongOperators(packed);
    }

    /// @dev Most high s do not fit beside the parity bit at all; those that do are refused before recovery.
    function test_malleable_signature() public {
        Draft memory d = draft(START, 100);
        bytes memory packed = head(d);
        bytes32 high = bytes32(ORDER / 2 + 1);
        for (uint256 i; i < 5; ++i) {
            (bytes32 r, bytes32 vs) = signature(d, i);
            if (i == 2) vs = high;
            packed = bytes.concat(packed, body(d, i, r, vs));
        }
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.MalleableSignature.selector, high));
        oracle.update(packed);
        expectNothingChanged();
    }

    function testFuzz_any_changed_byte_is_refused(uint16 place, uint8 flip) public {
        bytes memory packed = pack(draft(START, 100));
        packed[place % packed.length] ^= bytes1(flip == 0 ? 1 : flip);
        try oracle.update(packed) {
            // The pointer may name any signer of an equal value; nothing else is free.
            assertEq(place % packed.length, 15);
        } catch {
            expectNothingChanged();
        }
    }

    function test_replayed_from_another_chain() public {
        Draft memory d = draft(START, 100);
        d.chainId = 1;
        expectWrongOperators(pack(d));
    }

    function test_fork_takes_no_report_of_the_old_chain() public {
        bytes memory packed = pack(draft(START, 100));
        vm.chainId(777);
        expectWrongOperators(packed);
        send(draft(START, 100));
        assertEq(oracle.feedStatus(1).round, 1);
    }

    function test_replayed_from_another_contract() public {
        Draft memory d = draft(START, 100);
        d.verifier = address(new IndexOracle(address(this), MAX_LAG));
        expectWrongOperators(pack(d));
    }

    function test_replayed_on_the_same_contract() public {
        Draft memory d = draft(START, 100);
        send(d);
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.TimeNotIncreasing.selector, 1, START, START));
        assertEq(oracle.feedStatus(1).round, 1);
    }

    function test_short_quorum() public {
        Draft memory d = draft(START, 100);
        d.signers = 15;
        bytes memory packed = head(d);
        for (uint256 i; i < 4; ++i) {
            (bytes32 r, bytes32 vs) = signature(d, i);
            packed = bytes.concat(packed, body(d, i, r, vs));
        }
        vm.expectRevert(abi.encodeWithSelector(IIndexOracle.ShortQuorum.selector, 1, 4, 5));
        oracle.update(packed);
        expectNothingChanged();
    }

    function test_unsigned() public {
        Draft memory d = draft(START, 100);
        d.signers = 0;
        d.keys = new uint256[](0);
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.ShortQuorum.selector, 1, 0, 5));
    }

    function test_signer_beyond_the_set() public {
        Draft memory d = draft(START, 100);
        d.signers = 31 | (1 << 7);
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.SignerOutOfRange.selector, d.signers, 7));
    }

    function test_31_signers() public {
        keys = sortedKeys(31, "many");
        oracle.rotateOperators(1, addresses(keys), 21);
        Draft memory d = draft(START, 100);
        d.signers = type(uint32).max >> 1;
        d.keys = keys;
        d.values = new uint64[][](31);
        for (uint256 i; i < 31; ++i) {
            d.values[i] = new uint64[](1);
            d.values[i][0] = uint64(1000 - 7 * i);
        }
        send(d);
        (uint64 price,,) = oracle.latest(1);
        assertEq(price, 1000 - 7 * 15);
        vm.warp(START + 1);
        d.observedAt = START + 1;
        d.signers |= 1 << 31;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.SignerOutOfRange.selector, type(uint32).max, 31));
    }

    // ------------------------------------------------------------------ when

    function test_future() public {
        expectRefused(
            draft(START + 1, 100),
            abi.encodeWithSelector(IIndexOracle.FutureObservation.selector, START + 1, uint256(START))
        );
    }

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

    function test_wrong_version() public {
        Draft memory d = draft(START, 100);
        d.version = 2;
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.WrongVersion.selector, 1, 1, 2));
        oracle.setMethodology(1, keccak256("v2"));
        expectRefused(draft(START, 100), abi.encodeWithSelector(IIndexOracle.WrongVersion.selector, 1, 2, 1));
        send(d);
        assertEq(oracle.feedStatus(1).round, 1);
    }

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
