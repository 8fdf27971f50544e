// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {AccountMargin, Phase} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/interfaces/ILens.sol";
import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";
import {Words} from "../../../contracts/libraries/State.sol";
import {MockOracle} from "../mocks/MockOracle.sol";
import {Market} from "./Market.sol";

/// @dev The market, and what comes after it: liquidation, position tokens, settlement.
contract Handler is Market {
    constructor(IExchange exchange_, MockOracle oracle_, MockUSDC usdc_, ILens lens_)
        Market(exchange_, oracle_, usdc_, lens_)
    {}

    // --- liquidation ---

    /// @dev The market moves against the weakest account, one with money offers to take its lots, and it is closed.
    function liquidate(uint256 actor, uint256 seed) external step(seed) {
        (uint32 account, uint16 series, bool long) = _weakestPosition();
        if (account == 0) return;
        _push(series, long, seed);
        _try(actor % ACTORS, abi.encodeCall(ITrading.refreshMark, (series)));
        _offer(series, long ? 0 : 128, (seed >> 104) % 3, uint32(1 + (seed >> 96) % 20));
        if (seed % 4 == 0) _try(actor % ACTORS, abi.encodeCall(ILiquidation.cancelOrders, (account)));
        uint32 lots = uint32(1 + (seed >> 48) % 20);
        uint24 limit = long ? 1 : 30_000;
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.liquidate, (account, series, lots, limit, 0)));
    }

    /// @dev After a move against it one with money bids for a part of it; sometimes the auction has run for a while.
    function auction(uint256 actor, uint256 seed) external step(seed) {
        (uint32 account, uint16 series, bool long) = _weakestPosition();
        if (account == 0) return;
        _push(series, long, seed);
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.flag, (account)));
        if (seed % 3 == 0) vm.warp(vm.getBlockTimestamp() + (seed >> 64) % 40 minutes);
        uint32 fraction = uint32(1 + (seed >> 8) % 1e6);
        _try((seed >> 104) % 3, abi.encodeCall(ILiquidation.auction, (account, _feed(series), fraction)));
        _touch(series);
    }

    /// @dev An account is driven below zero and stays there, or one that was declared comes back.
    function declare(uint256 actor, uint256 seed) external step(seed) {
        (uint32 account, uint16 series, bool long) = _weakestPosition();
        if (account == 0) return;
        if (seed % 3 != 0) {
            for (uint256 i; i < 4 && probe.probeMargin(account).equity >= 0; ++i) {
                _push(series, long, 30 << 112);
            }
        } else {
            _push(series, !long, 30 << 112);
        }
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.cancelOrders, (account)));
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.flag, (account)));
        for (uint256 i; i < 3; ++i) {
            vm.warp(vm.getBlockTimestamp() + 10 minutes);
            _try(actor % ACTORS, abi.encodeCall(ILiquidation.flag, (account)));
        }
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.declare, (account, _feed(series))));
    }

    function _weakestPosition() private view returns (uint32 account, uint16 series, bool long) {
        account = _weakest();
        for (series = 1; series <= SERIES; ++series) {
            int256 lots = Words.toPosition(exchange.positionWord(account, series)).lots;
            if (lots != 0 && lens.phaseOf(series) < Phase.EXPIRED) return (account, series, lots > 0);
        }
        return (0, 0, false);
    }

    function _weakest() private view returns (uint32 weakest) {
        int256 least = type(int256).max;
        weakest = 1;
        for (uint32 a = 1; a <= ACTORS; ++a) {
            AccountMargin memory m = probe.probeMargin(a);
            int256 room = m.equity - int256(m.maintenanceMargin);
            if (m.maintenanceMargin != 0 && room < least) (weakest, least) = (a, room);
        }
    }

    // --- position tokens ---

    /// @dev A holder of lots turns some into tokens; now and then they go to another actor.
    function wrap(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        uint16 series = _series(seed);
        for (uint256 i; i < ACTORS; ++i) {
            if (_lots(actor, series) != 0) break;
            actor = (actor + 1) % ACTORS;
        }
        int256 lots = _lots(actor, series);
        if (lots == 0) return;
        uint32 some = uint32(1 + (seed >> 48) % uint256(lots < 0 ? -lots : lots));
        address to = actors[(seed >> 40) % 3 == 0 ? (actor + 1) % ACTORS : actor];
        _try(actor, abi.encodeCall(ITokenDesk.wrap, (series, lots > 0, some, to)));
    }

    /// @dev Before expiry tokens become lots again, after closing they become claims.
    function unwrap(uint256 actor, uint256 seed) external step(seed) {
        for (uint256 i; i < SERIES; ++i) {
            _unwrap(actor % ACTORS, uint256(keccak256(abi.encode(seed, i))), true);
        }
    }

    function redeem(uint256 actor, uint256 seed) external step(seed) {
        for (uint256 i; i < SERIES; ++i) {
            _unwrap(actor % ACTORS, uint256(keccak256(abi.encode(seed, i))), false);
        }
    }

    function _unwrap(uint256 actor, uint256 seed, bool alive) private {
        uint16 series = _series(seed);
        for (uint256 i; i < 2 * ACTORS; ++i) {
            bool long = i % 2 == 0;
            uint256 held = IERC20(exchange.tokenOf(series, long)).balanceOf(actors[actor]);
            if (held != 0) {
                uint32 some = uint32(1 + (seed >> 48) % held);
                if (alive) _try(actor, abi.encodeCall(ITokenDesk.unwrap, (series, long, some)));
                else _try(actor, abi.encodeCall(ITokenDesk.redeem, (series, long, some)));
                return;
            }
            if (!long) actor = (actor + 1) % ACTORS;
        }
    }

    function _lots(uint256 actor, uint16 series) private view returns (int256) {
        uint256 word = exchange.positionWord(uint32(actor + 1), series);
        return Words.isSettled(word) ? int256(0) : Words.toPosition(word).lots;
    }

    // --- challenges and the guardian's brake ---

    /// @dev Now and then a series comes to its end with two hours missing from its day; its settlement is challenged.
    function challenge(uint256 actor, uint256 seed) external step(seed) {
        uint16 series = _series(seed);
        uint256 end = uint256(lens.specOf(series).expiryDay) * 1 days;
        if (seed % 6 == 0 && vm.getBlockTimestamp() < end - 2 hours) {
            vm.warp(end - 2 hours);
            (uint64 price,,) = oracle.latest(_feed(series));
            oracle.set(_feed(series), price, false);
            vm.warp(end - 1);
            oracle.set(_feed(series), price, true);
            vm.warp(end + 1 hours + (seed >> 64) % 1 days);
        }
        _try(actor % ACTORS, abi.encodeCall(IClearing.challenge, (series)));
    }

    /// @dev Somewhere in the window's range, at the average for instance, or a little outside of it.
    function rule(uint256 seed) external step(seed) {
        uint16 series = _series(seed);
        (uint256 start, uint256 end) = (lens.specOf(series).windowStart, lens.specOf(series).expiryDay);
        (uint256 low, uint256 high) = oracle.windowRange(_feed(series), uint16(start), uint16(end));
        uint256 tick = (low + (high - low) * ((seed >> 64) % 12) / 10) / TICK;
        bytes32 evidence = keccak256(abi.encode(seed));
        _tryAs(exchange.arbiter(), abi.encodeCall(IClearing.rule, (series, uint24(tick), evidence)));
    }

    /// @dev Mostly it is lifted: braked, nothing but closing happens.
    function brake(uint256 seed) external step(seed) {
        bytes memory call_ = abi.encodeCall(IBackOffice.setReduceOnly, (_series(seed), seed % 8 == 0));
        _tryAs(exchange.guardian(), call_);
    }

    // --- the end ---

    /// @dev Now and then the days until the next expiry pass without a deal.
    function settle(uint256 actor, uint256 seed) external step(seed) {
        uint256 due = uint256(lens.specOf(uint16(1 + (seed >> 16) % SERIES)).expiryDay) * 1 days + 1 hours;
        if (seed % 3 == 0 && vm.getBlockTimestamp() < due) vm.warp(due);
        for (uint16 series = 1; series <= SERIES; ++series) {
            _try(actor % ACTORS, abi.encodeCall(IClearing.settle, (series)));
        }
    }

    /// @dev Some accounts, those of position tokens among them; now and then all.
    function crank(uint256 actor, uint256 seed) external step(seed) {
        uint32 count = exchange.accountCount();
        uint32[] memory list = new uint32[](seed % 3 == 0 ? count : 1 + seed % 5);
        for (uint256 i; i < list.length; ++i) {
            list[i] = uint32(1 + ((seed >> (8 * (i % 8))) % count + i) % count);
        }
        _try(actor % ACTORS, abi.encodeCall(IClearing.settleAccounts, (list)));
    }

    function draw(uint256 actor, uint256 seed) external step(seed) {
        uint16 series = _series(seed);
        for (uint32 a = 1; a <= ACTORS; ++a) {
            _try(actor % ACTORS, abi.encodeCall(IClearing.draw, (a, series)));
        }
    }

    function collect(uint256 actor, uint256 seed) external step(seed) {
        _try(actor % ACTORS, abi.encodeCall(IClearing.collectFees, (_series(seed))));
        _try(actor % ACTORS, abi.encodeCall(IClearing.collectBounty, (_series(seed))));
    }
}
