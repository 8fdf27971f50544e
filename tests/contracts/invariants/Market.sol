// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ILens} from "../../../contracts/interfaces/ILens.sol";
import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";
import {Position, Words} from "../../../contracts/libraries/State.sol";
import {MockOracle} from "../mocks/MockOracle.sol";
import {Frame} from "./Frame.sol";

/// @dev Money, orders and prices: what a market does to an exchange, at random. Seven accounts, the last of which means
/// harm, over three series of two feeds, from listing to the last draw.
abstract contract Market is Frame {
    uint96[] internal _orders;

    constructor(IExchange exchange_, MockOracle oracle_, MockUSDC usdc_, ILens lens_)
        Frame(exchange_, oracle_, usdc_, lens_)
    {}

    // --- money ---

    function deposit(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        _try(actor, abi.encodeCall(ITrading.deposit, (_account(seed), 1 + seed % 5000e6)));
    }

    /// @dev All that is free, or one unit more, which must be refused.
    function withdraw(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        uint256 free = probe.probeWithdrawable(uint32(actor + 1));
        (bool ok,) = _try(actor, abi.encodeCall(ITrading.withdraw, (free + 1, actors[actor])));
        if (ok) _break("more was withdrawn than is free");
        uint256 amount = seed % 4 == 0 ? free : free * ((seed >> 32) % 50) / 100;
        if (amount != 0) _try(actor, abi.encodeCall(ITrading.withdraw, (amount, actors[actor])));
    }

    function realise(uint256 actor, uint256 seed) external step(seed) {
        uint32[] memory payers = new uint32[](ACTORS);
        for (uint32 i; i < ACTORS; ++i) {
            payers[i] = uint32(1 + (seed % ACTORS + i) % ACTORS);
        }
        uint256 count = (seed >> 40) % 3;
        assembly ("memory-safe") {
            mstore(payers, count)
        }
        for (uint32 a = 1; a <= ACTORS; ++a) {
            _try(actor % ACTORS, abi.encodeCall(IClearing.realise, (a, _series(seed), payers)));
        }
    }

    function insure(uint256 actor, uint256 seed) external step(seed) {
        bytes memory call_ = abi.encodeCall(IBackOffice.topUpInsurance, (uint16(1 + seed % 2), seed % 900e6));
        _try(actor % ACTORS, call_);
    }

    // --- orders ---

    function place(uint256 actor, uint256 seed) external step(seed) {
        _order(actor % ACTORS, seed);
    }

    /// @dev Twice, as most of what happens to an exchange is orders.
    function placeMore(uint256 actor, uint256 seed) external step(seed) {
        _order(actor % ACTORS, seed);
        _order((actor % ACTORS + 1) % ACTORS, seed >> 64);
    }

    function _order(uint256 actor, uint256 seed) private {
        uint16 series = _series(seed);
        uint8 flags = _flags(seed);
        uint24 tick = _tick(series, seed);
        uint32 expiry =
            (seed >> 80) % 4 == 0 ? uint32(vm.getBlockTimestamp() + 1 + (seed >> 88) % 3 hours) : 0;
        uint16 steps = (seed >> 96) % 5 == 0 ? uint16(1 + (seed >> 104) % 3) : 0;
        bytes memory call_ = abi.encodeCall(
            ITrading.place, (series, flags, tick, uint32(1 + (seed >> 48) % 30), expiry, uint64(seed), steps)
        );
        _rest(series, flags, tick);
        _keep(series, actor, call_);
    }

    function _keep(uint16 series, uint256 actor, bytes memory call_) internal {
        _touch(series);
        (bool ok, bytes memory answer) = _try(actor, call_);
        if (!ok) return;
        (uint96 id,) = abi.decode(answer, (uint96, uint32));
        if (id != 0) _orders.push(id);
    }

    function _flags(uint256 seed) private pure returns (uint8 flags) {
        uint8[12] memory choice = [0, 0, 0, 1, 1, 2, 4, 4, 8, 9, 16, 17];
        flags = choice[(seed >> 56) % 12];
        if ((seed >> 72) % 2 == 1) flags |= 128;
    }

    /// @dev Within 6% of the mark, in steps of 10 ticks, so that orders meet.
    function _tick(uint16 series, uint256 seed) private view returns (uint24) {
        (uint24 mark,,) = lens.markOf(series);
        return uint24((uint256(mark) * (94 + (seed >> 112) % 13) / 1000) * 10);
    }

    /// @dev Two trade there and, after a move of the index, back: both are flat, one has won what the other lost.
    function roundTrip(uint256 actor, uint256 seed) external step(seed) {
        (uint256 maker, uint256 taker) = (actor % ACTORS, (actor % ACTORS + 1 + seed % 3) % ACTORS);
        uint16 series = _series(seed);
        _deal(series, maker, taker, 5);
        _push(series, (seed >> 40) % 2 == 0, (seed >> 48) % 6 << 112);
        _deal(series, taker, maker, 5);
        if (probe.probeQuote(uint32(maker + 1), series) != 0) ++done[this.roundTrip.selector];
    }

    function _deal(uint16 series, uint256 seller, uint256 buyer, uint32 lots) private {
        _try(seller, abi.encodeCall(ITrading.refreshMark, (series)));
        (uint24 mark,,) = lens.markOf(series);
        _rest(series, 128, mark);
        _touch(series);
        _try(seller, abi.encodeCall(ITrading.place, (series, 132, mark, lots, 0, 0, 0)));
        _try(buyer, abi.encodeCall(ITrading.place, (series, 1, mark, lots, 0, 0, 0)));
    }

    function cancel(uint256 actor, uint256 seed) external step(seed) {
        if (_orders.length == 0) return;
        uint96 id = _orders[seed % _orders.length];
        // Mostly by the order's own account.
        if (seed % 4 != 0) actor = uint32(exchange.orderWord(id)) - 1;
        _touch(uint16(id >> 80));
        _try(actor % ACTORS, abi.encodeCall(ITrading.cancel, (id)));
    }

    function batch(uint256 actor, uint256 seed) external step(seed) {
        uint16 series = _series(seed);
        bytes memory operations;
        for (uint256 i; i < 1 + (seed >> 8) % 4; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            if (dice % 3 == 0 && _orders.length != 0) {
                uint96 id = _orders[dice % _orders.length];
                operations = bytes.concat(
                    operations,
                    abi.encodePacked(
                        uint8(2), uint8(id >> 72), uint24(id >> 48), uint32(id >> 16), uint16(id)
                    )
                );
            } else {
                (uint8 flags, uint24 tick) = (_flags(dice), _tick(series, dice));
                _rest(series, flags, tick);
                operations = bytes.concat(
                    operations,
                    abi.encodePacked(
                        uint8(1), flags, tick, uint32(1 + (dice >> 48) % 20), uint32(0), uint64(i)
                    )
                );
            }
        }
        _touch(series);
        _try(actor % ACTORS, abi.encodeCall(ITrading.batch, (series, operations, seed % 8 == 0, 0)));
    }

    function massCancel(uint256 actor, uint256 seed) external step(seed) {
        if (seed % 3 == 0) _try(actor % ACTORS, abi.encodeCall(ITrading.massCancelAll, ()));
        else _try(actor % ACTORS, abi.encodeCall(ITrading.massCancel, (_series(seed))));
        _touch(_series(seed));
    }

    function prune(uint256 actor, uint256 seed) external step(seed) {
        bytes memory call_ =
            abi.encodeCall(ITrading.prune, (_series(seed), (seed >> 8) % 2 == 0, uint16((seed >> 9) % 4)));
        _touch(_series(seed));
        _try(actor % ACTORS, call_);
    }

    /// @dev Buys one month and sells another, or tries to with feeds that do not match.
    function spread(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        (uint16 near, uint16 far) = (seed >> 8) % 2 == 0 ? (uint16(1), uint16(2)) : (uint16(2), uint16(1));
        if ((seed >> 12) % 8 == 0) far = SERIES;
        uint32 lots = uint32(1 + (seed >> 48) % 6);
        _offer(near, 128, (actor + 1) % ACTORS, lots);
        _offer(far, 0, (actor + 2) % ACTORS, lots);
        _touch(near);
        int32 limit = (seed >> 16) % 4 == 0 ? int32(-5) : int32(500);
        _try(actor, abi.encodeCall(ISpreads.spread, (near, far, lots, limit, 0, 0)));
        _touch(far);
    }

    /// @dev A spread, of which one leg is closed at the price of its opening: nothing is left of it, not even a quote.
    function costless(uint256 actor, uint256 seed) external step(seed) {
        actor = 3 + actor % (ACTORS - 3); // one that could not carry the other leg alone
        uint32 lots = uint32(20 + (seed >> 48) % 20);
        _offer(2, 128, 0, lots);
        _offer(1, 0, 1, lots);
        _touch(2);
        (bool ok,) = _try(actor, abi.encodeCall(ISpreads.spread, (2, 1, lots, 500, 0, 0)));
        Position memory p = Words.toPosition(exchange.positionWord(uint32(actor + 1), 2));
        if (!ok || p.lots <= 0 || p.quote >= 0) return;
        uint256 unit = uint256(p.lots) * uint32(lens.specOf(2).tickValue);
        if (uint256(-p.quote) % unit != 0) return;
        uint24 tick = uint24(uint256(-p.quote) / unit);
        lots = uint32(uint256(p.lots));
        _rest(2, 0, tick);
        _keep(2, 2, abi.encodeCall(ITrading.place, (2, 0, tick, lots, 0, 0, 0)));
        _always = true;
        _try(actor, abi.encodeCall(ITrading.place, (2, 129, tick, lots, 0, 0, 0)));
        _always = false;
    }

    /// @dev Lots at the mark.
    function _offer(uint16 series, uint8 flags, uint256 actor, uint32 lots) internal {
        (uint24 mark,,) = lens.markOf(series);
        _rest(series, flags, mark);
        _keep(series, actor, abi.encodeCall(ITrading.place, (series, flags, mark, lots, 0, 0, 0)));
    }

    /// @dev The last actor quotes, kills its quotes in one go, quotes again behind the ghosts, lets another walk into
    /// them, and runs with its cash.
    function attack(uint256 seed) external step(seed) {
        uint256 actor = ACTORS - 1;
        uint16 series = _series(seed);
        bool sells = (seed >> 8) % 2 == 0;
        for (uint256 i; i < 3; ++i) {
            _quote(actor, series, sells, 1 + (seed >> (8 * i)) % 3);
        }
        _try(actor, abi.encodeCall(ITrading.massCancel, (series)));
        _quote(actor, series, sells, 3);
        _quote(actor, series, sells, 4);
        (uint8 flags, uint24 limit) = sells ? (uint8(1), uint24(30_000)) : (uint8(129), uint24(1));
        uint32 lots = uint32(1 + (seed >> 48) % 6);
        bytes memory take = abi.encodeCall(ITrading.place, (series, flags, limit, lots, 0, 0, 0));
        (bool ok, bytes memory answer) = _try((seed >> 56) % 3, take);
        if (ok) {
            (, uint32 filled) = abi.decode(answer, (uint96, uint32));
            if (filled != 0) ++done[this.attack.selector];
        }
        uint256 free = probe.probeWithdrawable(uint32(ACTORS));
        if (free != 0 && seed % 4 == 0) {
            _try(actor, abi.encodeCall(ITrading.withdraw, (free, actors[actor])));
        }
    }

    /// @dev One or two lots so many per cent away from the mark; post-only.
    function _quote(uint256 actor, uint16 series, bool sells, uint256 percent) private {
        (uint24 mark,,) = lens.markOf(series);
        uint24 tick = uint24((uint256(mark) * (sells ? 100 + percent : 100 - percent) / 1000) * 10);
        uint8 flags = sells ? 132 : 4;
        _rest(series, flags, tick);
        uint32 lots = uint32(1 + percent % 2);
        _keep(series, actor, abi.encodeCall(ITrading.place, (series, flags, tick, lots, 0, 0, 0)));
    }

    // --- prices ---

    function moveIndex(uint256 seed) external step(seed) {
        uint16 feed = uint16(1 + seed % 2);
        (uint64 price,,) = oracle.latest(feed);
        uint256 width = (seed >> 8) % 6 == 0 ? 30 : 3; // a jump now and then
        uint256 next = uint256(price) * (100 - width + (seed >> 16) % (2 * width + 1)) / 100;
        oracle.set(feed, uint64(bound(next, 1500 * uint256(TICK), 8000 * uint256(TICK))), true);
    }

    function goStale(uint256 seed) external step(seed) {
        if (seed % 3 != 0) return;
        uint16 feed = uint16(1 + (seed >> 8) % 2);
        (uint64 price,,) = oracle.latest(feed);
        oracle.set(feed, price, false);
        vm.warp(vm.getBlockTimestamp() + (seed >> 16) % 1 hours);
        oracle.set(feed, price, (seed >> 40) % 2 == 0);
    }

    function refreshMark(uint256 actor, uint256 seed) external step(seed) {
        _try(actor % ACTORS, abi.encodeCall(ITrading.refreshMark, (_series(seed))));
    }

    /// @dev Up to 30% against a long, or a short.
    function _push(uint16 series, bool down, uint256 seed) internal {
        uint16 feed = _feed(series);
        (uint64 price,,) = oracle.latest(feed);
        uint256 width = (seed >> 112) % 31;
        uint256 next = uint256(price) * (down ? 100 - width : 100 + width) / 100;
        oracle.set(feed, uint64(bound(next, 1500 * uint256(TICK), 8000 * uint256(TICK))), true);
    }
}
