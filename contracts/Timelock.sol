// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The owner of exchange and oracle: what it does is public for a delay before it takes effect
/// @notice docs/roles.md. It has no administrator: its own roles and delay change only through itself, after the delay.
contract Timelock is TimelockController {
    /// @param minDelay_ seconds between scheduling and executing; at least a day where users have money
    /// @param proposers_ may schedule, and cancel what is scheduled
    /// @param executors_ may execute what is due; the zero address stands for anyone
    constructor(uint256 minDelay_, address[] memory proposers_, address[] memory executors_)
        TimelockController(minDelay_, proposers_, executors_, address(0))
    {}
}
