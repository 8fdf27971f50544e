// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Every reason for which the exchange refuses an action
/// @notice Each error carries the values that broke the rule, so that a client can say what would be allowed.
interface IExchangeErrors {
    // --- who ---
    /// @notice The caller neither owns an account nor serves one.
    error NoAccount(address caller);
    /// @notice No account has this number.
    error UnknownAccount(uint32 account);
    /// @notice The caller may not do this: it is not the owner of the account, or not the named role.
    error NotAuthorised(address caller);
    /// @notice The agent's key has run out.
    error AgentExpired(address agent, uint256 expiry);
    /// @notice The agent's key lacks the permission bit that the action needs.
    error AgentNotPermitted(address agent, uint256 permission);
    /// @notice The address already owns an account or serves one.
    error AddressTaken(address taken, uint32 account);
    /// @notice No open invitation from this account to the caller.
    error NotInvited(uint32 account, address agent);

    /// @notice A token called back into the exchange.
    error Reentered();

    // --- money ---
    error ZeroAmount();
    error ZeroAddress();
    /// @notice Paying the exchange itself would lose the money.
    error InvalidRecipient(address to);
    /// @notice The token credited something else than what was sent: fee-on-transfer tokens are not supported.
    error UnsupportedToken(uint256 sent, uint256 received);
    /// @notice Collateral must have at most 8 decimals.
    error TooManyDecimals(uint8 decimals);
    error InsufficientCash(uint32 account, uint256 cash, uint256 wanted);
    /// @notice More than is withdrawable: cash + losses - initial margin.
    error NotWithdrawable(uint32 account, uint256 withdrawable, uint256 wanted);
    /// @notice The account holds lots whose index is stale. It can withdraw or wrap when the index is fresh again; those lots
    /// are not liquidated, and the rest only while the account would be short even if they were worth an initial margin more.
    error StaleAccount(uint32 account);
    /// @notice IM-equity is below initial margin, and the action did not improve equity - IM.
    error InsufficientMargin(uint32 account, int256 imEquity, uint256 initialMargin);
    /// @notice A balance left its storage width.
    error Overflow(uint256 width, int256 value);

    // --- series and orders ---
    error UnknownSeries(uint16 series);
    error SeriesExpired(uint16 series, uint256 expiry);
    error NotExpired(uint16 series, uint256 expiry);
    error AlreadySettled(uint16 series);
    error NotClosed(uint16 series);
    error TickOutOfRange(uint256 tick, uint256 lowest, uint256 highest);
    error PriceOutsideBand(uint256 tick, uint256 lowest, uint256 highest);
    error SizeTooSmall(uint256 lots, uint256 minimum);
    error PositionLimit(uint16 series, uint256 lots, uint256 limit);
    error OpenInterestCap(uint16 series, uint256 openInterest, uint256 cap);
    error TooManyOrders(uint16 series, uint256 maximum);
    error TooManySeries(uint32 account, uint256 maximum);
    error OrderExpired(uint256 expiry, uint256 now_);
    error InvalidFlags(uint256 flags);
    error PostOnlyWouldCross(uint256 tick, uint256 opposite);
    error FillOrKill(uint256 filled, uint256 lots);
    /// @notice The series accepts only orders that reduce a position: stale index, guardian, or declared deficit.
    error ReduceOnlySeries(uint16 series);
    /// @notice A reduce-only order needs a position on the other side.
    error NothingToReduce(uint16 series, int256 lots);
    /// @notice The order does not exist, is filled, cancelled, or belongs to another account.
    error OrderNotLive(uint256 orderId);
    error LevelFull(uint256 tick);
    /// @notice A calendar spread needs two series of one feed with one tick value.
    error SpreadMismatch(uint16 buySeries, uint16 sellSeries);
    /// @notice The legs would cost more than the limit: lots x tick of the bought less that of the sold.
    error SpreadWorse(int256 cost, int256 most);
    error InvalidBatch(uint256 position);

    // --- mark and index ---
    error StaleIndex(uint16 series, uint256 observedAt);

    // --- liquidation ---
    /// @notice The account's equity is not below what the step needs.
    error Healthy(uint32 account, int256 equity, uint256 margin);
    /// @notice The step would free no maintenance margin.
    error NothingFreed(uint32 account, uint16 series);
    error NothingTraded(uint16 series);
    /// @notice The account would lose more than its share of equity for the margin freed.
    error LiquidationLoss(int256 loss, int256 allowed);
    error InvalidFraction(uint256 fraction, uint256 whole);
    /// @notice The declared deficits of the feed exceed its insurance: nothing is drawn.
    error DeficitDeclaredIn(uint16 feed, uint256 deficit, uint256 insurance);

    // --- realise and settlement ---
    error NotFlat(uint32 account, uint16 series, int256 lots);
    /// @notice A gain can be drawn from this time on.
    error TooEarly(uint256 allowedFrom);
    error NothingToRealise(uint32 account, uint16 series);
    error PayerNotLosing(uint32 payer, int256 value);
    /// @notice The averaging window's last checkpoint can still change.
    error WindowNotFixed(uint16 series);
    /// @notice Index coverage of the window is below the minimum: the average stands from this time on.
    error CoverageTooLow(uint256 freshSeconds, uint256 elapsed, uint256 standsFrom);
    error InvalidSpec(string field, uint256 value, uint256 lowest, uint256 highest);
    error NothingToCollect(uint16 series);

    // --- challenges and tokens ---
    error NotChallengeable(uint16 series);
    error AlreadyChallenged(uint16 series, uint32 challenger);
    error NotChallenged(uint16 series);
    error RulingOutOfRange(uint256 tick, uint256 lowest, uint256 highest);
    error NoToken(uint16 series, bool long_);
    error TokenExists(uint16 series, address token);
    error NothingToWrap(uint16 series, int256 lots, uint256 wanted);
    /// @notice Pay the debt in the series first.
    error OwesSeries(uint32 account, uint16 series, uint256 debt);
    /// @notice A token's account only holds; its claim is redeemed by the token's holders.
    error TokenAccount(uint32 account);
    error UnknownFunction(bytes4 selector);
}
