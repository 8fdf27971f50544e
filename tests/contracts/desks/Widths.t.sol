// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {SETTLED} from "../../../contracts/libraries/State.sol";
import {TokenBase} from "./TokenBase.sol";

/// @dev Balances at the edge of their storage: every verb that would push one over it is refused by name, and nothing
/// wraps. Cash gets there by a deposit; a quote of 2^78 units is put there by hand.
contract WidthsTest is TokenBase {
    uint256 private constant FULL = type(uint88).max;
    int256 private constant EDGE = 1 << 78;
    int256 private constant LOT = 3500e6; // a lot at the mark
    int256 private constant FEE = 1_050_000; // of a lot, for taking

    function _brim(uint32 account) private {
        credit(account, FULL - cash(account));
    }

    function _tooMuchCash(uint256 added) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 88, FULL + added);
    }

    /// @dev The word's slot is the only one that reading it reads.
    function _slot(uint32 account, uint16 id) private returns (bytes32) {
        vm.record();
        exchange.positionWord(account, id);
        (bytes32[] memory reads,) = vm.accesses(address(exchange));
        return reads[reads.length - 1];
    }

    function _stretch(uint32 account, uint16 id, int256 quote) private {
        bytes32 slot = _slot(account, id);
        uint256 word = uint256(vm.load(address(exchange), slot)) & ~(uint256(type(uint80).max) << 96);
        vm.store(address(exchange), slot, bytes32(word | (uint256(uint80(int80(quote))) << 96)));
        assertEq(position(account, id).quote, quote);
    }

    function _tooWide(int256 quote) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 79, quote);
    }

    // --- cash ---

    function test_cash_of_a_gain_realised() public {
        uint32 winner = open(100_000);
        enter(series, winner, 10);
        move(3600);
        enter(series, winner, -10);
        warpTo(DAY0 + 2, 0);
        _brim(winner);
        uint32[] memory payers = new uint32[](1);
        payers[0] = rich;
        uint256 gain = uint256(position(winner, series).quote);
        bytes memory realise = abi.encodeCall(IClearing.realise, (winner, series, payers));
        refused(address(1), realise, _tooMuchCash(gain));
        withdraw(winner, gain);
        exchange.realise(winner, series, payers);
        assertEq(cash(winner), FULL);
    }

    function test_cash_of_a_claim_drawn_and_of_a_bounty() public {
        setIndex(3600);
        settleOnly(series);
        uint32[] memory all = everyone();
        vm.prank(owner(keeper));
        exchange.settleAccounts(all);
        _brim(bull);
        _brim(keeper);
        uint256 claim = uint256(position(bull, series).quote);
        refused(address(1), abi.encodeCall(IClearing.draw, (bull, series)), _tooMuchCash(claim));
        uint256 bounty = uint256(exchange.moneyOf(series).bounty) * exchange.moneyOf(series).members;
        assertGt(bounty, 0);
        refused(owner(keeper), abi.encodeCall(IClearing.collectBounty, (series)), _tooMuchCash(bounty));
    }

    /// @dev A bond that cannot return: by a ruling, and after the arbiter's silence.
    function test_cash_of_a_bond_returned() public {
        address arbiter = makeAddr("arbiter");
        exchange.setArbiter(arbiter);
        address who = owner(bull);
        uint256 bond = exchange.challengeBond();
        usdc.mint(who, bond);
        vm.prank(who);
        usdc.approve(address(exchange), bond);
        warpTo(WINDOW_START + 1, 0);
        setStale();
        warpTo(WINDOW_START + 2, 0);
        setIndex(3600);
        warpTo(EXPIRY_DAY, 1 hours);
        vm.mockCall(
            address(oracle),
            abi.encodeCall(IIndexOracle.windowRange, (FEED, WINDOW_START, EXPIRY_DAY)),
            abi.encode(3400 * TICK, 3650 * TICK)
        );
        vm.prank(who);
        exchange.challenge(series);
        _brim(bull);
        bytes memory full = _tooMuchCash(bond);
        refused(arbiter, abi.encodeCall(IClearing.rule, (series, 3500, keccak256("evidence"))), full);
        skip(5 days);
        refused(address(1), abi.encodeCall(IClearing.settle, (series)), full);
        withdraw(bull, bond);
        exchange.settle(series);
        assertEq(cash(bull), FULL);
        assertMoney();
    }

    // --- quotes ---

    function test_quote_of_a_taker() public {
        sell(rich, 3500, 1);
        _stretch(bull, series, -EDGE);
        bytes memory wide = _tooWide(-EDGE - LOT - FEE);
        refused(owner(bull), abi.encodeCall(ITrading.place, (series, IOC, 3500, 1, 0, 0, 0)), wide);
        bytes memory operations = placeOp(IOC, 3500, 1);
        refused(owner(bull), abi.encodeCall(ITrading.batch, (series, operations, true, 0)), wide);
    }

    /// @dev Its rebate of $0.35 counts too.
    function test_quote_of_a_maker() public {
        sell(bear, 3500, 1);
        _stretch(bear, series, EDGE - LOT - 350_000);
        bytes memory take = abi.encodeCall(ITrading.place, (series, IOC, 3500, 1, 0, 0, 0));
        refused(owner(bull), take, _tooWide(EDGE));
        _stretch(bear, series, EDGE - LOT - 350_001);
        place(bull, IOC, 3500, 1);
        assertEq(position(bear, series).quote, EDGE - 1);
    }

    function test_quote_of_a_spread() public {
        uint16 far = listFar();
        buy(rich, 3500, 1);
        uint16 near = series;
        series = far;
        sell(rich, 3500, 1);
        series = near;
        _stretch(bull, series, EDGE - 1);
        bytes memory roll = abi.encodeCall(ISpreads.spread, (far, near, 1, 0, 0, 0));
        refused(owner(bull), roll, _tooWide(EDGE - 1 + LOT - FEE));
    }

    /// @dev A long of 10 with $9,000 at 2880: seven lots are closed for a reward of $201.60.
    function test_quote_of_a_keeper_and_of_a_bidder() public {
        uint32 trader = open(9000);
        enter(series, trader, 10);
        move(2880);
        buy(rich, 2880, 10);
        _stretch(keeper, series, EDGE - 201_600_000);
        bytes memory close_ = abi.encodeCall(ILiquidation.liquidate, (trader, series, 10, 2880, 0));
        refused(owner(keeper), close_, _tooWide(EDGE));
        _stretch(keeper, series, -EDGE);
        bytes memory bid_ = abi.encodeCall(ILiquidation.auction, (trader, FEED, 1e6));
        refused(owner(keeper), bid_, _tooWide(-EDGE - 10 * 2880e6));
    }

    function test_quote_of_who_wraps_and_unwraps() public {
        int256 cap = 30_000e6;
        wrap(bear, false, 1);
        _stretch(bear, series, -EDGE);
        refused(
            owner(bear),
            abi.encodeCall(ITokenDesk.wrap, (series, false, 1, owner(bear))),
            _tooWide(-EDGE - cap)
        );
        _stretch(bear, series, EDGE - cap);
        refused(owner(bear), abi.encodeCall(ITokenDesk.unwrap, (series, false, 1)), _tooWide(EDGE));
    }

    /// @dev A claim has a bit more than a quote, so that every settled position fits.
    function test_claim_of_who_redeems() public {
        wrap(bull, true, 1);
        close(series);
        uint256 most = uint256(2 * EDGE - 1);
        vm.store(address(exchange), _slot(bull, series), bytes32(most | (most << 96) | (SETTLED << 208)));
        refused(
            owner(bull),
            abi.encodeCall(ITokenDesk.redeem, (series, true, 1)),
            abi.encodeWithSelector(IExchangeErrors.Overflow.selector, 80, int256(most) + LOT)
        );
    }
}
