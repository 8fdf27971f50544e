// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Accounts below their margin; every step by anyone
/// @notice Called at the address of the exchange. docs/spec/liquidation.md
interface ILiquidation {
    /// @notice Kills all orders of an account whose equity is below its orders margin.
    function cancelOrders(uint32 account) external;

    /// @notice Closes part of a position of an account below maintenance margin through the book.
    /// The caller's account earns a share of the margin freed.
    /// @param lots at most; no more is closed than restores initial margin
    /// @param limit worst price for the account, kept inside the band
    /// @return closed lots closed; 0 when the steps went into removing dead orders, which stay removed
    function liquidate(uint32 account, uint16 series, uint32 lots, uint24 limit, uint16 maxSteps)
        external
        returns (uint256 closed, uint256 reward);

    /// @notice Takes a fraction of every position that an account below maintenance margin has in a feed, at the mark
    /// less a discount that grows with time. The caller's account must pass initial margin with it.
    /// @param fraction 1e-6
    /// @return paid discount paid by the account
    /// @return insured discount paid by insurance
    function auction(uint32 account, uint16 feed, uint32 fraction)
        external
        returns (uint256 paid, uint256 insured);

    /// @notice Notes that an account is below maintenance margin, which starts its auction's clock, or that it has
    /// recovered; and the same for equity below zero, from which `declare` counts.
    /// A clock at which no step and no flag has looked for ten minutes starts anew.
    function flag(uint32 account) external;

    /// @notice Declares the deficit of an account below zero for as long as a whole auction; clears a cured one.
    function declare(uint32 account, uint16 feed) external returns (uint256 amount);
}
