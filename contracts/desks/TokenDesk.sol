// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIndexOracle} from "../interfaces/IIndexOracle.sol";
import {ITokenFactory} from "../interfaces/IPositionToken.sol";
import {ITokenDesk} from "../interfaces/ITokenDesk.sol";
import {Tokens} from "../libraries/Tokens.sol";
import {Desk} from "./Desk.sol";

/// @title Position tokens
/// @notice Documented in ITokenDesk.
contract TokenDesk is ITokenDesk, Desk {
    ITokenFactory private immutable _factory;

    constructor(IERC20 collateral_, IIndexOracle oracle_, address next_, ITokenFactory factory_)
        Desk(collateral_, oracle_, next_)
    {
        if (address(factory_).code.length == 0) revert ZeroAddress();
        _factory = factory_;
    }

    /// @inheritdoc ITokenDesk
    function createTokens(uint16 series) external delegated lock returns (address, address) {
        return Tokens.create(s, _factory, series);
    }

    /// @inheritdoc ITokenDesk
    function wrap(uint16 series, bool long_, uint32 lots, address to) external delegated lock {
        Tokens.wrap(s, _oracle, _actor(OWNER), series, long_, lots, to);
    }

    /// @inheritdoc ITokenDesk
    function unwrap(uint16 series, bool long_, uint32 lots) external delegated lock {
        Tokens.unwrap(s, _oracle, _actor(OWNER), series, long_, lots);
    }

    /// @inheritdoc ITokenDesk
    function redeem(uint16 series, bool long_, uint32 lots) external delegated lock returns (uint256) {
        return Tokens.redeem(s, _actor(OWNER), series, long_, lots);
    }

    /// @inheritdoc ITokenDesk
    function tokenOf(uint16 series, bool long_) external view returns (address) {
        return s.tokens[(uint256(series) << 1) | (long_ ? 1 : 0)];
    }
}
