// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {Median} from "./Median.sol";
import {OperatorSet} from "./OperatorSets.sol";

/// @notice The first 32 bytes of a packed update, which hold its header. See `IIndexOracle.update` for the layout.
type BatchHeader is uint256;

using SignedBatch for BatchHeader global;

/// @title SignedBatch
/// @notice Reads packed updates and recovers their signers.
/// @dev Every update pays for this, and for `recover` as often as it has signatures: it is written for few opcodes.
library SignedBatch {
    bytes32 internal constant REPORT_TYPEHASH =
        keccak256("Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)");

    uint256 internal constant HEADER = 13;
    uint256 internal constant FEED = 3;
    /// @dev Half of the order of secp256k1: of two signatures with equal r only the one with the lower s is taken.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @dev Fixed places in memory: scratch, then from the first that Solidity may give out (`begin` checks that it
    /// gave none). Held in variables, what the loop over signatures needs would crowd its stack. After it
    /// `INPUT` holds the data of events.
    uint256 private constant SIZE = 0x00;
    uint256 private constant WIDTH = 0x20;
    uint256 private constant STRIDE = 0x80;
    uint256 private constant SILENT = 0xa0;
    uint256 private constant PACKED = 0xc0;
    uint256 private constant DIGEST = 0xe0;
    uint256 private constant INPUT = 0x140;
    uint256 private constant STRUCT = 0x1c0;
    uint256 private constant ARRAY = 0x260;
    /// @dev Zeros between the array, whose last block of four values may reach three words beyond it, and the
    /// operators.
    uint256 private constant GAP = 96;

    /// @dev To count bits: six copies of a number of 32 bits side by side, 35 apart. Bit i of copy i mod 6 is at a
    /// multiple of 6, no other is, and 2^6 = 1 modulo 63.
    uint256 private constant COPIES = 1 | 1 << 35 | 1 << 70 | 1 << 105 | 1 << 140 | 1 << 175;
    uint256 private constant EVERY_SIXTH = ((1 << 216) - 1) / 63;

    function observedAt(BatchHeader self) internal pure returns (uint256) {
        return BatchHeader.unwrap(self) >> 224;
    }

    function version(BatchHeader self) internal pure returns (uint256) {
        return uint16(BatchHeader.unwrap(self) >> 208);
    }

    function operatorSet(BatchHeader self) internal pure returns (uint256) {
        return uint16(BatchHeader.unwrap(self) >> 192);
    }

    function signers(BatchHeader self) internal pure returns (uint256) {
        return uint32(BatchHeader.unwrap(self) >> 160);
    }

    function feedCount(BatchHeader self) internal pure returns (uint256 feeds) {
        assembly ("memory-safe") {
            feeds := byte(12, self)
        }
    }

    /// @notice Bytes from one signer's values to the next one's.
    function stride(BatchHeader self) internal pure returns (uint256) {
        unchecked {
            return 8 * self.feedCount() + 64;
        }
    }

    function signerCount(BatchHeader self) internal pure returns (uint256) {
        unchecked {
            return ((self.signers() * COPIES) & EVERY_SIXTH) % 63;
        }
    }

    function header(bytes calldata packed) internal pure returns (BatchHeader word) {
        assembly ("memory-safe") {
            word := calldataload(packed.offset)
        }
    }

    /// @notice Looks at all but the signatures and the feeds.
    /// @param lag Seconds ago that the observation may be
    /// @return fine When false `refuse` says what is wrong
    /// @return count Signers
    /// @return reportsAt Calldata offset of the first one's values
    function check(BatchHeader self, bytes calldata packed, OperatorSet set, uint256 lag)
        internal
        view
        returns (bool fine, uint256 count, uint256 reportsAt)
    {
        uint256 feeds = self.feedCount();
        uint256 bits = self.signers();
        uint256 operators = set.operators();
        uint256 quorum = set.quorum();
        uint256 time = self.observedAt();
        count = self.signerCount();
        assembly ("memory-safe") {
            reportsAt := add(
                packed.offset,
                add(add(mul(FEED, feeds), HEADER), mul(20, sub(operators, count)))
            )
            // One jump for all, so they are joined. What is in the future wraps. The versions are where the sets
            // have it.
            let expected := add(reportsAt, mul(count, add(shl(3, feeds), 64)))
            let wrong := xor(expected, add(packed.offset, packed.length))
            wrong := or(wrong, and(xor(shr(208, self), shr(192, set)), 0xffff))
            wrong := or(wrong, shr(operators, bits))
            wrong := or(wrong, gt(sub(timestamp(), time), lag))
            wrong := or(wrong, lt(count, quorum))
            wrong := or(wrong, or(iszero(set), iszero(feeds)))
            fine := iszero(wrong)
        }
    }

    /// @notice Reverts with what `check` found, the first in this order. Returns only where `current` is false and
    /// nothing but the version is wrong.
    /// @param current The version must be the set's
    function refuse(BatchHeader self, bytes calldata packed, OperatorSet set, uint256 lag, bool current)
        internal
        view
    {
        if (packed.length < HEADER) revert IIndexOracle.MalformedUpdate(packed.length, HEADER);
        uint256 time = self.observedAt();
        uint16 id = uint16(self.operatorSet());
        if (time > block.timestamp) revert IIndexOracle.FutureObservation(uint32(time), block.timestamp);
        if (block.timestamp - time > lag) {
            revert IIndexOracle.StaleObservation(uint32(time), block.timestamp - lag);
        }
        if (!set.exists()) revert IIndexOracle.UnknownOperatorSet(id);
        if (current && self.version() != set.version()) {
            revert IIndexOracle.WrongVersion(id, set.version(), uint16(self.version()));
        }
        uint256 feeds = self.feedCount();
        uint256 count = self.signerCount();
        uint256 operators = set.operators();
        uint256 bits = self.signers();
        if (feeds == 0) revert IIndexOracle.NoFeeds();
        if (count < set.quorum()) revert IIndexOracle.ShortQuorum(id, count, set.quorum());
        if (bits >> operators != 0) revert IIndexOracle.SignerOutOfRange(uint32(bits), operators);
        uint256 expected = HEADER + FEED * feeds + 20 * (operators - count) + count * self.stride();
        if (current || packed.length != expected) {
            revert IIndexOracle.MalformedUpdate(packed.length, expected);
        }
    }

    /// @notice Why `given` is not the hash of the set's operators.
    function refuseSigners(
        BatchHeader self,
        bytes calldata packed,
        OperatorSet set,
        uint256 reportsAt,
        bytes32 given
    ) internal pure {
        uint256 width = 8 * self.feedCount();
        uint256 last = end(packed);
        // The first signature whose s is high, if one is.
        for (uint256 signature = reportsAt + width; signature < last; signature += width + 64) {
            bytes32 s;
            assembly ("memory-safe") {
                s := shr(1, shl(1, calldataload(add(signature, 32))))
            }
            if (uint256(s) > HALF_ORDER) revert IIndexOracle.MalleableSignature(s);
        }
        revert IIndexOracle.WrongOperators(uint16(self.operatorSet()), set.operatorsHash(), bytes24(given));
    }

    /// @notice Calldata offsets of the first feed and of the end of the last.
    function names(BatchHeader self, bytes calldata packed)
        internal
        pure
        returns (uint256 first, uint256 last)
    {
        uint256 feeds = self.feedCount();
        assembly ("memory-safe") {
            first := add(packed.offset, HEADER)
            last := add(first, mul(FEED, feeds))
        }
    }

    /// @notice Calldata offset of the end of the reports.
    function end(bytes calldata packed) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := add(packed.offset, packed.length)
        }
    }

    /// @notice A feed and the lower median of its values, to which calldata points.
    /// @param name Calldata offset of the feed
    /// @param column Calldata offset of the first signer's value of it
    /// @param span Bytes of all reports
    function median(uint256 name, uint256 column, uint256 stride_, uint256 span)
        internal
        pure
        returns (uint256 feed, uint256 value)
    {
        uint256 pointer;
        uint256 word;
        uint256 count;
        bool right;
        assembly ("memory-safe") {
            value := calldataload(name)
            feed := shr(240, value)
            pointer := byte(2, value)
            let at := mul(stride_, pointer)
            // A pointer beyond the signers reads something or other.
            right := lt(at, span)
            word := calldataload(add(column, at))
            value := shr(192, word)
            count := div(span, stride_)
        }
        uint256 less = Median.wordsBelow(word, column, stride_, count);
        assembly ("memory-safe") {
            right := and(right, eq(less, shr(1, sub(count, 1))))
        }
        if (!right) {
            // Or others have the same value, and their words come before.
            if (pointer >= count || !Median.isLower(value, column, stride_, count)) {
                revert IIndexOracle.NotMedian(uint16(feed), pointer);
            }
        }
    }

    /// @notice To be called after `recover` and before `logRound`: what the events of all feeds share.
    function shareInLogs(BatchHeader self) internal pure {
        uint256 time = self.observedAt();
        uint256 bits = self.signers();
        assembly ("memory-safe") {
            mstore(add(INPUT, 32), time)
            mstore(add(INPUT, 96), bits)
        }
    }

    /// @notice `RoundAccepted` or `RoundPending`, as `topic` says: feed; round, time, price, signers.
    function logRound(bytes32 topic, uint256 feed, uint256 round, uint256 price) internal {
        assembly ("memory-safe") {
            mstore(INPUT, round)
            mstore(add(INPUT, 64), price)
            log2(INPUT, 128, topic, feed)
        }
    }

    /// @notice To be called before `recover`: what it signs begins with the domain.
    function begin(bytes32 domainSeparator) internal pure {
        assembly ("memory-safe") {
            if gt(mload(0x40), STRIDE) { revert(0, 0) } // nothing above may be in use
            mstore(DIGEST, shl(240, 0x1901))
            mstore(add(DIGEST, 2), domainSeparator)
        }
    }

    /// @notice Hash of the operators, where bit i is set the signer recovered from a report, else a silent one.
    /// @dev From the last to the first: each word that is written has the address in its low 20 bytes, and the
    /// zeros before them are overwritten by the next, so the addresses lie packed. Where nothing is recovered zeros
    /// stay, and no set holds the zero address.
    /// @param feedsAt Calldata offset of the feeds
    /// @param silent End of the silent operators in calldata, where the reports begin
    /// @param report End of the reports
    function recover(BatchHeader self, uint256 operators, uint256 feedsAt, uint256 silent, uint256 report)
        internal
        view
        returns (bytes32 given)
    {
        uint256 feeds = self.feedCount();
        uint256 bits = self.signers();
        uint256 time = self.observedAt();
        uint256 version_ = self.version();
        bytes32 typehash = REPORT_TYPEHASH;
        assembly ("memory-safe") {
            mstore(SIZE, shl(5, feeds))
            mstore(WIDTH, shl(3, feeds))
            mstore(STRIDE, add(mload(WIDTH), 64))
            mstore(0x40, add(mload(SIZE), 0x540)) // beyond ARRAY, GAP and 32 operators
            // What all signers share: the struct with its last word open.
            for { let p := 0 } 1 {} {
                mstore(add(ARRAY, p), shr(240, calldataload(feedsAt)))
                p := add(p, 32)
                if eq(p, mload(SIZE)) { break }
                feedsAt := add(feedsAt, FEED)
            }
            mstore(STRUCT, typehash)
            mstore(add(STRUCT, 32), time)
            mstore(add(STRUCT, 64), version_)
            mstore(add(STRUCT, 96), keccak256(ARRAY, mload(SIZE)))

            mstore(SILENT, silent)
            mstore(PACKED, mul(20, operators))
            let list := add(add(add(ARRAY, GAP), mload(SIZE)), mload(PACKED))
            // The highest bit, the sign, says whether the next operator is silent; after the first one comes a 1
            // and no other.
            // slither-disable-next-line incorrect-shift (the number that is shifted stands second, as in every shift)
            let silences := or(shl(sub(256, operators), not(bits)), shl(sub(255, operators), 1))
            for {} 1 {} {
                for {} iszero(slt(silences, 0)) { silences := shl(1, silences) } {
                    report := sub(report, mload(STRIDE))
                    mstore(ARRAY, shr(192, calldataload(report)))
                    // Four by four: what they leave beyond the last is not hashed.
                    if gt(mload(SIZE), 32) {
                        for { let p := 32 } lt(p, mload(SIZE)) { p := add(p, 128) } {
                            // 0x280 is ARRAY + 32, and so on.
                            let value := add(report, shr(2, p))
                            mstore(add(p, ARRAY), shr(192, calldataload(value)))
                            mstore(add(p, 0x280), shr(192, calldataload(add(value, 8))))
                            mstore(add(p, 0x2a0), shr(192, calldataload(add(value, 16))))
                            mstore(add(p, 0x2c0), shr(192, calldataload(add(value, 24))))
                        }
                    }
                    mstore(add(STRUCT, 128), keccak256(ARRAY, mload(SIZE)))
                    mstore(add(DIGEST, 34), keccak256(STRUCT, 160))
                    mstore(INPUT, keccak256(DIGEST, 66))
                    let signature := add(report, mload(WIDTH))
                    mstore(add(INPUT, 64), calldataload(signature))
                    let vs := calldataload(add(signature, 32))
                    let s := and(vs, sub(shl(255, 1), 1))
                    mstore(add(INPUT, 96), s)
                    // With a high s nothing is recovered: v is one that no signature has.
                    mstore(add(INPUT, 32), shl(gt(s, HALF_ORDER), add(27, shr(255, vs))))
                    list := sub(list, 20)
                    pop(staticcall(gas(), 1, INPUT, 128, list, 32))
                }
                silences := shl(1, silences)
                if iszero(silences) { break }
                list := sub(list, 20)
                mstore(SILENT, sub(mload(SILENT), 20))
                mstore(list, shr(96, calldataload(mload(SILENT))))
            }
            given := keccak256(add(list, 12), mload(PACKED))
        }
    }
}
