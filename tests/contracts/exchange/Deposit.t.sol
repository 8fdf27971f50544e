// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";
import {ExchangeTest} from "./ExchangeTest.sol";
import {FeeToken, NineDecimals, ReentrantToken} from "./tokens.sol";

contract DepositTest is ExchangeTest {
    address internal alice = makeAddr("alice");

    /// @dev An exchange over another collateral; `exchange` and `usdc` become it.
    function _over(MockUSDC token) private {
        usdc = token;
        exchange = IExchange(deployExchange(token, IIndexOracle(address(oracle))));
        token.mint(alice, 100);
        vm.prank(alice);
        token.approve(address(exchange), type(uint256).max);
    }

    function test_firstDepositOpensAnAccount() public {
        usdc.mint(alice, 70);
        vm.startPrank(alice);
        usdc.approve(address(exchange), 70);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AccountOpened(1, alice);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Deposited(1, alice, 30);
        assertEq(exchange.deposit(0, 30), 1);
        assertEq(exchange.deposit(0, 40), 1, "the second goes to the same account");
        vm.stopPrank();
        assertEq(cashOf(1), 70);
        assertEq(usdc.balanceOf(address(exchange)), 70);
        assertEq(usdc.balanceOf(alice), 0);
    }

    /// @dev [ACCOUNT-1]
    function test_anyoneFundsANamedAccount() public {
        uint32 account = open(5);
        assertEq(fund(alice, account, 7), account);
        assertEq(cashOf(account), 12 * USD);
        assertEq(exchange.accountCount(), 1, "the payer gets no account");
    }

    function test_agentsDepositGoesToTheAccountItServes() public {
        uint32 account = open(5);
        address boss = owner(account);
        vm.prank(boss);
        exchange.inviteAgent(alice, uint40(vm.getBlockTimestamp() + 1), 1);
        vm.prank(alice);
        exchange.acceptAgent(account);
        assertEq(fund(alice, 0, 7), account);
        assertEq(cashOf(account), 12 * USD);
    }

    function test_refusesZero() public {
        refused(
            alice,
            abi.encodeCall(ITrading.deposit, (0, 0)),
            abi.encodeWithSelector(IExchangeErrors.ZeroAmount.selector)
        );
    }

    function test_refusesUnknownAccount() public {
        uint32 last = open(1);
        refused(
            alice,
            abi.encodeCall(ITrading.deposit, (last + 1, 1)),
            abi.encodeWithSelector(IExchangeErrors.UnknownAccount.selector, last + 1)
        );
    }

    function test_refusesMoreThanTheCallerHas() public {
        usdc.mint(alice, 5);
        vm.prank(alice);
        usdc.approve(address(exchange), 6);
        refused(
            alice,
            abi.encodeCall(ITrading.deposit, (0, 6)),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 5, 6)
        );
    }

    function test_refusesMoreThanCashHolds() public {
        uint256 most = type(uint88).max;
        usdc.mint(alice, most + 1);
        vm.startPrank(alice);
        usdc.approve(address(exchange), most + 1);
        exchange.deposit(0, most);
        vm.stopPrank();
        assertEq(cashOf(1), most);
        refused(
            alice,
            abi.encodeCall(ITrading.deposit, (0, 1)),
            abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 88, most + 1)
        );
    }

    function test_refusesFeeOnTransfer() public {
        _over(new FeeToken());
        refused(
            alice,
            abi.encodeCall(ITrading.deposit, (0, 100)),
            abi.encodeWithSelector(IExchangeErrors.UnsupportedToken.selector, 100, 99)
        );
        assertEq(usdc.balanceOf(alice), 100, "nothing is lost");
    }

    /// @dev The other two ways in: insurance, and the bond of a challenge.
    function test_refusesFeeOnTransferWhereverMoneyComesIn() public {
        _over(new FeeToken());
        exchange.listSeries(spec());
        bytes4 selector = IExchangeErrors.UnsupportedToken.selector;
        refused(
            alice,
            abi.encodeCall(IBackOffice.topUpInsurance, (FEED, 100)),
            abi.encodeWithSelector(selector, 100, 99)
        );
        uint256 bond = exchange.challengeBond();
        usdc.mint(alice, bond);
        vm.prank(alice);
        exchange.open();
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 2, 0);
        setIndex(3500);
        warpTo(EXPIRY_DAY, 1 hours);
        refused(
            alice, abi.encodeCall(IClearing.challenge, (1)), abi.encodeWithSelector(selector, bond, bond - 1)
        );
        assertEq(exchange.bonds(), 0);
    }

    /// @dev On deposit and on withdrawal, into hot paths and into the back office.
    function test_refusesReentrancy() public {
        ReentrantToken token = new ReentrantToken();
        _over(token);
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.Reentered.selector);
        vm.prank(alice);
        exchange.deposit(0, 50);
        bytes[5] memory inner = [
            abi.encodeCall(ITrading.deposit, (1, 1)),
            abi.encodeCall(ITrading.withdraw, (1, alice)),
            abi.encodeCall(ITrading.massCancelAll, ()),
            abi.encodeCall(IBackOffice.open, ()),
            abi.encodeCall(IClearing.settleAccounts, (one(1)))
        ];
        for (uint256 i; i < inner.length; ++i) {
            token.arm(inner[i]);
            refused(alice, abi.encodeCall(ITrading.deposit, (0, 1)), error_);
            refused(alice, abi.encodeCall(ITrading.withdraw, (1, alice)), error_);
            refused(alice, abi.encodeCall(IBackOffice.topUpInsurance, (FEED, 1)), _topUpError());
        }
        token.arm("");
        vm.prank(alice);
        exchange.withdraw(50, alice);
        assertEq(token.balanceOf(alice), 100, "the lock opens again");
    }

    /// @dev This exchange lists nothing, so its feeds are unknown before any token moves.
    function _topUpError() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IIndexOracle.UnknownFeed.selector, FEED);
    }

    function test_refusesTokenWithMoreThanEightDecimals() public {
        NineDecimals token = new NineDecimals();
        IIndexOracle feed = IIndexOracle(address(oracle));
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.TooManyDecimals.selector, 9));
        shipExchange(token, feed, address(this), address(exchange));
        vm.expectRevert(abi.encodeWithSelector(IExchangeErrors.TooManyDecimals.selector, 9));
        shipDesk("ClearingDesk", token, feed, address(0));
    }

    function test_refusesDeploymentWithoutParts() public {
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.ZeroAddress.selector);
        IIndexOracle feed = IIndexOracle(address(oracle));
        vm.expectRevert(error_);
        shipExchange(MockUSDC(address(0)), feed, address(this), address(exchange));
        vm.expectRevert(error_);
        shipExchange(usdc, IIndexOracle(address(0)), address(this), address(exchange));
        address noCode = makeAddr("no code");
        vm.expectRevert(error_);
        shipExchange(usdc, feed, address(this), noCode);
    }
}
