// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibBit} from "solady/utils/LibBit.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Median} from "./Median.sol";

/// @notice One packed update. See `IIndexOracle.update` for the layout.
/// @param start Calldata offset of the packed bytes
/// @param values Memory offset of the reported values: for each feed, one word per signer in the order of their bits
struct Batch {
    uint32 observedAt;
    uint16 version;
    uint16 operatorSet;
    uint32 signers;
    uint256 feeds;
    uint256 signerCount;
    uint256 start;
    uint256 values;
}

/// @title SignedBatch
/// @notice Reads packed updates and recovers their signers.
library SignedBatch {
    bytes32 internal constant REPORT_TYPEHASH =
        keccak256("Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)");

    uint256 private constant HEADER = 13;
    /// @dev Half of the order of secp256k1: of two signatures with equal r only the one with the lower s is taken.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice The first fields, before anything is known of the operator set.
    function header(bytes calldata packed) internal pure returns (Batch memory batch) {
        if (packed.length < HEADER) revert IIndexOracle.MalformedUpdate(packed.length, HEADER);
        uint256 word;
        uint256 start;
        assembly ("memory-safe") {
            start := packed.offset
            word := calldataload(start)
        }
        batch.observedAt = uint32(word >> 224);
        batch.version = uint16(word >> 208);
        batch.operatorSet = uint16(word >> 192);
        batch.signers = uint32(word >> 160);
        batch.feeds = uint8(word >> 152);
        batch.signerCount = LibBit.popCount(batch.signers);
        batch.start = start;
    }

    /// @notice Checks the length and the signatures, and fills in `batch.values`. The recovered signers and the silent
    /// operators from calldata must together make up the set.
    function verify(
        Batch memory batch,
        uint256 length,
        uint256 operators,
        bytes24 operatorsHash,
        bytes32 domainSeparator
    ) internal view {
        uint256 feeds = batch.feeds;
        uint256 count = batch.signerCount;
        if (feeds == 0) revert IIndexOracle.NoFeeds();
        if (batch.signers >> operators != 0) {
            revert IIndexOracle.SignerOutOfRange(batch.signers, operators);
        }
        unchecked {
            uint256 expected = HEADER + 2 * feeds + 20 * (operators - count) + count * (8 * feeds + 64);
            if (length != expected) revert IIndexOracle.MalformedUpdate(length, expected);
        }
        uint256 scratch; // arrays to hash: 32 x feeds | struct 160 | digest 66 | ecrecover 128 | operators
        uint256 values;
        assembly ("memory-safe") {
            scratch := mload(0x40)
            values := add(scratch, add(shl(5, feeds), add(448, mul(20, operators))))
            mstore(0x40, add(values, mul(shl(5, feeds), count)))
        }
        batch.values = values;
        _prepare(batch, domainSeparator, scratch);
        bytes24 given = _recover(batch, scratch, operators);
        if (given != operatorsHash) {
            revert IIndexOracle.WrongOperators(batch.operatorSet, operatorsHash, given);
        }
    }

    function feedAt(Batch memory batch, uint256 i) internal pure returns (uint16 feed) {
        uint256 start = batch.start;
        assembly ("memory-safe") {
            feed := shr(240, calldataload(add(start, add(HEADER, shl(1, i)))))
        }
    }

    /// @notice Lower median of what the signers reported for feed number `i`. Sorts the values: once a feed.
    function median(Batch memory batch, uint256 i) internal pure returns (uint256) {
        uint256 count = batch.signerCount;
        unchecked {
            return Median.sortAndPick(batch.values + 32 * i * count, count);
        }
    }

    /// @dev Writes the parts of the struct and of the digest that all signers share.
    function _prepare(Batch memory batch, bytes32 domainSeparator, uint256 scratch) private pure {
        uint256 size = batch.feeds * 32;
        uint256 pos = batch.start + HEADER;
        uint256 observedAt = batch.observedAt;
        uint256 version = batch.version;
        bytes32 typehash = REPORT_TYPEHASH;
        assembly ("memory-safe") {
            let end := add(scratch, size)
            for { let p := scratch } lt(p, end) { p := add(p, 32) } {
                mstore(p, shr(240, calldataload(pos)))
                pos := add(pos, 2)
            }
            mstore(end, typehash)
            mstore(add(end, 32), observedAt)
            mstore(add(end, 64), version)
            mstore(add(end, 96), keccak256(scratch, size))
            mstore(add(end, 160), shl(240, 0x1901))
            mstore(add(end, 162), domainSeparator)
        }
    }

    /// @dev Hash of the operators, where bit i is set the signer recovered from the next report. Copies the values.
    function _recover(Batch memory batch, uint256 scratch, uint256 operators)
        private
        view
        returns (bytes24 given)
    {
        uint256 feeds = batch.feeds;
        uint256 count = batch.signerCount;
        uint256 bits = batch.signers;
        uint256 column = batch.values;
        uint256 silent = batch.start + HEADER + 2 * feeds;
        uint256 malleable;
        assembly ("memory-safe") {
            let size := shl(5, feeds)
            let stride := shl(5, count)
            let end := add(scratch, size)
            let input := add(end, 256)
            let list := add(end, 384)
            let pos := add(silent, mul(20, sub(operators, count)))
            for { let i := 0 } lt(i, operators) { i := add(i, 1) } {
                switch and(shr(i, bits), 1)
                case 0 {
                    mstore(list, calldataload(silent))
                    silent := add(silent, 20)
                }
                default {
                    let cell := column
                    for { let p := scratch } lt(p, end) { p := add(p, 32) } {
                        let value := shr(192, calldataload(pos))
                        mstore(p, value)
                        mstore(cell, value)
                        cell := add(cell, stride)
                        pos := add(pos, 8)
                    }
                    column := add(column, 32)
                    mstore(add(end, 128), keccak256(scratch, size))
                    mstore(add(end, 194), keccak256(end, 160))
                    mstore(input, keccak256(add(end, 160), 66))
                    let vs := calldataload(add(pos, 32))
                    let s := shr(1, shl(1, vs))
                    if gt(s, HALF_ORDER) {
                        malleable := add(i, 1)
                        break
                    }
                    mstore(add(input, 32), add(27, shr(255, vs)))
                    mstore(add(input, 64), calldataload(pos))
                    mstore(add(input, 96), s)
                    pos := add(pos, 64)
                    // Where nothing is recovered the zero stays, and no set holds the zero address.
                    mstore(0, 0)
                    pop(staticcall(gas(), 1, input, 128, 0, 32))
                    mstore(list, shl(96, mload(0)))
                }
                list := add(list, 20)
            }
            // Each store was overrun by the next one, so the addresses lie packed.
            given := keccak256(add(end, 384), mul(20, operators))
        }
        if (malleable != 0) revert IIndexOracle.MalleableSignature(malleable - 1);
        return given;
    }
}
