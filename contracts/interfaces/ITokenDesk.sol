// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Fully funded sides of a series as ERC-20 tokens
/// @notice Called at the address of the exchange. docs/spec/tokens.md
interface ITokenDesk {
    /// @notice Deploys the LONG and SHORT token of a series. By anyone, once.
    function createTokens(uint16 series) external returns (address longToken, address shortToken);

    /// @notice Turns lots of the caller's position into tokens. Owners only, before expiry.
    /// The lots change hands at 0 (long) or priceCap (short); the loss that leaves is paid into the pool at once, and
    /// cash + losses - IM must not be negative afterwards, and open orders stay within the position limit.
    function wrap(uint16 series, bool long_, uint32 lots, address to) external;

    /// @notice Burns tokens of the caller and moves their lots into its account. Owners only, before expiry.
    function unwrap(uint16 series, bool long_, uint32 lots) external;

    /// @notice Burns tokens of the caller and moves their claim into its account. Owners only, after closing.
    function redeem(uint16 series, bool long_, uint32 lots) external returns (uint256 claim);

    /// @notice The token of a series and side, zero when not created.
    function tokenOf(uint16 series, bool long_) external view returns (address);
}
