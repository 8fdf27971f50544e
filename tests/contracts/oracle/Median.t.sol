// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {Median} from "../../../contracts/libraries/Median.sol";

contract MedianCaller {
    /// @param data after the claim: `count` times 8 bytes of value and `gap` bytes of anything
    function isLower(uint256 claim, uint256 count, uint256 gap, bytes calldata data)
        external
        pure
        returns (bool)
    {
        uint256 start;
        assembly ("memory-safe") {
            start := data.offset
        }
        return Median.isLower(claim, start, 8 + gap, count);
    }
}

contract MedianTest is OracleBase {
    MedianCaller private caller = new MedianCaller();

    function check(uint64[] memory values, uint64 claim, uint8 gap) private view returns (bool) {
        bytes memory data;
        for (uint256 i; i < values.length; ++i) {
            bytes memory noise = new bytes(gap);
            for (uint256 j; j < gap; ++j) {
                noise[j] = 0xff;
            }
            data = bytes.concat(data, bytes8(values[i]), noise);
        }
        return caller.isLower(claim, values.length, gap, data);
    }

    function testFuzz_accepts_only_the_lower_median(
        uint64[31] memory random,
        uint8 count,
        uint64 spread,
        uint8 gap
    ) public view {
        uint64[] memory values = new uint64[](bound(count, 1, 31));
        uint64 modulus = spread == type(uint64).max ? spread : spread + 1;
        for (uint256 i; i < values.length; ++i) {
            values[i] = random[i] % modulus;
        }
        uint64 expected = lowerMedian(values);
        for (uint256 i; i < values.length; ++i) {
            assertEq(check(values, values[i], gap % 80), values[i] == expected, "claim");
        }
    }

    function test_even_count_takes_the_lower_middle() public view {
        uint64[] memory values = new uint64[](4);
        (values[0], values[1], values[2], values[3]) = (40, 10, 30, 20);
        assertTrue(check(values, 20, 0));
        assertFalse(check(values, 30, 0));
        assertFalse(check(values, 25, 0), "between the values");
    }

    function test_all_equal() public view {
        uint64[] memory values = new uint64[](7);
        for (uint256 i; i < 7; ++i) {
            values[i] = type(uint64).max;
        }
        assertTrue(check(values, type(uint64).max, 64));
        assertFalse(check(values, type(uint64).max - 1, 64));
    }
}
