// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {AccountMargin, Phase} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/interfaces/ILens.sol";
import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";
import {MockOracle} from "../mocks/MockOracle.sol";
import {IProbe} from "./IProbe.sol";

/// @dev The frame of every action: who acts, what succeeded, and the rules about single actions. Actions may be
/// refused; `done` counts those that were not, and `broken` names the first rule that an action broke.
abstract contract Frame is Test {
    uint256 public constant ACTORS = 7;
    uint16 public constant SERIES = 3;
    uint64 internal constant TICK = 100_000;

    IExchange internal immutable exchange;
    IProbe internal immutable probe; // the exchange, as its last desk
    MockOracle internal immutable oracle;
    MockUSDC internal immutable usdc;
    ILens internal immutable lens;

    address[ACTORS] public actors;
    string public broken;
    mapping(bytes4 action => uint256) public done;
    /// @dev Actions that rule 4 was checked on.
    uint256 public margined;

    /// @dev Every tick that was ever used, by series and side, so that a book can be walked without its bitmap.
    mapping(uint256 key => uint256[]) private _ticks;
    mapping(uint256 keyAndTick => bool) private _seen;

    /// @dev Rule 4 is checked on every action, not on every fourth.
    bool internal _always;
    uint256 private _actions;
    uint16 private _touched;

    constructor(IExchange exchange_, MockOracle oracle_, MockUSDC usdc_, ILens lens_) {
        (exchange, probe, oracle, usdc, lens) = (exchange_, IProbe(address(exchange_)), oracle_, usdc_, lens_);
        for (uint256 i; i < ACTORS; ++i) {
            actors[i] = vm.addr(1000 + i);
            vm.prank(actors[i]);
            usdc.approve(address(exchange), type(uint256).max);
            usdc.mint(actors[i], 1e13);
            vm.prank(actors[i]);
            exchange.deposit(0, i < 3 ? 1_000_000e6 : 20_000e6);
        }
    }

    /// @dev Time passes before half of the actions.
    modifier step(uint256 seed) {
        if (seed % 2 == 1) vm.warp(vm.getBlockTimestamp() + (seed >> 128) % 1 hours);
        _;
        if (_touched != 0) _walk(_touched);
        _touched = 0;
    }

    function _try(uint256 actor, bytes memory call_) internal returns (bool ok, bytes memory answer) {
        bool exact = _ownMargin(bytes4(call_)) && (_always || ++_actions % 4 == 0);
        uint256[] memory was;
        if (exact) was = _atOneMark(uint32(actor + 1));
        (uint256[] memory cash, bool[] memory clean) = probe.probeAccounts();
        vm.prank(actors[actor]);
        (ok, answer) = address(exchange).call(call_);
        if (!ok) {
            if (answer.length < 4 || bytes4(answer) == bytes4(0x4e487b71)) _break("an action panicked");
            return (ok, answer);
        }
        ++done[bytes4(call_)];
        _cash(uint32(actor) + 1, bytes4(call_), cash, clean);
        if (exact) _margin(uint32(actor + 1), was);
    }

    /// @dev By the guardian or the arbiter, who have no account.
    function _tryAs(address role, bytes memory call_) internal {
        (uint256[] memory cash, bool[] memory clean) = probe.probeAccounts();
        vm.prank(role);
        (bool ok, bytes memory answer) = address(exchange).call(call_);
        if (!ok) {
            if (answer.length < 4 || bytes4(answer) == bytes4(0x4e487b71)) {
                _break("a role's action panicked");
            }
            return;
        }
        ++done[bytes4(call_)];
        _cash(0, bytes4(call_), cash, clean);
    }

    // --- rule 3 ---

    /// @dev The book of this series is walked when the action is over.
    function _touch(uint16 series) internal {
        if (_touched != 0 && _touched != series) _walk(_touched);
        _touched = series;
    }

    function _walk(uint16 series) private {
        _note(probe.probeBook(series, _ticks[uint256(series) << 8], _ticks[(uint256(series) << 8) | 1]));
    }

    function walkAll() external {
        for (uint16 series = 1; series <= SERIES; ++series) {
            _walk(series);
        }
    }

    function _rest(uint256 series, uint256 flags, uint256 tick) internal {
        uint256 key = (series << 8) | (flags >> 7);
        if (_seen[(key << 32) | tick]) return;
        _seen[(key << 32) | tick] = true;
        _ticks[key].push(tick);
    }

    // --- rule 4: after its own action IM-equity >= IM, or equity - IM is no lower and equity is not negative ---

    function _ownMargin(bytes4 action) private pure returns (bool) {
        return action == ITrading.place.selector || action == ITrading.batch.selector
            || action == ISpreads.spread.selector || action == ITokenDesk.unwrap.selector
            || action == ITrading.withdraw.selector || action == ITokenDesk.wrap.selector;
    }

    /// @dev All marks fresh, so that what the action sees is what is read before and after it.
    function _atOneMark(uint32 account) private returns (uint256[] memory) {
        for (uint16 series = 1; series <= SERIES; ++series) {
            if (lens.phaseOf(series) < Phase.EXPIRED) exchange.refreshMark(series);
        }
        return probe.probeWords(account);
    }

    /// @dev At the marks that the action saw, as a trade moves the basis only afterwards; and what it was at the open interest
    /// of now, by which margin grows with size. Whoever is below zero may cancel, and do what changes nothing.
    function _margin(uint32 account, uint256[] memory words) private {
        ++margined;
        AccountMargin memory m = probe.probeMarginWith(account, words, false);
        if (m.imEquity >= int256(m.initialMargin)) return;
        AccountMargin memory was = probe.probeMarginWith(account, words, true);
        bool grew = m.equity != was.equity || m.initialMargin > was.initialMargin;
        if (m.equity < 0 && grew) _break("4 an action left equity negative");
        if (m.equity - int256(m.initialMargin) < was.equity - int256(was.initialMargin)) {
            _break("4 an action below IM lowered equity - IM");
        }
    }

    // --- rule 7 ---

    /// @dev The cash of an account that was flat and owed nothing changes by its own deposits, withdrawals and draws.
    function _cash(uint32 actor, bytes4 action, uint256[] memory was, bool[] memory clean) private {
        (uint256[] memory cash,) = probe.probeAccounts();
        bool draws = action == IClearing.draw.selector || action == IClearing.realise.selector
            || action == IClearing.collectBounty.selector || action == ITrading.deposit.selector;
        bool returnsBond = action == IClearing.rule.selector || action == IClearing.settle.selector;
        for (uint256 a = 1; a < was.length; ++a) {
            if (!clean[a] || cash[a] == was[a]) continue;
            if (cash[a] > was[a] && draws) continue;
            if (returnsBond && cash[a] == was[a] + exchange.challengeBond()) continue;
            if (cash[a] < was[a] && a == actor && action == ITrading.withdraw.selector) continue;
            _break("7 the cash of a flat account changed");
        }
    }

    function _break(string memory rule) internal {
        if (bytes(broken).length == 0) broken = rule;
    }

    function _note(string memory rule) private {
        if (bytes(rule).length != 0) _break(rule);
    }

    // --- choices ---

    function _series(uint256 seed) internal pure returns (uint16) {
        return uint16(1 + (seed >> 16) % SERIES);
    }

    function _account(uint256 seed) internal pure returns (uint32) {
        return uint32(1 + (seed >> 24) % ACTORS);
    }

    function _feed(uint16 series) internal pure returns (uint16) {
        return series == SERIES ? 2 : 1;
    }
}
