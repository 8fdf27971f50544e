// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract RolesTest is ExchangeTest {
    address internal stranger = makeAddr("stranger");
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 100_000);
        bob = alice + 1;
    }

    function _notOwner(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, who);
    }

    function _notAuthorised(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NotAuthorised.selector, who);
    }

    // --- owner ---

    /// @dev [ACCOUNT-4]
    function test_ownerNamesGuardianAndArbiter() public {
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.GuardianSet(stranger);
        exchange.setGuardian(stranger);
        assertEq(exchange.guardian(), stranger);
        exchange.setArbiter(stranger);
        assertEq(exchange.arbiter(), stranger);
        refused(alice_(), abi.encodeCall(IBackOffice.setGuardian, (alice_())), _notOwner(alice_()));
        refused(alice_(), abi.encodeCall(IBackOffice.setArbiter, (alice_())), _notOwner(alice_()));
        refused(guardian, abi.encodeCall(IBackOffice.setGuardian, (guardian)), _notOwner(guardian));
    }

    function alice_() private view returns (address) {
        return owner(alice);
    }

    function test_ownershipMovesInTwoSteps() public {
        Ownable2Step ownable = Ownable2Step(address(exchange));
        assertEq(ownable.owner(), address(this));
        ownable.transferOwnership(stranger);
        assertEq(ownable.owner(), address(this), "not before it is accepted");
        refused(alice_(), abi.encodeCall(Ownable2Step.acceptOwnership, ()), _notOwner(alice_()));
        vm.prank(stranger);
        ownable.acceptOwnership();
        assertEq(ownable.owner(), stranger);
        refused(address(this), abi.encodeCall(IBackOffice.setGuardian, (guardian)), _notOwner(address(this)));
        vm.prank(stranger);
        exchange.setGuardian(guardian);
    }

    // --- guardian ---

    function _brake(bool on) private {
        vm.prank(guardian);
        exchange.setReduceOnly(series, on);
    }

    /// @dev [ACCOUNT-4]
    function test_guardianAloneBrakes() public {
        bytes memory call_ = abi.encodeCall(IBackOffice.setReduceOnly, (series, true));
        refused(stranger, call_, _notAuthorised(stranger));
        refused(address(this), call_, _notAuthorised(address(this)));
        refused(
            guardian,
            abi.encodeCall(IBackOffice.setReduceOnly, (99, true)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.GuardianReduceOnly(series, START + 7 days);
        _brake(true);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.GuardianReduceOnly(series, 0);
        _brake(false);
        buy(alice, 3400, 1);
    }

    /// @dev [BOOK-10] [ACCOUNT-4]
    function test_brakeLapsesAfterSevenDaysToTheSecond() public {
        _brake(true);
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, series);
        refusedPlace(alice, 0, 3400, 1, error_);
        refusedPlace(alice, IOC, 3500, 1, error_);
        vm.warp(START + 7 days - 1);
        refusedPlace(alice, 0, 3400, 1, error_);
        vm.warp(START + 7 days);
        buy(alice, 3400, 1);
    }

    /// @dev Nobody can block closing, cancelling, withdrawing and settling. [ACCOUNT-4]
    function test_brakeHoldsNobody() public {
        trade(alice, bob, 3500, 2);
        (uint96 id,) = buy(bob, 3490, 2);
        uint32 carol = open(100_000);
        buy(carol, 3480, 5);
        _brake(true);
        place(alice, IOC | SELL | REDUCE_ONLY, 3480, 2);
        assertEq(lotsOf(alice), 0);
        refusedCancel(bob, id); // it was filled
        massCancel(carol);
        withdraw(carol, 100_000 * USD);
        settleAt(3500);
        exchange.settleAccounts(two(alice, bob));
    }

    // --- desks ---

    function test_desksWorkOnlyForTheExchange() public {
        IIndexOracle feed = IIndexOracle(address(oracle));
        address desk = shipDesk("BackOffice", usdc, feed, address(0));
        _refusedAt(desk, abi.encodeCall(IBackOffice.open, ()), _notAuthorised(stranger));
        _refusedAt(desk, abi.encodeCall(IBackOffice.topUpInsurance, (FEED, 1)), _notAuthorised(stranger));
        _refusedAt(desk, abi.encodeCall(IBackOffice.listSeries, (spec())), _notOwner(stranger));
        desk = shipDesk("ClearingDesk", usdc, feed, address(0));
        _refusedAt(desk, abi.encodeCall(IClearing.settle, (series)), _notAuthorised(stranger));
        _refusedAt(desk, abi.encodeCall(IClearing.draw, (alice, series)), _notAuthorised(stranger));
    }

    function _refusedAt(address desk, bytes memory call_, bytes memory error_) private {
        vm.prank(stranger);
        (bool ok, bytes memory answer) = desk.call(call_);
        assertFalse(ok);
        assertEq(answer, error_);
    }

    function test_unknownFunctionsHaveAName() public {
        bytes4 selector = bytes4(keccak256("noSuchFunction()"));
        refused(
            stranger,
            abi.encodeWithSelector(selector),
            abi.encodeWithSelector(IExchangeErrors.UnknownFunction.selector, selector)
        );
    }

    function test_takesNoEther() public {
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        (bool ok,) = address(exchange).call{value: 1}("");
        assertFalse(ok);
    }
}
