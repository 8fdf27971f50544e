// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {TokenBase} from "./TokenBase.sol";

contract RedeemTest is TokenBase {
    function call(bool long_, uint32 lots) internal view returns (bytes memory) {
        return abi.encodeCall(ITokenDesk.redeem, (series, long_, lots));
    }

    function drawCall(uint32 account) internal view returns (bytes memory) {
        return abi.encodeCall(IClearing.draw, (account, series));
    }

    function nothingToRealise(uint32 account) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingToRealise.selector, account, series);
    }

    /// @dev [TOKEN-4] [TOKEN-5]
    function test_a_long_token_is_worth_the_settlement_price() public {
        wrap(bull, true, 4);
        give(longToken, bull, keeper, 4);
        setIndex(3600);
        close(series);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Redeemed(keeper, series, true, 4, 14_400e6);
        assertEq(redeem(keeper, true, 4), 14_400e6);
        assertEq(exchange.draw(keeper, series), 14_400e6);
        assertMoney();
        assertEq(cash(keeper), 15_400e6);
        assertEq(longToken.totalSupply(), 0);
    }

    /// @dev [TOKEN-4] [TOKEN-5]
    function test_a_short_token_is_worth_the_cap_less_the_settlement_price() public {
        wrap(bear, false, 4);
        setIndex(3600);
        close(series);
        assertEq(redeem(bear, false, 4), 105_600e6);
    }

    function test_tokens_of_both_sides_are_worth_the_cap() public {
        wrap(bull, true, 3);
        wrap(bear, false, 3);
        setIndex(4321);
        close(series);
        assertEq(redeem(bull, true, 3) + redeem(bear, false, 3), 90_000e6);
    }

    function test_in_parts_it_is_the_same() public {
        wrap(bull, true, 4);
        setIndex(3600);
        close(series);
        assertEq(redeem(bull, true, 1), 3_600e6);
        assertEq(redeem(bull, true, 3), 10_800e6);
        refused(
            owner(bull),
            call(true, 1),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, owner(bull), uint256(0), uint256(1)
            )
        );
    }

    /// @dev The claim of the tokens joins the account's own, drawn already or not.
    function test_redeeming_joins_the_accounts_own_claim() public {
        wrap(bull, true, 4);
        setIndex(3600);
        close(series);
        // Six lots kept from a value of 0 at 3500: 600.
        assertEq(exchange.draw(bull, series), 600e6);
        redeem(bull, true, 2);
        assertEq(exchange.draw(bull, series), 7_200e6);
        redeem(bull, true, 2);
        assertEq(exchange.draw(bull, series), 7_200e6);
        assertMoney();
        refused(address(1), drawCall(bull), nothingToRealise(bull));
    }

    function test_a_worthless_token_redeems_for_nothing() public {
        wrap(bull, true, 4);
        setIndex(0);
        close(series);
        assertEq(redeem(bull, true, 4), 0);
        assertEq(longToken.totalSupply(), 0);
        refused(address(1), drawCall(bull), nothingToRealise(bull));
    }

    /// @dev The loser of 10 lots has 9,000 of 15,000: claims of 29,000 share 23,010.50.
    /// Own lots and tokens get the same share; a debt paid later makes both whole. [TOKEN-5]
    function test_tokens_rank_equally_with_every_winner() public {
        uint16 far = listFar();
        series = far;
        exchange.createTokens(far);
        uint32 poor = open(9000);
        uint32 lucky = open(50_000);
        trade(far, lucky, poor, 3500, 10);
        wrap(lucky, true, 4, owner(keeper));
        setIndex(5000);
        close(far);
        assertEq(exchange.moneyOf(far).claims, 29_000e6);
        assertEq(exchange.moneyOf(far).collected, 23_010_500_000);
        redeem(keeper, true, 4);
        assertEq(exchange.draw(lucky, far), 7_141_189_655, "9,000 x 23,010.50 / 29,000");
        assertEq(exchange.draw(keeper, far), 15_869_310_344, "20,000 x 23,010.50 / 29,000");
        assertMoney();
        credit(poor, 5_996_500_000);
        uint32[] memory none;
        exchange.realise(poor, far, none);
        assertEq(exchange.draw(lucky, far), 9_000_000_000 - 7_141_189_655);
        assertEq(exchange.draw(keeper, far), 20_000_000_000 - 15_869_310_344);
        assertMoney();
        assertEq(exchange.collectFees(far), 7e6);
        assertEq(exchange.moneyOf(far).pool, 0);
    }

    /// @dev Redeemed before or after others drew, in one go or lot by lot: the same to a unit an account.
    function testFuzz_the_order_of_redeeming_does_not_matter(uint256 cashOfLoser, uint256 price) public {
        uint16 far = listFar();
        series = far;
        exchange.createTokens(far);
        uint32 poor = open(bound(cashOfLoser, 9000, 30_000));
        uint32 lucky = open(50_000);
        trade(far, lucky, poor, 3500, 10);
        wrap(lucky, true, 4, owner(keeper));
        setIndex(bound(price, 3600, 29_000));
        close(far);
        uint256 before = vm.snapshotState();
        redeem(keeper, true, 4);
        uint256 whole = exchange.draw(keeper, far);
        uint256 own = exchange.draw(lucky, far);
        vm.revertToState(before);
        assertApproxEqAbs(exchange.draw(lucky, far), own, 1);
        uint256 parts;
        for (uint256 i; i < 4; ++i) {
            redeem(keeper, true, 1);
            parts += exchange.draw(keeper, far);
            assertMoney();
        }
        assertApproxEqAbs(parts, whole, 1);
    }

    // --- refused ---

    function test_refused_for_nothing() public {
        wrap(bull, true, 1);
        refused(owner(bull), call(true, 0), zeroAmount());
        refused(owner(bull), abi.encodeCall(ITokenDesk.redeem, (99, true, 1)), noToken(99, true));
    }

    /// @dev [TOKEN-4]
    function test_refused_before_closing() public {
        wrap(bull, true, 1);
        bytes memory notClosed = abi.encodeWithSelector(IExchangeErrors.NotClosed.selector, series);
        refused(owner(bull), call(true, 1), notClosed);
        settleOnly(series);
        refused(owner(bull), call(true, 1), notClosed);
        exchange.settleAccounts(everyone());
        redeem(bull, true, 1);
    }

    function test_refused_for_others_than_owners() public {
        wrap(bull, true, 1);
        warpTo(EXPIRY_DAY, 1 hours);
        address agent = agentOf(bull, 3);
        close(series);
        address nobody = makeAddr("nobody");
        refused(nobody, call(true, 1), noAccount(nobody));
        refused(agent, call(true, 1), notPermitted(agent, 255));
    }

    /// @dev [TOKEN-4]
    function test_refused_to_who_owes_the_series() public {
        wrap(bull, true, 4);
        uint32 poor = open(9000);
        enter(series, poor, -10);
        give(longToken, bull, poor, 4);
        setIndex(5000);
        close(series);
        // -15,010.50 of which 9,010.50 were paid.
        refused(
            owner(poor),
            call(true, 4),
            abi.encodeWithSelector(IExchangeErrors.OwesSeries.selector, poor, series, uint256(6_000e6))
        );
        credit(poor, 6_000e6);
        uint32[] memory none;
        exchange.realise(poor, series, none);
        assertEq(redeem(poor, true, 4), 20_000e6);
        assertEq(exchange.draw(poor, series), 20_000e6);
        assertMoney();
    }

    /// @dev A debt of another series is paid from what the tokens bring.
    function test_what_it_brings_pays_older_debts_first() public {
        uint16 far = listFar();
        uint32 poor = open(9000);
        enter(far, poor, -10);
        wrap(bull, true, 4, owner(poor));
        setIndex(5000);
        close(series);
        close(far);
        assertEq(equity(poor), -6_000e6);
        redeem(poor, true, 4);
        exchange.draw(poor, series);
        assertMoney();
        assertEq(cash(poor), 14_000e6);
        assertEq(equity(poor), 14_000e6);
    }

    /// @dev [TOKEN-1]
    function test_the_claim_of_a_token_is_drawn_by_nobody_else() public {
        wrap(bull, true, 4);
        setIndex(3600);
        close(series);
        bytes memory held = abi.encodeWithSelector(IExchangeErrors.TokenAccount.selector, longAccount);
        refused(owner(keeper), drawCall(longAccount), held);
        uint32[] memory none;
        refused(
            owner(keeper),
            abi.encodeCall(IClearing.realise, (longAccount, series, none)),
            nothingToRealise(longAccount)
        );
    }

    function test_the_lots_of_a_token_are_realised_by_nobody() public {
        wrap(bull, true, 4);
        uint32[] memory payers = new uint32[](1);
        payers[0] = longAccount;
        refused(
            owner(keeper),
            abi.encodeCall(IClearing.realise, (longAccount, series, payers)),
            abi.encodeWithSelector(IExchangeErrors.NotFlat.selector, longAccount, series, int256(4))
        );
    }
}
