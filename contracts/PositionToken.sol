// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

import {IPositionToken, ITokenFactory} from "./interfaces/IPositionToken.sol";

/// @title One fully funded side of one series
/// @notice Documented in IPositionToken.
contract PositionToken is IPositionToken, ERC20, ERC20Permit {
    /// @inheritdoc IPositionToken
    address public immutable exchange;
    /// @inheritdoc IPositionToken
    uint16 public immutable series;
    /// @inheritdoc IPositionToken
    bool public immutable isLong;

    modifier onlyExchange() {
        if (msg.sender != exchange) revert OnlyExchange(msg.sender);
        _;
    }

    // slither-disable-next-line missing-zero-check (the factory passes its caller)
    constructor(address exchange_, string memory symbol_, uint16 series_, bool isLong_)
        ERC20(string.concat("olivepress ", symbol_), symbol_)
        ERC20Permit("olivepress position")
    {
        (exchange, series, isLong) = (exchange_, series_, isLong_);
    }

    /// @notice A token is one lot.
    function decimals() public pure override returns (uint8) {
        return 0;
    }

    /// @inheritdoc IPositionToken
    function mint(address to, uint256 lots) external onlyExchange {
        _mint(to, lots);
    }

    /// @inheritdoc IPositionToken
    function burn(address from, uint256 lots) external onlyExchange {
        _burn(from, lots);
    }
}

/// @title Deploys position tokens; documented in ITokenFactory
contract TokenFactory is ITokenFactory {
    /// @inheritdoc ITokenFactory
    function create(string calldata symbol, uint16 series, bool isLong) external returns (address) {
        return address(
            new PositionToken(msg.sender, string.concat(symbol, isLong ? "-LONG" : "-SHORT"), series, isLong)
        );
    }
}
