// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IExchangeErrors} from "./interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "./interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "./interfaces/IIndexOracle.sol";
import {State} from "./libraries/State.sol";

/// @title x: storage, lock, collateral, oracle, and who is calling
abstract contract ExchangeBase is Ownable2Step, IExchangeErrors, IExchangeEvents {
    using SafeERC20 for IERC20;

    uint256 internal constant PLACE = 1;
    uint256 internal constant CANCEL = 2;
    uint256 internal constant OWNER = 255;

    State internal s;

    IERC20 internal immutable _collateral;
    IIndexOracle internal immutable _oracle;

    /// @dev A whole word: a bool would be read again to be packed.
    uint256 private transient locked;

    modifier lock() {
        if (locked != 0) revert Reentered();
        locked = 1;
        _;
        locked = 0;
    }

    /// @dev For what makes no call but reads of the oracle, so that nothing can come in between.
    modifier unlocked() {
        if (locked != 0) revert Reentered();
        _;
    }

    constructor(IERC20 collateral_, IIndexOracle oracle_, address owner_) Ownable(owner_) {
        if (address(collateral_) == address(0) || address(oracle_) == address(0)) revert ZeroAddress();
        uint8 decimals = IERC20Metadata(address(collateral_)).decimals();
        if (decimals > 8) revert TooManyDecimals(decimals);
        _collateral = collateral_;
        _oracle = oracle_;
    }

    /// @dev The account the caller may act for: its own, or the one it serves with all the permissions asked for.
    function _actor(uint256 permission) internal view returns (uint256) {
        uint256 word = s.principals[msg.sender];
        if (word >> 32 == OWNER) return uint32(word); // all permissions, for ever
        if (word == 0) revert NoAccount(msg.sender);
        uint256 permissions = uint8(word >> 32);
        if (permissions & permission != permission) revert AgentNotPermitted(msg.sender, permission);
        uint256 expiry = word >> 40;
        if (expiry <= block.timestamp) revert AgentExpired(msg.sender, expiry);
        return uint32(word);
    }

    /// @dev Refuses a token that credits anything but what was sent.
    function _pull(uint256 amount) internal {
        uint256 balance = _collateral.balanceOf(address(this));
        _collateral.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _collateral.balanceOf(address(this)) - balance;
        if (received != amount) revert UnsupportedToken(amount, received);
    }

    function _delegate(address target) internal {
        // slither-disable-next-line controlled-delegatecall (the target is fixed at deployment; all its functions are the exchange's)
        (bool ok, bytes memory answer) = target.delegatecall(msg.data);
        assembly ("memory-safe") {
            if iszero(ok) { revert(add(answer, 32), mload(answer)) }
            return(add(answer, 32), mload(answer))
        }
    }
}
