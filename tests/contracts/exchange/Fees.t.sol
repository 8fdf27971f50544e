// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract FeesTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint256 internal earned = uint256(fee(3500, 100) - rebate(3500, 100));

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
        trade(alice, bob, 3500, 100);
    }

    function _close() private {
        settleAt(3600);
        exchange.settleAccounts(two(alice, bob));
    }

    function _refused(bytes memory error_) private {
        refused(makeAddr("anyone"), abi.encodeCall(IClearing.collectFees, (series)), error_);
    }

    function test_feesGoToTheTreasuryAfterClosing() public {
        _refused(abi.encodeWithSelector(IExchangeErrors.NotClosed.selector, series));
        settleAt(3600);
        crank(alice);
        _refused(abi.encodeWithSelector(IExchangeErrors.NotClosed.selector, series));
        crank(bob);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.FeesCollected(series, earned);
        vm.prank(makeAddr("anyone"));
        assertEq(exchange.collectFees(series), earned);
        assertEq(exchange.treasury(), earned);
        assertEq(uint256(money(series).pool), money(series).claims, "the claims stay");
        assertEq(uint256(money(series).fees), 0);
        _refused(abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series));
        exchange.draw(alice, series);
        assertEq(uint256(money(series).pool), 0);
    }

    function test_refusesUnknownSeries() public {
        series = 99;
        _refused(abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99));
    }

    /// @dev Fees rank behind claims: while a loser owes, there is nothing to collect. [SETTLE-18]
    function test_feesRankLast() public {
        uint32 poor = open(11_000);
        trade(alice, poor, 3500, 10);
        settleAt(6000);
        exchange.settleAccounts(two(alice, bob));
        crank(poor);
        _refused(abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series));
        uint256 owed = uint256(-quoteOf(poor));
        uint256 feesOfAll = earned + uint256(fee(3500, 10) - rebate(3500, 10));
        fund(owner(poor), poor, 2000);
        exchange.realise(poor, series, none());
        _refused(abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series));
        fund(owner(poor), poor, owed / USD);
        exchange.realise(poor, series, none());
        assertEq(exchange.collectFees(series), feesOfAll);
    }

    // --- bounties ---

    /// @dev A tenth of the fees, divided among the accounts, goes to those who settled them; the rest to the treasury.
    /// [SETTLE-18]
    function test_crankersEarnATenth() public {
        uint32 carol = open(1);
        address worker = owner(carol);
        settleAt(3600);
        vm.prank(worker);
        exchange.settleAccounts(two(alice, bob));
        uint256 bounty = earned / 10 / 2;
        uint256 rest = exchange.collectFees(series);
        assertEq(rest, earned - 2 * bounty, "what is earned is kept for its earners");
        refused(
            owner(alice),
            abi.encodeCall(IClearing.collectBounty, (series)),
            abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series)
        );
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.BountyPaid(series, carol, 2 * bounty);
        vm.prank(worker);
        assertEq(exchange.collectBounty(series), 2 * bounty);
        assertEq(cashOf(carol), 1 * USD + 2 * bounty);
        refused(
            worker,
            abi.encodeCall(IClearing.collectBounty, (series)),
            abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series)
        );
        exchange.draw(alice, series);
        assertEq(uint256(money(series).pool), 0);
    }

    function test_bountyWaitsForClosing() public {
        uint32 carol = open(1);
        address worker = owner(carol);
        settleAt(3600);
        vm.prank(worker);
        exchange.settleAccounts(one(alice));
        refused(
            worker,
            abi.encodeCall(IClearing.collectBounty, (series)),
            abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series)
        );
        crank(bob);
        vm.prank(worker);
        assertEq(exchange.collectBounty(series), earned / 10 / 2);
    }

    // --- treasury ---

    /// @dev [ACCOUNT-4] [SETTLE-18]
    function test_treasuryIsTheOwners() public {
        _close();
        exchange.collectFees(series);
        address to = makeAddr("treasury");
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.TreasuryWithdrawn(to, earned - 1);
        exchange.withdrawTreasury(to, earned - 1);
        assertEq(usdc.balanceOf(to), earned - 1);
        assertEq(exchange.treasury(), 1);
        _refusedTreasury(
            address(this), to, 2, abi.encodeWithSelector(IExchangeErrors.InsufficientCash.selector, 0, 1, 2)
        );
        _refusedTreasury(address(this), to, 0, abi.encodeWithSelector(IExchangeErrors.ZeroAmount.selector));
        address[2] memory lost = [address(0), address(exchange)];
        for (uint256 i; i < lost.length; ++i) {
            _refusedTreasury(
                address(this),
                lost[i],
                1,
                abi.encodeWithSelector(IExchangeErrors.InvalidRecipient.selector, lost[i])
            );
        }
        _refusedTreasury(to, to, 1, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, to));
    }

    function _refusedTreasury(address who, address to, uint256 amount, bytes memory error_) private {
        refused(who, abi.encodeCall(IBackOffice.withdrawTreasury, (to, amount)), error_);
    }

    // --- insurance ---

    function test_anyoneTopsUpInsurance() public {
        address donor = makeAddr("donor");
        usdc.mint(donor, 10);
        vm.startPrank(donor);
        usdc.approve(address(exchange), 10);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.InsuranceToppedUp(FEED, donor, 10);
        exchange.topUpInsurance(FEED, 10);
        vm.stopPrank();
        assertEq(exchange.insurance(FEED), 10);
        refused(
            donor,
            abi.encodeCall(IBackOffice.topUpInsurance, (FEED, 0)),
            abi.encodeWithSelector(IExchangeErrors.ZeroAmount.selector)
        );
        refused(
            donor,
            abi.encodeCall(IBackOffice.topUpInsurance, (99, 1)),
            abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, 99)
        );
    }

    /// @dev Everybody leaves: what the exchange still holds is nothing but what is declared. [SETTLE-20]
    function test_everythingCanLeave() public {
        _close();
        exchange.draw(alice, series);
        exchange.collectFees(series);
        withdraw(alice, cashOf(alice));
        withdraw(bob, cashOf(bob));
        exchange.withdrawTreasury(address(this), earned);
        assertEq(usdc.balanceOf(address(exchange)), 0);
    }
}
