// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IBackOffice} from "../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../contracts/interfaces/IExchange.sol";
import {IExchangeErrors} from "../../contracts/interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "../../contracts/interfaces/IIndexOracle.sol";
import {ILiquidation} from "../../contracts/interfaces/ILiquidation.sol";
import {ISpreads} from "../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../contracts/interfaces/ITrading.sol";
import {SeriesSpec} from "../../contracts/interfaces/Types.sol";
import {MockUSDC} from "../../contracts/mocks/MockUSDC.sol";
import {DeskBase} from "./desks/DeskBase.sol";

/// @dev Collateral that calls back whenever it moves.
contract CallbackToken is MockUSDC {
    address private _target;
    bytes[] private _calls;
    bytes[] public answers;

    function arm(address target, bytes[] calldata calls) external {
        _target = target;
        delete _calls;
        delete answers;
        for (uint256 i; i < calls.length; ++i) {
            _calls.push(calls[i]);
        }
    }

    function answerCount() external view returns (uint256) {
        return answers.length;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        for (uint256 i; i < _calls.length; ++i) {
            (bool ok, bytes memory answer) = target.call(_calls[i]);
            answers.push(ok ? bytes("accepted") : answer);
        }
    }
}

/// @dev What went wrong elsewhere, tried here. Each test says what a naive design would do.
contract IncidentsTest is DeskBase {
    // --- Mango: borrowing against a profit that was marked up ---

    /// @dev Naive: counts the unrealised gain as collateral, so that it is withdrawn before the mark comes back.
    function test_mango_a_marked_up_profit_is_neither_withdrawn_nor_lent() public {
        exchange.createTokens(series);
        uint32 pumper = open(100_000);
        enter(series, pumper, 100);
        move(7000);
        assertEq(equity(pumper), 450_000e6);
        assertEq(withdrawable(pumper), 0, "cash 100,000 < IM 175,000");
        refused(
            owner(pumper),
            abi.encodeCall(ITrading.withdraw, (1, owner(pumper))),
            abi.encodeWithSelector(IExchangeErrors.NotWithdrawable.selector, pumper, uint256(0), uint256(1))
        );
        // As tokens: ten lots at 7000 leave $280,000 of the gain, which carries none of the 157,500 that 90 lots need.
        refused(
            owner(pumper),
            abi.encodeCall(ITokenDesk.wrap, (series, true, 10, owner(pumper))),
            shortOfMargin(pumper, 100_105e6, 157_500e6)
        );
        // 53 lots use up the gain and 21,000 of cash; the other 47 need 82,250.
        refused(
            owner(pumper),
            abi.encodeCall(ITokenDesk.wrap, (series, true, 53, owner(pumper))),
            shortOfMargin(pumper, 79_000e6, 82_250e6)
        );
    }

    // --- dYdX, YFI: a profit recycled through many wallets ---

    /// @dev Naive: pays a closed gain at once, so that each wallet funds the next and the last one leaves with the insurance.
    function test_yfi_a_gain_is_not_paid_out_on_the_day_it_was_made() public {
        uint32 first = open(100_000);
        uint32 second = open(1);
        enter(series, first, 100);
        move(7000);
        enter(series, first, -100);
        assertEq(position(first, series).lots, 0);
        assertGt(equity(first), 449_000e6);
        assertLe(withdrawable(first), 100_315e6, "its own cash");
        uint32[] memory payers = new uint32[](1);
        payers[0] = rich;
        vm.warp((uint256(DAY0) + 2) * 1 days - 1);
        refused(
            owner(second),
            abi.encodeCall(IClearing.realise, (first, series, payers)),
            tooEarly((uint256(DAY0) + 2) * 1 days)
        );
    }

    // --- Hyperliquid, JELLY and XPL: marks of a thin market ---

    /// @dev Naive: marks at the last trade, so that two wallets of one hand push a short into liquidation.
    function test_jelly_trades_with_oneself_move_the_mark_by_its_limit() public {
        uint32 victim = open(8761); // IM and the fee
        enter(series, victim, -10);
        uint32 left = openMany(2, 10_000_000);
        for (uint256 i; i <= 4; ++i) {
            if (i != 0) skip(15 minutes);
            exchange.refreshMark(series);
            (uint256 mark,,) = lens.markOf(series);
            // To and fro, so that hardly any open interest weighs against them.
            uint32 buyer = left + uint32(i % 2);
            trade(series, buyer, 2 * left + 1 - buyer, mark * 10_500 / 10_000, 500);
        }
        exchange.refreshMark(series);
        (uint256 moved,,) = lens.markOf(series);
        assertGt(moved, 3500, "it moves");
        assertLe(moved, 3762, "7.5% an hour: half of im - mm");
        (bool ok,) = address(exchange).call(abi.encodeCall(ILiquidation.flag, (victim)));
        assertFalse(ok, "a position at IM survives the hour");
    }

    // --- Drift v1: winners paid before losers ---

    /// @dev Naive: pays each winner from the common vault, so that the first to leave takes what the last is owed.
    function test_drift_no_winner_runs_before_the_loss_is_assigned() public {
        uint32 loser = open(18_000);
        uint32 early = open(100_000);
        uint32 late = open(100_000);
        trade(series, loser, early, 3500, 10);
        trade(series, loser, late, 3500, 10);
        move(2500); // the loser is short of 2,000
        enter(series, early, 10);
        vm.warp(uint256(DAY0 + 2) * 1 days - 30 minutes);
        exchange.flag(loser);
        watch(loser, uint256(DAY0 + 2) * 1 days);
        exchange.declare(loser, FEED);
        uint32[] memory payers = new uint32[](1);
        payers[0] = loser;
        bytes memory run = abi.encodeCall(IClearing.realise, (early, series, payers));
        vm.prank(owner(early));
        (bool ok, bytes memory answer) = address(exchange).call(run);
        assertFalse(ok);
        assertEq(bytes4(answer), IExchangeErrors.DeficitDeclaredIn.selector);
        close(series);
        int256 owedEarly = position(early, series).quote;
        int256 owedLate = position(late, series).quote;
        uint256 gotEarly = exchange.draw(early, series);
        uint256 gotLate = exchange.draw(late, series);
        assertLt(int256(gotEarly), owedEarly, "scaled");
        assertApproxEqAbs(int256(gotEarly) * owedLate, int256(gotLate) * owedEarly, 20_000e6, "alike");
        assertMoney();
    }

    // --- KiloEx: a forwarder reached the price setter ---

    /// @dev Naive: believes an address that the caller appends to its calldata, or lets a helper contract set prices.
    function test_kiloex_appended_addresses_and_relays_reach_nothing() public {
        address stranger = makeAddr("stranger");
        address[4] memory roles = [address(this), guardian, address(exchange), address(oracle)];
        for (uint256 i; i < roles.length; ++i) {
            bytes memory tail = abi.encodePacked(roles[i]);
            refused(
                stranger,
                bytes.concat(abi.encodeCall(IBackOffice.setReduceOnly, (series, true)), tail),
                notAuthorised(stranger)
            );
            refused(
                stranger,
                bytes.concat(abi.encodeCall(IClearing.rule, (series, 1, bytes32(0))), tail),
                notAuthorised(stranger)
            );
            refused(
                stranger,
                bytes.concat(abi.encodeCall(IBackOffice.listSeries, (spec())), tail),
                abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", stranger)
            );
        }
        bytes4[3] memory setters = [
            IIndexOracle.update.selector,
            IIndexOracle.setHalted.selector,
            IIndexOracle.rotateOperators.selector
        ];
        for (uint256 i; i < setters.length; ++i) {
            refused(
                stranger,
                abi.encodePacked(setters[i], new bytes(96)),
                abi.encodeWithSelector(IExchangeErrors.UnknownFunction.selector, setters[i])
            );
        }
    }

    // --- GMX v1: reentrancy across contracts ---

    /// @dev Naive: locks one contract, so that a callback changes positions through another while a price is being used.
    function test_gmx_a_callback_of_the_collateral_reaches_no_verb() public {
        CallbackToken token = new CallbackToken();
        usdc = token;
        exchange = IExchange(deployExchange(token, IIndexOracle(address(oracle))));
        exchange.listSeries(spec());
        exchange.setGuardian(address(token));
        exchange.setArbiter(address(token));
        Ownable2Step(address(exchange)).transferOwnership(address(token));
        vm.prank(address(token));
        Ownable2Step(address(exchange)).acceptOwnership();
        uint32 account = open(10_000);
        address who = owner(account);
        token.mint(who, 10_000e6);
        vm.prank(who);
        token.approve(address(exchange), type(uint256).max);

        bytes[] memory calls = _verbs();
        bytes[4] memory moves = [
            abi.encodeCall(ITrading.deposit, (account, 1e6)),
            abi.encodeCall(ITrading.withdraw, (1e6, who)),
            abi.encodeCall(IBackOffice.topUpInsurance, (FEED, 1e6)),
            abi.encodeCall(IClearing.challenge, (1))
        ];
        for (uint256 m; m < moves.length; ++m) {
            if (m == 3) _thin();
            token.arm(address(exchange), calls);
            vm.prank(who);
            (bool ok,) = address(exchange).call(moves[m]);
            assertTrue(ok, "the move itself");
            assertEq(token.answerCount(), calls.length);
            for (uint256 i; i < calls.length; ++i) {
                assertEq(
                    token.answers(i),
                    abi.encodeWithSelector(IExchangeErrors.Reentered.selector),
                    vm.toString(i)
                );
            }
        }
    }

    /// @dev A window of which a day is missing.
    function _thin() private {
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 2, 0);
        setIndex(3500);
        warpTo(EXPIRY_DAY, 1 hours);
    }

    /// @dev Everything that writes.
    function _verbs() private view returns (bytes[] memory calls) {
        uint32[] memory none;
        calls = new bytes[](37);
        calls[0] = abi.encodeCall(ITrading.deposit, (1, 1));
        calls[1] = abi.encodeCall(ITrading.withdraw, (1, address(1)));
        calls[2] = abi.encodeCall(ITrading.place, (1, 0, 3500, 1, 0, 0, 0));
        calls[3] = abi.encodeCall(ITrading.cancel, (1));
        calls[4] = abi.encodeCall(ITrading.batch, (1, "", false, 0));
        calls[5] = abi.encodeCall(ITrading.massCancel, (1));
        calls[6] = abi.encodeCall(ITrading.massCancelAll, ());
        calls[7] = abi.encodeCall(ITrading.prune, (1, true, 1));
        calls[8] = abi.encodeCall(ITrading.refreshMark, (1));
        calls[9] = abi.encodeCall(IBackOffice.open, ());
        calls[10] = abi.encodeCall(IBackOffice.inviteAgent, (address(1), 1, 1));
        calls[11] = abi.encodeCall(IBackOffice.acceptAgent, (1));
        calls[12] = abi.encodeCall(IBackOffice.removeAgent, (address(1)));
        calls[13] = abi.encodeCall(IBackOffice.topUpInsurance, (1, 1));
        calls[14] = abi.encodeCall(IBackOffice.listSeries, (spec()));
        calls[15] = abi.encodeCall(IBackOffice.withdrawTreasury, (address(1), 1));
        calls[16] = abi.encodeCall(IBackOffice.setReduceOnly, (1, true));
        calls[17] = abi.encodeCall(IBackOffice.setGuardian, (address(1)));
        calls[18] = abi.encodeCall(IBackOffice.setArbiter, (address(1)));
        calls[19] = abi.encodeCall(IClearing.realise, (1, 1, none));
        calls[20] = abi.encodeCall(IClearing.settle, (1));
        calls[21] = abi.encodeCall(IClearing.settleAccounts, (none));
        calls[22] = abi.encodeCall(IClearing.draw, (1, 1));
        calls[23] = abi.encodeCall(IClearing.collectFees, (1));
        calls[24] = abi.encodeCall(IClearing.collectBounty, (1));
        calls[25] = abi.encodeCall(IClearing.challenge, (1));
        calls[26] = abi.encodeCall(IClearing.rule, (1, 1, bytes32(0)));
        calls[27] = abi.encodeCall(ILiquidation.cancelOrders, (1));
        calls[28] = abi.encodeCall(ILiquidation.liquidate, (1, 1, 1, 1, 1));
        calls[29] = abi.encodeCall(ILiquidation.auction, (1, 1, 1));
        calls[30] = abi.encodeCall(ILiquidation.flag, (1));
        calls[31] = abi.encodeCall(ILiquidation.declare, (1, 1));
        calls[32] = abi.encodeCall(ITokenDesk.createTokens, (1));
        calls[33] = abi.encodeCall(ITokenDesk.wrap, (1, true, 1, address(1)));
        calls[34] = abi.encodeCall(ITokenDesk.unwrap, (1, true, 1));
        calls[35] = abi.encodeCall(ITokenDesk.redeem, (1, true, 1));
        calls[36] = abi.encodeCall(ISpreads.spread, (1, 2, 1, 0, 0, 0));
    }

    // --- Derive, issue 263: dust blocks a liquidator ---

    /// @dev Naive: compares the account with what it was when the bid was made, so that a unit of dust cancels the bid.
    function test_derive_dust_blocks_no_liquidation() public {
        uint32 trader = open(9000);
        enter(series, trader, 10);
        move(2800);
        exchange.flag(trader);
        watch(trader, START + 15 minutes);
        credit(trader, 1);
        assertEq(exchange.flaggedAt(trader), START, "the clock runs on");
        bid(rich, trader, FEED, 100_000);
        assertEq(position(trader, series).lots, 9);
        credit(trader, 1);
        refreshAll();
        buy(rich, 2800, 1);
        (uint256 closed,) = liquidate(trader, 1, 2800);
        assertEq(closed, 1);
    }

    /// @dev Naive: lets anyone put a position into an account, until its list is full.
    function test_derive_nobody_fills_the_list_of_another_account() public {
        exchange.createTokens(series);
        uint32 giver = open(100_000);
        enter(series, giver, 10);
        address target = owner(keeper);
        vm.prank(owner(giver));
        exchange.wrap(series, true, 10, target);
        assertEq(exchange.accountWord(keeper) >> 96, 0, "tokens are no position");
    }

    // --- UMA LSP: no settlement at the exact second of expiry ---

    /// @dev Naive: one check says before, the other after, and at the very second neither path works.
    function test_uma_every_path_answers_at_the_second_of_expiry() public {
        uint32 trader = open(50_000);
        enter(series, trader, 10);
        move(3600);
        for (uint256 i; i < 3; ++i) {
            vm.warp(uint256(EXPIRY_DAY) * 1 days - 1 + i);
            assertEq(equity(trader), 51_000e6);
            withdraw(trader, 1e6);
            credit(trader, 1e6);
        }
        vm.warp(uint256(EXPIRY_DAY) * 1 days);
        bytes memory settle = abi.encodeCall(IClearing.settle, (series));
        bytes memory notFixed = abi.encodeWithSelector(IExchangeErrors.WindowNotFixed.selector, series);
        refused(address(1), settle, notFixed);
        vm.warp(block.timestamp + 1 hours - 1);
        refused(address(1), settle, notFixed);
        vm.warp(block.timestamp + 1);
        close(series);
        exchange.draw(trader, series);
        assertMoney();
    }

    // --- loops without bound ---

    /// @dev Naive: walks all accounts, all orders or all series, until a call costs more than a block.
    function test_loops_what_a_call_walks_is_bounded() public {
        uint32 maker = open(10_000_000);
        for (uint256 i; i < 250; ++i) {
            buy(maker, 3400, 1);
        }
        refused(
            owner(maker),
            abi.encodeCall(ITrading.place, (series, 0, 3400, 1, 0, 0, 0)),
            abi.encodeWithSelector(IExchangeErrors.TooManyOrders.selector, series, uint256(250))
        );
        massCancel(maker);
        uint256 gas = gasleft();
        placeFull(rich, SELL | IOC, 3400, 1, 0, 0, 10);
        assertLt(gas - gasleft(), 500_000, "ten dead orders, not 250");
        exchange.prune(series, false, 10);
        assertEq(uint32(exchange.levelWord(series, 0, 3400)), 21, "progress is kept");
    }

    function test_loops_series_of_a_feed_and_of_an_account_are_bounded() public {
        uint32 trader = open(1_000_000);
        for (uint256 i = 1; i < 16; ++i) {
            uint16 id = listFar();
            if (i < 11) enter(id, trader, 1);
        }
        refused(
            owner(trader),
            abi.encodeCall(ITrading.place, (series, 0, 3500, 1, 0, 0, 0)),
            abi.encodeWithSelector(IExchangeErrors.TooManySeries.selector, trader, uint256(10))
        );
        SeriesSpec memory more = spec();
        refused(
            address(this),
            abi.encodeCall(IBackOffice.listSeries, (more)),
            abi.encodeWithSelector(
                IExchangeErrors.InvalidSpec.selector,
                "feed: live series",
                uint256(16),
                uint256(0),
                uint256(15)
            )
        );
    }
}
