// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {Phase, SeriesMoney, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {Base} from "../Base.t.sol";
import {Handler} from "./Handler.sol";
import {IProbe} from "./IProbe.sol";

/// @dev What must hold after every action, whoever acts: rules 1 to 4, 6, 7, 9 and 10 of the design. A message begins
/// with the number of its rule. Rule 5 is in desks/LiquidationInvariants.t.sol, rule 8 in oracle/Invariant.t.sol.
contract ExchangeInvariants is Base {
    uint256 private constant VERBS = 30;

    Handler internal handler;
    uint32 internal actors;

    function setUp() public override {
        super.setUp();
        oracle.set(2, uint64(3500 * TICK), true);
        SeriesSpec memory s = spec();
        (s.windowStart, s.expiryDay, s.takerFee, s.makerRebate) = (DAY0 + 2, DAY0 + 3, 0, 0);
        exchange.listSeries(s);
        s = spec();
        (s.feed, s.windowStart, s.expiryDay) = (2, DAY0 + 4, DAY0 + 5);
        exchange.listSeries(s);
        exchange.setArbiter(makeAddr("arbiter"));
        handler = new Handler(exchange, oracle, usdc, lens);
        actors = uint32(handler.ACTORS());
        for (uint16 id = 1; id <= 3; ++id) {
            exchange.createTokens(id);
        }
        targetContract(address(handler));
        bytes4[] memory none = new bytes4[](1);
        none[0] = handler.walkAll.selector;
        excludeSelector(FuzzSelector(address(handler), none));
    }

    /// @dev Short lives: a window of one day, so that a run reaches the end of it.
    function spec() internal pure override returns (SeriesSpec memory s) {
        s = super.spec();
        (s.windowStart, s.expiryDay) = (DAY0 + 1, DAY0 + 2);
    }

    function lastDesk(IERC20 collateral, IIndexOracle index) internal override returns (address) {
        return vm.deployCode("Probe.sol:Probe", abi.encode(collateral, index));
    }

    function invariant_rules() public view {
        assertEq(handler.broken(), "");
        assertEq(IProbe(address(exchange)).probeMoney(), "");
    }

    // --- the way out: rules 6 and 9 ---

    /// @dev After every run: from whatever state it reached everybody gets out what it is owed, in whatever order, and
    /// nothing remains but what is declared.
    function afterInvariant() public {
        handler.walkAll();
        invariant_rules();
        uint256 snapshot = vm.snapshotState();
        (uint256[] memory one, uint256[3] memory advances) = windDown(false);
        vm.revertToState(snapshot);
        (uint256[] memory other, uint256[3] memory others) = windDown(true);
        // Insurance of a feed goes to the series that closes first, which may be another one.
        if (keccak256(abi.encode(advances)) != keccak256(abi.encode(others))) return;
        for (uint256 a; a < actors; ++a) {
            assertApproxEqAbs(one[a], other[a], actors, "6 what is paid out depends on the order");
        }
    }

    /// @param reversed accounts in the other order, and one a call instead of all in one
    /// @return paid what each actor has withdrawn in the end
    /// @return advances what insurance paid into each series
    function windDown(bool reversed) public returns (uint256[] memory paid, uint256[3] memory advances) {
        // The last challenge can be posted two days after the last expiry, and its arbiter be silent for five.
        uint256 end = uint256(DAY0 + 5) * 1 days + 7 days;
        if (vm.getBlockTimestamp() < end) vm.warp(end);
        for (uint16 id = 1; id <= 3; ++id) {
            if (lens.phaseOf(id) < Phase.SETTLED) exchange.settle(id);
        }
        bool[4] memory before;
        for (uint16 id = 1; id <= 3; ++id) {
            before[id] = lens.phaseOf(id) == Phase.CLOSED;
        }
        _crank(reversed);
        for (uint16 id = 1; id <= 3; ++id) {
            assertEq(uint8(lens.phaseOf(id)), uint8(Phase.CLOSED), "9 a series does not close");
            SeriesMoney memory m = exchange.moneyOf(id);
            advances[id - 1] = m.advance;
            if (before[id] || m.collected == m.claims) continue;
            assertEq(exchange.insurance(id == 3 ? 2 : 1), 0, "6 scaled, though there is insurance");
        }
        _redeemAll();
        // A debt paid by one draw raises the claims of others.
        for (uint256 i; i < 12 && _drawAll(reversed); ++i) {}
        paid = new uint256[](actors);
        for (uint32 a = 1; a <= actors; ++a) {
            uint256 cash = uint88(exchange.accountWord(a));
            if (cash != 0) withdraw(a, cash);
            assertEq(exchange.accountWord(a) & type(uint88).max, 0, "9 cash that cannot leave");
            paid[a - 1] = usdc.balanceOf(owner(a));
        }
        _assertRest();
    }

    function _crank(bool reversed) private {
        uint32[] memory all = new uint32[](exchange.accountCount());
        for (uint32 i; i < all.length; ++i) {
            all[i] = reversed ? uint32(all.length) - i : i + 1;
        }
        if (!reversed) return exchange.settleAccounts(all);
        uint32[] memory one = new uint32[](1);
        for (uint256 i; i < all.length; ++i) {
            one[0] = all[i];
            exchange.settleAccounts(one);
        }
    }

    function _redeemAll() private {
        for (uint16 id = 1; id <= 3; ++id) {
            for (uint32 a = 1; a <= actors; ++a) {
                _redeem(id, a, true);
                _redeem(id, a, false);
            }
        }
    }

    /// @dev Whoever still owes the series pays first, as far as its cash goes; tokens can go to another account.
    function _redeem(uint16 id, uint32 a, bool long) private {
        uint32 held = uint32(IERC20(exchange.tokenOf(id, long)).balanceOf(owner(a)));
        if (held == 0) return;
        address who = owner(a);
        uint32 by = a;
        while (IProbe(address(exchange)).probeQuote(by, id) < 0) {
            by = by % actors + 1;
            require(by != a, "every account owes the series");
        }
        address to = owner(by);
        address token = exchange.tokenOf(id, long);
        vm.prank(who);
        IERC20(token).transfer(to, held);
        vm.prank(to);
        exchange.redeem(id, long, held);
    }

    function _drawAll(bool reversed) private returns (bool some) {
        for (uint16 id = 1; id <= 3; ++id) {
            for (uint32 i = 1; i <= actors; ++i) {
                uint32 a = reversed ? actors + 1 - i : i;
                int256 quote = IProbe(address(exchange)).probeQuote(a, id);
                if (quote > 0 && _try(abi.encodeCall(IClearing.draw, (a, id)))) some = true;
                uint32[] memory payers;
                if (quote < 0 && _try(abi.encodeCall(IClearing.realise, (a, id, payers)))) some = true;
            }
        }
    }

    function _try(bytes memory call_) private returns (bool ok) {
        (ok,) = address(exchange).call(call_);
    }

    /// @dev Every claim is drawn up to a unit an account, and what pools hold beyond is fees, or backs what insurance
    /// has advanced.
    function _assertRest() private view {
        for (uint16 id = 1; id <= 3; ++id) {
            SeriesMoney memory m = exchange.moneyOf(id);
            assertLe(m.collected - m.drawn, 2 * actors, "9 claims that nobody can draw");
            if (m.collected < m.claims) {
                assertEq(m.pool, m.collected - m.drawn, "6 scaled claims left money");
            }
        }
        invariant_rules();
    }

    // --- the handler is worth something ---

    /// @dev A long random market: every kind of action succeeds in it, so the rules above are not vacuous.
    function test_everyActionSucceeds() public {
        uint256 seed = 1;
        uint256 snapshot = vm.snapshotState();
        bytes4[VERBS] memory selectors = _selectors();
        bool[VERBS] memory reached;
        uint256 margined;
        for (uint256 run; run < 8; ++run) {
            for (uint256 i; i < 150; ++i) {
                seed = uint256(keccak256(abi.encode(seed)));
                _act(seed);
                if (i % 10 == 9) invariant_rules();
            }
            _end(seed);
            for (uint256 i; i < VERBS; ++i) {
                if (handler.done(selectors[i]) != 0) reached[i] = true;
            }
            margined += handler.margined();
            afterInvariant();
            vm.revertToState(snapshot);
        }
        for (uint256 i; i < VERBS; ++i) {
            assertTrue(reached[i], vm.toString(abi.encodePacked(selectors[i])));
        }
        assertGt(margined, 30, "rule 4 was hardly checked");
    }

    function _act(uint256 seed) private {
        (uint256 a, uint256 dice) = (seed >> 250, seed >> 4);
        uint256 which = uint256(keccak256(abi.encode(seed, "which"))) % 29;
        if (which < 4) handler.place(a, dice);
        else if (which < 8) handler.placeMore(a, dice);
        else if (which == 8) handler.deposit(a, dice);
        else if (which == 9) handler.withdraw(a, dice);
        else if (which == 10) handler.realise(a, dice);
        else if (which == 11) handler.insure(a, dice);
        else if (which == 12) handler.cancel(a, dice);
        else if (which == 13) handler.batch(a, dice);
        else if (which == 14) handler.massCancel(a, dice);
        else if (which == 15) handler.prune(a, dice);
        else if (which == 16) handler.attack(dice);
        else if (which == 17) handler.moveIndex(dice);
        else if (which == 18) handler.goStale(dice);
        else if (which == 19) handler.liquidate(a, dice);
        else if (which == 20) handler.auction(a, dice);
        else if (which == 23) handler.roundTrip(a, dice);
        else _actLate(which, a, dice);
    }

    function _actLate(uint256 which, uint256 a, uint256 dice) private {
        if (which == 21) return handler.refreshMark(a, dice);
        if (which == 24) return handler.spread(a, dice);
        if (which == 25) return handler.wrap(a, dice);
        if (which == 26) {
            handler.wrap(a, dice);
            return handler.unwrap(a, dice >> 8);
        }
        if (which == 27) return handler.declare(a, dice);
        if (which == 28) return handler.costless(a, dice);
        handler.brake(dice);
        if (dice % 2 == 0) {
            handler.challenge(a, dice - dice % 6);
            handler.rule(dice);
        }
        handler.settle(a, dice);
        handler.crank(a, dice);
        handler.draw(a, dice);
        handler.redeem(a, dice);
        handler.collect(a, dice);
    }

    /// @dev Every series to its end, every account cranked, tokens redeemed.
    function _end(uint256 seed) private {
        for (uint256 i; i < 9; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 dice = seed - seed % 3;
            handler.settle(seed >> 250, dice);
            handler.crank(seed >> 250, dice);
            handler.redeem(i, dice);
            handler.collect(i, dice);
        }
    }

    function _selectors() private view returns (bytes4[VERBS] memory) {
        return [
            ITrading.deposit.selector,
            ITrading.withdraw.selector,
            ITrading.place.selector,
            ITrading.cancel.selector,
            ITrading.batch.selector,
            ITrading.massCancel.selector,
            ITrading.massCancelAll.selector,
            ITrading.prune.selector,
            ITrading.refreshMark.selector,
            ISpreads.spread.selector,
            IBackOffice.topUpInsurance.selector,
            IClearing.realise.selector,
            IClearing.settle.selector,
            IClearing.settleAccounts.selector,
            IClearing.draw.selector,
            IClearing.collectFees.selector,
            ILiquidation.cancelOrders.selector,
            ILiquidation.liquidate.selector,
            ILiquidation.auction.selector,
            ILiquidation.flag.selector,
            ILiquidation.declare.selector,
            ITokenDesk.wrap.selector,
            ITokenDesk.unwrap.selector,
            ITokenDesk.redeem.selector,
            IClearing.collectBounty.selector,
            IClearing.challenge.selector,
            IClearing.rule.selector,
            IBackOffice.setReduceOnly.selector,
            handler.attack.selector,
            handler.roundTrip.selector
        ];
    }
}
