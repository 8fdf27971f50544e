// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {Shipped} from "../Shipped.sol";

/// @dev One oracle with a 7 of 5 set, feeds 1 to 8 on it, and a way to sign and pack any update. The digest is built
/// here from the EIP-712 text, without the contract's code.
abstract contract OracleBase is Test, Shipped {
    uint32 internal constant MAX_LAG = 1 hours;
    uint32 internal constant HEARTBEAT = 6 hours;
    uint16 internal constant BOUND = 1000;
    uint16 internal constant DAY0 = 20_800;
    uint32 internal constant START = uint32(DAY0) * 1 days + 10 hours;
    uint64 internal constant USD = 1e8;

    IIndexOracle internal oracle;
    uint256[] internal keys;
    address internal relayer = address(0xBEEF);

    /// @dev All an update says, each part of which a test can spoil before it is packed.
    struct Draft {
        uint32 observedAt;
        uint16 version;
        uint16 operatorSet;
        uint32 signers;
        uint16[] feeds;
        uint64[][] values; // by signer, then by feed
        uint256[] keys; // by signer
        uint256 chainId;
        address verifier;
    }

    function setUp() public virtual {
        vm.warp(START);
        oracle = shipOracle(address(this), MAX_LAG);
        keys = sortedKeys(7, "operator");
        oracle.addOperatorSet(addresses(keys), 5);
        for (uint256 i; i < 8; ++i) {
            addFeed(HEARTBEAT, BOUND);
        }
    }

    // ------------------------------------------------------------------ making things

    function addFeed(uint32 heartbeat, uint16 bound) internal returns (uint16) {
        return oracle.addFeed(IIndexOracle.FeedInfo("LLM-FLAGSHIP", keccak256("v1"), 1, heartbeat, bound));
    }

    function addresses(uint256[] memory list) internal pure returns (address[] memory out) {
        out = new address[](list.length);
        for (uint256 i; i < list.length; ++i) {
            out[i] = vm.addr(list[i]);
        }
    }

    /// @dev Private keys in ascending order of their addresses.
    function sortedKeys(uint256 count, string memory seed) internal pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode(seed, i)));
            uint256 j = i;
            for (; j > 0 && vm.addr(list[j - 1]) > vm.addr(key); --j) {
                list[j] = list[j - 1];
            }
            list[j] = key;
        }
    }

    /// @dev The first five operators report feeds 1.. with equal values.
    function draft(uint32 observedAt, uint64[] memory prices) internal view returns (Draft memory d) {
        d.observedAt = observedAt;
        d.version = 1;
        d.operatorSet = 1;
        d.signers = 31;
        d.chainId = block.chainid;
        d.verifier = address(oracle);
        d.feeds = new uint16[](prices.length);
        for (uint256 i; i < prices.length; ++i) {
            d.feeds[i] = uint16(i + 1);
        }
        uint256 count = keys.length < 5 ? keys.length : 5;
        d.values = new uint64[][](count);
        d.keys = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            d.values[i] = new uint64[](prices.length);
            for (uint256 f; f < prices.length; ++f) {
                d.values[i][f] = prices[f];
            }
            d.keys[i] = keys[i];
        }
    }

    function draft(uint32 observedAt, uint64 price) internal view returns (Draft memory) {
        uint64[] memory prices = new uint64[](1);
        prices[0] = price;
        return draft(observedAt, prices);
    }

    function digest(Draft memory d, uint256 i) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("olivepress IndexOracle"),
                keccak256("1"),
                d.chainId,
                d.verifier
            )
        );
        bytes memory feeds;
        bytes memory values;
        for (uint256 f; f < d.feeds.length; ++f) {
            feeds = bytes.concat(feeds, abi.encode(d.feeds[f]));
            values = bytes.concat(values, abi.encode(d.values[i][f]));
        }
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)"),
                d.observedAt,
                d.version,
                keccak256(feeds),
                keccak256(values)
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    function signature(Draft memory d, uint256 i) internal pure returns (bytes32 r, bytes32 vs) {
        bytes32 s;
        uint8 v;
        (v, r, s) = vm.sign(d.keys[i], digest(d, i));
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    function head(Draft memory d) internal view returns (bytes memory out) {
        out = abi.encodePacked(d.observedAt, d.version, d.operatorSet, d.signers, uint8(d.feeds.length));
        for (uint256 f; f < d.feeds.length; ++f) {
            out = bytes.concat(out, bytes2(d.feeds[f]), bytes1(medianPointer(d, f)));
        }
        for (uint256 i; i < keys.length; ++i) {
            if ((d.signers >> i) & 1 == 0) out = bytes.concat(out, bytes20(vm.addr(keys[i])));
        }
    }

    /// @dev By bubble sort of a copy, the plainest way.
    function lowerMedian(uint64[] memory list) internal pure returns (uint64) {
        uint64[] memory copy = new uint64[](list.length);
        for (uint256 i; i < list.length; ++i) {
            copy[i] = list[i];
        }
        for (uint256 i; i < copy.length; ++i) {
            for (uint256 j = 1; j < copy.length; ++j) {
                if (copy[j - 1] > copy[j]) (copy[j - 1], copy[j]) = (copy[j], copy[j - 1]);
            }
        }
        return copy[(copy.length - 1) / 2];
    }

    function medianPointer(Draft memory d, uint256 f) internal pure returns (uint8 pointer) {
        uint64[] memory column = new uint64[](d.values.length);
        for (uint256 i; i < column.length; ++i) {
            column[i] = d.values[i][f];
        }
        if (column.length == 0) return 0;
        while (column[pointer] != lowerMedian(column)) ++pointer;
    }

    function body(Draft memory d, uint256 i, bytes32 r, bytes32 vs) internal pure returns (bytes memory out) {
        for (uint256 f; f < d.feeds.length; ++f) {
            out = bytes.concat(out, bytes8(d.values[i][f]));
        }
        return bytes.concat(out, r, vs);
    }

    function pack(Draft memory d) internal view returns (bytes memory out) {
        out = head(d);
        for (uint256 i; i < d.keys.length; ++i) {
            (bytes32 r, bytes32 vs) = signature(d, i);
            out = bytes.concat(out, body(d, i, r, vs));
        }
    }

    // ------------------------------------------------------------------ doing things

    function send(Draft memory d) internal {
        bytes memory packed = pack(d);
        vm.prank(relayer);
        oracle.update(packed);
    }

    /// @dev Five operators report feed 1, now.
    function report(uint64 price) internal {
        send(draft(uint32(vm.getBlockTimestamp()), price));
    }

    function reportAt(uint256 time, uint64 price) internal {
        vm.warp(time);
        report(price);
    }

    function expectRefused(Draft memory d, bytes memory reason) internal {
        bytes memory packed = pack(d);
        vm.expectRevert(reason);
        oracle.update(packed);
    }

    function expectNothingChanged() internal view {
        assertEq(oracle.feedStatus(1).round, 0, "round");
        assertEq(oracle.feedStatus(1).time, 0, "time");
    }

    /// @dev The given set's hash is not known beforehand, so the reason is compared by its first words.
    function expectWrongOperators(bytes memory packed) internal {
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

    function midnight(uint256 day) internal pure returns (uint256) {
        return day * 1 days;
    }
}
