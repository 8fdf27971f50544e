// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Turning positions into money: realising, settlement, claims, challenges
/// @notice Called at the address of the exchange.
interface IClearing {
    /// @notice Turns the value of a flat position into cash, or pays its debt from cash. By anyone; equity is unchanged.
    /// @param payers accounts of the series with a negative value that pay when the pool is short
    function realise(uint32 account, uint16 series, uint32[] calldata payers) external returns (int256 amount);

    /// @notice Fixes the settlement price of an expired series. By anyone.
    function settle(uint16 series) external returns (uint24 settlementTick);

    /// @notice Settles every settled series of each account; closes a series when its last account is done. By anyone.
    function settleAccounts(uint32[] calldata accounts) external;

    /// @notice Draws an account's claim from a closed series, paying its oldest debts first. By anyone.
    function draw(uint32 account, uint16 series) external returns (uint256 amount);

    /// @notice Moves what a closed series has for fees to the treasury. By anyone.
    function collectFees(uint16 series) external returns (uint256 amount);

    /// @notice Pays the caller's account for the accounts it settled in a series, out of the fees. After closing.
    function collectBounty(uint16 series) external returns (uint256 amount);

    // --- challenges ---

    /// @notice What a challenge costs until it is ruled, base units: 1,000 collateral tokens.
    function challengeBond() external view returns (uint256);

    /// @notice Posts the bond against the average of a window whose coverage is below the minimum. By anyone with an
    /// account, into which the bond may return.
    function challenge(uint16 series) external;

    /// @notice Decides a challenge. Arbiter only; between the lowest and highest value published in the window.
    /// @param tick the settlement price
    /// @param evidence hash of what the decision rests on
    function rule(uint16 series, uint24 tick, bytes32 evidence) external;
}
