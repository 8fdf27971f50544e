// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ExchangeBase} from "./ExchangeBase.sol";
import {IIndexOracle} from "./interfaces/IIndexOracle.sol";
import {ITrading} from "./interfaces/ITrading.sol";
import {AccountMargin} from "./interfaces/Types.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Context, Records} from "./libraries/Context.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {Margin} from "./libraries/Margin.sol";
import {Matching} from "./libraries/Matching.sol";
import {OrderBook} from "./libraries/OrderBook.sol";
import {ACCOUNT_TOKEN, HOT_STALE, Hot, Order, Position, Words} from "./libraries/State.sol";
import {Trading} from "./libraries/Trading.sol";

/// @title Cash-settled, expiring futures: custody, book and margin; everything cold is in the desks
/// @notice Documented in IExchange.
contract Exchange is ITrading, ExchangeBase {
    using SafeERC20 for IERC20;

    address private immutable _desks;

    constructor(IERC20 collateral_, IIndexOracle oracle_, address owner_, address desks_)
        ExchangeBase(collateral_, oracle_, owner_)
    {
        if (desks_.code.length == 0) revert ZeroAddress();
        _desks = desks_;
    }

    /// @dev What is not here runs in the desks, on this storage. Fixed at deployment: no upgrade, no choice.
    fallback() external {
        _delegate(_desks);
    }

    // --- accounts ---

    /// @inheritdoc ITrading
    function deposit(uint32 account, uint256 amount) external lock returns (uint32) {
        if (amount == 0) revert ZeroAmount();
        if (account == 0) {
            account = uint32(s.principals[msg.sender]);
            if (account == 0) account = Accounts.open(s);
        } else if (account > s.accountCount) {
            revert UnknownAccount(account);
        }
        _pull(amount);
        uint256 word = s.accounts[account];
        if (word & ACCOUNT_TOKEN != 0) revert TokenAccount(account);
        s.accounts[account] = Ledger.withCash(word, Ledger.cash(word) + amount);
        emit Deposited(account, msg.sender, amount);
        return account;
    }

    /// @inheritdoc ITrading
    function withdraw(uint256 amount, address to) external lock {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        uint256 account = _actor(OWNER);
        uint256 word = s.accounts[account];
        uint256 cash = Ledger.cash(word);
        if (amount > cash) revert InsufficientCash(uint32(account), cash, amount);
        if (word >> 96 != 0) {
            AccountMargin memory m = Margin.assess(s, _oracle, account);
            if (m.stale) revert StaleAccount(uint32(account));
            uint256 free = Margin.withdrawable(m);
            if (amount > free) revert NotWithdrawable(uint32(account), free, amount);
        }
        s.accounts[account] = Ledger.withCash(word, cash - amount);
        emit Withdrawn(uint32(account), to, amount);
        _collateral.safeTransfer(to, amount);
    }

    // --- orders ---

    /// @inheritdoc ITrading
    function place(
        uint16 series,
        uint8 flags,
        uint24 tick,
        uint32 lots,
        uint32 expiry,
        uint64 clientId,
        uint16 maxSteps
    ) external lock returns (uint96 orderId, uint32 filled) {
        Context memory c = _load(series, PLACE, maxSteps);
        Trading.Request memory r = Trading.Request(flags, tick, lots, expiry, clientId);
        (uint256 id, uint256 done, bool crossed) = Trading.place(s, _oracle, c, r);
        if (crossed) Trading.crosses(c, r);
        Trading.finish(s, _oracle, c);
        return (uint96(id), uint32(done));
    }

    function _load(uint16 series, uint256 permission, uint256 maxSteps)
        private
        view
        returns (Context memory c)
    {
        c = Trading.load(s, _oracle, series, _actor(permission));
        c.steps = maxSteps == 0 ? Trading.DEFAULT_STEPS : maxSteps;
    }

    /// @inheritdoc ITrading
    function cancel(uint96 orderId) external lock {
        uint256 account = _actor(CANCEL);
        uint256 series = orderId >> 80;
        uint256 sk = orderId >> 72;
        uint256 tick = uint24(orderId >> 48);
        uint256 key = Words.positionKey(account, series);
        uint256 positionWord = s.positions[key];
        if (Words.isSettled(positionWord)) revert OrderNotLive(orderId); // the word is a claim
        Position memory p = Words.toPosition(positionWord);
        (bool found, bool emptied, Order memory o) =
            OrderBook.remove(s, account, p, sk, tick, uint32(orderId >> 16), uint16(orderId));
        if (!found) revert OrderNotLive(orderId);
        if (emptied) {
            uint256 hotWord = s.hot[series];
            Hot memory h = Words.toHot(hotWord);
            OrderBook.dropLevel(s, h, sk, tick);
            uint256 word = Words.pack(h);
            if (word != hotWord) s.hot[series] = word;
        }
        s.positions[key] = Words.pack(p);
        bytes memory record = new bytes(32);
        uint256 fields = (Records.CANCELLED << 248) | ((sk & 255) << 232) | (uint256(uint72(orderId)) << 160)
            | (o.lots << 128) | (account << 96) | (o.clientId << 32);
        assembly ("memory-safe") {
            mstore(add(record, 32), fields)
        }
        emit Book(uint16(series), uint32(account), record);
    }

    /// @inheritdoc ITrading
    function batch(uint16 series, bytes calldata operations, bool strict, uint16 maxSteps) external lock {
        Context memory c = _load(series, PLACE | CANCEL, maxSteps);
        Trading.run(s, _oracle, c, operations, strict);
        Trading.finish(s, _oracle, c);
    }

    /// @inheritdoc ITrading
    function massCancel(uint16 series) external lock {
        OrderBook.killOrders(s, _actor(CANCEL), series);
    }

    /// @inheritdoc ITrading
    function massCancelAll() external lock {
        uint256 account = _actor(CANCEL);
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            if (uint16(list) != 0) OrderBook.killOrders(s, account, uint16(list));
        }
    }

    /// @inheritdoc ITrading
    function prune(uint16 series, bool sells, uint16 maxSteps) external lock returns (uint256 steps) {
        Context memory c = Trading.load(s, _oracle, series, 0);
        Trading.refresh(s, _oracle, c);
        steps = c.steps = maxSteps == 0 ? Trading.DEFAULT_STEPS : maxSteps;
        uint256 limit = sells ? c.terms.priceCap : 1;
        Matching.walk(s, c, sells ? OrderBook.SELLS : OrderBook.BUYS, limit, Matching.PRUNE, 0);
        steps -= c.steps;
        Trading.finish(s, _oracle, c);
    }

    /// @inheritdoc ITrading
    function refreshMark(uint16 series) external lock returns (uint24 mark, bool stale) {
        Context memory c = Trading.load(s, _oracle, series, 0);
        Trading.refresh(s, _oracle, c);
        Trading.finish(s, _oracle, c);
        (mark, stale) = (uint24(c.hot.mark), c.hot.flags & HOT_STALE != 0);
        emit MarkRefreshed(series, mark, stale);
    }
}
