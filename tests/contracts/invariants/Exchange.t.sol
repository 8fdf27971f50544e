// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {Phase, SeriesMoney, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {Hot, NO_ASK, Order, Position, Words} from "../../../contracts/libraries/State.sol";
import {Base} from "../Base.t.sol";
import {Handler} from "./Handler.sol";

/// @dev What must hold after every action, whoever acts (docs: design rules 1, 2, 3, 7, 9 and 10).
contract ExchangeInvariants is Base {
    Handler internal handler;
    uint32 internal actors;

    /// @dev What a walk over a book found of each account's orders.
    uint256[10] internal buys;
    uint256[10] internal sells;
    uint256[10] internal counts;

    function setUp() public override {
        super.setUp();
        oracle.set(2, uint64(3500 * TICK), true);
        SeriesSpec memory s = spec();
        (s.windowStart, s.expiryDay) = (DAY0 + 2, DAY0 + 3);
        exchange.listSeries(s);
        s = spec();
        (s.feed, s.windowStart, s.expiryDay) = (2, DAY0 + 4, DAY0 + 5);
        exchange.listSeries(s);
        handler = new Handler(exchange, oracle, usdc, lens);
        actors = uint32(handler.ACTORS());
        targetContract(address(handler));
    }

    /// @dev Short lives: a window of one day, so that a run reaches the end of it.
    function spec() internal pure override returns (SeriesSpec memory s) {
        s = super.spec();
        (s.windowStart, s.expiryDay) = (DAY0 + 1, DAY0 + 2);
    }

    // --- money ---

    function invariant_money() public view {
        assertEq(handler.broken(), "");
        _assertLots();
        _assertPools();
        _assertCustody();
    }

    /// @dev Lots sum to zero until they became money; long open interest is what the series says.
    function _assertLots() private view {
        for (uint16 id = 1; id <= 3; ++id) {
            if (_phase(id) >= Phase.SETTLED) continue;
            int256 sum;
            int256 longs;
            for (uint32 a = 1; a <= actors; ++a) {
                int256 lots = Words.toPosition(exchange.positionWord(a, id)).lots;
                sum += lots;
                if (lots > 0) longs += lots;
            }
            assertEq(sum, 0, "lots");
            assertEq(longs, int256(Words.toHot(exchange.hotWord(id)).openInterest), "open interest");
        }
    }

    /// @dev sum of quote + fees + advance = pool; while settled, with lots x S x v of those not yet cranked.
    function _assertPools() private view {
        for (uint16 id = 1; id <= 3; ++id) {
            Hot memory h = Words.toHot(exchange.hotWord(id));
            SeriesMoney memory m = exchange.moneyOf(id);
            bool settled = _phase(id) >= Phase.SETTLED;
            int256 sum = int256(uint256(m.fees) + h.fees + m.advance);
            for (uint32 a = 1; a <= actors; ++a) {
                uint256 word = exchange.positionWord(a, id);
                Position memory p = Words.toPosition(word);
                sum += p.quote;
                if (settled && !Words.isSettled(word)) sum += p.lots * int256(h.mark * 1_000_000);
            }
            assertEq(sum, int256(uint256(m.pool)), "pool");
            assertLe(m.drawn, m.collected, "drawn beyond what was collected");
            assertLe(m.collected, m.claims, "collected beyond the claims");
        }
    }

    /// @dev Tokens held = cash + pools + insurance + bonds + treasury.
    function _assertCustody() private view {
        uint256 sum = exchange.treasury() + exchange.bonds() + exchange.insurance(1) + exchange.insurance(2);
        for (uint32 a = 1; a <= actors; ++a) {
            sum += uint88(exchange.accountWord(a));
        }
        for (uint16 id = 1; id <= 3; ++id) {
            sum += exchange.moneyOf(id).pool;
        }
        assertEq(usdc.balanceOf(address(exchange)), sum, "custody");
    }

    // --- books ---

    /// @dev No live order crosses another, the cached best is never worse than the best live, and what an account has
    /// reserved is what its orders of its own epoch add up to.
    function invariant_books() public {
        for (uint16 id = 1; id <= 3; ++id) {
            if (_phase(id) >= Phase.SETTLED) continue;
            for (uint256 a; a < 10; ++a) {
                buys[a] = sells[a] = counts[a] = 0;
            }
            Hot memory h = Words.toHot(exchange.hotWord(id));
            uint256 bid = _walk(id, 0, buys);
            uint256 ask = _walk(id, 1, sells);
            assertLt(bid, ask, "live orders cross");
            assertGe(h.bid, bid, "cached bid");
            assertLe(h.ask, ask, "cached ask");
            for (uint32 a = 1; a <= actors; ++a) {
                Position memory p = Words.toPosition(exchange.positionWord(a, id));
                assertEq(p.openBuy, buys[a], "open buys");
                assertEq(p.openSell, sells[a], "open sells");
                assertEq(p.openCount, counts[a], "open orders");
            }
        }
    }

    /// @dev Reads every level that was ever used. An expired order is dead but still reserved.
    /// @return best tick of the best live order
    function _walk(uint16 id, uint8 side, uint256[10] storage reserved) private returns (uint256 best) {
        if (side == 1) best = NO_ASK;
        uint256[] memory ticks = handler.ticks(id, side);
        for (uint256 i; i < ticks.length; ++i) {
            uint256 level = exchange.levelWord(id, side, uint24(ticks[i]));
            bool live;
            for (uint256 index = uint32(level); index < level >> 32; ++index) {
                uint96 key =
                    uint96((uint256(id) << 80) | (uint256(side) << 72) | (ticks[i] << 48) | (index << 16));
                Order memory o = Words.toOrder(exchange.orderWord(key));
                if (o.lots == 0) continue;
                if (o.epoch != Words.toPosition(exchange.positionWord(uint32(o.account), id)).epoch) {
                    continue;
                }
                reserved[o.account] += o.lots;
                ++counts[o.account];
                if (o.expiry == 0 || o.expiry > vm.getBlockTimestamp()) live = true;
            }
            if (live && (side == 0 ? ticks[i] > best : ticks[i] < best)) best = ticks[i];
        }
    }

    function _phase(uint16 id) private view returns (Phase) {
        return lens.phaseOf(id);
    }

    // --- the way out ---

    /// @dev After every run: from whatever state it reached everybody gets out what it is owed, and nothing remains but
    /// what is declared.
    function afterInvariant() public {
        windDown();
    }

    function windDown() public {
        uint32[] memory all = new uint32[](actors);
        for (uint32 a; a < actors; ++a) {
            all[a] = a + 1;
        }
        uint256 end = uint256(DAY0 + 5) * 1 days + 2 days + 1 hours;
        if (vm.getBlockTimestamp() < end) vm.warp(end);
        for (uint16 id = 1; id <= 3; ++id) {
            if (_phase(id) < Phase.SETTLED) exchange.settle(id);
        }
        exchange.settleAccounts(all);
        for (uint16 id = 1; id <= 3; ++id) {
            assertEq(uint8(_phase(id)), uint8(Phase.CLOSED), "every series closes");
        }
        // Twice: a debt paid by the first draws raises the claims of others.
        for (uint256 i; i < 8; ++i) {
            _drawAll();
        }
        for (uint32 a = 1; a <= actors; ++a) {
            uint256 cash = uint88(exchange.accountWord(a));
            if (cash != 0) withdraw(a, cash);
            assertEq(exchange.accountWord(a) & type(uint88).max, 0, "cash that cannot leave");
        }
        _assertRest();
    }

    function _drawAll() private {
        for (uint16 id = 1; id <= 3; ++id) {
            for (uint32 a = 1; a <= actors; ++a) {
                _try(abi.encodeCall(IClearing.draw, (a, id)));
                uint32[] memory payers;
                _try(abi.encodeCall(IClearing.realise, (a, id, payers)));
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
            assertLe(m.collected - m.drawn, actors, "undrawn");
            if (m.collected < m.claims) assertEq(m.pool, m.collected - m.drawn, "scaled claims left money");
        }
        _assertCustody();
        _assertPools();
    }

    // --- the handler is worth something ---

    /// @dev A long random market: every kind of action succeeds in it, so the rules above are not vacuous.
    function test_everyActionSucceeds() public {
        uint256 seed = 1;
        uint256 snapshot = vm.snapshotState();
        bytes4[17] memory selectors = _selectors();
        bool[17] memory reached;
        for (uint256 run; run < 10; ++run) {
            for (uint256 i; i < 150; ++i) {
                seed = uint256(keccak256(abi.encode(seed)));
                _act(seed);
                if (i % 10 == 9) {
                    invariant_money();
                    invariant_books();
                }
            }
            for (uint256 i; i < 17; ++i) {
                if (handler.done(selectors[i]) != 0) reached[i] = true;
            }
            windDown();
            vm.revertToState(snapshot);
        }
        for (uint256 i; i < 17; ++i) {
            assertTrue(reached[i], vm.toString(abi.encodePacked(selectors[i])));
        }
    }

    function _act(uint256 seed) private {
        (uint256 a, uint256 dice) = (seed >> 250, seed >> 4);
        uint256 which = uint256(keccak256(abi.encode(seed, "which"))) % 24;
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
        handler.settle(a, dice);
        handler.crank(a, dice);
        handler.draw(a, dice);
        handler.collect(a, dice);
    }

    function _selectors() private pure returns (bytes4[17] memory) {
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
            IBackOffice.topUpInsurance.selector,
            IClearing.realise.selector,
            IClearing.settle.selector,
            IClearing.settleAccounts.selector,
            IClearing.draw.selector,
            IClearing.collectFees.selector,
            ILiquidation.liquidate.selector,
            ILiquidation.auction.selector
        ];
    }
}
