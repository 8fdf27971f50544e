// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IBackOffice} from "../interfaces/IBackOffice.sol";
import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {SeriesMoney, SeriesSpec} from "../interfaces/Types.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Insurance} from "../libraries/Insurance.sol";
import {Listing} from "../libraries/Listing.sol";
import {OrderBook} from "../libraries/OrderBook.sol";
import {Words} from "../libraries/State.sol";
import {TickBitmap} from "../libraries/TickBitmap.sol";
import {Desk} from "./Desk.sol";

/// @title Accounts and agents, listing, roles, insurance, raw reads
/// @notice Documented in IBackOffice.
contract BackOffice is IBackOffice, Desk {
    using SafeERC20 for IERC20;

    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_) Desk(collateral_, oracle_, next_) {}

    // --- accounts ---

    /// @inheritdoc IBackOffice
    function open() external delegated lock returns (uint32) {
        return Accounts.open(s);
    }

    /// @inheritdoc IBackOffice
    function inviteAgent(address agent, uint40 expiry, uint8 permissions) external delegated lock {
        Accounts.invite(s, _actor(OWNER), agent, expiry, permissions);
    }

    /// @inheritdoc IBackOffice
    function acceptAgent(uint32 account) external delegated lock {
        Accounts.accept(s, account);
    }

    /// @inheritdoc IBackOffice
    function removeAgent(address agent) external delegated lock {
        Accounts.remove(s, agent);
    }

    // --- money and roles ---

    /// @inheritdoc IBackOffice
    function topUpInsurance(uint16 feed, uint256 amount) external delegated lock {
        if (amount == 0) revert ZeroAmount();
        if (s.feedTickSize[feed] == 0) revert IIndexOracle.UnknownFeed(feed);
        _pull(amount);
        Insurance.add(s, feed, amount);
        emit InsuranceToppedUp(feed, msg.sender, amount);
    }

    /// @inheritdoc IBackOffice
    function listSeries(SeriesSpec calldata spec) external onlyOwner delegated lock returns (uint16) {
        return Listing.list(s, _oracle, spec);
    }

    /// @inheritdoc IBackOffice
    function withdrawTreasury(address to, uint256 amount) external onlyOwner delegated lock {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        if (amount > s.treasury) revert InsufficientCash(0, s.treasury, amount);
        s.treasury -= uint128(amount);
        emit TreasuryWithdrawn(to, amount);
        _collateral.safeTransfer(to, amount);
    }

    /// @inheritdoc IBackOffice
    function setReduceOnly(uint16 series, bool on) external delegated lock {
        if (msg.sender != s.guardian) revert NotAuthorised(msg.sender);
        Listing.setReduceOnly(s, series, on);
    }

    /// @inheritdoc IBackOffice
    function setGuardian(address guardian_) external onlyOwner delegated lock {
        s.guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @inheritdoc IBackOffice
    function setArbiter(address arbiter_) external onlyOwner delegated lock {
        s.arbiter = arbiter_;
        emit ArbiterSet(arbiter_);
    }

    // --- reading ---

    /// @inheritdoc IBackOffice
    function collateral() external view returns (address) {
        return address(_collateral);
    }

    /// @inheritdoc IBackOffice
    function oracle() external view returns (address) {
        return address(_oracle);
    }

    /// @inheritdoc IBackOffice
    function guardian() external view returns (address) {
        return s.guardian;
    }

    /// @inheritdoc IBackOffice
    function arbiter() external view returns (address) {
        return s.arbiter;
    }

    /// @inheritdoc IBackOffice
    function bonds() external view returns (uint256) {
        return s.bonds;
    }

    /// @inheritdoc IBackOffice
    function deficit(uint16 feed) external view returns (uint256) {
        return s.deficits[feed];
    }

    /// @inheritdoc IBackOffice
    function declared(uint32 account, uint16 feed) external view returns (uint256) {
        return s.declared[(uint256(account) << 16) | feed];
    }

    /// @inheritdoc IBackOffice
    function flaggedAt(uint32 account) external view returns (uint256) {
        return uint40(s.clocks[account]);
    }

    /// @inheritdoc IBackOffice
    function negativeSince(uint32 account) external view returns (uint256) {
        return uint40(s.clocks[account] >> 40);
    }

    /// @inheritdoc IBackOffice
    function accountCount() external view returns (uint32) {
        return s.accountCount;
    }

    /// @inheritdoc IBackOffice
    function seriesCount() external view returns (uint16) {
        return s.seriesCount;
    }

    /// @inheritdoc IBackOffice
    function treasury() external view returns (uint256) {
        return s.treasury;
    }

    /// @inheritdoc IBackOffice
    function insurance(uint16 feed) external view returns (uint256) {
        return s.insurance[feed];
    }

    /// @inheritdoc IBackOffice
    function principalWord(address who) external view returns (uint256) {
        return s.principals[who];
    }

    /// @inheritdoc IBackOffice
    function ownerOf(uint32 account) external view returns (address) {
        return s.owners[account];
    }

    /// @inheritdoc IBackOffice
    function symbolOf(uint16 series) external view returns (string memory) {
        return s.symbols[series];
    }

    /// @inheritdoc IBackOffice
    function initialMarkOf(uint16 series) external view returns (uint24) {
        return s.initialMarks[series];
    }

    /// @inheritdoc IBackOffice
    function moneyOf(uint16 series) external view returns (SeriesMoney memory) {
        return s.money[series];
    }

    /// @inheritdoc IBackOffice
    function accountWord(uint32 account) external view returns (uint256) {
        return s.accounts[account];
    }

    /// @inheritdoc IBackOffice
    function positionWord(uint32 account, uint16 series) external view returns (uint256) {
        return s.positions[Words.positionKey(account, series)];
    }

    /// @inheritdoc IBackOffice
    function hotWord(uint16 series) external view returns (uint256) {
        return s.hot[series];
    }

    /// @inheritdoc IBackOffice
    function termsWords(uint16 series) external view returns (uint256, uint256) {
        return (s.terms[series], s.tradeTerms[series]);
    }

    /// @inheritdoc IBackOffice
    function orderWord(uint96 orderId) external view returns (uint256) {
        return s.orders[OrderBook.orderKey(orderId >> 72, uint24(orderId >> 48), uint32(orderId >> 16))];
    }

    /// @inheritdoc IBackOffice
    function levelWord(uint16 series, uint8 side, uint24 tick) external view returns (uint256) {
        uint256 word = OrderBook.levelSlot(s, OrderBook.sideKey(series, side), tick).read();
        (uint256 head, uint256 tail) = OrderBook.queue(word, tick);
        return (tail << 32) | head;
    }

    /// @inheritdoc IBackOffice
    function bitmapWord(uint16 series, uint8 side, uint8 height, uint16 index)
        external
        view
        returns (uint256)
    {
        return s.bitmap[TickBitmap.key(OrderBook.sideKey(series, side), height, index)];
    }
}
