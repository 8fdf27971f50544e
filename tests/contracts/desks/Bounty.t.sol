// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev A trade of 10 lots at 3500 leaves 10.50 - 3.50 = $7 of fees, and a series with two accounts: $0.35 for each crank.
contract BountyTest is DeskBase {
    uint32 internal trader;

    function setUp() public override {
        super.setUp();
        trader = open(9000);
        trade(series, trader, rich, 3500, 10);
    }

    function crank(uint32 by, uint32 account) internal {
        uint32[] memory one = new uint32[](1);
        one[0] = account;
        address who = by == 0 ? makeAddr("nobody") : owner(by);
        vm.prank(who);
        exchange.settleAccounts(one);
        assertMoney();
    }

    function collect(uint32 account) internal returns (uint256 amount) {
        vm.prank(owner(account));
        amount = exchange.collectBounty(series);
        assertMoney();
    }

    function call() internal view returns (bytes memory) {
        return abi.encodeCall(IClearing.collectBounty, (series));
    }

    function nothing() internal view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series);
    }

    function test_each_crank_earns_its_part_of_a_tenth_of_the_fees() public {
        settleOnly(series);
        crank(keeper, trader);
        crank(rich, rich);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.BountyPaid(series, keeper, 350_000);
        assertEq(collect(keeper), 350_000);
        assertEq(cash(keeper), 1_000_350_000);
        uint256 before = cash(rich);
        assertEq(collect(rich), 350_000);
        assertEq(cash(rich), before + 350_000);
    }

    /// @dev Whatever the fees: all bounties together are at most a tenth, the treasury gets all the rest.
    function testFuzz_bounties_are_at_most_a_tenth(uint256 lots, bool alone) public {
        credit(trader, 1_000_000e6);
        trade(series, trader, rich, 3501, bound(lots, 1, 900));
        settleOnly(series);
        crank(keeper, trader);
        crank(alone ? keeper : rich, rich);
        uint256 fees = exchange.moneyOf(series).fees;
        uint256 paid = collect(keeper);
        if (!alone) paid += collect(rich);
        assertLe(paid * 10, fees);
        assertGt((paid + 2) * 10, fees, "not a unit an account is kept back");
        assertEq(exchange.collectFees(series), fees - paid);
    }

    function test_bounties_are_reserved_from_the_fees() public {
        settleOnly(series);
        crank(keeper, trader);
        crank(keeper, rich);
        assertEq(exchange.collectFees(series), 6_300_000);
        assertMoney();
        refused(address(1), abi.encodeCall(IClearing.collectFees, (series)), nothing());
        assertEq(collect(keeper), 700_000);
        assertEq(exchange.treasury(), 6_300_000);
        assertEq(exchange.moneyOf(series).fees, 0);
    }

    function test_the_order_of_collecting_does_not_matter() public {
        settleOnly(series);
        crank(keeper, trader);
        crank(keeper, rich);
        assertEq(collect(keeper), 700_000);
        assertEq(exchange.collectFees(series), 6_300_000);
    }

    function test_cranks_by_nobody_leave_the_fees_to_the_treasury() public {
        settleOnly(series);
        crank(keeper, trader);
        crank(0, rich);
        assertEq(exchange.collectFees(series), 6_650_000);
        assertEq(collect(keeper), 350_000);
    }

    function test_an_account_is_cranked_once() public {
        settleOnly(series);
        crank(keeper, trader);
        crank(keeper, trader);
        crank(rich, trader);
        crank(rich, rich);
        assertEq(collect(keeper), 350_000);
        assertEq(collect(rich), 350_000);
    }

    function test_an_agent_cranks_and_collects_for_its_account() public {
        address agent = agentOf(keeper, 1);
        warpTo(EXPIRY_DAY, 1 hours);
        settleOnly(series);
        crank(rich, trader);
        uint32[] memory one = new uint32[](1);
        one[0] = rich;
        vm.prank(agent);
        exchange.settleAccounts(one);
        assertEq(collect(keeper), 350_000);
    }

    /// @dev Settled at 5000 the short owes 15,000 of 9,000: fees were lent to the winner, and come back with the debt.
    function test_no_bounty_before_every_claim_is_covered() public {
        uint32 poor = open(9000);
        uint32 lucky = open(9000);
        uint16 far = listFar();
        trade(far, lucky, poor, 3500, 10);
        series = far;
        setIndex(5000);
        warpTo(EXPIRY_DAY + 31, 1 hours);
        settleOnly(far);
        crank(keeper, poor);
        crank(keeper, lucky);
        refused(owner(keeper), call(), nothing());
        exchange.draw(lucky, far);
        credit(poor, 5_996_500_000);
        uint32[] memory none;
        exchange.realise(poor, far, none);
        assertMoney();
        assertEq(collect(keeper), 700_000);
        assertEq(exchange.collectFees(far), 6_300_000);
        exchange.draw(lucky, far);
        assertMoney();
        assertEq(exchange.moneyOf(far).pool, 0);
    }

    function test_refused() public {
        refused(owner(keeper), call(), nothing());
        settleOnly(series);
        crank(keeper, trader);
        refused(owner(keeper), call(), nothing());
        crank(keeper, rich);
        address nobody = makeAddr("nobody");
        refused(nobody, call(), noAccount(nobody));
        address agent = agentOf(keeper, 2);
        refused(agent, call(), notPermitted(agent, 1));
        refused(owner(rich), call(), nothing());
        collect(keeper);
        refused(owner(keeper), call(), nothing());
        refused(
            owner(keeper),
            abi.encodeCall(IClearing.collectBounty, (99)),
            abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, 99)
        );
    }
}
