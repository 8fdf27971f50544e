// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";

/// @notice One slot. From the lowest bit:
///
///     hash of the operators 192 | version 16 | operators 8 | quorum 8
///
/// The hash is cut so that an update reads one slot for the set; 192 bits leave no second preimage. Zero: no such set.
type OperatorSet is uint256;

using OperatorSetLib for OperatorSet global;

library OperatorSetLib {
    uint256 private constant VERSION = 192;
    uint256 private constant OPERATORS = 208;
    uint256 private constant QUORUM = 216;

    function create(bytes32 hash, uint256 version_, uint256 operators_, uint256 quorum_)
        internal
        pure
        returns (OperatorSet)
    {
        return OperatorSet.wrap(
            (quorum_ << QUORUM) | (operators_ << OPERATORS) | (version_ << VERSION) | (uint256(hash) >> 64)
        );
    }

    function exists(OperatorSet self) internal pure returns (bool) {
        return OperatorSet.unwrap(self) != 0;
    }

    function operatorsHash(OperatorSet self) internal pure returns (bytes24) {
        return bytes24(bytes32(OperatorSet.unwrap(self) << 64));
    }

    function version(OperatorSet self) internal pure returns (uint16) {
        return uint16(OperatorSet.unwrap(self) >> VERSION);
    }

    function operators(OperatorSet self) internal pure returns (uint8 size) {
        assembly ("memory-safe") {
            size := byte(5, self)
        }
    }

    function quorum(OperatorSet self) internal pure returns (uint8 size) {
        assembly ("memory-safe") {
            size := byte(4, self)
        }
    }

    function withVersion(OperatorSet self, uint256 version_) internal pure returns (OperatorSet) {
        return create(self.operatorsHash(), version_, self.operators(), self.quorum());
    }

    /// @notice True when `hash` is that of its operators, as far as it is kept.
    function isOf(OperatorSet self, bytes32 hash) internal pure returns (bool) {
        return ((OperatorSet.unwrap(self) << 64) ^ uint256(hash)) >> 64 == 0;
    }
}

/// @title OperatorSets
/// @notice Who signs, how many must, and under which methodology version.
library OperatorSets {
    struct Sets {
        uint16 count;
        mapping(uint256 id => OperatorSet) byId;
    }

    uint256 internal constant MAX_OPERATORS = 31;
    /// @dev A feed keeps its set's id in 8 bits.
    uint256 internal constant MAX_SETS = 255;

    function get(Sets storage self, uint256 id) internal view returns (OperatorSet set) {
        set = self.byId[id];
        if (!set.exists()) revert IIndexOracle.UnknownOperatorSet(uint16(id));
    }

    function add(Sets storage self, address[] calldata operators, uint8 quorum) internal returns (uint16 id) {
        if (self.count == MAX_SETS) revert IIndexOracle.TooManyOperatorSets(MAX_SETS);
        id = ++self.count;
        _write(self, id, operators, quorum, 1);
    }

    function rotate(Sets storage self, uint16 id, address[] calldata operators, uint8 quorum) internal {
        _write(self, id, operators, quorum, get(self, id).version());
    }

    function raiseVersion(Sets storage self, uint16 id) internal returns (uint16) {
        OperatorSet set = self.byId[id];
        uint16 version = set.version() + 1;
        self.byId[id] = set.withVersion(version);
        return version;
    }

    function _write(Sets storage self, uint16 id, address[] calldata operators, uint8 quorum, uint16 version)
        private
    {
        uint256 count = operators.length;
        if (count == 0 || count > MAX_OPERATORS) {
            revert IIndexOracle.OperatorCountOutOfRange(count, MAX_OPERATORS);
        }
        uint256 faulty = (count - 1) / 3;
        // slither-disable-next-line divide-before-multiply (f is a whole number of operators)
        if (quorum < 2 * faulty + 1 || quorum > count - faulty) {
            // slither-disable-next-line divide-before-multiply (as above)
            revert IIndexOracle.QuorumOutOfRange(quorum, 2 * faulty + 1, count - faulty);
        }
        bytes memory packed;
        address before;
        for (uint256 i; i < count; ++i) {
            if (operators[i] <= before) revert IIndexOracle.OperatorsNotAscending(i);
            before = operators[i];
            packed = bytes.concat(packed, bytes20(before));
        }
        self.byId[id] = OperatorSetLib.create(keccak256(packed), version, count, quorum);
        emit IIndexOracle.OperatorsSet(id, quorum, version, operators);
    }
}
