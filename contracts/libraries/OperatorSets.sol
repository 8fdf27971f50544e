// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";

/// @notice The hash is cut so that an update reads one slot for the set; 192 bits leave no second preimage.
struct OperatorSet {
    bytes24 operatorsHash;
    uint16 version;
    uint8 operators;
    uint8 quorum;
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

    function get(Sets storage self, uint16 id) internal view returns (OperatorSet memory set) {
        set = self.byId[id];
        if (set.operators == 0) revert IIndexOracle.UnknownOperatorSet(id);
    }

    function add(Sets storage self, address[] calldata operators, uint8 quorum) internal returns (uint16 id) {
        if (self.count == MAX_SETS) revert IIndexOracle.TooManyOperatorSets(MAX_SETS);
        id = ++self.count;
        _write(self, id, operators, quorum, 1);
    }

    function rotate(Sets storage self, uint16 id, address[] calldata operators, uint8 quorum) internal {
        _write(self, id, operators, quorum, get(self, id).version);
    }

    function raiseVersion(Sets storage self, uint16 id) internal returns (uint16) {
        return ++self.byId[id].version;
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
        self.byId[id] = OperatorSet(bytes24(keccak256(packed)), version, uint8(count), quorum);
        emit IIndexOracle.OperatorsSet(id, quorum, version, operators);
    }
}
