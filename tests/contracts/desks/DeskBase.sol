// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccountMargin, SeriesMoney, SeriesSpec} from "../../../contracts/interfaces/Types.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {HOT_CLOSED, HOT_SETTLED, Position, Words} from "../../../contracts/libraries/State.sol";
import {Base} from "../Base.t.sol";

/// @dev Helpers of the desks' tests. `rich` is the other side of every trade, `keeper` liquidates. Initial margin does not
/// grow with size here, so that it can be computed by hand: 25% of the delta, maintenance margin 10%, spread 3%.
abstract contract DeskBase is Base {
    uint16 internal constant FEED2 = 2;
    uint256 internal constant FEEDS = 2;

    uint32 internal rich;
    uint32 internal keeper;

    function setUp() public virtual override {
        super.setUp();
        rich = open(100_000_000);
        keeper = open(1000);
    }

    function spec() internal pure virtual override returns (SeriesSpec memory x) {
        x = super.spec();
        x.concentrationPct = 0;
    }

    /// @dev A series of the same feed that expires 31 days later.
    function listFar() internal returns (uint16) {
        return listFarAt(3500);
    }

    function listFarAt(uint24 mark) internal returns (uint16) {
        SeriesSpec memory far = spec();
        (far.symbol, far.windowStart, far.expiryDay, far.initialMark) =
        ("LLM-FLAGSHIP-JAN27", far.windowStart + 31, far.expiryDay + 31, mark);
        return exchange.listSeries(far);
    }

    /// @dev A series of another feed, as the first in everything else.
    function listOther() internal returns (uint16) {
        oracle.set(FEED2, uint64(3500 * TICK), true);
        SeriesSpec memory other = spec();
        (other.symbol, other.feed) = ("GPU-H100-SXM-DEC26", FEED2);
        return exchange.listSeries(other);
    }

    // --- acting ---

    /// @dev Index and cached marks of the first feed.
    function move(uint256 ticks) internal {
        setIndex(ticks);
        refreshAll();
    }

    function refreshAll() internal {
        for (uint16 id = 1; id <= exchange.seriesCount(); ++id) {
            if (block.timestamp < uint256(lens.specOf(id).expiryDay) * 1 days) exchange.refreshMark(id);
        }
    }

    function trade(uint16 id, uint32 buyer, uint32 seller, uint256 tick, uint256 lots) internal {
        uint16 was = series;
        series = id;
        sell(seller, tick, lots);
        (, uint32 filled) = place(buyer, IOC, tick, lots);
        assertEq(filled, lots, "trade");
        series = was;
    }

    /// @dev Trades with `rich` at the mark as the taker; the fee comes back as cash, so equity does not change.
    function enter(uint16 id, uint32 account, int256 lots) internal {
        (uint256 mark,,) = lens.markOf(id);
        uint16 was = series;
        series = id;
        uint256 size = uint256(lots < 0 ? -lots : lots);
        place(rich, lots < 0 ? 0 : SELL, mark, size);
        (, uint32 filled) = place(account, lots < 0 ? IOC | SELL : IOC, mark, size);
        assertEq(filled, size, "enter");
        series = was;
        credit(account, (size * mark * USD * 300 + 999_999) / 1_000_000);
    }

    /// @dev Pays base units into an account; anyone may.
    function credit(uint32 account, uint256 units) internal {
        usdc.mint(address(this), units);
        usdc.approve(address(exchange), units);
        exchange.deposit(account, units);
    }

    function topUp(uint16 feed, uint256 units) internal {
        usdc.mint(address(this), units);
        usdc.approve(address(exchange), units);
        exchange.topUpInsurance(feed, units);
    }

    function liquidate(uint32 account, uint256 lots, uint256 limit)
        internal
        returns (uint256 closed, uint256 reward)
    {
        vm.prank(owner(keeper));
        (closed, reward) = exchange.liquidate(account, series, uint32(lots), uint24(limit), 0);
        assertMoney();
    }

    function bid(uint32 bidder, uint32 account, uint16 feed, uint256 fraction)
        internal
        returns (uint256 paid, uint256 insured)
    {
        vm.prank(owner(bidder));
        (paid, insured) = exchange.auction(account, feed, uint32(fraction));
        assertMoney();
    }

    /// @dev The call fails with exactly this error.
    function refused(address who, bytes memory call, bytes memory reason) internal {
        vm.prank(who);
        (bool ok, bytes memory answer) = address(exchange).call(call);
        assertFalse(ok, "not refused");
        assertEq(answer, reason, "other reason");
    }

    /// @dev An agent of the account with these permissions (1 place, 2 cancel) for a day.
    function agentOf(uint32 account, uint8 permissions) internal returns (address agent) {
        agent = vm.addr(uint256(keccak256(abi.encode("agent", account, permissions))));
        address who = owner(account);
        vm.prank(who);
        exchange.inviteAgent(agent, uint40(block.timestamp + 1 days), permissions);
        vm.prank(agent);
        exchange.acceptAgent(account);
    }

    /// @dev To the settlement of `id` with a covered window, everything cranked by nobody.
    function close(uint16 id) internal {
        settleOnly(id);
        uint32[] memory all = everyone();
        exchange.settleAccounts(all);
        assertMoney();
    }

    function settleOnly(uint16 id) internal returns (uint24 tick) {
        uint256 day = lens.specOf(id).expiryDay;
        if (block.timestamp < day * 1 days + 1 hours) warpTo(day, 1 hours);
        tick = exchange.settle(id);
        assertMoney();
    }

    function everyone() internal view returns (uint32[] memory all) {
        all = new uint32[](exchange.accountCount());
        for (uint32 i; i < all.length; ++i) {
            all[i] = i + 1;
        }
    }

    // --- reading ---

    function margin(uint32 account) internal view returns (AccountMargin memory) {
        return lens.marginOf(account);
    }

    function equity(uint32 account) internal view returns (int256) {
        return lens.marginOf(account).equity;
    }

    function withdrawable(uint32 account) internal view returns (uint256) {
        return lens.accountInfo(account).withdrawable;
    }

    function cash(uint32 account) internal view returns (uint256) {
        return uint88(exchange.accountWord(account));
    }

    function position(uint32 account, uint16 id) internal view returns (Position memory) {
        return Words.toPosition(exchange.positionWord(account, id));
    }

    function openInterest(uint16 id) internal view returns (uint256) {
        return uint32(exchange.hotWord(id) >> 168);
    }

    function braked(uint16 id) internal view returns (bool) {
        return lens.seriesInfo(id).reduceOnly;
    }

    // --- what must hold after every step ---

    /// @dev Tokens held = cash + pools + insurance + bonds + treasury, and the pool identity of every series; exact.
    function assertMoney() internal view {
        uint256 held = exchange.bonds() + exchange.treasury();
        uint32 accounts = exchange.accountCount();
        for (uint32 account = 1; account <= accounts; ++account) {
            held += cash(account);
        }
        for (uint16 feed = 1; feed <= FEEDS; ++feed) {
            held += exchange.insurance(feed);
        }
        for (uint16 id = 1; id <= exchange.seriesCount(); ++id) {
            held += exchange.moneyOf(id).pool;
            _assertPool(id, accounts);
        }
        assertEq(usdc.balanceOf(address(exchange)), held, "tokens held");
    }

    function _assertPool(uint16 id, uint32 accounts) private view {
        SeriesMoney memory m = exchange.moneyOf(id);
        uint256 hot = exchange.hotWord(id);
        int256 sum = int256(uint256(m.fees) + uint48(hot >> 200) + m.advance);
        int256 lots;
        uint256 longs;
        int256 unit = (hot >> 248) & HOT_SETTLED != 0
            ? int256(uint256(uint24(hot >> 48)) * lens.specOf(id).tickValue)
            : int256(0);
        for (uint32 account = 1; account <= accounts; ++account) {
            uint256 word = exchange.positionWord(account, id);
            Position memory p = Words.toPosition(word);
            sum += p.quote;
            if (Words.isSettled(word)) continue;
            sum += p.lots * unit;
            lots += p.lots;
            if (p.lots > 0) longs += uint256(p.lots);
        }
        assertEq(sum, int256(uint256(m.pool)), "pool identity");
        if ((hot >> 248) & HOT_SETTLED == 0) {
            assertEq(lots, 0, "sum of lots");
            assertEq(longs, uint32(hot >> 168), "open interest");
        }
        if ((hot >> 248) & HOT_CLOSED != 0) assertLe(m.drawn, m.collected, "drawn <= collected");
    }

    // --- errors ---

    function healthy(uint32 account, int256 equity_, uint256 needed) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.Healthy.selector, account, equity_, needed);
    }

    function stale(uint32 account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.StaleAccount.selector, account);
    }

    function unknown(uint32 account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.UnknownAccount.selector, account);
    }

    function noAccount(address who) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, who);
    }

    function notAuthorised(address who) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.NotAuthorised.selector, who);
    }

    function notPermitted(address who, uint256 permission) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.AgentNotPermitted.selector, who, permission);
    }

    function tooEarly(uint256 from) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.TooEarly.selector, from);
    }

    function expired(uint16 id) internal view returns (bytes memory) {
        uint256 end = uint256(lens.specOf(id).expiryDay) * 1 days;
        return abi.encodeWithSelector(IExchangeErrors.SeriesExpired.selector, id, end);
    }

    function shortOfMargin(uint32 account, int256 imEquity, uint256 im) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.InsufficientMargin.selector, account, imEquity, im);
    }
}
