// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccountMargin, Phase, SeriesMoney, SeriesSpec} from "./Types.sol";

/// @notice One price level of a book; lots of live orders only.
struct LevelView {
    uint24 tick;
    uint64 lots;
    uint32 orders;
}

/// @notice One live order.
struct OrderView {
    uint96 orderId;
    uint32 account;
    uint32 lots;
    uint32 expiry;
    uint8 flags;
    uint64 clientId;
}

/// @notice One account in one series. `claim` is the whole claim after settlement, `quote` what is left of it.
struct PositionView {
    uint16 series;
    int256 lots;
    int256 quote;
    int256 value;
    uint256 openBuy;
    uint256 openSell;
    uint256 epoch;
    uint256 openCount;
    uint256 checkedMark;
    uint256 lastFillDay;
    bool settled;
    uint256 claim;
}

/// @notice Everything about an account in one answer.
struct AccountView {
    uint32 account;
    address owner;
    AccountMargin margin;
    uint256 withdrawable;
    PositionView[] positions;
}

/// @notice Everything about a series in one answer. Prices are ticks; bestAsk 0 for none.
struct SeriesView {
    uint16 series;
    SeriesSpec spec;
    Phase phase;
    SeriesMoney money;
    uint24 bestBid;
    uint24 bestAsk;
    uint24 mark;
    uint24 deltaMark;
    bool stale;
    bool reduceOnly;
    uint32 openInterest;
    int32 basis;
}

/// @title Batch reads over an exchange; holds nothing, can be replaced
/// @notice Marks are what a taking order would see in this block.
interface ILens {
    function exchange() external view returns (address);

    /// @return account the account that `who` owns or serves, 0 for none
    /// @return permissions 255 for the owner
    /// @return expiry 0 for the owner
    function principal(address who) external view returns (uint32 account, uint8 permissions, uint40 expiry);

    function specOf(uint16 series) external view returns (SeriesSpec memory);
    function phaseOf(uint16 series) external view returns (Phase);
    /// @notice mark, the part of it that can still move, and whether the index is stale
    function markOf(uint16 series) external view returns (uint24 mark, uint24 deltaMark, bool stale);
    function marginOf(uint32 account) external view returns (AccountMargin memory);
    function seriesOf(uint32 account) external view returns (uint16[] memory);

    function seriesInfo(uint16 series) external view returns (SeriesView memory);
    /// @notice Every listed series from `first` on, at most `count`.
    function seriesList(uint16 first, uint16 count) external view returns (SeriesView[] memory);
    function accountInfo(uint32 account) external view returns (AccountView memory);

    /// @notice Best levels first. Counts live orders only: dead ones are left out as a taker would.
    function depth(uint16 series, bool sells, uint16 maxLevels) external view returns (LevelView[] memory);
    /// @notice Live orders in priority order, best level first, at most `maxOrders`.
    function orders(uint16 series, bool sells, uint16 maxOrders) external view returns (OrderView[] memory);
    /// @notice Live orders of one account in one series, both sides.
    function openOrders(uint32 account, uint16 series) external view returns (OrderView[] memory);
}
