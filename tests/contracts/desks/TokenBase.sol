// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev The tokens of the first series exist. `bull` is long 10 and `bear` short 10 from $3.50; both have $400,000.
abstract contract TokenBase is DeskBase {
    IERC20Metadata internal longToken;
    IERC20Metadata internal shortToken;
    uint32 internal longAccount;
    uint32 internal shortAccount;
    uint32 internal bull;
    uint32 internal bear;

    function setUp() public virtual override {
        super.setUp();
        (address l, address s) = exchange.createTokens(series);
        (longToken, shortToken) = (IERC20Metadata(l), IERC20Metadata(s));
        shortAccount = exchange.accountCount();
        longAccount = shortAccount - 1;
        bull = open(400_000);
        bear = open(400_000);
        enter(series, bull, 10);
        enter(series, bear, -10);
    }

    function wrap(uint32 account, bool long_, uint256 lots, address to) internal {
        vm.prank(owner(account));
        exchange.wrap(series, long_, uint32(lots), to);
        assertMoney();
    }

    function wrap(uint32 account, bool long_, uint256 lots) internal {
        wrap(account, long_, lots, owner(account));
    }

    function unwrap(uint32 account, bool long_, uint256 lots) internal {
        vm.prank(owner(account));
        exchange.unwrap(series, long_, uint32(lots));
        assertMoney();
    }

    function redeem(uint32 account, bool long_, uint256 lots) internal returns (uint256 claim) {
        vm.prank(owner(account));
        claim = exchange.redeem(series, long_, uint32(lots));
        assertMoney();
    }

    function give(IERC20Metadata token, uint32 from, uint32 to, uint256 lots) internal {
        address receiver = owner(to);
        vm.prank(owner(from));
        token.transfer(receiver, lots);
    }

    function zeroAmount() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.ZeroAmount.selector);
    }

    function noToken(uint16 id, bool long_) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NoToken.selector, id, long_);
    }
}
