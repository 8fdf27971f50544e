// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {AccountMargin, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IProbe} from "../invariants/IProbe.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev A world of its own: five actors in three series of two feeds, `rich` on the other side, indices that crash.
/// Every liquidation and every slice is checked against the promises of docs/spec/liquidation.md as it happens.
/// The basis is fixed at 0, so that figures before and after a call are at the same mark.
contract LiquidationHandler is DeskBase {
    uint256 internal constant ACTORS = 5;

    uint32 internal firstActor;
    uint256 public liquidations;
    uint256 public slices;
    uint256 public insured;
    uint256 public belowZero;
    uint256 public declarations;
    uint256 public cured;
    uint256 public cancelled;
    uint256 public wrapped;
    uint256 public unwrapped;
    uint256 public traded;
    uint256 public withdrawn;
    uint256 public lossRefused;

    constructor() {
        setUp();
        listFar();
        listOther();
        for (uint16 id = 1; id <= 3; ++id) {
            exchange.createTokens(id);
        }
        firstActor = openMany(ACTORS, 15_000);
        topUp(FEED, 50_000e6);
        topUp(FEED2, 50_000e6);
    }

    function spec() internal pure override returns (SeriesSpec memory x) {
        x = super.spec();
        x.maxBasis = 0;
    }

    function lastDesk(IERC20 collateral, IIndexOracle index) internal override returns (address) {
        return vm.deployCode("Probe.sol:Probe", abi.encode(collateral, index));
    }

    /// @dev Rules 1, 2 and 6 of the design; 5 is checked as it happens.
    function check() public view {
        assertEq(IProbe(address(exchange)).probeMoney(), "");
    }

    // --- actions ---

    function tradeSome(uint256 seed, uint256 lots, bool sells) external {
        uint32 actor = _actor(seed);
        uint16 id = uint16(1 + (seed >> 8) % 3);
        lots = bound(lots, 1, 20);
        (uint256 mark,,) = lens.markOf(id);
        if (mark < 100 || mark > 20_000 || braked(id)) return;
        series = id;
        place(rich, sells ? 0 : SELL, mark, lots);
        vm.prank(owner(actor));
        try exchange.place(id, sells ? SELL | IOC : IOC, uint24(mark), uint32(lots), 0, 0, 0) returns (
            uint96, uint32 filled
        ) {
            if (filled != 0) ++traded;
        } catch {}
        massCancel(rich);
        vm.prank(owner(actor));
        try exchange.place(id, sells ? SELL : 0, uint24(mark), uint32(lots), 0, 0, 0) {} catch {}
        _retire(actor, seed);
    }

    /// @dev Most resting orders go again, so that the next trade does not meet them.
    function _retire(uint32 actor, uint256 seed) private {
        if (seed >> 250 == 0) return;
        massCancel(actor);
    }

    function moveIndex(uint256 seed, bool up) external {
        uint16 feed = uint16(1 + (seed % 2));
        (uint64 price,,) = oracle.latest(feed);
        uint256 step = 1 + (seed >> 8) % 20;
        uint256 next = up ? price * (100 + step) / 100 : price * (100 - step) / 100;
        next = bound(next / TICK, 50, 20_000);
        oracle.set(feed, uint64(next * TICK), true);
        _refresh();
    }

    function wait_(uint256 seconds_) external {
        skip(bound(seconds_, 1, 40 minutes));
        _refresh();
    }

    function pay(uint256 seed, uint256 units) external {
        credit(_actor(seed), bound(units, 1, 5_000e6));
    }

    function withdraw_(uint256 seed) external {
        uint32 actor = _actor(seed);
        uint256 free = _free(actor);
        if (free == 0) return;
        withdraw(actor, free);
        ++withdrawn;
    }

    function cancelOrders(uint256 seed) external {
        uint32 actor = _distress(seed);
        try exchange.cancelOrders(actor) {
            ++cancelled;
            assertEq(position(actor, 1).openCount, 0);
        } catch {}
    }

    function liquidateSome(uint256 seed, uint256 lots, uint256 price) external {
        uint32 actor = _distress(seed);
        (uint16 id, int256 held) = _held(actor, seed);
        if (held == 0) return;
        series = id;
        (uint256 mark,,) = lens.markOf(id);
        price = bound(price, (mark * 9_500 + 9_999) / 10_000, mark * 10_500 / 10_000);
        lots = bound(lots, 1, 50);
        _clear(id);
        _release(id == 3 ? FEED2 : FEED);
        place(rich, held > 0 ? 0 : SELL, price, lots);
        _liquidate(actor, id, lots, price);
        massCancel(rich);
    }

    /// @dev Only `rich` is in the book, so that nobody else's equity may change.
    function _clear(uint16 id) private {
        for (uint32 i; i < ACTORS; ++i) {
            massCancel(firstActor + i);
        }
        exchange.prune(id, false, 0);
        exchange.prune(id, true, 0);
    }

    function _liquidate(uint32 actor, uint16 id, uint256 lots, uint256 price) private {
        AccountMargin memory before = _marginOf(actor);
        int256[] memory others = _equities();
        vm.prank(owner(keeper));
        try exchange.liquidate(actor, id, uint32(lots), uint24(price), 0) returns (uint256, uint256 reward) {
            ++liquidations;
            if (before.equity <= 0) ++belowZero;
            AccountMargin memory m = _marginOf(actor);
            _promised(before, m);
            uint256 freed = before.maintenanceMargin - m.maintenanceMargin;
            assertLe(reward, freed / 10, "5 a tenth");
            assertEq(_equityOf(keeper), others[keeper - 1] + int256(reward), "5 keeper");
            _untouched(others, actor, keeper);
            check();
        } catch (bytes memory reason) {
            bool covered = before.equity >= int256(before.maintenanceMargin);
            if (!covered) _known(bytes4(reason));
            else assertEq(bytes4(reason), IExchangeErrors.Healthy.selector);
        }
    }

    function auction(uint256 seed, uint256 fraction, uint256 wait) external {
        uint32 actor = _distress(seed);
        if (_equityOf(actor) >= int256(_marginOf(actor).maintenanceMargin)) return;
        if (exchange.flaggedAt(actor) == 0) exchange.flag(actor);
        _watch(actor, bound(wait, 0, 40 minutes));
        _refresh();
        uint16 feed = position(actor, 3).lots != 0 ? FEED2 : FEED;
        fraction = bound(fraction, 50_000, 1e6);
        AccountMargin memory before = _marginOf(actor);
        int256[] memory others = _equities();
        uint256 insurance = exchange.insurance(feed);
        vm.prank(owner(rich));
        try exchange.auction(actor, feed, uint32(fraction)) returns (uint256 paid, uint256 extra) {
            ++slices;
            if (extra > 0) ++insured;
            AccountMargin memory m = _marginOf(actor);
            _promised(before, m);
            assertEq(m.equity, before.equity - int256(paid), "5 pays what it is said to");
            assertEq(exchange.insurance(feed), insurance - extra, "5 insurance");
            assertEq(_equityOf(rich), others[rich - 1] + int256(paid + extra), "5 bidder");
            assertLe(paid + extra, before.maintenanceMargin - m.maintenanceMargin, "5 discount <= MM freed");
            _untouched(others, actor, rich);
            check();
        } catch (bytes memory reason) {
            _known(bytes4(reason));
        }
    }

    /// @dev Somebody looks every ten minutes, or the clocks would start anew.
    function _watch(uint32 actor, uint256 seconds_) private {
        for (; seconds_ > 10 minutes; seconds_ -= 10 minutes) {
            vm.warp(vm.getBlockTimestamp() + 10 minutes);
            try exchange.flag(actor) {} catch {}
        }
        vm.warp(vm.getBlockTimestamp() + seconds_);
    }

    function declare(uint256 seed) external {
        uint32 actor = _actor(seed);
        for (uint256 i; i < ACTORS && _equityOf(actor) >= 0; ++i) {
            actor = _actor(seed % ACTORS + i + 1);
        }
        if (_equityOf(actor) < 0) {
            exchange.flag(actor); // below zero, which it may not have been when its auction began
            _watch(actor, 30 minutes);
        }
        for (uint16 feed = 1; feed <= FEEDS; ++feed) {
            try exchange.declare(actor, feed) returns (uint256 amount) {
                if (amount == 0) ++cured;
                else ++declarations;
            } catch {}
            _brakeIsRight(feed);
        }
    }

    function heal(uint256 seed) external {
        uint32 actor = _actor(seed);
        for (uint256 i = 1; i < ACTORS; ++i) {
            if (exchange.declared(actor, FEED) + exchange.declared(actor, FEED2) != 0) break;
            actor = _actor(seed % ACTORS + i);
        }
        int256 value = _equityOf(actor);
        if (value < 0) credit(actor, uint256(-value) + 1e6);
        for (uint16 feed = 1; feed <= FEEDS; ++feed) {
            try exchange.declare(actor, feed) returns (uint256 amount) {
                if (amount == 0) ++cured;
            } catch {}
            _release(feed);
            _brakeIsRight(feed);
        }
        try exchange.flag(actor) {} catch {}
    }

    function wrap(uint256 seed, uint256 lots) external {
        uint32 actor = _actor(seed);
        (uint16 id, int256 held) = _held(actor, seed);
        for (uint256 i = 1; i < ACTORS && held == 0; ++i) {
            actor = _actor(seed % ACTORS + i);
            (id, held) = _held(actor, seed);
        }
        if (held == 0) return;
        bool long_ = held > 0;
        lots = bound(lots, 1, uint256(long_ ? held : -held));
        credit(actor, lots * 30_000e6);
        address who = owner(actor);
        vm.prank(who);
        try exchange.wrap(id, long_, uint32(lots), who) {
            ++wrapped;
            if (seed >> 255 == 1) return;
            vm.prank(who);
            exchange.unwrap(id, long_, uint32(lots));
            ++unwrapped;
        } catch {}
        uint256 free = _free(actor);
        if (free > lots * 30_000e6) free = lots * 30_000e6;
        if (free != 0) withdraw(actor, free);
    }

    // --- what must hold ---

    /// @dev equity - MM is not lowered, and what is lost is at most max(equity, 0) x MM freed / MM.
    function _promised(AccountMargin memory before, AccountMargin memory m) private pure {
        assertLt(m.maintenanceMargin, before.maintenanceMargin, "5 margin is freed");
        assertGe(
            m.equity - int256(m.maintenanceMargin),
            before.equity - int256(before.maintenanceMargin),
            "5 equity - MM lowered"
        );
        uint256 freed = before.maintenanceMargin - m.maintenanceMargin;
        uint256 had = before.equity > 0 ? uint256(before.equity) : 0;
        assertLe(before.equity - m.equity, int256(had * freed / before.maintenanceMargin), "5 loss");
    }

    /// @dev `rich` is the counterparty of every fill, so it is left out.
    function _untouched(int256[] memory before, uint32 account, uint32 other) private view {
        int256[] memory now_ = _equities();
        for (uint32 i = 1; i <= before.length; ++i) {
            if (i != account && i != other && i != rich) assertEq(now_[i - 1], before[i - 1], "5 bystander");
        }
    }

    function _known(bytes4 reason) private {
        if (reason == IExchangeErrors.LiquidationLoss.selector) {
            ++lossRefused;
        } else if (reason != IExchangeErrors.NothingFreed.selector) {
            assertEq(reason, IExchangeErrors.NothingTraded.selector, "unexpected refusal");
        }
    }

    function _brakeIsRight(uint16 feed) private view {
        bool on = exchange.deficit(feed) > exchange.insurance(feed);
        for (uint16 id = 1; id <= 3; ++id) {
            if ((id == 3) == (feed == FEED2)) {
                assertEq((exchange.hotWord(id) >> 248) & 32 != 0, on, "brake");
            }
        }
    }

    // --- helpers ---

    /// @dev A series in which the actor holds lots, if there is one.
    function _held(uint32 actor, uint256 seed) private view returns (uint16 id, int256 lots) {
        id = uint16(1 + (seed >> 8) % 3);
        for (uint256 i; i < 3; ++i) {
            lots = position(actor, id).lots;
            if (lots != 0) break;
            id = id % 3 + 1;
        }
    }

    /// @dev Ends the brake of a feed, so that `rich` can be the other side.
    function _release(uint16 feed) private {
        if (exchange.deficit(feed) <= exchange.insurance(feed)) return;
        topUp(feed, exchange.deficit(feed) - exchange.insurance(feed));
    }

    function _equities() private view returns (int256[] memory) {
        return IProbe(address(exchange)).probeEquities();
    }

    function _marginOf(uint32 account) private view returns (AccountMargin memory) {
        return IProbe(address(exchange)).probeMargin(account);
    }

    function _free(uint32 account) private view returns (uint256) {
        return IProbe(address(exchange)).probeWithdrawable(account);
    }

    /// @dev No run comes near an expiry.
    function _refresh() private {
        for (uint16 id = 1; id <= 3; ++id) {
            exchange.refreshMark(id);
        }
    }

    function _equityOf(uint32 account) private view returns (int256) {
        return _marginOf(account).equity;
    }

    function _actor(uint256 seed) private view returns (uint32) {
        return firstActor + uint32(seed % ACTORS);
    }

    /// @dev An actor below maintenance margin: one that is, or one that takes its cash out and that an index runs against.
    function _distress(uint256 seed) private returns (uint32 actor) {
        uint32 holder;
        for (uint256 i; i < ACTORS; ++i) {
            actor = _actor(seed % ACTORS + i);
            AccountMargin memory m = _marginOf(actor);
            if (m.maintenanceMargin == 0) continue;
            holder = actor;
            if (m.equity < int256(m.maintenanceMargin)) {
                if (seed >> 254 == 0) _push(actor, true);
                return actor;
            }
        }
        if (holder == 0) return actor;
        actor = holder;
        uint256 free = _free(actor);
        if (free != 0) withdraw(actor, free);
        _push(actor, seed >> 254 == 0);
    }

    /// @dev Moves an index against the actor until its equity is below MM, or below zero.
    function _push(uint32 actor, bool belowZero_) private {
        int256 net = position(actor, 3).lots;
        uint16 feed = FEED2;
        if (net == 0) (net, feed) = (position(actor, 1).lots + position(actor, 2).lots, FEED);
        if (net == 0) return;
        (uint64 price,,) = oracle.latest(feed);
        for (uint256 i; i < 20; ++i) {
            AccountMargin memory m = _marginOf(actor);
            if (m.equity < (belowZero_ ? int256(0) : int256(m.maintenanceMargin))) break;
            uint256 next = (net > 0 ? price * 94 / 100 : price * 107 / 100) / TICK;
            if (next < 50 || next > 20_000) break;
            price = uint64(next * TICK);
            oracle.set(feed, price, true);
        }
        _refresh();
    }
}
