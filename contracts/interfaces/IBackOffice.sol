// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesMoney, SeriesSpec} from "./Types.sol";

/// @title Accounts and agents, listing, roles, insurance, raw reads
/// @notice Called at the address of the exchange.
interface IBackOffice {
    // --- accounts ---

    /// @notice Opens an account for the caller. Reverts when the caller owns or serves one.
    function open() external returns (uint32 account);

    /// @notice Invites an address to trade for the caller's account until `expiry`.
    /// @param permissions bits: 1 place, 2 cancel
    function inviteAgent(address agent, uint40 expiry, uint8 permissions) external;

    /// @notice Accepts an invitation: the caller serves `account` from now on.
    function acceptAgent(uint32 account) external;

    /// @notice Ends an agent's service. By the owner for its agent, or by the agent for itself.
    function removeAgent(address agent) external;

    // --- money ---

    /// @notice Adds to a feed's insurance. By anyone.
    function topUpInsurance(uint16 feed, uint256 amount) external;

    // --- series ---

    /// @notice Lists a series. Owner only.
    function listSeries(SeriesSpec calldata spec) external returns (uint16 series);

    /// @notice Pays the treasury out. Owner only.
    function withdrawTreasury(address to, uint256 amount) external;

    /// @notice Makes a series reduce-only for at most seven days, or lifts that. Guardian only.
    function setReduceOnly(uint16 series, bool on) external;

    /// @notice Names the guardian. Owner only.
    // slither-disable-next-line shadowing-local (the parameter is what the getter will answer)
    function setGuardian(address guardian) external;

    /// @notice Names the arbiter of challenged settlements. Owner only.
    // slither-disable-next-line shadowing-local (the parameter is what the getter will answer)
    function setArbiter(address arbiter) external;

    // --- reading: raw words; ILens gives them as figures ---

    function collateral() external view returns (address);
    function oracle() external view returns (address);
    function guardian() external view returns (address);
    function arbiter() external view returns (address);
    /// @notice Sum of the bonds of open challenges.
    function bonds() external view returns (uint256);
    /// @notice Declared deficits of a feed; above its insurance its series are reduce-only.
    function deficit(uint16 feed) external view returns (uint256);
    function declared(uint32 account, uint16 feed) external view returns (uint256);
    /// @notice When the account's auction began, 0 for none.
    function flaggedAt(uint32 account) external view returns (uint256);

    /// @notice Since when an account has been known to have equity below zero; 0 when it has not.
    function negativeSince(uint32 account) external view returns (uint256);
    function accountCount() external view returns (uint32);
    function seriesCount() external view returns (uint16);
    function treasury() external view returns (uint256);
    function insurance(uint16 feed) external view returns (uint256);
    function ownerOf(uint32 account) external view returns (address);
    function symbolOf(uint16 series) external view returns (string memory);
    /// @notice The mark at listing, ticks.
    function initialMarkOf(uint16 series) external view returns (uint24);
    function moneyOf(uint16 series) external view returns (SeriesMoney memory);
    /// @notice Layouts of the words: contracts/libraries/State.sol.
    function principalWord(address who) external view returns (uint256);
    function accountWord(uint32 account) external view returns (uint256);
    function positionWord(uint32 account, uint16 series) external view returns (uint256);
    function hotWord(uint16 series) external view returns (uint256);
    function termsWords(uint16 series) external view returns (uint256 terms, uint256 tradeTerms);
    function orderWord(uint96 orderId) external view returns (uint256);
    /// @notice head 32 | tail 32 from the low end; live orders have head <= index < tail
    function levelWord(uint16 series, uint8 side, uint24 tick) external view returns (uint256);
    function bitmapWord(uint16 series, uint8 side, uint8 height, uint16 index) external view returns (uint256);
}
