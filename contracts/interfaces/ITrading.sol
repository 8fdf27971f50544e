// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The paths that trade and move collateral: what Exchange itself holds
/// @notice Prices are ticks, sizes lots, money collateral base units. Accounts are numbered from 1; an address owns at
/// most one, and may serve at most one as agent.
interface ITrading {
    // --- accounts ---

    /// @notice Moves collateral from the caller into an account.
    /// @param account 0 for the caller's own (opened if there is none yet)
    function deposit(uint32 account, uint256 amount) external returns (uint32 credited);

    /// @notice Pays out of the caller's own account. Owners only.
    /// Bound: cash + sum of negative values - initial margin. Unrealised gains never count.
    function withdraw(uint256 amount, address to) external;

    // --- orders ---

    /// @notice Places an order; takes what crosses, rests what is left.
    /// @param flags bits 0-1: 0 good till cancelled, 1 immediate or cancel, 2 fill or kill; 4 post-only; 8 reduce-only;
    ///   16 self-trade cancels the taking instead of the resting order; 128 sell
    /// @param tick limit price
    /// @param expiry unix second at which the resting order dies; 0 for never
    /// @param clientId any number the client likes; it comes back in every record of the order
    /// @param maxSteps most resting orders to look at; 0 for the default of 64
    /// @return orderId series 16 | side 8 | tick 24 | index 32 | generation 16; 0 when nothing rests
    /// @return filled lots traded at once
    function place(
        uint16 series,
        uint8 flags,
        uint24 tick,
        uint32 lots,
        uint32 expiry,
        uint64 clientId,
        uint16 maxSteps
    ) external returns (uint96 orderId, uint32 filled);

    /// @notice Cancels one resting order of the caller's account.
    function cancel(uint96 orderId) external;

    /// @notice Many operations on one book in one transaction, margin checked once at the end.
    /// @param operations packed, back to back:
    ///   place:  0x01 | flags 1 | tick 3 | lots 4 | expiry 4 | clientId 8 (21 bytes)
    ///   cancel: 0x02 | side 1 (0 buy, 1 sell) | tick 3 | index 4 | generation 2 (11 bytes)
    /// A cancel that finds nothing live is skipped (MISSED), a post-only order that would cross is skipped (REJECTED);
    /// anything else wrong reverts the whole batch.
    /// @param strict revert on those two as well
    function batch(uint16 series, bytes calldata operations, bool strict, uint16 maxSteps) external;

    /// @notice Kills every order of the caller's account in a series, in O(1).
    function massCancel(uint16 series) external;

    /// @notice The same in every series in which the account is active.
    function massCancelAll() external;

    /// @notice Removes dead orders in front of the best live one. By anyone.
    /// @return steps orders looked at
    function prune(uint16 series, bool sells, uint16 maxSteps) external returns (uint256 steps);

    /// @notice Refreshes a series' cached mark. By anyone.
    function refreshMark(uint16 series) external returns (uint24 mark, bool stale);
}
