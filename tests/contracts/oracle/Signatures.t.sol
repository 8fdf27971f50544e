// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

/// @dev Who signed: every way in which signatures can be wrong.
contract SignaturesTest is OracleBase {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @dev [ORACLE-4]
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

    /// @dev [ORACLE-4]
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

    /// @dev Most high s do not fit beside the parity bit at all; those that do are refused before recovery. [ORACLE-6]
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

    /// @dev [ORACLE-4]
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

    /// @dev [ORACLE-4]
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

    /// @dev [ORACLE-4]
    function test_replayed_from_another_contract() public {
        Draft memory d = draft(START, 100);
        d.verifier = address(shipOracle(address(this), MAX_LAG));
        expectWrongOperators(pack(d));
    }

    function test_replayed_on_the_same_contract() public {
        Draft memory d = draft(START, 100);
        send(d);
        expectRefused(d, abi.encodeWithSelector(IIndexOracle.TimeNotIncreasing.selector, 1, START, START));
        assertEq(oracle.feedStatus(1).round, 1);
    }

    /// @dev [ORACLE-6]
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
}
