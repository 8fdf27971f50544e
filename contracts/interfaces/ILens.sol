// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchange} from "./IExchange.sol";
import {AccountMargin, Phase, SeriesMoney, SeriesSpec} from "./Types.sol";

/// @notice One price level of a book: lots and number of its live orders.
struct LevelView {
    uint24 tick;
    uint64 lots;
    uint32 orders;
}

/// @notice One live order; `expiry` 0 for never, `flags` as it was placed (ITrading.place).
struct OrderView {
    uint96 orderId;
    uint32 account;
    uint32 lots;
    uint32 expiry;
    uint8 flags;
    uint64 clientId;
}

/// @notice One account in one series. Money in base units; `value` at the mark.
/// @dev Once the account is settled only `quote` and `claim` mean something: `claim` is the whole claim, `quote` and
/// `value` what is left of it, or a debt below zero.
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

/// @notice Everything about a series in one answer.
/// @dev `bestBid` and `bestAsk` are those of the best live orders, ticks; 0 for none. `basis` is in 1/256 tick. A settled
/// series has its settlement price as `mark`. `reduceOnly` is as a taking order would find it.
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
/// @notice Marks are what a taking order would see in this block. Reads of unknown series and accounts revert with
/// UnknownSeries and UnknownAccount, but `phaseOf` says NONE and `principal` says 0.
///
/// A book here is made of its live orders. Left out are orders of an older epoch, expired ones, and all of them from the
/// expiry of the series on. Orders that a taking order would retire because of the mark (band, gap) or of its maker's
/// position (reduce-only) are still counted: they live until somebody meets them, and the mark may come back.
/// Reading a book costs about 7,000 gas for each order in front of the last one returned, dead ones too.
interface ILens {
    function exchange() external view returns (IExchange);

    /// @return account the account that `who` owns or serves, 0 for none
    /// @return permissions 255 for the owner
    /// @return expiry unix second from which the agent's key is void; 0 for the owner
    function principal(address who) external view returns (uint32 account, uint8 permissions, uint40 expiry);

    function specOf(uint16 series) external view returns (SeriesSpec memory);
    function phaseOf(uint16 series) external view returns (Phase);
    /// @return mark ticks; the settlement price once there is one
    /// @return deltaMark the part of it that can still move, ticks
    /// @return stale the index is older than its heartbeat, pending or halted
    function markOf(uint16 series) external view returns (uint24 mark, uint24 deltaMark, bool stale);
    /// @notice The same figures that the exchange checks when the account takes or withdraws in this block.
    function marginOf(uint32 account) external view returns (AccountMargin memory);
    /// @notice The series that the account lists, in no order.
    function seriesOf(uint32 account) external view returns (uint16[] memory);

    function seriesInfo(uint16 series) external view returns (SeriesView memory);
    /// @notice Every listed series from `first` on, at most `count`. `first` 0 or 1 for the first.
    function seriesList(uint16 first, uint16 count) external view returns (SeriesView[] memory);
    function accountInfo(uint32 account) external view returns (AccountView memory);

    /// @notice Best levels first, at most `maxLevels` and at most 4,096.
    function depth(uint16 series, bool sells, uint16 maxLevels) external view returns (LevelView[] memory);
    /// @notice Orders in priority order, best level first, at most `maxOrders` and at most 4,096.
    function orders(uint16 series, bool sells, uint16 maxOrders) external view returns (OrderView[] memory);
    /// @notice The account's orders in one series, or with `series` 0 in all of them, one after the other as `seriesOf`
    /// has them: buys, then sells, each in priority order.
    /// @dev Walks both sides until it has met as many as the position counts, so the books bound it.
    function openOrders(uint32 account, uint16 series) external view returns (OrderView[] memory);
}
