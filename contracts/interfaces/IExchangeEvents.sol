// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesSpec} from "./Types.sol";

/// @title Events of the exchange
/// @notice Books, positions and money can be rebuilt from these logs alone (docs/spec/events.md).
interface IExchangeEvents {
    event AccountOpened(uint32 indexed account, address indexed owner);
    event Deposited(uint32 indexed account, address indexed from, uint256 amount);
    event Withdrawn(uint32 indexed account, address indexed to, uint256 amount);
    event AgentInvited(uint32 indexed account, address indexed agent, uint40 expiry, uint8 permissions);
    event AgentAccepted(uint32 indexed account, address indexed agent, uint40 expiry, uint8 permissions);
    event AgentRemoved(uint32 indexed account, address indexed agent);

    event SeriesListed(uint16 indexed series, uint16 indexed feed, SeriesSpec spec);
    event GuardianReduceOnly(uint16 indexed series, uint40 until);
    event GuardianSet(address indexed guardian);

    /// @notice Everything that one call did to one book, in order.
    /// @param account the account that acted
    /// @param records concatenated 32-byte words; the top byte is the kind, fields follow from high to low bits:
    ///   1 PLACED    flags 8 | tick 24 | index 32 | generation 16 | lots 32 | expiry 32 | clientId 64 | 0 40
    ///               the order rests with `lots`; its account is `account`
    ///   2 CANCELLED reason 8 | side 8 | tick 24 | index 32 | generation 16 | lots 32 | account 32 | clientId 64 | 0 32
    ///               `lots` left the order (all it had, except under reason 6); reasons: 0 by the owner, 1 expired, 2 outside the band, 3 maker's mark moved,
    ///               4 older epoch (its lots were no longer reserved), 5 self-trade, 6 nothing left to reduce
    ///   3 FILLED    side 8 (of the resting order) | tick 24 | index 32 | generation 16 | lots 32 | maker 32 |
    ///               clientId 64 | left 32 (lots that stay in the order) | 0 8
    ///   4 TAKEN     flags 8 | limit tick 24 | filled 32 | unfilled 32 | mark 24 | clientId 64 | end 8 | 0 56
    ///               summary of a taking order, after its FILLED records; `unfilled` did not trade and `end` says what
    ///               became of it: 0 nothing was left, 1 it rests (a PLACED record follows), 2 cancelled as IOC,
    ///               3 cancelled at the step bound, 4 cancelled by self-trade prevention, 5 nothing left to reduce;
    ///               flag 64: its fills paid no fee and earned no rebate (a liquidation at no equity)
    ///   5 MISSED    position in the batch 16 | orderId 96 | 0 136: a cancel that found nothing live
    ///   6 REJECTED  position in the batch 16 | clientId 64 | reason 8 | 0 160: a batched post-only order that would
    ///               have crossed (reason 1)
    event Book(uint16 indexed series, uint32 indexed account, bytes records);
    /// @notice All orders of the account in the series with an older epoch are dead.
    event MassCancelled(uint16 indexed series, uint32 indexed account, uint32 epoch);
    /// @notice One account bought `lots` of a series and sold as many of another (see the two Book events before it).
    /// @param bought sum of lots x tick of the bought leg
    /// @param sold the same of the sold leg
    event SpreadTraded(
        uint32 indexed account,
        uint16 indexed buySeries,
        uint16 indexed sellSeries,
        uint256 lots,
        uint256 bought,
        uint256 sold
    );
    event MarkRefreshed(uint16 indexed series, uint24 mark, bool stale);

    /// @notice Value became cash (positive) or cash paid a loss (negative) between an account and a series' pool.
    event Realised(uint32 indexed account, uint16 indexed series, int256 amount);
    event SeriesSettled(uint16 indexed series, uint24 settlementTick, uint256 freshSeconds, uint256 elapsed);
    /// @notice The account's position became money: `lots` at the settlement price.
    /// @param claim what it may draw after closing (positive), or owes still (negative)
    /// @param paid cash taken for its loss
    event AccountSettled(
        uint32 indexed account, uint16 indexed series, int256 lots, int256 claim, uint256 paid
    );
    event SeriesClosed(uint16 indexed series, uint256 claims, uint256 collected, uint256 advanced);
    event ClaimDrawn(uint32 indexed account, uint16 indexed series, uint256 amount);
    event DebtPaid(uint32 indexed account, uint16 indexed series, uint256 amount);
    event InsuranceToppedUp(uint16 indexed feed, address indexed from, uint256 amount);
    event InsuranceRepaid(uint16 indexed feed, uint16 indexed series, uint256 amount);
    event FeesCollected(uint16 indexed series, uint256 amount);
    event TreasuryWithdrawn(address indexed to, uint256 amount);
    event ArbiterSet(address indexed arbiter);

    /// @notice `lots` were closed through the book (see the Book event before it); the keeper earned `reward`.
    event Liquidated(
        uint32 indexed account, uint16 indexed series, uint32 indexed keeper, uint256 lots, uint256 reward
    );
    /// @notice `lots` went from one account to another at `tick`, without a trade.
    event PositionMoved(
        uint32 indexed from, uint32 indexed to, uint16 indexed series, int256 lots, uint256 tick
    );
    /// @notice The bidder got `paid + insured` in the last series of the slice.
    event Auctioned(
        uint32 indexed account,
        uint16 indexed feed,
        uint32 indexed bidder,
        uint32 fraction,
        uint256 paid,
        uint256 insured
    );
    /// @notice A clock of an account started or stopped.
    /// @param since below maintenance margin since then, 0 when it is not
    /// @param negativeSince equity below zero since then, 0 when it is not
    event Flagged(uint32 indexed account, uint40 since, uint40 negativeSince);
    event DeficitDeclared(uint32 indexed account, uint16 indexed feed, uint256 amount);

    event Challenged(uint16 indexed series, uint32 indexed account, uint256 bond);
    event BondReturned(uint32 indexed account, uint256 amount);
    event Ruled(uint16 indexed series, uint24 tick, bytes32 evidence, bool upheld);
    event BountyPaid(uint16 indexed series, uint32 indexed account, uint256 amount);
    event TokensCreated(
        uint16 indexed series, address longToken, address shortToken, uint32 longAccount, uint32 shortAccount
    );
    event Wrapped(uint32 indexed account, uint16 indexed series, bool long_, uint256 lots, uint256 paid);
    event Unwrapped(uint32 indexed account, uint16 indexed series, bool long_, uint256 lots);
    event Redeemed(uint32 indexed account, uint16 indexed series, bool long_, uint256 lots, uint256 claim);
}
