// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Calendar spreads: one month against another
/// @notice Called at the address of the exchange. docs/spec/book.md
interface ISpreads {
    /// @notice Buys lots of one series and sells as many of another of the same feed, both at once or not at all.
    /// Both legs take from their books like fill-or-kill orders, inside their bands; margin is checked for the two
    /// together, so a roll needs no margin for the moment between its legs.
    /// @param limit most that the bought leg may cost above the sold one, ticks a lot; below zero to demand a credit
    /// @param clientId any number the client likes; it comes back in the records of both legs
    /// @param maxSteps most resting orders to look at in each book; 0 for the default of 64
    /// @return bought sum of lots x tick of the bought leg
    /// @return sold sum of lots x tick of the sold leg
    function spread(
        uint16 buySeries,
        uint16 sellSeries,
        uint32 lots,
        int32 limit,
        uint64 clientId,
        uint16 maxSteps
    ) external returns (uint256 bought, uint256 sold);
}
