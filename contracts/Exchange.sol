// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ExchangeBase} from "./ExchangeBase.sol";
import {IIndexOracle} from "./interfaces/IIndexOracle.sol";
import {ITrading} from "./interfaces/ITrading.sol";
import {AccountMargin} from "./interfaces/Types.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Blank, CONTEXT_BYTES, Context, Records} from "./libraries/Context.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {Margin} from "./libraries/Margin.sol";
import {Matching} from "./libraries/Matching.sol";
import {OrderBook} from "./libraries/OrderBook.sol";
import {HotWord, OrderWord, PositionWord} from "./libraries/Packed.sol";
import {Request, Requests} from "./libraries/Request.sol";
import {Slot, Slots} from "./libraries/Slots.sol";
import {ACCOUNT_TOKEN, HOT_STALE, Words} from "./libraries/State.sol";
import {Trading} from "./libraries/Trading.sol";

/// @title Cash-settled, expiring futures: custody, book and margin; everything cold is in the desks
/// @notice Documented in IExchange.
contract Exchange is ITrading, ExchangeBase {
    using SafeERC20 for IERC20;
    using Slots for mapping(uint256 => uint256);

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
            Margin.recheck(s, _oracle, account);
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
    ) external unlocked returns (uint96 orderId, uint32 filled) {
        Request r;
        assembly ("memory-safe") {
            // Requests.pack of what the ABI's decoder has found in range.
            r := or(or(shl(152, flags), shl(128, tick)), or(or(shl(96, lots), shl(64, expiry)), clientId))
        }
        uint256 account = _actor(PLACE);
        if (!r.has(Requests.IMMEDIATE | Requests.FILL_OR_KILL | Requests.REDUCE_ONLY)) {
            orderId = uint96(Trading.quote(s, series, account, r));
            if (orderId != 0) return (orderId, 0);
        }
        Context memory c = Blank.context()(CONTEXT_BYTES);
        Trading.load(s, _oracle, c, series, account, maxSteps);
        (uint256 id, uint256 done, bool crossed) = Trading.place(s, _oracle, c, r);
        if (crossed) Trading.crosses(c, r);
        Trading.finish(s, _oracle, c);
        return (uint96(id), uint32(done));
    }

    /// @inheritdoc ITrading
    function cancel(uint96 orderId) external unlocked {
        uint256 account = _actor(CANCEL);
        uint256 series = orderId >> 80;
        Slot slot = s.positions.slotOf(Words.positionKey(account, series));
        PositionWord p = PositionWord.wrap(slot.read());
        // The word of a settled position is a claim.
        if (Words.isSettled(PositionWord.unwrap(p))) revert OrderNotLive(orderId);
        uint256 sk = orderId >> 72;
        (OrderWord o, bool emptied) = OrderBook.remove(s, account, p, sk, uint72(orderId));
        if (OrderWord.unwrap(o) == 0) revert OrderNotLive(orderId);
        if (emptied) _dropLevel(series, sk, uint72(orderId) >> 48);
        uint256 side = sk & 255;
        slot.write(PositionWord.unwrap(p.release(side, o.lots(), true)));
        uint256 record = Records.cancelled(Records.BY_OWNER, side, uint72(orderId), o);
        Records.publish(series, account, record);
    }

    function _dropLevel(uint256 series, uint256 sk, uint256 tick) private {
        Slot slot = s.hot.slotOf(series);
        HotWord hot = HotWord.wrap(slot.read());
        HotWord next = OrderBook.dropLevel(s, hot, sk, tick);
        if (HotWord.unwrap(next) != HotWord.unwrap(hot)) slot.write(HotWord.unwrap(next));
    }

    /// @inheritdoc ITrading
    function batch(uint16 series, bytes calldata operations, bool strict, uint16 maxSteps) external unlocked {
        Context memory c = Blank.context()(CONTEXT_BYTES);
        Trading.load(s, _oracle, c, series, _actor(PLACE | CANCEL), maxSteps);
        Trading.run(s, _oracle, c, operations, strict);
        Trading.finish(s, _oracle, c);
    }

    /// @inheritdoc ITrading
    function massCancel(uint16 series) external unlocked {
        OrderBook.killOrders(s, _actor(CANCEL), series);
    }

    /// @inheritdoc ITrading
    function massCancelAll() external unlocked {
        uint256 account = _actor(CANCEL);
        for (uint256 list = s.accounts[account] >> 96; list != 0; list >>= 16) {
            if (uint16(list) != 0) OrderBook.killOrders(s, account, uint16(list));
        }
    }

    /// @inheritdoc ITrading
    function prune(uint16 series, bool sells, uint16 maxSteps) external unlocked returns (uint256 steps) {
        Context memory c = Blank.context()(CONTEXT_BYTES);
        Trading.load(s, _oracle, c, series, 0, maxSteps);
        Trading.refresh(s, _oracle, c);
        steps = c.steps;
        uint256 limit = sells ? c.terms.priceCap() : 1;
        Matching.walk(s, c, sells ? OrderBook.SELLS : OrderBook.BUYS, limit, Matching.PRUNE, 0);
        steps -= c.steps;
        Trading.finish(s, _oracle, c);
    }

    /// @inheritdoc ITrading
    function refreshMark(uint16 series) external unlocked returns (uint24 mark, bool stale) {
        Context memory c = Blank.context()(CONTEXT_BYTES);
        Trading.load(s, _oracle, c, series, 0, 0);
        Trading.refresh(s, _oracle, c);
        Trading.finish(s, _oracle, c);
        (mark, stale) = (uint24(c.hot.mark()), c.hot.has(HOT_STALE));
        emit MarkRefreshed(series, mark, stale);
    }
}
