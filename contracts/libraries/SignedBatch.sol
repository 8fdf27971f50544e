// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Median} from "./Median.sol";
import {OperatorSet} from "./OperatorSets.sol";

/// @notice One packed update in calldata. See `IIndexOracle.update` for the layout.
/// @param word The first 32 bytes, which hold the header
/// @param feedsAt Calldata offset of the feeds
/// @param reportsAt Calldata offset of the first signer's values, `stride` bytes before the second's
struct Batch {
    uint256 word;
    uint256 signerCount;
    uint256 feedsAt;
    uint256 reportsAt;
    uint256 stride;
}

using SignedBatch for Batch global;

/// @title SignedBatch
/// @notice Reads packed updates and recovers their signers.
library SignedBatch {
    bytes32 internal constant REPORT_TYPEHASH =
        keccak256("Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)");

    uint256 private constant HEADER = 13;
    uint256 private constant FEED = 3;
    /// @dev Half of the order of secp256k1: of two signatures with equal r only the one with the lower s is taken.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @dev Fixed places in memory, well above what `update` has in use by then (checked): held in variables they would
    /// crowd the stack of the loop that every signature runs through.
    uint256 private constant DIGEST = 0x400;
    uint256 private constant INPUT = 0x460;
    uint256 private constant STRUCT = 0x4e0;
    uint256 private constant ARRAY = 0x580;

    function observedAt(Batch memory batch) internal pure returns (uint256) {
        return uint32(batch.word >> 224);
    }

    function version(Batch memory batch) internal pure returns (uint16) {
        return uint16(batch.word >> 208);
    }

    function operatorSet(Batch memory batch) internal pure returns (uint16) {
        return uint16(batch.word >> 192);
    }

    function signers(Batch memory batch) internal pure returns (uint32) {
        return uint32(batch.word >> 160);
    }

    function feedCount(Batch memory batch) internal pure returns (uint256) {
        return uint8(batch.word >> 152);
    }

    /// @notice Reads what does not depend on the operator set.
    function header(bytes calldata packed) internal pure returns (Batch memory batch) {
        if (packed.length < HEADER) revert IIndexOracle.MalformedUpdate(packed.length, HEADER);
        assembly ("memory-safe") {
            mstore(batch, calldataload(packed.offset))
            mstore(add(batch, 64), add(packed.offset, HEADER))
        }
        batch.signerCount = LibBit.popCount(batch.signers());
        unchecked {
            batch.stride = 8 * batch.feedCount() + 64;
        }
    }

    /// @notice Reverts unless the length is right and a quorum of the set signed. The recovered signers and the silent
    /// operators from calldata must together make up the set.
    function verify(Batch memory batch, uint256 length, OperatorSet memory set, bytes32 domainSeparator)
        internal
        view
    {
        uint256 feeds = batch.feedCount();
        uint256 count = batch.signerCount;
        uint256 operators = set.operators;
        uint256 bits = batch.signers();
        if (feeds == 0) revert IIndexOracle.NoFeeds();
        if (count < set.quorum) revert IIndexOracle.ShortQuorum(batch.operatorSet(), count, set.quorum);
        if (bits >> operators != 0) revert IIndexOracle.SignerOutOfRange(uint32(bits), operators);
        uint256 silent;
        unchecked {
            uint256 names = FEED * feeds + 20 * (operators - count);
            uint256 expected = HEADER + names + count * batch.stride;
            if (length != expected) revert IIndexOracle.MalformedUpdate(length, expected);
            silent = batch.feedsAt + FEED * feeds;
            batch.reportsAt = batch.feedsAt + names;
        }
        _prepare(batch, domainSeparator, operators);
        bytes24 given = _recover(bits, operators, silent, batch.reportsAt, 32 * feeds);
        if (given != set.operatorsHash) {
            revert IIndexOracle.WrongOperators(batch.operatorSet(), set.operatorsHash, given);
        }
    }

    /// @notice Feed number `i` and the lower median of its values, to which calldata points.
    function feedAt(Batch memory batch, uint256 i) internal pure returns (uint16 feed, uint256 value) {
        uint256 count = batch.signerCount;
        uint256 stride = batch.stride;
        uint256 start;
        uint256 pointer;
        unchecked {
            start = batch.reportsAt + 8 * i;
            pointer = batch.feedsAt + FEED * i;
        }
        assembly ("memory-safe") {
            let word := calldataload(pointer)
            feed := shr(240, word)
            pointer := and(shr(232, word), 0xff)
            value := shr(192, calldataload(add(start, mul(stride, pointer))))
        }
        if (pointer >= count || !Median.isLower(value, start, stride, count)) {
            revert IIndexOracle.NotMedian(feed, pointer);
        }
    }

    /// @dev Writes what all signers share: the frame of the digest, the struct with its last word open.
    function _prepare(Batch memory batch, bytes32 domainSeparator, uint256 operators) private pure {
        uint256 size = 32 * batch.feedCount();
        uint256 pos = batch.feedsAt;
        uint256 time = batch.observedAt();
        uint256 version_ = batch.version();
        bytes32 typehash = REPORT_TYPEHASH;
        assembly ("memory-safe") {
            if gt(mload(0x40), DIGEST) { revert(0, 0) } // nothing above may be in use
            mstore(0x40, add(add(ARRAY, size), add(mul(20, operators), 32)))
            for { let p := 0 } lt(p, size) { p := add(p, 32) } {
                mstore(add(ARRAY, p), shr(240, calldataload(pos)))
                pos := add(pos, FEED)
            }
            mstore(DIGEST, shl(240, 0x1901))
            mstore(add(DIGEST, 2), domainSeparator)
            mstore(STRUCT, typehash)
            mstore(add(STRUCT, 32), time)
            mstore(add(STRUCT, 64), version_)
            mstore(add(STRUCT, 96), keccak256(ARRAY, size))
        }
    }

    /// @dev Hash of the operators: where bit i is set the signer recovered from the next report, else the next silent one.
    function _recover(uint256 bits, uint256 operators, uint256 silent, uint256 pos, uint256 size)
        private
        view
        returns (bytes24 given)
    {
        assembly ("memory-safe") {
            let list := add(ARRAY, size)
            for { let last := add(list, mul(20, operators)) } lt(list, last) { list := add(list, 20) } {
                switch and(bits, 1)
                case 0 {
                    mstore(list, calldataload(silent))
                    silent := add(silent, 20)
                }
                default {
                    for {
                        let end := add(pos, shr(2, size))
                        let p := ARRAY
                    } lt(pos, end) { pos := add(pos, 8) } {
                        mstore(p, shr(192, calldataload(pos)))
                        p := add(p, 32)
                    }
                    mstore(add(STRUCT, 128), keccak256(ARRAY, size))
                    mstore(add(DIGEST, 34), keccak256(STRUCT, 160))
                    mstore(INPUT, keccak256(DIGEST, 66))
                    mstore(add(INPUT, 64), calldataload(pos))
                    let vs := calldataload(add(pos, 32))
                    mstore(add(INPUT, 32), add(27, shr(255, vs)))
                    vs := shr(1, shl(1, vs))
                    if gt(vs, HALF_ORDER) {
                        mstore(0, 0xa548a922) // MalleableSignature(bytes32)
                        mstore(32, vs)
                        revert(28, 36)
                    }
                    mstore(add(INPUT, 96), vs)
                    pos := add(pos, 64)
                    // Where nothing is recovered the zero stays, and no set holds the zero address.
                    mstore(0, 0)
                    pop(staticcall(gas(), 1, INPUT, 128, 0, 32))
                    mstore(list, shl(96, mload(0)))
                }
                bits := shr(1, bits)
            }
            // Each store was overrun by the next one, so the addresses lie packed.
            given := keccak256(add(ARRAY, size), mul(20, operators))
        }
    }
}
