// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev challenge, rule and what settle makes of them. The window has seven days: 604,800 s, 2% of it 12,096 s.
contract ChallengeTest is DeskBase {
    uint256 internal constant END = uint256(EXPIRY_DAY) * 1 days;
    uint256 internal constant BOND = 1000e6;
    bytes32 internal constant EVIDENCE = keccak256("evidence");

    address internal arbiter = makeAddr("arbiter");
    uint32 internal challenger;

    function setUp() public override {
        super.setUp();
        exchange.setArbiter(arbiter);
        challenger = open(1);
        usdc.mint(owner(challenger), 2 * BOND);
        vm.prank(owner(challenger));
        usdc.approve(address(exchange), type(uint256).max);
    }

    /// @dev 3500 on the first day, nothing on the second, 3600 on the other five: 21,500 / 6 = 3583.3.
    function thin() internal {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 2, 0);
        setIndex(3600);
        vm.warp(END + 1 hours);
        range(3400, 3650);
    }

    /// @dev What the oracle knows of the window, ticks.
    function range(uint256 low, uint256 high) internal {
        vm.mockCall(
            address(oracle),
            abi.encodeCall(IIndexOracle.windowRange, (FEED, WINDOW_START, EXPIRY_DAY)),
            abi.encode(low * TICK, high * TICK)
        );
    }

    function challenge() internal {
        vm.prank(owner(challenger));
        exchange.challenge(series);
        assertMoney();
    }

    function rule(uint24 tick) internal {
        vm.prank(arbiter);
        exchange.rule(series, tick, EVIDENCE);
        assertMoney();
    }

    function challengeCall() internal view returns (bytes memory) {
        return abi.encodeCall(IClearing.challenge, (series));
    }

    function ruleCall(uint24 tick) internal view returns (bytes memory) {
        return abi.encodeCall(IClearing.rule, (series, tick, EVIDENCE));
    }

    function settleCall() internal view returns (bytes memory) {
        return abi.encodeCall(IClearing.settle, (series));
    }

    function tooThin(uint256 from) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IExchangeErrors.CoverageTooLow.selector, uint256(6 days), uint256(7 days), from
        );
    }

    function because(bytes4 reason) internal view returns (bytes memory) {
        return abi.encodeWithSelector(reason, series);
    }

    // --- coverage ---

    /// @dev [SETTLE-8]
    function test_covered_to_98_percent_settles_at_once() public {
        warpTo(WINDOW_START, 1000);
        setStale();
        vm.warp(block.timestamp + 12_096);
        setIndex(3500);
        vm.warp(END + 1 hours);
        refused(owner(challenger), challengeCall(), because(IExchangeErrors.NotChallengeable.selector));
        assertEq(exchange.settle(series), 3500);
    }

    function test_a_second_less_can_be_challenged() public {
        warpTo(WINDOW_START, 1000);
        setStale();
        vm.warp(block.timestamp + 12_097);
        setIndex(3500);
        vm.warp(END + 1 hours);
        challenge();
    }

    // --- unchallenged ---

    /// @dev [SETTLE-8]
    function test_the_average_stands_after_two_days() public {
        thin();
        refused(address(1), settleCall(), tooThin(END + 2 days));
        vm.warp(END + 2 days - 1);
        refused(address(1), settleCall(), tooThin(END + 2 days));
        vm.warp(END + 2 days);
        refused(owner(challenger), challengeCall(), because(IExchangeErrors.NotChallengeable.selector));
        assertEq(exchange.settle(series), 3583);
    }

    // --- challenge ---

    function test_a_challenge_takes_the_bond_and_stops_the_settlement() public {
        thin();
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Challenged(series, challenger, BOND);
        challenge();
        assertEq(exchange.bonds(), BOND);
        assertEq(usdc.balanceOf(owner(challenger)), BOND);
        refused(address(1), settleCall(), tooThin(END + 1 hours + 5 days));
    }

    function test_the_last_second_of_the_challenge_period() public {
        thin();
        vm.warp(END + 2 days - 1);
        challenge();
        vm.warp(END + 2 days);
        refused(address(1), settleCall(), tooThin(END + 7 days - 1));
    }

    /// @dev [SETTLE-8]
    function test_challenge_refused() public {
        refused(
            owner(challenger),
            abi.encodeCall(IClearing.challenge, (99)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        refused(
            owner(challenger),
            challengeCall(),
            abi.encodeWithSelector(IExchangeErrors.NotExpired.selector, series, END)
        );
        address nobody = makeAddr("nobody");
        refused(nobody, challengeCall(), noAccount(nobody));
        address agent = agentOf(challenger, 3);
        refused(agent, challengeCall(), notPermitted(agent, 255));
        thin();
        vm.warp(END);
        refused(owner(challenger), challengeCall(), because(IExchangeErrors.WindowNotFixed.selector));
        vm.warp(END + 1 hours - 1);
        refused(owner(challenger), challengeCall(), because(IExchangeErrors.WindowNotFixed.selector));
        vm.warp(END + 1 hours);
        refused(
            owner(rich),
            challengeCall(),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(exchange), uint256(0), BOND
            )
        );
        challenge();
        refused(
            owner(challenger),
            challengeCall(),
            abi.encodeWithSelector(IExchangeErrors.AlreadyChallenged.selector, series, challenger)
        );
        rule(3500);
        exchange.settle(series);
        refused(owner(challenger), challengeCall(), because(IExchangeErrors.AlreadySettled.selector));
    }

    // --- ruling ---

    /// @dev [SETTLE-9] [SETTLE-11]
    function test_an_upheld_challenge_settles_at_the_ruling_and_returns_the_bond() public {
        thin();
        challenge();
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Ruled(series, 3500, EVIDENCE, true);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.BondReturned(challenger, BOND);
        rule(3500);
        assertEq(exchange.bonds(), 0);
        assertEq(cash(challenger), BOND + 1e6);
        assertEq(exchange.settle(series), 3500, "at once");
    }

    /// @dev [SETTLE-11]
    function test_a_ruling_equal_to_the_average_costs_the_bond() public {
        thin();
        challenge();
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Ruled(series, 3583, EVIDENCE, false);
        rule(3583);
        assertEq(exchange.bonds(), 0);
        assertEq(cash(challenger), 1e6);
        assertEq(exchange.insurance(FEED), BOND);
        assertEq(exchange.settle(series), 3583);
    }

    /// @dev [SETTLE-9]
    function test_rulings_stay_in_the_range_of_the_window() public {
        thin();
        challenge();
        bytes4 outOf = IExchangeErrors.RulingOutOfRange.selector;
        refused(
            arbiter,
            ruleCall(3399),
            abi.encodeWithSelector(outOf, uint256(3399), uint256(3400), uint256(3650))
        );
        refused(
            arbiter,
            ruleCall(3651),
            abi.encodeWithSelector(outOf, uint256(3651), uint256(3400), uint256(3650))
        );
        uint256 before = vm.snapshotState();
        rule(3400);
        vm.revertToState(before);
        rule(3650);
    }

    function test_the_range_ends_at_the_price_cap() public {
        thin();
        range(3400, 31_000);
        challenge();
        refused(
            arbiter,
            ruleCall(30_001),
            abi.encodeWithSelector(
                IExchangeErrors.RulingOutOfRange.selector, uint256(30_001), uint256(3400), uint256(30_000)
            )
        );
        rule(30_000);
    }

    /// @dev Nothing fresh in the window and nothing known of it: only the last value before it can be ruled.
    /// [SETTLE-12]
    function test_a_window_without_a_value_is_ruled_at_the_last_before() public {
        warpTo(WINDOW_START, 0);
        vm.warp(block.timestamp - 1);
        setStale();
        vm.warp(END + 1 hours);
        range(0, 0);
        challenge();
        refused(
            arbiter,
            ruleCall(3501),
            abi.encodeWithSelector(
                IExchangeErrors.RulingOutOfRange.selector, uint256(3501), uint256(3500), uint256(3500)
            )
        );
        uint256 had = exchange.insurance(FEED);
        rule(3500);
        assertEq(
            exchange.insurance(FEED) - had, exchange.challengeBond(), "what stood was ruled: the bond is lost"
        );
        assertEq(exchange.settle(series), 3500);
    }

    /// @dev The average holds seconds of the value that was in force when the window began. Though only higher ones were
    /// published in it, the arbiter can confirm the average, and a challenge of it costs its bond. [SETTLE-9]
    function test_the_average_can_be_confirmed_when_no_published_value_reaches_it() public {
        thin();
        (uint256 sum, uint256 fresh,,) = oracle.window(FEED, WINDOW_START, EXPIRY_DAY);
        uint24 mean = uint24((sum + fresh * TICK / 2) / (fresh * TICK));
        range(mean + 50, mean + 100);
        challenge();
        refused(
            arbiter,
            ruleCall(mean - 1),
            abi.encodeWithSelector(
                IExchangeErrors.RulingOutOfRange.selector,
                uint256(mean - 1),
                uint256(mean),
                uint256(mean + 100)
            )
        );
        uint256 had = exchange.insurance(FEED);
        rule(mean);
        assertEq(exchange.insurance(FEED) - had, exchange.challengeBond());
        assertEq(exchange.settle(series), mean);
    }

    /// @dev Values were published in the window, but none was fresh for a second: another ruling than the last value before
    /// the window upholds the challenge.
    function test_a_ruling_that_differs_without_a_fresh_second_is_upheld() public {
        warpTo(WINDOW_START, 0);
        vm.warp(block.timestamp - 1);
        setStale();
        vm.warp(END + 1 hours);
        range(3400, 3600);
        challenge();
        uint256 had = exchange.insurance(FEED);
        rule(3450);
        assertEq(exchange.insurance(FEED), had);
        assertEq(exchange.bonds(), 0);
        assertEq(exchange.settle(series), 3450);
    }

    function test_a_window_without_a_value_settles_at_the_last_before() public {
        warpTo(WINDOW_START, 0);
        vm.warp(block.timestamp - 1);
        setStale();
        vm.warp(END + 2 days);
        assertEq(exchange.settle(series), 3500);
    }

    /// @dev [SETTLE-9] [SETTLE-10]
    function test_the_arbiter_has_five_days_to_the_second() public {
        thin();
        challenge();
        uint256 end = block.timestamp + 5 days;
        vm.warp(end - 1);
        refused(address(1), settleCall(), tooThin(end));
        uint256 before = vm.snapshotState();
        rule(3500);
        assertEq(exchange.settle(series), 3500);
        vm.revertToState(before);
        vm.warp(end);
        refused(arbiter, ruleCall(3500), because(IExchangeErrors.NotChallenged.selector));
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.BondReturned(challenger, BOND);
        assertEq(exchange.settle(series), 3583, "after silence the average stands");
        assertMoney();
        assertEq(cash(challenger), BOND + 1e6);
        assertEq(exchange.bonds(), 0);
    }

    /// @dev [SETTLE-9]
    function test_rule_refused() public {
        refused(arbiter, ruleCall(3500), because(IExchangeErrors.NotChallenged.selector));
        thin();
        challenge();
        refused(address(this), ruleCall(3500), notAuthorised(address(this)));
        refused(guardian, ruleCall(3500), notAuthorised(guardian));
        rule(3500);
        refused(arbiter, ruleCall(3500), because(IExchangeErrors.NotChallenged.selector));
    }

    function test_a_former_arbiter_has_no_say() public {
        thin();
        challenge();
        exchange.setArbiter(makeAddr("next"));
        refused(arbiter, ruleCall(3500), notAuthorised(arbiter));
    }

    /// @dev While the settlement may be challenged all of the price can still move, so margin is not released.
    function test_margin_is_not_reduced_in_a_window_that_may_be_challenged() public {
        warpTo(WINDOW_START, 0);
        setStale();
        vm.warp(block.timestamp + 12_096);
        setIndex(3500);
        warpTo(WINDOW_START + 3, 0);
        (uint24 mark, uint24 moving,) = lens.markOf(series);
        assertLt(moving, mark);
        setStale();
        vm.warp(block.timestamp + 1);
        setIndex(3500);
        (mark, moving,) = lens.markOf(series);
        assertEq(moving, mark);
    }
}
