// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract ListSeriesTest is ExchangeTest {
    function _refused(SeriesSpec memory s, string memory field, uint256 value, uint256 low, uint256 high)
        private
    {
        refused(
            address(this),
            abi.encodeCall(IBackOffice.listSeries, (s)),
            abi.encodeWithSelector(IExchangeErrors.InvalidSpec.selector, field, value, low, high)
        );
    }

    /// @dev [SETTLE-2]
    function test_freezesEveryTerm() public {
        SeriesSpec memory s = spec();
        s.symbol = "0123456789012345678901234567890"; // 31 bytes
        (s.imBps, s.mmBps, s.spreadBps, s.bandBps, s.gapBps) = (2816, 2309, 2308, 3, 1);
        (s.concentrationPct, s.gainPct, s.takerFee, s.makerRebate) = (255, 100, 50_000, 49_999);
        (s.maxMarkAge, s.minLots, s.positionLimit, s.openInterestCap) = (3600, 255, 1 << 29, 1 << 30);
        (s.tickValue, s.priceCap, s.initialMark) = (17, 16_777_214, 3499);
        (s.windowStart, s.expiryDay) = (DAY0 + 1, DAY0 + 32);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.SeriesListed(series + 1, FEED, s);
        uint16 id = exchange.listSeries(s);
        assertEq(id, series + 1);
        assertEq(exchange.seriesCount(), id);
        assertEq(keccak256(abi.encode(lens.specOf(id))), keccak256(abi.encode(s)));
        series = id;
        assertEq(hot().mark, 3499);
        assertEq(hot().basis, -256);
        assertEq(hot().ask, type(uint24).max);
        assertEq(hot().bid, 0);
    }

    /// @dev [ACCOUNT-4]
    function test_ownerOnly() public {
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            abi.encodeCall(IBackOffice.listSeries, (spec())),
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger)
        );
    }

    /// @dev [SETTLE-2]
    function test_refusesBadPricesAndSizes() public {
        SeriesSpec memory s = spec();
        s.symbol = "";
        _refused(s, "symbol", 0, 1, 31);
        s.symbol = "01234567890123456789012345678901";
        _refused(s, "symbol", 32, 1, 31);
        s = spec();
        s.tickSize = 0;
        _refused(s, "tickSize", 0, 1, type(uint64).max);
        s.tickSize = TICK + 1; // a feed has one tick size, or its series could not offset
        _refused(s, "tickSize", TICK + 1, TICK, TICK);
        s = spec();
        s.tickValue = 0;
        _refused(s, "tickValue", 0, 1, type(uint32).max);
        s = spec();
        s.priceCap = 1;
        _refused(s, "priceCap", 1, 2, 16_777_214);
        s.priceCap = type(uint24).max; // means "no ask"
        _refused(s, "priceCap", type(uint24).max, 2, 16_777_214);
        s = spec();
        s.initialMark = 0;
        _refused(s, "initialMark", 0, 1, 30_000);
        s.initialMark = 30_001;
        _refused(s, "initialMark", 30_001, 1, 30_000);
        s = spec();
        s.maxBasis = 8_388_608;
        _refused(s, "maxBasis", 8_388_608, 0, 8_388_607);
        s = spec();
        s.minLots = 0;
        _refused(s, "minLots", 0, 1, 255);
        s = spec();
        s.minLots = 10;
        s.positionLimit = 9;
        _refused(s, "positionLimit", 9, 10, 1 << 30);
        s.positionLimit = (1 << 30) + 1;
        _refused(s, "positionLimit", (1 << 30) + 1, 10, 1 << 30);
        s.positionLimit = 10;
        s.openInterestCap = 9;
        _refused(s, "openInterestCap", 9, 10, 1 << 30);
        s.openInterestCap = (1 << 30) + 1;
        _refused(s, "openInterestCap", (1 << 30) + 1, 10, 1 << 30);
    }

    /// @dev What all open interest can be worth must fit the quote: 2^78 base units. [SETTLE-2]
    function test_refusesAmountsThatDoNotFit() public {
        SeriesSpec memory s = spec();
        (s.tickValue, s.priceCap) = (type(uint32).max, 16_000_000);
        uint256 most = ((uint256(1) << 78) - 1) / (uint256(16_000_000) * type(uint32).max);
        (s.positionLimit, s.openInterestCap) = (1000, uint32(most + 1));
        _refused(s, "openInterestCap x priceCap x tickValue", most + 1, 1, most);
        s.openInterestCap = uint32(most);
        exchange.listSeries(s);
        // All of it at the cap would be 2^78 units, one more than a quote can hold.
        (s.tickValue, s.priceCap, s.positionLimit, s.openInterestCap) = (1 << 27, 1 << 21, 1000, 1 << 30);
        _refused(s, "openInterestCap x priceCap x tickValue", 1 << 30, 1, (1 << 30) - 1);
    }

    /// @dev [SETTLE-2]
    function test_refusesBadRates() public {
        SeriesSpec memory s = spec();
        s.takerFee = 50_001;
        _refused(s, "takerFee", 50_001, 0, 50_000);
        s = spec();
        s.makerRebate = 301;
        _refused(s, "makerRebate", 301, 0, 300);
        s = spec();
        s.bandBps = 0;
        _refused(s, "bandBps", 0, 1, 9999);
        s.bandBps = 10_000;
        _refused(s, "bandBps", 10_000, 1, 9999);
        s = spec();
        s.gapBps = 0;
        _refused(s, "gapBps", 0, 1, 9999);
        s.gapBps = 10_000;
        _refused(s, "gapBps", 10_000, 1, 9999);
        s = spec();
        s.mmBps = 0;
        _refused(s, "mmBps", 0, 1, 10_000);
        s.mmBps = 10_001;
        _refused(s, "mmBps", 10_001, 1, 10_000);
        s = spec();
        s.spreadBps = 1001;
        _refused(s, "spreadBps", 1001, 0, 1000);
        s = spec();
        s.gainPct = 101;
        _refused(s, "gainPct", 101, 0, 100);
        s = spec();
        s.maxMarkAge = 0;
        _refused(s, "maxMarkAge", 0, 1, 3600);
        s.maxMarkAge = 3601;
        _refused(s, "maxMarkAge", 3601, 1, 3600);
    }

    /// @dev im >= mm + 2 x band + gap + fee: 1000 + 1000 + 300 + 3. [MARGIN-11]
    function test_initialMarginCoversAFillAtTheBandsEdge() public {
        SeriesSpec memory s = spec();
        s.imBps = 2302;
        _refused(s, "imBps", 2302, 2303, 10_000);
        s.takerFee = 301; // rounds up to 4
        s.imBps = 2303;
        _refused(s, "imBps", 2303, 2304, 10_000);
        s.imBps = 10_001;
        _refused(s, "imBps", 10_001, 2304, 10_000);
        s.imBps = 2304;
        exchange.listSeries(s);
    }

    /// @dev A long can lose what it is worth: no rate is above that, however large its share. [MARGIN-8]
    function test_noRateIsAboveTheWhole() public {
        SeriesSpec memory s = spec();
        (s.imBps, s.concentrationPct) = (8000, 26);
        _refused(s, "imBps x (100 + concentrationPct)", 1_008_000, 1, 1_000_000);
        s.concentrationPct = 25;
        series = exchange.listSeries(s);
        uint32 whole = openMany(2, 1_000_000);
        trade(whole, whole + 1, 3500, 1);
        assertEq(margin(whole).initialMargin, 3150 * USD, "80% and half of a quarter more");
        (s.imBps, s.concentrationPct) = (10_000, 0);
        exchange.listSeries(s);
    }

    /// @dev A just-checked maker that is filled at the band's edge after the largest move stays at or above MM.
    /// [MARGIN-11]
    function testFuzz_makerFilledAtTheWorstPriceKeepsMaintenanceMargin(uint256 lots, bool sells) public {
        SeriesSpec memory s = spec();
        (s.imBps, s.concentrationPct) = (2303, 0);
        series = exchange.listSeries(s);
        lots = bound(lots, 1, 100);
        uint256 im = (lots * 3500 * USD * 2303 + 9999) / 10_000;
        uint32 rich = open(10_000_000);
        uint32 maker = open(0 + 1);
        fund(owner(maker), maker, im / USD);
        // Its bid lies at the upper edge that a fall by the gap leaves (its ask at the lower after a rise).
        uint256 mark = sells ? 3605 : 3395;
        place(maker, sells ? SELL : 0, sells ? 3425 : 3564, lots);
        setIndex(mark);
        (, uint32 filled) = place(rich, sells ? IOC : IOC | SELL, sells ? 3425 : 3564, lots);
        assertEq(filled, lots);
        assertGe(margin(maker).equity, int256(margin(maker).maintenanceMargin));
    }

    /// @dev [SETTLE-2]
    function test_refusesBadWindows() public {
        SeriesSpec memory s = spec();
        s.windowStart = DAY0;
        _refused(s, "windowStart", DAY0, DAY0 + 1, type(uint16).max - 1);
        s.windowStart = type(uint16).max;
        _refused(s, "windowStart", type(uint16).max, DAY0 + 1, type(uint16).max - 1);
        s = spec();
        s.expiryDay = WINDOW_START;
        _refused(s, "expiryDay", WINDOW_START, WINDOW_START + 1, WINDOW_START + 31);
        s.expiryDay = WINDOW_START + 32;
        _refused(s, "expiryDay", WINDOW_START + 32, WINDOW_START + 1, WINDOW_START + 31);
    }

    /// @dev [SETTLE-2]
    function test_refusesMarksTooFarFromTheIndex() public {
        SeriesSpec memory s = spec();
        s.initialMark = 4501;
        _refused(s, "initialMark: |basis|", 1001, 0, 1000);
        s.initialMark = 2499;
        _refused(s, "initialMark: |basis|", 1001, 0, 1000);
        s.initialMark = 4500;
        exchange.listSeries(s);
        s = spec();
        s.feed = 77; // no value yet
        _refused(s, "initialMark: |basis|", 3500, 0, 1000);
    }

    /// @dev [SETTLE-2]
    function test_sixteenLiveSeriesAFeed() public {
        for (uint256 i = 1; i < 16; ++i) {
            exchange.listSeries(spec());
        }
        _refused(spec(), "feed: live series", 16, 0, 15);
        settleAt(3500); // a settled one makes room
        SeriesSpec memory s = spec();
        (s.windowStart, s.expiryDay) = (EXPIRY_DAY + 1, EXPIRY_DAY + 2);
        exchange.listSeries(s);
    }

    /// @dev A deficit above insurance holds all of a feed's series, those listed meanwhile too; and lets all of them go.
    /// [LIQ-12]
    function test_listedUnderADeclaredDeficit() public {
        uint32 rich = open(10_000_000);
        uint32 poor = open(12_000);
        uint16 second = exchange.listSeries(spec());
        trade(poor, rich, 3500, 10);
        setIndex(2200);
        exchange.flag(poor);
        watch(poor, START + 30 minutes);
        uint256 deficit = exchange.declare(poor, FEED);
        SeriesSpec memory s = spec();
        s.initialMark = 2200;
        uint16 third = exchange.listSeries(s);
        _assertBraked(second, rich, true);
        _assertBraked(third, rich, true);
        usdc.mint(address(this), deficit);
        usdc.approve(address(exchange), deficit);
        exchange.topUpInsurance(FEED, deficit);
        _assertBraked(second, rich, false);
        _assertBraked(third, rich, false);
    }

    function _assertBraked(uint16 id, uint32 account, bool braked) private {
        series = id;
        exchange.refreshMark(id);
        if (braked) {
            bytes memory error_ = abi.encodeWithSelector(IExchangeErrors.ReduceOnlySeries.selector, id);
            refusedPlace(account, 0, 2200, 1, error_);
        } else {
            buy(account, 2200, 1);
        }
    }
}
