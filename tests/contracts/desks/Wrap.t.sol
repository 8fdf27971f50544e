// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {TokenBase} from "./TokenBase.sol";

contract WrapTest is TokenBase {
    function call(uint16 id, bool long_, uint32 lots) internal pure returns (bytes memory) {
        return abi.encodeCall(ITokenDesk.wrap, (id, long_, lots, address(7)));
    }

    function nothingToWrap(int256 lots, uint256 wanted) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingToWrap.selector, series, lots, wanted);
    }

    /// @dev Four of ten lots leave quote -35,010.50 + 6 x 3,500: 14,010.50 are paid, the fee of the trade with them.
    /// [TOKEN-2]
    function test_a_long_pays_its_loss_into_the_pool_at_once() public {
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Wrapped(bull, series, true, 4, 14_010_500_000);
        wrap(bull, true, 4);
        assertEq(longToken.balanceOf(owner(bull)), 4);
        assertEq(cash(bull), 386_000e6);
        assertEq(equity(bull), 386_000e6);
        assertEq(position(bull, series).lots, 6);
        assertEq(position(longAccount, series).lots, 4);
        assertEq(position(longAccount, series).quote, 0, "a long token owes nothing");
        assertEq(equity(longAccount), 14_000e6);
        assertEq(exchange.moneyOf(series).pool, 14_010_500_000);
        assertEq(openInterest(series), 10);
    }

    /// @dev Four lots at the cap: 4 x (30,000 - 3,500) and the fee. [TOKEN-2]
    function test_a_short_pays_up_to_the_cap() public {
        wrap(bear, false, 4);
        assertEq(shortToken.balanceOf(owner(bear)), 4);
        assertEq(cash(bear), 294_000e6);
        assertEq(equity(bear), 294_000e6);
        assertEq(position(shortAccount, series).lots, -4);
        assertEq(position(shortAccount, series).quote, 120_000e6);
        assertEq(equity(shortAccount), 106_000e6);
    }

    function test_a_gain_pays_for_the_tokens_as_far_as_it_goes() public {
        move(4000);
        // 10 lots from 3500: gain 5,000 - 10.50; one lot at 0 costs 4,000 of it.
        wrap(bull, true, 1);
        assertEq(cash(bull), 400_010_500_000);
        wrap(bull, true, 9);
        assertEq(cash(bull), 365_000e6, "35,000 in all");
        assertEq(position(bull, series).lots, 0);
    }

    function test_tokens_go_where_the_owner_says() public {
        address friend = makeAddr("friend");
        wrap(bull, true, 4, friend);
        assertEq(longToken.balanceOf(friend), 4);
    }

    function test_orders_stay_and_count() public {
        buy(bull, 3500, 1);
        wrap(bull, true, 4);
        assertEq(position(bull, series).openBuy, 1);
        assertEq(margin(bull).initialMargin, 6_125e6, "25% of 7 lots");
    }

    /// @dev A holder can be wiped out by no price: at 0 and at the cap its account is worth nothing, never less.
    /// [TOKEN-5]
    function testFuzz_position_tokens_never_owe(uint256 mark) public {
        mark = bound(mark, 0, 40_000);
        wrap(bull, true, 10);
        wrap(bear, false, 10);
        oracle.set(FEED, uint64(mark * TICK), true);
        uint256 clamped = mark > 30_000 ? 30_000 : mark;
        assertEq(equity(longAccount), int256(10 * clamped * USD));
        assertEq(equity(shortAccount), int256(10 * (30_000 - clamped) * USD));
        assertGe(equity(longAccount), int256(margin(longAccount).maintenanceMargin));
        assertGe(equity(shortAccount), int256(margin(shortAccount).maintenanceMargin));
    }

    /// @dev [TOKEN-1]
    function test_permit_moves_tokens_without_a_transaction_of_the_owner() public {
        uint256 key = 0xA11CE;
        address alice = vm.addr(key);
        wrap(bull, true, 4, alice);
        IERC20Permit permits = IERC20Permit(address(longToken));
        bytes32 permit =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content =
            keccak256(abi.encode(permit, alice, address(this), uint256(3), uint256(0), block.timestamp));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", permits.DOMAIN_SEPARATOR(), content));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        permits.permit(alice, address(this), 3, block.timestamp, v, r, s);
        longToken.transferFrom(alice, address(9), 3);
        assertEq(longToken.balanceOf(address(9)), 3);
        assertEq(permits.nonces(alice), 1);
    }

    // --- refused ---

    function test_refused_for_nothing() public {
        refused(owner(bull), call(series, true, 0), zeroAmount());
        uint16 far = listFar();
        refused(owner(bull), call(far, true, 1), noToken(far, true));
        refused(owner(bull), call(99, false, 1), noToken(99, false));
    }

    function test_refused_without_the_lots() public {
        refused(owner(bull), call(series, true, 11), nothingToWrap(10, 11));
        refused(owner(bull), call(series, false, 1), nothingToWrap(10, 1));
        refused(owner(bear), call(series, true, 1), nothingToWrap(-10, 1));
        refused(owner(keeper), call(series, true, 1), nothingToWrap(0, 1));
    }

    /// @dev [ACCOUNT-2] [TOKEN-2]
    function test_refused_for_others_than_owners() public {
        address nobody = makeAddr("nobody");
        refused(nobody, call(series, true, 1), noAccount(nobody));
        address agent = agentOf(bull, 3);
        refused(agent, call(series, true, 1), notPermitted(agent, 255));
    }

    /// @dev [MARK-7] [TOKEN-2]
    function test_refused_while_stale_and_from_the_second_of_expiry_on() public {
        setStale();
        refused(owner(bull), call(series, true, 1), stale(bull));
        setIndex(3500);
        warpTo(EXPIRY_DAY, 0);
        refused(owner(bull), call(series, true, 1), expired(series));
        vm.warp(block.timestamp - 1);
        wrap(bull, true, 1);
    }

    function test_refused_to_nobody() public {
        refused(
            owner(bull),
            abi.encodeCall(ITokenDesk.wrap, (series, true, 1, address(0))),
            abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0))
        );
    }

    /// @dev 20,000 in cash: six lots cost 21,000 and the fee; five leave 2,500 for an initial margin of 4,375.
    /// [TOKEN-2]
    function test_refused_when_cash_does_not_carry_it() public {
        uint32 small = open(20_000);
        enter(series, small, 10);
        refused(
            owner(small),
            call(series, true, 6),
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientCash.selector,
                small,
                uint256(20_010_500_000),
                uint256(21_010_500_000)
            )
        );
        refused(owner(small), call(series, true, 5), shortOfMargin(small, 2_500e6, 4_375e6));
        wrap(small, true, 4);
        assertEq(cash(small), 6_000e6);
    }

    /// @dev A loss in another series counts, a gain does not.
    function test_other_gains_do_not_carry_it() public {
        uint16 other = listOther();
        uint32 small = open(20_000);
        enter(series, small, 1);
        enter(other, small, 10);
        oracle.set(FEED2, uint64(9000 * TICK), true);
        // Gain 55,000 in the other feed; IM there 22,500. Cash of 20,011.55 less 3,501.05 does not.
        refused(owner(small), call(series, true, 1), shortOfMargin(small, 16_510_500_000, 22_500e6));
    }

    // --- open orders ---

    /// @dev Open sells are bounded by the lots that they would close. [BOOK-8] [TOKEN-2]
    function test_the_position_limit_holds() public {
        SeriesSpec memory s = spec();
        s.positionLimit = 10;
        series = exchange.listSeries(s);
        exchange.createTokens(series);
        enter(series, bull, 10);
        sell(bull, 3510, 19);
        wrap(bull, true, 1); // 19 - 9
        refused(
            owner(bull),
            call(series, true, 1),
            abi.encodeWithSelector(IExchangeErrors.PositionLimit.selector, series, 11, 10)
        );
    }

    /// @dev The lots that covered the order went out at a mark at which little margin was needed. [MARGIN-10] [BOOK-17]
    function test_open_orders_are_checked_at_the_mark_of_now() public {
        sell(bull, 3400, 10);
        move(1000);
        wrap(bull, true, 10);
        assertEq(position(bull, series).checkedMark, 1000);
        move(3500);
        (, uint32 filled) = place(rich, IOC, 3400, 10);
        assertEq(filled, 0, "retired by the gap");
    }

    /// @dev It could never redeem them. [TOKEN-2]
    function test_refused_for_the_exchange_itself() public {
        refused(
            owner(bull),
            abi.encodeCall(ITokenDesk.wrap, (series, true, 1, address(exchange))),
            abi.encodeWithSelector(IExchangeErrors.InvalidRecipient.selector, address(exchange))
        );
    }
}
