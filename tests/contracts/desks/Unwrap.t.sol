// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {AccountMargin, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {TokenBase} from "./TokenBase.sol";

contract UnwrapTest is TokenBase {
    function call(uint16 id, bool long_, uint32 lots) internal pure returns (bytes memory) {
        return abi.encodeCall(ITokenDesk.unwrap, (id, long_, lots));
    }

    /// @dev [TOKEN-3]
    function test_lots_come_back_at_the_constant_price() public {
        wrap(bull, true, 4);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.PositionMoved(longAccount, bull, series, 4, 0);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Unwrapped(bull, series, true, 4);
        unwrap(bull, true, 4);
        assertEq(longToken.totalSupply(), 0);
        assertEq(position(bull, series).lots, 10);
        assertEq(equity(bull), 400_000e6, "the round trip costs nothing");
        assertEq(position(longAccount, series).lots, 0);
        assertEq(position(longAccount, series).quote, 0);
    }

    /// @dev [TOKEN-3]
    function test_a_short_comes_back_at_the_cap() public {
        wrap(bear, false, 4);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.PositionMoved(shortAccount, bear, series, -4, 30_000);
        unwrap(bear, false, 4);
        assertEq(position(bear, series).lots, -10);
        assertEq(equity(bear), 400_000e6);
        assertEq(position(shortAccount, series).quote, 0);
    }

    function test_another_holder_unwraps() public {
        wrap(bull, true, 4);
        give(longToken, bull, keeper, 4);
        unwrap(keeper, true, 4);
        assertEq(position(keeper, series).lots, 4);
        assertEq(equity(keeper), 15_000e6);
        assertEq(withdrawable(keeper), 0, "1,000 - IM 3,500: the value of the token is a gain");
    }

    /// @dev A long token unwrapped into a short position closes both: open interest falls.
    function test_unwrapping_into_the_other_side_closes() public {
        wrap(bull, true, 4);
        give(longToken, bull, bear, 4);
        unwrap(bear, true, 4);
        assertEq(position(bear, series).lots, -6);
        assertEq(openInterest(series), 6);
        assertEq(equity(bear), 414_000e6);
    }

    /// @dev [TOKEN-3]
    function test_the_gain_is_drawn_no_sooner_than_one_from_a_fill() public {
        wrap(bull, true, 4);
        give(longToken, bull, bear, 4);
        warpTo(DAY0 + 5, 0);
        unwrap(bear, true, 4);
        enter(series, bear, 6);
        assertEq(position(bear, series).lots, 0);
        uint32[] memory none;
        refused(
            address(1),
            abi.encodeCall(IClearing.realise, (bear, series, none)),
            tooEarly((uint256(DAY0) + 7) * 1 days)
        );
        warpTo(DAY0 + 7, 0);
        exchange.realise(bear, series, none);
        assertMoney();
    }

    /// @dev The clock is the unwrapping's even where there was no fill since.
    function test_unwrapping_alone_starts_the_wait() public {
        wrap(bull, true, 10);
        uint32 flat = open(50_000);
        enter(series, flat, -10);
        give(longToken, bull, flat, 10);
        warpTo(DAY0 + 5, 0);
        unwrap(flat, true, 10);
        assertEq(position(flat, series).lots, 0);
        uint32[] memory none;
        refused(
            address(1),
            abi.encodeCall(IClearing.realise, (flat, series, none)),
            tooEarly((uint256(DAY0) + 7) * 1 days)
        );
    }

    /// @dev Wrapping and unwrapping costs nothing, and what can be withdrawn does not grow, at any mark.
    function testFuzz_round_trip(uint256 mark, uint256 lots, bool long_) public {
        mark = bound(mark, 1, 30_000);
        lots = bound(lots, 1, 10);
        setIndex(mark);
        uint32 account = long_ ? bull : bear;
        AccountMargin memory before = margin(account);
        uint256 free = withdrawable(account);
        wrap(account, long_, lots);
        AccountMargin memory m = margin(account);
        assertLe(
            int256(m.cash) + m.losses, int256(before.cash) + before.losses, "frees no more than its margin"
        );
        unwrap(account, long_, lots);
        assertEq(equity(account), before.equity);
        assertLe(withdrawable(account), free, "round trip");
        assertEq(position(account, series).lots, long_ ? int256(10) : int256(-10));
    }

    // --- refused ---

    function test_refused_for_nothing() public {
        wrap(bull, true, 1);
        refused(owner(bull), call(series, true, 0), zeroAmount());
        refused(owner(bull), call(99, true, 1), noToken(99, true));
    }

    function test_refused_without_the_tokens() public {
        wrap(bull, true, 1);
        bytes4 balance = IERC20Errors.ERC20InsufficientBalance.selector;
        refused(
            owner(bull),
            call(series, true, 2),
            abi.encodeWithSelector(balance, owner(bull), uint256(1), uint256(2))
        );
        refused(
            owner(bear),
            call(series, true, 1),
            abi.encodeWithSelector(balance, owner(bear), uint256(0), uint256(1))
        );
    }

    function test_refused_for_others_than_owners() public {
        wrap(bull, true, 1);
        address nobody = makeAddr("nobody");
        refused(nobody, call(series, true, 1), noAccount(nobody));
        address agent = agentOf(bull, 3);
        refused(agent, call(series, true, 1), notPermitted(agent, 255));
    }

    function test_refused_from_the_second_of_expiry_on() public {
        wrap(bull, true, 2);
        warpTo(EXPIRY_DAY, 0);
        refused(owner(bull), call(series, true, 1), expired(series));
        vm.warp(block.timestamp - 1);
        unwrap(bull, true, 1);
    }

    /// @dev [TOKEN-3]
    function test_refused_beyond_the_position_limit() public {
        SeriesSpec memory tight = spec();
        (tight.symbol, tight.positionLimit) = ("LLM-FLAGSHIP-TIGHT", 5);
        series = exchange.listSeries(tight);
        exchange.createTokens(series);
        enter(series, bull, 5);
        trade(series, keeper, bear, 3500, 1);
        wrap(bull, true, 5);
        address to = owner(keeper);
        address token = exchange.tokenOf(series, true);
        vm.prank(owner(bull));
        (bool ok,) = token.call(abi.encodeWithSignature("transfer(address,uint256)", to, 5));
        assertTrue(ok);
        refused(
            to,
            call(series, true, 5),
            abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, series, uint256(6), uint256(5))
        );
        unwrap(keeper, true, 4);
    }

    /// @dev The far series needs 50%, and the highest rate of a group is the group's: one lot of it doubles the margin.
    function test_refused_when_it_costs_margin() public {
        SeriesSpec memory dear = spec();
        (dear.symbol, dear.imBps, dear.windowStart, dear.expiryDay) =
        ("LLM-FLAGSHIP-JAN27", 5000, WINDOW_START + 31, EXPIRY_DAY + 31);
        uint16 far = exchange.listSeries(dear);
        exchange.createTokens(far);
        enter(far, bull, 1);
        uint32 a = open(9000);
        enter(series, a, 10);
        uint16 near = series;
        series = far;
        wrap(bull, true, 1, owner(a));
        assertEq(longToken.balanceOf(owner(a)), 0);
        // cash 9,010.50, near -10.50, far +3,500 of which half counts; 50% of 11 lots.
        refused(owner(a), call(far, true, 1), shortOfMargin(a, 10_750e6, 19_250e6));
        series = near;
        enter(near, a, -10);
        series = far;
        unwrap(a, true, 1);
        assertEq(position(a, far).lots, 1);
    }
}
