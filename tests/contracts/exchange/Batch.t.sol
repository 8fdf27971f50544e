// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract BatchTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;

    function setUp() public override {
        super.setUp();
        alice = openMany(2, 1_000_000);
        bob = alice + 1;
    }

    function _refused(bytes memory operations, bool strict, bytes memory error_) private {
        refused(owner(alice), abi.encodeCall(ITrading.batch, (series, operations, strict, 0)), error_);
    }

    function test_requotesBothSides() public {
        (uint96 bid,) = buy(alice, 3490, 5);
        (uint96 ask,) = sell(alice, 3510, 5);
        bytes memory operations = bytes.concat(
            cancelOp(bid), cancelOp(ask), placeOp(POST_ONLY, 3492, 6), placeOp(POST_ONLY | SELL, 3512, 7)
        );
        vm.recordLogs();
        batch(alice, operations, true);
        uint256[] memory words = records();
        assertEq(words.length, 4);
        assertEq(kind(words[0]), CANCELLED);
        assertEq(kind(words[1]), CANCELLED);
        assertEq(kind(words[2]), PLACED);
        assertEq(kind(words[3]), PLACED);
        assertEq(hot().bid, 3492);
        assertEq(hot().ask, 3512);
        assertEq(position(alice).openBuy, 6);
        assertEq(position(alice).openSell, 7);
        assertEq(position(alice).openCount, 2);
    }

    /// @dev Every field of a packed place arrives.
    function test_placeOperationCarriesEverything() public {
        bytes memory operation = abi.encodePacked(
            uint8(1), uint8(SELL | POST_ONLY), uint24(3510), uint32(7), START + 9, uint64(1234)
        );
        assertEq(operation.length, 21);
        batch(alice, operation, true);
        uint96 id = uint96((uint256(series) << 80) | (uint256(1) << 72) | (3510 << 48) | (1 << 16) | 1);
        assertEq(order(id).account, alice);
        assertEq(order(id).lots, 7);
        assertEq(order(id).expiry, START + 9);
        assertEq(order(id).flags, SELL | POST_ONLY);
        assertEq(order(id).clientId, 1234);
    }

    function test_takesAndRests() public {
        sell(bob, 3500, 2);
        sell(bob, 3505, 2);
        vm.recordLogs();
        batch(alice, bytes.concat(placeOp(IOC, 3500, 1), placeOp(0, 3500, 3), placeOp(SELL, 3510, 1)), true);
        assertEq(lotsOf(alice), 2);
        assertEq(position(alice).openBuy, 2);
        assertEq(position(alice).openSell, 1);
        assertEq(records().length, 6);
        assertEq(hot().bid, 3500);
        assertEq(hot().ask, 3505);
    }

    /// @dev [BOOK-13]
    function test_deadCancelIsMissedNotFatal() public {
        (uint96 id,) = buy(alice, 3490, 5);
        (uint96 foreign,) = buy(bob, 3490, 5);
        cancel(alice, id);
        vm.recordLogs();
        batch(alice, bytes.concat(placeOp(0, 3480, 1), cancelOp(id), cancelOp(foreign)), false);
        uint256[] memory words = records();
        assertKinds(words, [PLACED, MISSED, MISSED]);
        assertEq(words[1], (uint256(MISSED) << 248) | (uint256(1) << 232) | (uint256(id) << 136));
        assertEq(words[2], (uint256(MISSED) << 248) | (uint256(2) << 232) | (uint256(foreign) << 136));
        assertEq(position(bob).openBuy, 5, "another's order stays");
        _refused(bytes.concat(placeOp(0, 3480, 1), cancelOp(id)), true, notLive(id));
    }

    /// @dev [BOOK-13]
    function test_crossingPostOnlyIsRejectedNotFatal() public {
        sell(bob, 3510, 1);
        bytes memory operations = bytes.concat(
            placeOp(POST_ONLY, 3509, 1),
            abi.encodePacked(uint8(1), POST_ONLY, uint24(3510), uint32(1), uint32(0), uint64(55))
        );
        vm.recordLogs();
        batch(alice, operations, false);
        uint256[] memory words = records();
        assertKinds(words, [PLACED, REJECTED]);
        assertEq(
            words[1], (uint256(REJECTED) << 248) | (uint256(1) << 232) | (uint256(55) << 168) | (1 << 160)
        );
        assertEq(position(alice).openBuy, 1);
        _refused(
            operations, true, abi.encodeWithSelector(IExchangeErrors.PostOnlyWouldCross.selector, 3510, 3510)
        );
    }

    function test_refusesWhatIsNoOperation() public {
        bytes memory good = placeOp(0, 3400, 1);
        _refused(hex"03", false, _invalid(0));
        _refused(hex"00", false, _invalid(0));
        _refused(bytes.concat(good, hex"07"), false, _invalid(21));
        bytes memory cut = new bytes(20);
        for (uint256 i; i < 20; ++i) {
            cut[i] = good[i];
        }
        _refused(cut, false, _invalid(0));
        (uint96 id,) = buy(alice, 3490, 5);
        bytes memory whole = cancelOp(id);
        cut = new bytes(10);
        for (uint256 i; i < 10; ++i) {
            cut[i] = whole[i];
        }
        _refused(bytes.concat(good, whole, cut), false, _invalid(32));
    }

    function _invalid(uint256 cursor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.InvalidBatch.selector, cursor);
    }

    function test_emptyBatchDoesNothing() public {
        vm.recordLogs();
        batch(alice, "", true);
        assertEq(records().length, 0);
        assertEq(lens.seriesOf(alice).length, 0);
    }

    /// @dev Anything else that is wrong undoes the whole batch. [BOOK-13]
    function test_allOrNothing() public {
        _refused(
            bytes.concat(placeOp(0, 3400, 1), placeOp(0, 3324, 1)),
            false,
            abi.encodeWithSelector(IExchangeErrors.PriceOutsideBand.selector, 3324, 3325, 3675)
        );
        assertEq(position(alice).openCount, 0);
    }

    /// @dev Margin is checked once, at the end: the order of operations does not matter. [BOOK-13]
    function test_marginAtTheEnd() public {
        (uint96 id,) = buy(alice, 3490, 900);
        bytes memory operations = bytes.concat(placeOp(0, 3480, 900), cancelOp(id));
        batch(alice, operations, true);
        assertEq(position(alice).openBuy, 900);
        _refused(
            placeOp(0, 3480, 900),
            true,
            abi.encodeWithSelector(
                IExchangeErrors.InsufficientMargin.selector, alice, 1_000_000 * V, 1800 * 1050 * USD
            )
        );
    }

    /// @dev One bound for the whole batch. [BOOK-13]
    function test_stepsAreShared() public {
        for (uint256 i; i < 4; ++i) {
            sell(bob, 3500, 1);
        }
        address who = owner(alice);
        vm.prank(who);
        exchange.batch(series, bytes.concat(placeOp(IOC, 3500, 2), placeOp(IOC, 3500, 2)), true, 3);
        assertEq(lotsOf(alice), 3);
    }

    function test_cancelsWhatItJustPlaced() public {
        uint96 id = uint96((uint256(series) << 80) | (uint256(3400) << 48) | (1 << 16) | 1);
        batch(alice, bytes.concat(placeOp(0, 3400, 9), cancelOp(id)), true);
        assertEq(position(alice).openCount, 0);
        assertEq(hot().bid, 0);
        assertEq(lens.seriesOf(alice).length, 0, "nothing was left to join for");
    }

    function test_refusesUnknownAndExpiredSeries() public {
        refused(
            owner(alice),
            abi.encodeCall(ITrading.batch, (99, "", false, 0)),
            abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99)
        );
        warpTo(EXPIRY_DAY, 0);
        _refused(
            "",
            false,
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(EXPIRY_DAY) * 1 days
            )
        );
    }

    // --- a place operation is refused for every reason for which `place` is ---

    /// @dev The operation, alone and behind a good one: nothing of that stays.
    function _refusedPlaceOp(uint8 flags, uint256 tick, uint256 lots, bytes memory error_) private {
        _refused(placeOp(flags, tick, lots), false, error_);
        _refused(bytes.concat(placeOp(0, 3400, 1), placeOp(flags, tick, lots)), true, error_);
    }

    /// @dev [BOOK-13]
    function test_refusesBadPlaceOperations() public {
        _refusedPlaceOp(POST_ONLY | IOC, 3500, 1, _error(IExchangeErrors.InvalidFlags.selector, 5));
        bytes4 range = IExchangeErrors.TickOutOfRange.selector;
        _refusedPlaceOp(0, 0, 1, abi.encodeWithSelector(range, 0, 1, 30_000));
        _refusedPlaceOp(0, 30_001, 1, abi.encodeWithSelector(range, 30_001, 1, 30_000));
        _refusedPlaceOp(0, 3400, 0, abi.encodeWithSelector(IExchangeErrors.SizeTooSmall.selector, 0, 1));
        _refusedPlaceOp(FOK, 3500, 3, abi.encodeWithSelector(IExchangeErrors.FillOrKill.selector, 0, 3));
        _refusedPlaceOp(
            REDUCE_ONLY, 3400, 1, abi.encodeWithSelector(IExchangeErrors.NothingToReduce.selector, series, 0)
        );
        bytes memory old = abi.encodePacked(uint8(1), uint8(0), uint24(3400), uint32(1), START, uint64(0));
        _refused(old, false, abi.encodeWithSelector(IExchangeErrors.OrderExpired.selector, START, START));
        setStale();
        sell(bob, 3500, 1);
        _refused(placeOp(IOC, 3500, 1), false, _error(IExchangeErrors.ReduceOnlySeries.selector, series));
    }

    /// @dev [BOOK-8] [BOOK-9]
    function test_refusesWhatIsBeyondLimits() public {
        SeriesSpec memory s = spec();
        (s.openInterestCap, s.positionLimit) = (10, 10);
        series = exchange.listSeries(s);
        trade(alice, bob, 3500, 8);
        bytes4 limit = IExchangeErrors.PositionLimit.selector;
        _refused(placeOp(0, 3400, 3), true, abi.encodeWithSelector(limit, series, 11, 10));
        // Two that fit one by one, and not together.
        bytes memory both = bytes.concat(placeOp(0, 3400, 2), placeOp(0, 3390, 1));
        _refused(both, true, abi.encodeWithSelector(limit, series, 11, 10));
        uint32 carol = open(1_000_000);
        sell(bob, 3500, 2);
        sell(open(1_000_000), 3500, 1);
        bytes4 cap = IExchangeErrors.OpenInterestCap.selector;
        refused(
            owner(carol),
            abi.encodeCall(ITrading.batch, (series, placeOp(IOC, 3500, 3), true, 0)),
            abi.encodeWithSelector(cap, series, 11, 10)
        );
    }

    /// @dev One operation more than an account may have open orders, in one call. [BOOK-8]
    function test_refusesMoreThan250Orders() public {
        bytes memory operations;
        for (uint256 i; i < 250; ++i) {
            operations = bytes.concat(operations, placeOp(0, 3400 + i % 50, 1));
        }
        _refused(
            bytes.concat(operations, placeOp(0, 3400, 1)),
            true,
            abi.encodeWithSelector(IExchangeErrors.TooManyOrders.selector, series, 250)
        );
        batch(alice, operations, true);
        assertEq(position(alice).openCount, 250);
    }

    /// @dev [ACCOUNT-3]
    function test_refusesAnEleventhSeries() public {
        for (uint256 i; i < 10; ++i) {
            buy(alice, 3400, 1);
            series = exchange.listSeries(spec());
        }
        _refused(
            placeOp(0, 3400, 1),
            true,
            abi.encodeWithSelector(IExchangeErrors.TooManySeries.selector, alice, 10)
        );
    }

    /// @dev A queue that has had 2^32 - 2 orders without ever emptying; the level's slot is found by the read it makes.
    function test_refusesAFullLevel() public {
        buy(alice, 3400, 1);
        vm.record();
        exchange.levelWord(series, BUYS, 3400);
        (bytes32[] memory reads,) = vm.accesses(address(exchange));
        uint256 full = (uint256(type(uint32).max) << 32) | 1;
        vm.store(address(exchange), reads[reads.length - 1], bytes32(full)); // 3400 is the first tick of its word
        _refused(placeOp(0, 3400, 1), true, _error(IExchangeErrors.LevelFull.selector, 3400));
    }

    function test_refusesStrangers() public {
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            abi.encodeCall(ITrading.batch, (series, placeOp(0, 3400, 1), false, 0)),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, stranger)
        );
    }

    function _error(bytes4 selector, uint256 value) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, value);
    }

    /// @dev A batch does what its operations do one by one.
    function testFuzz_sameAsOneByOne(uint256 seed) public {
        for (uint256 i; i < 6; ++i) {
            place(bob, i % 2 == 0 ? SELL : 0, i % 2 == 0 ? 3500 + i : 3499 - i, 1 + i);
        }
        bytes memory operations;
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 5; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            uint8 flags = uint8((dice & 1) * SELL + ((dice >> 1) & 1) * IOC);
            (uint256 tick, uint256 lots) = (3490 + (dice >> 8) % 20, 1 + (dice >> 16) % 6);
            place(alice, flags, tick, lots);
            operations = bytes.concat(operations, placeOp(flags, tick, lots));
        }
        bytes32 single = _state();
        vm.revertToState(snapshot);
        batch(alice, operations, true);
        assertEq(_state(), single);
    }

    /// @dev The basis is weighted by call, so it is left out.
    function _state() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                exchange.positionWord(alice, series),
                exchange.positionWord(bob, series),
                hot().bid,
                hot().ask,
                hot().openInterest,
                hot().fees
            )
        );
    }
}
