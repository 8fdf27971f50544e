// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";

/// @dev Whole transactions, in steady state: a feed with history, no midnight crossed. Needs `forge test --isolate`,
/// without which slots stay warm and the 21,000 of a transaction are missing; the bounds then hold all the more.
/// They stand just above what is measured; docs/gas.md has the figures on a chain.
contract OracleGasTest is OracleBase {
    function prices(uint256 feeds, uint64 price) private pure returns (uint64[] memory out) {
        out = new uint64[](feeds);
        for (uint256 i; i < feeds; ++i) {
            out[i] = price + uint64(i);
        }
    }

    /// @dev Five different values a feed, in no order, the widest range of the day set before.
    function measure(uint256 feeds, string memory name) private returns (uint256 gas) {
        for (uint32 i; i < 4; ++i) {
            vm.warp(START + i * 15 minutes);
            send(
                draft(uint32(vm.getBlockTimestamp()), prices(feeds, (i % 2 == 0 ? 349_000_000 : 351_000_000)))
            );
        }
        vm.warp(START + 1 hours);
        Draft memory d = draft(uint32(vm.getBlockTimestamp()), prices(feeds, 350_000_000));
        uint64[5] memory noise = [uint64(30_000), 10_000, 0, 40_000, 20_000];
        for (uint256 k; k < 5; ++k) {
            d.values[k] = prices(feeds, 350_000_000 - 20_000 + noise[k]);
        }
        bytes memory packed = pack(d);
        vm.prank(relayer);
        oracle.update(packed);
        gas = vm.snapshotGasLastCall("oracle", name);
        (uint64 price, uint32 time,) = oracle.latest(1);
        assertEq(price, 350_000_000);
        assertEq(time, START + 1 hours);
    }

    function test_update_7of5_one_feed() public {
        assertLe(measure(1, "update_7of5_one_feed"), 58_500);
    }

    function test_update_7of5_eight_feeds() public {
        assertLe(measure(8, "update_7of5_eight_feeds"), 123_000);
    }

    function test_update_7of5_one_feed_at_midnight() public {
        reportAt(midnight(DAY0 + 1) - 1 hours, 350_000_000);
        vm.warp(midnight(DAY0 + 1) + 1 hours);
        bytes memory packed = pack(draft(uint32(vm.getBlockTimestamp()), 350_000_000));
        vm.prank(relayer);
        oracle.update(packed);
        assertLe(vm.snapshotGasLastCall("oracle", "update_7of5_one_feed_midnight"), 85_000);
    }

    function test_reads() public {
        for (uint256 day = DAY0; day < DAY0 + 4; ++day) {
            reportAt(midnight(day) + 12 hours, 350_000_000);
        }
        vm.warp(midnight(DAY0 + 3) + 13 hours);
        uint256 before = gasleft();
        oracle.window(1, DAY0 + 1, DAY0 + 3);
        uint256 used = before - gasleft();
        vm.snapshotGasLastCall("oracle", "window_average_read");
        vm.snapshotValue("oracle", "window_average_read_in_call", used);
        oracle.latest(1);
        vm.snapshotGasLastCall("oracle", "latest");
        assertLe(used, 8_600, "a cold call to the oracle costs 2,600 of it");
    }
}
