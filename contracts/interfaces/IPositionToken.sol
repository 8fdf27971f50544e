// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title One side of one series as an ERC-20: whole lots, no decimals, with ERC-2612 permit
/// @notice LONG is worth settlement price x tickValue, SHORT (priceCap - settlement price) x tickValue. It owes nothing.
interface IPositionToken {
    error OnlyExchange(address caller);

    /// @notice Exchange only.
    function mint(address to, uint256 lots) external;
    /// @notice Exchange only, for the holder that called it.
    function burn(address from, uint256 lots) external;

    function exchange() external view returns (address);
    function series() external view returns (uint16);
    function isLong() external view returns (bool);
}

/// @title Deploys position tokens for whoever calls: the caller becomes their exchange
interface ITokenFactory {
    function create(string calldata symbol, uint16 series, bool isLong) external returns (address token);
}
