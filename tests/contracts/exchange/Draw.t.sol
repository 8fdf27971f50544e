// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {SeriesMoney, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract DrawTest is ExchangeTest {
    uint32 internal alice;
    uint32 internal bob;
    uint32 internal carol;

    /// @dev What Bob cannot pay after `_short`: 15 lots, $22,500 lost, $16,000 there.
    uint256 internal debt;
    uint256 internal claims;

    function setUp() public override {
        super.setUp();
        alice = openMany(3, 100_000);
        (bob, carol) = (alice + 1, alice + 2);
    }

    function _refused(uint32 account, bytes memory error_) private {
        refused(makeAddr("anyone"), abi.encodeCall(IClearing.draw, (account, series)), error_);
    }

    function _nothing(uint32 account) private view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NothingToRealise.selector, account, series);
    }

    function _insure(uint256 amount) private {
        usdc.mint(address(this), amount);
        usdc.approve(address(exchange), amount);
        exchange.topUpInsurance(FEED, amount);
    }

    /// @dev Alice long 10 and Carol long 5 of Bob, who has $16,000; settled at 5000 and cranked.
    function _short() private {
        bob = open(16_000);
        trade(alice, bob, 3500, 10);
        trade(carol, bob, 3500, 5);
        settleAt(5000);
        exchange.settleAccounts(two(alice, bob));
        crank(carol);
        debt = uint256(22_500 * V - rebate(3500, 15)) - 16_000 * USD;
        assertEq(quoteOf(bob), -int256(debt));
        claims = uint256(22_500 * V - fee(3500, 15));
        assertEq(uint256(money(series).claims), claims);
    }

    function test_fullClaims() public {
        trade(alice, bob, 3500, 10);
        settleAt(3600);
        exchange.settleAccounts(two(alice, bob));
        uint256 claim = uint256(1000 * V - fee(3500, 10));
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.ClaimDrawn(alice, series, claim);
        assertEq(exchange.draw(alice, series), claim);
        assertEq(cashOf(alice), 100_000 * USD + claim);
        assertEq(lens.seriesOf(alice).length, 0);
        assertEq(uint256(money(series).drawn), claim);
        _refused(alice, _nothing(alice));
    }

    /// @dev A loser with any cash, any price, any insurance: shares are rounded down, add up to what is there, and are
    /// scaled only when insurance is spent. [SETTLE-14] [SETTLE-15]
    function testFuzz_sharesAddUpToWhatIsThere(uint256 cash, uint256 tick, uint256 insured) public {
        bob = open(bound(cash, 16_000, 60_000));
        insured = bound(insured, 1, 30_000 * USD);
        _insure(insured);
        trade(alice, bob, 3500, 10);
        trade(carol, bob, 3500, 5);
        settleAt(bound(tick, 3600, 9000));
        exchange.settleAccounts(two(alice, bob));
        crank(carol);
        SeriesMoney memory m = money(series);
        uint256 sum = _drawShare(alice, m) + _drawShare(carol, m);
        assertLe(sum, m.collected);
        assertLe(m.collected - sum, 1, "at most a unit for each but the last");
        assertEq(exchange.insurance(FEED), insured - m.advance);
        if (m.collected < m.claims) {
            assertEq(exchange.insurance(FEED), 0, "scaled, though there is insurance");
        }
    }

    function _drawShare(uint32 account, SeriesMoney memory m) private returns (uint256 drawn) {
        uint256 claim = uint256(quoteOf(account));
        drawn = exchange.draw(account, series);
        assertLe(drawn * m.claims, claim * m.collected, "more than its share");
        assertGt((drawn + 1) * m.claims, claim * m.collected, "a whole unit less than its share");
    }

    /// @dev [SETTLE-15]
    function test_refusesBeforeClosing() public {
        trade(alice, bob, 3500, 10);
        bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.NotClosed.selector, series);
        _refused(alice, error_);
        settleAt(3600);
        _refused(alice, error_);
        crank(alice);
        _refused(alice, error_);
        crank(bob);
        exchange.draw(alice, series);
    }

    function test_refusesThoseWithoutAClaim() public {
        trade(alice, bob, 3500, 10);
        settleAt(3600);
        exchange.settleAccounts(two(alice, bob));
        _refused(bob, _nothing(bob));
        _refused(carol, _nothing(carol));
        series = 99;
        _refused(alice, abi.encodeWithSelector(IExchangeErrors.UnknownSeries.selector, 99));
    }

    /// @dev No insurance: every claim is scaled alike, rounded down. [SETTLE-15]
    function test_shortfallScalesClaimsAlike() public {
        _short();
        assertEq(uint256(money(series).collected), 16_000 * USD);
        uint256 alices = uint256(15_000 * V - fee(3500, 10));
        uint256 carols = uint256(7500 * V - fee(3500, 5));
        assertEq(exchange.draw(alice, series), alices * 16_000 * USD / claims);
        assertEq(exchange.draw(carol, series), carols * 16_000 * USD / claims);
        assertLe(uint256(money(series).drawn), uint256(money(series).collected));
        _refused(alice, _nothing(alice));
    }

    /// @dev As long as insurance lasts nobody's claim is touched; it is asked for no more than is missing.
    /// [SETTLE-14] [SETTLE-15]
    function test_insuranceComesFirst() public {
        _insure(10_000 * USD);
        _short();
        uint256 missing = claims - 16_000 * USD;
        assertEq(exchange.insurance(FEED), 10_000 * USD - missing);
        assertEq(uint256(money(series).advance), missing);
        assertEq(exchange.draw(alice, series), uint256(15_000 * V - fee(3500, 10)));
        assertEq(exchange.draw(carol, series), uint256(7500 * V - fee(3500, 5)));
    }

    /// @dev [SETTLE-14]
    function test_claimsAreScaledOnlyWhenInsuranceIsExhausted() public {
        _insure(1000 * USD);
        _short();
        assertEq(exchange.insurance(FEED), 0);
        assertEq(uint256(money(series).collected), 17_000 * USD);
    }

    /// @dev A later repayment first raises the ratio to one, then repays insurance, then is fees. [SETTLE-17]
    function test_repaymentRaisesTheRatioThenRepaysInsuranceThenIsFees() public {
        _insure(1000 * USD);
        _short();
        uint256 before = exchange.draw(alice, series);
        uint256 alices = uint256(15_000 * V - fee(3500, 10));
        assertEq(before, alices * 17_000 * USD / claims);

        _pay(2000);
        assertEq(uint256(money(series).collected), 19_000 * USD);
        assertEq(exchange.insurance(FEED), 0);
        uint256 second = exchange.draw(alice, series);
        assertEq(before + second, alices * 19_000 * USD / claims);

        _pay(10_000); // more than is left of it
        assertEq(uint256(money(series).collected), claims);
        assertEq(exchange.insurance(FEED), 1000 * USD);
        assertEq(uint256(money(series).advance), 0);
        assertEq(quoteOf(bob), 0);
        assertEq(lens.seriesOf(bob).length, 0);
        assertEq(before + second + exchange.draw(alice, series), alices);
        assertEq(exchange.draw(carol, series), uint256(7500 * V - fee(3500, 5)));
        assertEq(exchange.collectFees(series), uint256(fee(3500, 15) - rebate(3500, 15)));
        assertEq(uint256(money(series).pool), 0);
        assertEq(cashOf(bob), 12_000 * USD - debt);
    }

    /// @dev Insurance is repaid before fees, not before claims: with $2,000 back the ratio rises, insurance waits.
    /// [SETTLE-17]
    function test_insuranceWaitsForClaims() public {
        _insure(1000 * USD);
        _short();
        uint256 missing = claims - 17_000 * USD;
        _pay(missing / USD + 500);
        assertEq(uint256(money(series).collected), claims);
        uint256 back = (missing / USD + 500) * USD - missing;
        assertEq(exchange.insurance(FEED), back);
        assertEq(uint256(money(series).advance), 1000 * USD - back);
        refused(
            address(this),
            abi.encodeCall(IClearing.collectFees, (series)),
            abi.encodeWithSelector(IExchangeErrors.NothingToCollect.selector, series)
        );
    }

    /// @dev Bob gets money, anyone makes him pay.
    function _pay(uint256 dollars) private {
        fund(owner(bob), bob, dollars);
        uint256 owed = uint256(-quoteOf(bob));
        uint256 paid = dollars * USD < owed ? dollars * USD : owed;
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.DebtPaid(bob, series, paid);
        vm.prank(makeAddr("anyone"));
        assertEq(exchange.realise(bob, series, none()), -int256(paid));
    }

    function test_debtPaidBeforeClosingIsCollected() public {
        bob = open(16_000);
        trade(alice, bob, 3500, 15);
        settleAt(5000);
        crank(bob);
        _pay(100_000);
        crank(alice);
        assertEq(uint256(money(series).collected), uint256(money(series).claims));
        assertEq(exchange.draw(alice, series), uint256(22_500 * V - fee(3500, 15)));
    }

    /// @dev The mule owes in series X (lower id, expires later) and Y (expires first), and wins in Z. What it draws from
    /// Z goes to Y, then to X. [SETTLE-16]
    function test_drawsPayTheFirstExpiredDebtFirst() public {
        uint16 x = listLater();
        uint16 y = listOther(2);
        uint16 z = _listLaterOn(3);
        uint32 mule = open(4000);
        _tradeIn(x, mule, alice, 1);
        _tradeIn(y, mule, alice, 2);
        _tradeIn(z, alice, mule, 1);
        warpTo(WINDOW_START, 0);
        oracle.set(1, 500 * TICK, true);
        oracle.set(2, 500 * TICK, true);
        oracle.set(3, 500 * TICK, true);
        warpTo(EXPIRY_DAY, 1 hours);
        exchange.settle(y);
        exchange.settleAccounts(two(mule, alice));
        int256 first = 4000 * V - 6000 * V - fee(3500, 2);
        assertEq(positionIn(mule, y).quote, first);
        warpTo(EXPIRY_DAY + 31, 1 hours);
        exchange.settle(x);
        exchange.settle(z);
        exchange.settleAccounts(two(mule, alice));
        int256 second = -3000 * V - fee(3500, 1);
        assertEq(positionIn(mule, x).quote, second);
        int256 won = int256(exchange.draw(mule, z));
        assertEq(positionIn(mule, y).quote, 0, "the first expired is paid in full");
        assertEq(positionIn(mule, x).quote, second + won + first, "the rest goes to the other");
        assertEq(cashOf(mule), 0);
        assertEq(exchange.draw(alice, y), uint256(6000 * V + rebate(3500, 2)), "Y's winner has it all");
    }

    function _listLaterOn(uint16 feed) private returns (uint16) {
        oracle.set(feed, 3500 * TICK, true);
        SeriesSpec memory s = spec();
        (s.feed, s.windowStart, s.expiryDay) = (feed, WINDOW_START + 31, EXPIRY_DAY + 31);
        return exchange.listSeries(s);
    }

    function _tradeIn(uint16 id, uint32 long, uint32 short, uint256 lots) private {
        uint16 home = series;
        series = id;
        trade(long, short, 3500, lots);
        series = home;
    }
}
