// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {IExchange} from "../../contracts/interfaces/IExchange.sol";
import {IIndexOracle} from "../../contracts/interfaces/IIndexOracle.sol";
import {ILens} from "../../contracts/interfaces/ILens.sol";
import {SeriesSpec} from "../../contracts/interfaces/Types.sol";
import {MockUSDC} from "../../contracts/mocks/MockUSDC.sol";
import {Shipped} from "./Shipped.sol";
import {MockOracle} from "./mocks/MockOracle.sol";

/// @dev An exchange over a settable oracle, with one series: LLM-FLAGSHIP at $3.50, tick $0.001, $1 a tick and lot.
/// `open` gives funded accounts. All orders name the account; the helpers act as its owner.
abstract contract Base is Test, Shipped {
    uint16 internal constant FEED = 1;
    uint16 internal constant DAY0 = 20_800;
    uint16 internal constant WINDOW_START = DAY0 + 23;
    uint16 internal constant EXPIRY_DAY = DAY0 + 30;
    uint32 internal constant START = uint32(DAY0) * 1 days + 10 hours;
    uint64 internal constant TICK = 100_000; // index units: $0.001
    uint256 internal constant USD = 1e6; // collateral base units

    uint8 internal constant IOC = 1;
    uint8 internal constant FOK = 2;
    uint8 internal constant POST_ONLY = 4;
    uint8 internal constant REDUCE_ONLY = 8;
    uint8 internal constant STP_TAKING = 16;
    uint8 internal constant SELL = 128;

    MockUSDC internal usdc;
    MockOracle internal oracle;
    IExchange internal exchange;
    ILens internal lens;
    address internal guardian = makeAddr("guardian");
    uint16 internal series;

    function setUp() public virtual {
        vm.warp(START);
        usdc = new MockUSDC();
        oracle = new MockOracle();
        exchange = IExchange(deployExchange(usdc, IIndexOracle(address(oracle))));
        lens = shipLens(exchange);
        exchange.setGuardian(guardian);
        setIndex(3500);
        series = exchange.listSeries(spec());
    }

    /// @dev The exchange and its chain of desks; this contract owns it.
    function deployExchange(IERC20 collateral, IIndexOracle index) internal returns (address) {
        address next = shipDesk("SpreadDesk", collateral, index, lastDesk(collateral, index));
        next = shipTokenDesk(collateral, index, next, shipTokenFactory());
        next = shipDesk("RiskDesk", collateral, index, next);
        next = shipDesk("ClearingDesk", collateral, index, next);
        next = shipDesk("BackOffice", collateral, index, next);
        return address(shipExchange(collateral, index, address(this), next));
    }

    /// @dev A desk of the test's own behind the others; none here.
    function lastDesk(IERC20, IIndexOracle) internal virtual returns (address) {
        return address(0);
    }

    function spec() internal pure virtual returns (SeriesSpec memory) {
        return SeriesSpec({
            symbol: "LLM-FLAGSHIP-DEC26",
            feed: FEED,
            windowStart: WINDOW_START,
            expiryDay: EXPIRY_DAY,
            tickSize: TICK,
            tickValue: 1_000_000,
            priceCap: 30_000,
            initialMark: 3500,
            maxBasis: 1000,
            minLots: 1,
            positionLimit: 100_000,
            openInterestCap: 1_000_000,
            imBps: 2500,
            mmBps: 1000,
            spreadBps: 300,
            bandBps: 500,
            gapBps: 300,
            concentrationPct: 20,
            gainPct: 50,
            takerFee: 300,
            makerRebate: 100,
            maxMarkAge: 900
        });
    }

    // --- index ---

    /// @dev A fresh value of the series' feed, in ticks.
    function setIndex(uint256 ticks) internal {
        oracle.set(FEED, uint64(ticks * TICK), true);
    }

    /// @dev The value stays, but is no longer fresh.
    function setStale() internal {
        (uint64 price,,) = oracle.latest(FEED);
        oracle.set(FEED, price, false);
    }

    function warpTo(uint256 day, uint256 secondsInto) internal {
        vm.warp(day * 1 days + secondsInto);
    }

    /// @dev Time passes under somebody's eyes, so that the clocks of an account below its margin run on.
    function watch(uint32 account, uint256 until) internal {
        while (vm.getBlockTimestamp() + 10 minutes < until) {
            vm.warp(vm.getBlockTimestamp() + 10 minutes);
            exchange.flag(account);
        }
        vm.warp(until);
    }

    // --- accounts ---

    /// @dev The key that owns account `n` as opened by `open`.
    function owner(uint256 n) internal view returns (address) {
        return exchange.ownerOf(uint32(n));
    }

    /// @dev A new account with `dollars` of cash.
    function open(uint256 dollars) internal returns (uint32 account) {
        address who = vm.addr(uint256(keccak256(abi.encode("owner", exchange.accountCount()))));
        return fund(who, 0, dollars);
    }

    /// @dev `count` new accounts with `dollars` each; returns the first, the others follow it.
    function openMany(uint256 count, uint256 dollars) internal returns (uint32 first) {
        for (uint256 i; i < count; ++i) {
            uint32 account = open(dollars);
            if (i == 0) first = account;
        }
    }

    function fund(address who, uint32 account, uint256 dollars) internal returns (uint32 credited) {
        usdc.mint(who, dollars * USD);
        vm.startPrank(who);
        usdc.approve(address(exchange), dollars * USD);
        credited = exchange.deposit(account, dollars * USD);
        vm.stopPrank();
    }

    function withdraw(uint32 account, uint256 amount) internal {
        address who = owner(account);
        vm.prank(who);
        exchange.withdraw(amount, who);
    }

    // --- orders ---

    function buy(uint32 account, uint256 tick, uint256 lots) internal returns (uint96 id, uint32 filled) {
        return place(account, 0, tick, lots);
    }

    function sell(uint32 account, uint256 tick, uint256 lots) internal returns (uint96 id, uint32 filled) {
        return place(account, SELL, tick, lots);
    }

    function place(uint32 account, uint8 flags, uint256 tick, uint256 lots)
        internal
        returns (uint96 id, uint32 filled)
    {
        return placeFull(account, flags, tick, lots, 0, 0, 0);
    }

    function placeFull(
        uint32 account,
        uint8 flags,
        uint256 tick,
        uint256 lots,
        uint32 expiry,
        uint64 clientId,
        uint16 maxSteps
    ) internal returns (uint96 id, uint32 filled) {
        vm.prank(owner(account));
        return exchange.place(series, flags, uint24(tick), uint32(lots), expiry, clientId, maxSteps);
    }

    function cancel(uint32 account, uint96 id) internal {
        vm.prank(owner(account));
        exchange.cancel(id);
    }

    function massCancel(uint32 account) internal {
        vm.prank(owner(account));
        exchange.massCancel(series);
    }

    function batch(uint32 account, bytes memory operations, bool strict) internal {
        vm.prank(owner(account));
        exchange.batch(series, operations, strict, 0);
    }

    /// @dev One place operation of a batch.
    function placeOp(uint8 flags, uint256 tick, uint256 lots) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), flags, uint24(tick), uint32(lots), uint32(0), uint64(0));
    }

    /// @dev One cancel operation of a batch.
    function cancelOp(uint96 id) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2), uint8(id >> 72), uint24(id >> 48), uint32(id >> 16), uint16(id));
    }
}
