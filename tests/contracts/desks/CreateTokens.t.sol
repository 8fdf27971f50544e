// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IPositionToken} from "../../../contracts/interfaces/IPositionToken.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {TokenBase} from "./TokenBase.sol";

contract CreateTokensTest is TokenBase {
    /// @dev [TOKEN-1]
    function test_both_sides_are_deployed() public view {
        _describes(longToken, true, "LLM-FLAGSHIP-DEC26-LONG");
        _describes(shortToken, false, "LLM-FLAGSHIP-DEC26-SHORT");
    }

    function _describes(IERC20Metadata token, bool long_, string memory symbol) private view {
        assertEq(token.symbol(), symbol);
        assertEq(token.name(), string.concat("olivepress ", symbol));
        assertEq(token.decimals(), 0);
        assertEq(token.totalSupply(), 0);
        IPositionToken side = IPositionToken(address(token));
        assertEq(side.exchange(), address(exchange));
        assertEq(side.series(), series);
        assertEq(side.isLong(), long_);
        assertEq(exchange.tokenOf(series, long_), address(token));
    }

    function test_the_log_names_tokens_and_their_accounts() public {
        uint16 far = listFar();
        uint32 next = exchange.accountCount() + 1;
        vm.expectEmit(true, false, false, false, address(exchange));
        emit IExchangeEvents.TokensCreated(far, address(0), address(0), 0, 0);
        vm.prank(makeAddr("anyone"));
        (address l, address s) = exchange.createTokens(far);
        assertEq(exchange.ownerOf(next), l);
        assertEq(exchange.ownerOf(next + 1), s);
        assertEq(exchange.accountCount(), next + 1);
    }

    /// @dev A symbol has at most 31 characters, as many as an EIP-712 name of the library.
    function test_the_longest_symbol_has_tokens() public {
        SeriesSpec memory long_ = spec();
        long_.symbol = "A-SYMBOL-OF-THIRTY-ONE-LETTERS-";
        assertEq(bytes(long_.symbol).length, 31);
        (address l, address s) = exchange.createTokens(exchange.listSeries(long_));
        assertEq(IERC20Metadata(l).symbol(), "A-SYMBOL-OF-THIRTY-ONE-LETTERS--LONG");
        (, string memory name,,,,,) = IERC5267(s).eip712Domain();
        assertEq(name, "olivepress position");
    }

    /// @dev [TOKEN-1]
    function test_refused() public {
        refused(
            address(1),
            abi.encodeCall(ITokenDesk.createTokens, (99)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        refused(
            address(1),
            abi.encodeCall(ITokenDesk.createTokens, (series)),
            abi.encodeWithSelector(IExchangeErrors.TokenExists.selector, series, address(longToken))
        );
    }

    function test_only_the_exchange_mints_and_burns() public {
        for (uint256 i; i < 2; ++i) {
            address token = exchange.tokenOf(series, i == 0);
            vm.expectRevert(abi.encodeWithSelector(IPositionToken.OnlyExchange.selector, address(this)));
            IPositionToken(token).mint(address(this), 1);
            vm.expectRevert(abi.encodeWithSelector(IPositionToken.OnlyExchange.selector, address(this)));
            IPositionToken(token).burn(address(this), 1);
        }
    }

    /// @dev [TOKEN-1]
    function test_a_tokens_account_takes_no_deposit() public {
        refused(
            owner(rich),
            abi.encodeCall(ITrading.deposit, (longAccount, 1)),
            abi.encodeWithSelector(
                bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")),
                address(exchange),
                uint256(0),
                uint256(1)
            )
        );
        usdc.mint(owner(rich), 1);
        vm.prank(owner(rich));
        usdc.approve(address(exchange), 1);
        refused(
            owner(rich),
            abi.encodeCall(ITrading.deposit, (longAccount, 1)),
            abi.encodeWithSelector(IExchangeErrors.TokenAccount.selector, longAccount)
        );
    }
}
