// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract RealiseTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint32 internal carol;
    address internal anyone = makeAddr("anyone");
    int256 internal gain;

    function setUp() public override {
        super.setUp();
        alice = openMany(3, 1_000_000);
        (bob, carol) = (alice + 1, alice + 2);
    }

    /// @dev Alice bought 10 of Bob at 3500 and sold them to Carol at `tick`: she is flat, Bob has lost what she won.
    function _aliceWins(uint256 tick) private {
        trade(alice, bob, 3500, 10);
        setIndex(tick);
        exchange.refreshMark(series);
        trade(carol, alice, tick, 10);
        gain = (int256(tick) - 3500) * 10 * V - fee(3500, 10) + rebate(tick, 10);
        assertEq(quoteOf(alice), gain);
    }

    function _realise(uint32 account, uint32[] memory payers) private returns (int256) {
        vm.prank(anyone);
        return exchange.realise(account, series, payers);
    }

    function _refused(uint32 account, uint32[] memory payers, bytes memory error_) private {
        refused(anyone, abi.encodeCall(IClearing.realise, (account, series, payers)), error_);
    }

    function _nothing(uint32 account) private view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingToRealise.selector, account, series);
    }

    // --- losses ---

    function test_flatLoserPaysFromItsCash() public {
        _aliceWins(3400);
        assertLt(gain, 0);
        int256 equity = margin(alice).equity;
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.Realised(alice, series, gain);
        assertEq(_realise(alice, none()), gain);
        assertEq(cashOf(alice), uint256(1_000_000 * V + gain));
        assertEq(uint256(money(series).pool), uint256(-gain));
        assertEq(quoteOf(alice), 0);
        assertEq(margin(alice).equity, equity);
        assertEq(lens.seriesOf(alice).length, 0, "nothing is left in the series");
        assertEq(money(series).members, 2);
        _refused(alice, none(), _nothing(alice));
    }

    // --- gains ---

    /// @dev [SETTLE-4]
    function test_gainWaitsForTheSecondMidnight() public {
        _aliceWins(3600);
        uint256 from = uint256(DAY0 + 2) * 1 days;
        bytes memory early = abi.encodeWithSelector(IExchangeErrors.TooEarly.selector, from);
        _refused(alice, one(bob), early);
        vm.warp(from - 1);
        _refused(alice, one(bob), early);
        vm.warp(from);
        assertEq(_realise(alice, one(bob)), gain);
        assertEq(cashOf(alice), uint256(1_000_000 * V + gain));
    }

    /// @dev The last fill counts, even one that changes nothing but fees. [SETTLE-4]
    function test_everyFillMovesTheDay() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 1) * 1 days);
        trade(alice, bob, 3600, 1);
        trade(bob, alice, 3600, 1);
        uint256 from = uint256(DAY0 + 3) * 1 days;
        vm.warp(from - 1);
        _refused(alice, one(bob), abi.encodeWithSelector(IExchangeErrors.TooEarly.selector, from));
        vm.warp(from);
        assertGt(_realise(alice, one(bob)), 0);
    }

    /// @dev [SETTLE-5]
    function test_payersPayWhatIsNeeded() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        int256 bobs = margin(bob).equity;
        int256 carols = margin(carol).equity;
        int256 alices = margin(alice).equity;
        // Carol's only loss is her fee of $10.80; Bob pays the rest, less than he lost.
        assertEq(_realise(alice, two(carol, bob)), gain);
        assertEq(cashOf(carol), uint256(1_000_000 * V - fee(3600, 10)));
        assertEq(cashOf(bob), uint256(1_000_000 * V - gain + fee(3600, 10)));
        assertEq(margin(alice).equity, alices);
        assertEq(margin(bob).equity, bobs);
        assertEq(margin(carol).equity, carols);
        assertEq(uint256(money(series).pool), 0);
        assertEq(lens.seriesOf(alice).length, 0);
    }

    /// @dev [SETTLE-5]
    function test_payersPayAtMostTheirLoss() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        assertEq(_realise(alice, one(carol)), fee(3600, 10));
        assertEq(quoteOf(alice), gain - fee(3600, 10));
        _refused(alice, one(carol), abi.encodeWithSelector(IExchangeErrors.PayerNotLosing.selector, carol, 0));
        assertEq(_realise(alice, one(bob)), gain - fee(3600, 10));
    }

    /// @dev Bob has $10,600 when ten lots move $12,000 against him: he pays all he has, the rest of the gain stays.
    /// [SETTLE-5]
    function test_payersPayAtMostTheirCash() public {
        bob = open(10_600);
        _aliceWins(4700);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        assertEq(_realise(alice, one(bob)), 10_600 * V);
        assertEq(cashOf(bob), 0);
        assertEq(quoteOf(alice), gain - 10_600 * V);
        _refused(alice, one(bob), _nothing(alice));
    }

    function test_poolFirst() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        setIndex(3590);
        exchange.refreshMark(series);
        trade(bob, carol, 3590, 10); // Bob and Carol close; Bob's debt fills the pool
        _realise(bob, none());
        uint256 pool = money(series).pool;
        assertGt(int256(pool), 0);
        int256 drawn = _realise(alice, none());
        assertEq(drawn, pool < uint256(gain) ? int256(pool) : gain);
    }

    /// @dev [SETTLE-5]
    function test_refusesPayersWithoutLoss() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        setIndex(3400);
        int256 value = (3500 - 3400) * 10 * V + rebate(3500, 10);
        _refused(alice, one(bob), abi.encodeWithSelector(IExchangeErrors.PayerNotLosing.selector, bob, value));
        uint32 stranger = open(5);
        _refused(
            alice, one(stranger), abi.encodeWithSelector(IExchangeErrors.PayerNotLosing.selector, stranger, 0)
        );
        _refused(
            alice, one(alice), abi.encodeWithSelector(IExchangeErrors.PayerNotLosing.selector, alice, gain)
        );
    }

    function test_refusesPayersAtAStaleIndex() public {
        _aliceWins(3600);
        uint32 now_ = uint32(DAY0 + 2) * 1 days;
        vm.warp(now_);
        setStale();
        _refused(alice, one(bob), abi.encodeWithSelector(IExchangeErrors.StaleIndex.selector, series, now_));
    }

    /// @dev No winner runs while a loss above insurance is unassigned; anyone can lift that with money. [SETTLE-4]
    function test_refusesWhileADeficitIsDeclared() public {
        _aliceWins(3600);
        uint32 poor = open(12_000);
        trade(poor, bob, 3600, 10);
        setIndex(2200);
        vm.warp(uint256(DAY0 + 2) * 1 days - 30 minutes);
        exchange.flag(poor);
        watch(poor, uint256(DAY0 + 2) * 1 days);
        uint256 deficit = exchange.declare(poor, FEED);
        assertEq(deficit, uint256(2000 * V + fee(3600, 10)));
        _refused(
            alice,
            one(carol),
            abi.encodeWithSelector(IExchangeErrors.DeficitDeclaredIn.selector, FEED, deficit, 0)
        );
        usdc.mint(address(this), deficit);
        usdc.approve(address(exchange), deficit);
        exchange.topUpInsurance(FEED, deficit);
        assertEq(_realise(alice, one(carol)), gain);
    }

    function test_emptyPoolWithoutPayers() public {
        _aliceWins(3600);
        vm.warp(uint256(DAY0 + 2) * 1 days);
        _refused(alice, none(), _nothing(alice));
    }

    /// @dev [SETTLE-3]
    function test_refusesPositions() public {
        trade(alice, bob, 3500, 10);
        _refused(alice, none(), abi.encodeWithSelector(IExchangeErrors.NotFlat.selector, alice, series, 10));
        _refused(bob, none(), abi.encodeWithSelector(IExchangeErrors.NotFlat.selector, bob, series, -10));
    }

    function test_refusesAccountsThatAreNotThere() public {
        _refused(carol, none(), _nothing(carol));
        _refused(999, none(), _nothing(999));
    }

    /// @dev [SETTLE-3] [SETTLE-4]
    function test_afterExpiryGainsWaitButLossesArePaid() public {
        _aliceWins(3600);
        trade(carol, bob, 3600, 1);
        trade(bob, carol, 3600, 11); // Carol is flat with a loss
        warpTo(EXPIRY_DAY, 0);
        _refused(
            alice,
            one(bob),
            abi.encodeWithSelector(
                IExchangeErrors.SeriesExpired.selector, series, uint256(EXPIRY_DAY) * 1 days
            )
        );
        assertLt(_realise(carol, none()), 0);
    }

    /// @dev Orders of a flat account stay, and so does its place in the series.
    function test_openOrdersKeepTheSeries() public {
        _aliceWins(3400);
        buy(alice, 3300, 1);
        _realise(alice, none());
        assertEq(lens.seriesOf(alice).length, 1);
        assertEq(position(alice).openBuy, 1);
        assertEq(money(series).members, 3);
    }

    /// @dev Whatever the mark and the payers: nobody's equity changes, and the quotes and fees make up the pool.
    /// [SETTLE-3]
    function testFuzz_equityIsUnchanged(uint256 tick, uint256 later, bool carolFirst) public {
        _aliceWins(bound(tick, 3200, 3800));
        vm.warp(uint256(DAY0 + 2) * 1 days);
        setIndex(bound(later, 2500, 4800));
        int256[3] memory before = [margin(alice).equity, margin(bob).equity, margin(carol).equity];
        vm.prank(anyone);
        (bool ok,) = address(exchange)
            .call(
                abi.encodeCall(
                    IClearing.realise, (alice, series, carolFirst ? two(carol, bob) : two(bob, carol))
                )
            );
        if (gain < 0) assertTrue(ok);
        assertEq(margin(alice).equity, before[0]);
        assertEq(margin(bob).equity, before[1]);
        assertEq(margin(carol).equity, before[2]);
        int256 sum = quoteOf(alice) + quoteOf(bob) + quoteOf(carol) + int256(uint256(hot().fees));
        assertEq(sum, int256(uint256(money(series).pool)));
    }
}
