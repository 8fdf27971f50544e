// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {Lens} from "../../../contracts/Lens.sol";
import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {Phase} from "../../../contracts/interfaces/Types.sol";
import {Position, Words} from "../../../contracts/libraries/State.sol";
import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";
import {MockOracle} from "../mocks/MockOracle.sol";

/// @dev What a market does to an exchange, at random: seven accounts, the last of which means harm, over three series of
/// two feeds, from listing to the last draw. Actions may be refused; `done` counts those that were not, and `broken`
/// names the first rule that an action broke.
contract Handler is Test {
    uint256 public constant ACTORS = 7;
    uint256 public constant SERIES = 3;
    uint64 private constant TICK = 100_000;

    IExchange private immutable exchange;
    MockOracle private immutable oracle;
    MockUSDC private immutable usdc;
    Lens private immutable lens;

    address[ACTORS] public actors;
    string public broken;
    mapping(bytes4 action => uint256) public done;

    /// @dev Every tick that was ever used, by series and side, so that a book can be walked without trusting its bitmap.
    mapping(uint256 key => uint256[]) private _ticks;
    mapping(uint256 keyAndTick => bool) private _seen;
    uint96[] private _orders;

    /// @dev Who was flat and owed nothing before the action, and its cash.
    uint256[ACTORS + 1] private _cash;
    bool[ACTORS + 1] private _clean;

    constructor(IExchange exchange_, MockOracle oracle_, MockUSDC usdc_, Lens lens_) {
        (exchange, oracle, usdc, lens) = (exchange_, oracle_, usdc_, lens_);
        for (uint256 i; i < ACTORS; ++i) {
            actors[i] = vm.addr(1000 + i);
            vm.prank(actors[i]);
            usdc.approve(address(exchange), type(uint256).max);
            usdc.mint(actors[i], 1e13);
            vm.prank(actors[i]);
            exchange.deposit(0, i < 3 ? 1_000_000e6 : 20_000e6);
        }
    }

    function ticks(uint256 series, uint256 side) external view returns (uint256[] memory) {
        return _ticks[(series << 8) | side];
    }

    // --- the frame of every action ---

    /// @dev Time passes before half of the actions.
    modifier step(uint256 seed) {
        if (seed % 2 == 1) vm.warp(vm.getBlockTimestamp() + (seed >> 128) % 1 hours);
        _;
    }

    function _try(uint256 actor, bytes memory call_) private returns (bool ok, bytes memory answer) {
        _before();
        vm.prank(actors[actor]);
        (ok, answer) = address(exchange).call(call_);
        if (ok) {
            ++done[bytes4(call_)];
        } else if (answer.length < 4 || bytes4(answer) == bytes4(0x4e487b71)) {
            _break("an action panicked");
        }
        _after(uint32(actor) + 1, bytes4(call_));
    }

    function _before() private {
        for (uint32 a = 1; a <= ACTORS; ++a) {
            _clean[a] = _owesNothing(a);
            _cash[a] = uint88(exchange.accountWord(a));
        }
    }

    function _owesNothing(uint32 account) private view returns (bool) {
        for (uint16 series = 1; series <= SERIES; ++series) {
            uint256 word = exchange.positionWord(account, series);
            Position memory p = Words.toPosition(word);
            if (p.quote < 0 || (p.lots != 0 && !Words.isSettled(word))) return false;
        }
        return true;
    }

    /// @dev The cash of an account that was flat and owed nothing changes by its own deposits, withdrawals and draws only.
    function _after(uint32 actor, bytes4 action) private {
        for (uint32 a = 1; a <= ACTORS; ++a) {
            uint256 cash = uint88(exchange.accountWord(a));
            if (!_clean[a] || cash == _cash[a]) continue;
            bool draws = action == IClearing.draw.selector || action == IClearing.realise.selector
                || action == IClearing.collectBounty.selector || action == ITrading.deposit.selector;
            if (cash > _cash[a] && draws) continue;
            if (cash < _cash[a] && a == actor && action == ITrading.withdraw.selector) continue;
            _break("the cash of a flat account changed");
        }
    }

    function _break(string memory rule) private {
        if (bytes(broken).length == 0) broken = rule;
    }

    function _series(uint256 seed) private pure returns (uint16) {
        return uint16(1 + (seed >> 16) % SERIES);
    }

    function _account(uint256 seed) private pure returns (uint32) {
        return uint32(1 + (seed >> 24) % ACTORS);
    }

    // --- money ---

    function deposit(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        _try(actor, abi.encodeCall(ITrading.deposit, (_account(seed), 1 + seed % 5000e6)));
    }

    /// @dev All that is free, or one unit more, which must be refused.
    function withdraw(uint256 actor, uint256 seed) external step(seed) {
        actor %= ACTORS;
        uint256 free = lens.accountInfo(uint32(actor + 1)).withdrawable;
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
        _place(actor % ACTORS, seed);
    }

    /// @dev Twice, as most of what happens to an exchange is orders.
    function placeMore(uint256 actor, uint256 seed) external step(seed) {
        _place(actor % ACTORS, seed);
        _place((actor % ACTORS + 1) % ACTORS, seed >> 64);
    }

    function _place(uint256 actor, uint256 seed) private {
        uint16 series = _series(seed);
        uint8 flags = _flags(seed);
        uint24 tick = _tick(series, seed);
        uint32 expiry =
            (seed >> 80) % 4 == 0 ? uint32(vm.getBlockTimestamp() + 1 + (seed >> 88) % 3 hours) : 0;
        uint16 steps = (seed >> 96) % 5 == 0 ? uint16(1 + (seed >> 104) % 3) : 0;
        bytes memory call_ = abi.encodeCall(
            ITrading.place, (series, flags, tick, uint32(1 + (seed >> 48) % 30), expiry, uint64(seed), steps)
        );
        _note(series, flags, tick);
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

    function _note(uint256 series, uint256 flags, uint256 tick) private {
        uint256 key = (series << 8) | (flags >> 7);
        if (_seen[(key << 32) | tick]) return;
        _seen[(key << 32) | tick] = true;
        _ticks[key].push(tick);
    }

    /// @dev Two trade there and, after a move of the index, back: both are flat, one has won what the other lost.
    function roundTrip(uint256 actor, uint256 seed) external step(seed) {
        (uint256 maker, uint256 taker) = (actor % ACTORS, (actor % ACTORS + 1 + seed % 3) % ACTORS);
        uint16 series = _series(seed);
        _deal(series, maker, taker, 5);
        _push(series, (seed >> 40) % 2 == 0, (seed >> 48) % 6 << 112);
        _deal(series, taker, maker, 5);
    }

    function _deal(uint16 series, uint256 seller, uint256 buyer, uint32 lots) private {
        _try(seller, abi.encodeCall(ITrading.refreshMark, (series)));
        (uint24 mark,,) = lens.markOf(series);
        _note(series, 128, mark);
        _try(seller, abi.encodeCall(ITrading.place, (series, 132, mark, lots, 0, 0, 0)));
        _try(buyer, abi.encodeCall(ITrading.place, (series, 1, mark, lots, 0, 0, 0)));
    }

    function cancel(uint256 actor, uint256 seed) external step(seed) {
        if (_orders.length == 0) return;
        uint96 id = _orders[seed % _orders.length];
        // Mostly by the order's own account.
        if (seed % 4 != 0) actor = uint32(exchange.orderWord(id)) - 1;
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
                _note(series, flags, tick);
                operations = bytes.concat(
                    operations,
                    abi.encodePacked(
                        uint8(1), flags, tick, uint32(1 + (dice >> 48) % 20), uint32(0), uint64(i)
                    )
                );
            }
        }
        _try(actor % ACTORS, abi.encodeCall(ITrading.batch, (series, operations, seed % 8 == 0, 0)));
    }

    function massCancel(uint256 actor, uint256 seed) external step(seed) {
        if (seed % 3 == 0) _try(actor % ACTORS, abi.encodeCall(ITrading.massCancelAll, ()));
        else _try(actor % ACTORS, abi.encodeCall(ITrading.massCancel, (_series(seed))));
    }

    function prune(uint256 actor, uint256 seed) external step(seed) {
        bytes memory call_ =
            abi.encodeCall(ITrading.prune, (_series(seed), (seed >> 8) % 2 == 0, uint16((seed >> 9) % 4)));
        _try(actor % ACTORS, call_);
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
        _try((seed >> 56) % 3, abi.encodeCall(ITrading.place, (series, flags, limit, lots, 0, 0, 0)));
        uint256 free = lens.accountInfo(uint32(ACTORS)).withdrawable;
        if (free != 0 && seed % 4 == 0) {
            _try(actor, abi.encodeCall(ITrading.withdraw, (free, actors[actor])));
        }
    }

    /// @dev One or two lots so many per cent away from the mark; post-only.
    function _quote(uint256 actor, uint16 series, bool sells, uint256 percent) private {
        (uint24 mark,,) = lens.markOf(series);
        uint24 tick = uint24((uint256(mark) * (sells ? 100 + percent : 100 - percent) / 1000) * 10);
        uint8 flags = sells ? 132 : 4;
        _note(series, flags, tick);
        uint32 lots = uint32(1 + percent % 2);
        (bool ok, bytes memory answer) =
            _try(actor, abi.encodeCall(ITrading.place, (series, flags, tick, lots, 0, 0, 0)));
        if (!ok) return;
        (uint96 id,) = abi.decode(answer, (uint96, uint32));
        _orders.push(id);
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

    // --- liquidation ---

    /// @dev The market moves against the weakest account, one with money offers to take its lots, and it is closed.
    function liquidate(uint256 actor, uint256 seed) external step(seed) {
        (uint32 account, uint16 series, bool long) = _weakestPosition();
        if (account == 0) return;
        _push(series, long, seed);
        _try(actor % ACTORS, abi.encodeCall(ITrading.refreshMark, (series)));
        (uint24 mark,,) = lens.markOf(series);
        uint8 flags = long ? 0 : 128;
        _note(series, flags, mark);
        bytes memory call_ =
            abi.encodeCall(ITrading.place, (series, flags, mark, uint32(1 + (seed >> 96) % 20), 0, 0, 0));
        (bool ok, bytes memory answer) = _try((seed >> 104) % 3, call_);
        if (ok) {
            (uint96 id,) = abi.decode(answer, (uint96, uint32));
            if (id != 0) _orders.push(id);
        }
        if (seed % 4 == 0) _try(actor % ACTORS, abi.encodeCall(ILiquidation.cancelOrders, (account)));
        uint32 lots = uint32(1 + (seed >> 48) % 20);
        uint24 limit = long ? 1 : 30_000;
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.liquidate, (account, series, lots, limit, 0)));
    }

    /// @dev Up to 30% against a long, or a short.
    function _push(uint16 series, bool down, uint256 seed) private {
        uint16 feed = series == SERIES ? 2 : 1;
        (uint64 price,,) = oracle.latest(feed);
        uint256 width = (seed >> 112) % 31;
        uint256 next = uint256(price) * (down ? 100 - width : 100 + width) / 100;
        oracle.set(feed, uint64(bound(next, 1500 * uint256(TICK), 8000 * uint256(TICK))), true);
    }

    function _weakestPosition() private view returns (uint32 account, uint16 series, bool long) {
        account = _weakest();
        for (series = 1; series <= SERIES; ++series) {
            uint256 word = exchange.positionWord(account, series);
            int256 lots = Words.toPosition(word).lots;
            if (lens.phaseOf(series) < Phase.EXPIRED && lots != 0) return (account, series, lots > 0);
        }
        return (0, 0, false);
    }

    /// @dev After a move against it one with money bids for a part of it; sometimes the auction has run for a while.
    function auction(uint256 actor, uint256 seed) external step(seed) {
        (uint32 account, uint16 series, bool long) = _weakestPosition();
        if (account == 0) return;
        _push(series, long, seed);
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.flag, (account)));
        if (seed % 3 == 0) vm.warp(vm.getBlockTimestamp() + (seed >> 64) % 40 minutes);
        uint16 feed = series == SERIES ? 2 : 1;
        uint32 fraction = uint32(1 + (seed >> 8) % 1e6);
        _try((seed >> 104) % 3, abi.encodeCall(ILiquidation.auction, (account, feed, fraction)));
        _try(actor % ACTORS, abi.encodeCall(ILiquidation.declare, (account, feed)));
    }

    function _weakest() private view returns (uint32 weakest) {
        int256 least = type(int256).max;
        for (uint32 a = 1; a <= ACTORS; ++a) {
            int256 room = lens.marginOf(a).equity - int256(lens.marginOf(a).maintenanceMargin);
            if (lens.marginOf(a).maintenanceMargin != 0 && room < least) (weakest, least) = (a, room);
        }
        if (weakest == 0) weakest = 1;
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

    function crank(uint256 actor, uint256 seed) external step(seed) {
        uint32[] memory list = new uint32[](1 + seed % 3);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _account(seed >> (8 * i));
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
