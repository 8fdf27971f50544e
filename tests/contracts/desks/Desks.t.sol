// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchange} from "../../../contracts/interfaces/IExchange.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {DeskBase} from "./DeskBase.sol";

/// @dev The chain of desks behind the exchange.
contract DesksTest is DeskBase {
    string private constant INTERFACE = "out/build/artifacts/interfaces/IExchange.sol/IExchange.json";
    address[] internal desks; // from the first to the last of the chain
    string[] internal names = ["BackOffice", "ClearingDesk", "RiskDesk", "TokenDesk", "SpreadDesk"];
    mapping(string signature => uint256) internal answers;

    function setUp() public override {
        super.setUp();
        IIndexOracle index = IIndexOracle(address(oracle));
        address spreadDesk = shipDesk("SpreadDesk", usdc, index, address(0));
        address tokenDesk = shipTokenDesk(usdc, index, spreadDesk, shipTokenFactory());
        address riskDesk = shipDesk("RiskDesk", usdc, index, tokenDesk);
        address clearingDesk = shipDesk("ClearingDesk", usdc, index, riskDesk);
        address office = shipDesk("BackOffice", usdc, index, clearingDesk);
        desks = [office, clearingDesk, riskDesk, tokenDesk, spreadDesk];
        exchange = shipExchange(usdc, index, address(this), desks[0]);
    }

    /// @dev Everything that writes, with arguments that need not make sense.
    function writes() internal view returns (bytes[] memory calls) {
        uint32[] memory none;
        calls = new bytes[](28);
        calls[0] = abi.encodeCall(IBackOffice.open, ());
        calls[1] = abi.encodeCall(IBackOffice.inviteAgent, (address(1), 1, 1));
        calls[2] = abi.encodeCall(IBackOffice.acceptAgent, (1));
        calls[3] = abi.encodeCall(IBackOffice.removeAgent, (address(1)));
        calls[4] = abi.encodeCall(IBackOffice.topUpInsurance, (1, 1));
        calls[5] = abi.encodeCall(IBackOffice.listSeries, (spec()));
        calls[6] = abi.encodeCall(IBackOffice.withdrawTreasury, (address(1), 1));
        calls[7] = abi.encodeCall(IBackOffice.setReduceOnly, (1, true));
        calls[8] = abi.encodeCall(IBackOffice.setGuardian, (address(1)));
        calls[9] = abi.encodeCall(IBackOffice.setArbiter, (address(1)));
        calls[10] = abi.encodeCall(IClearing.realise, (1, 1, none));
        calls[11] = abi.encodeCall(IClearing.settle, (1));
        calls[12] = abi.encodeCall(IClearing.settleAccounts, (none));
        calls[13] = abi.encodeCall(IClearing.draw, (1, 1));
        calls[14] = abi.encodeCall(IClearing.collectFees, (1));
        calls[15] = abi.encodeCall(IClearing.collectBounty, (1));
        calls[16] = abi.encodeCall(IClearing.challenge, (1));
        calls[17] = abi.encodeCall(IClearing.rule, (1, 1, bytes32(0)));
        calls[18] = abi.encodeCall(ILiquidation.cancelOrders, (1));
        calls[19] = abi.encodeCall(ILiquidation.liquidate, (1, 1, 1, 1, 1));
        calls[20] = abi.encodeCall(ILiquidation.auction, (1, 1, 1));
        calls[21] = abi.encodeCall(ILiquidation.flag, (1));
        calls[22] = abi.encodeCall(ILiquidation.declare, (1, 1));
        calls[23] = abi.encodeCall(ITokenDesk.createTokens, (1));
        calls[24] = abi.encodeCall(ITokenDesk.wrap, (1, true, 1, address(1)));
        calls[25] = abi.encodeCall(ITokenDesk.unwrap, (1, true, 1));
        calls[26] = abi.encodeCall(ITokenDesk.redeem, (1, true, 1));
        calls[27] = abi.encodeCall(ISpreads.spread, (1, 2, 1, 0, 0, 0));
    }

    /// @dev No desk writes when called itself, neither what it knows nor what it hands to the next in the chain.
    function test_direct_calls_to_a_desk_are_refused() public {
        bytes[] memory calls = writes();
        for (uint256 d; d < desks.length; ++d) {
            for (uint256 i; i < calls.length; ++i) {
                // The owner's verbs ask for their owner first: address 1 owns the storage that nobody uses.
                vm.prank(address(1));
                (bool ok, bytes memory answer) = desks[d].call(calls[i]);
                string memory where = string.concat(names[d], " ", vm.toString(i));
                assertFalse(ok, where);
                assertEq(answer, notAuthorised(address(1)), where);
            }
        }
    }

    /// @dev Two desks that answer one selector would hide each other; what nobody answers is missing.
    function test_each_function_is_answered_by_exactly_one_contract() public {
        string[] memory wanted = functionsOf(INTERFACE);
        count(artifact("Exchange"));
        for (uint256 d; d < names.length; ++d) {
            count(artifact(names[d]));
        }
        for (uint256 i; i < wanted.length; ++i) {
            assertEq(answers[wanted[i]], 1, wanted[i]);
        }
        assertGt(wanted.length, 50);
    }

    /// @dev A desk has nothing public but what IExchange names, and the ownership that the exchange answers itself.
    function test_desks_have_no_other_functions() public {
        count(INTERFACE);
        count(artifact("Exchange"));
        for (uint256 d; d < names.length; ++d) {
            string[] memory own = functionsOf(artifact(names[d]));
            for (uint256 i; i < own.length; ++i) {
                assertGt(answers[own[i]], 0, own[i]);
            }
        }
    }

    function functionsOf(string memory path) internal view returns (string[] memory) {
        return vm.parseJsonKeys(vm.readFile(path), ".methodIdentifiers");
    }

    function count(string memory path) internal {
        string[] memory all = functionsOf(path);
        for (uint256 i; i < all.length; ++i) {
            ++answers[all[i]];
        }
    }

    function test_what_no_desk_knows_is_refused() public {
        bytes memory unknownCall = abi.encodeWithSignature("upgradeTo(address)", address(1));
        refused(
            address(1),
            unknownCall,
            abi.encodeWithSelector(IExchangeErrors.UnknownFunction.selector, bytes4(unknownCall))
        );
        refused(address(1), "", abi.encodeWithSelector(IExchangeErrors.UnknownFunction.selector, bytes4(0)));
    }

    function test_ether_is_refused() public {
        vm.deal(address(this), 1 ether);
        (bool ok,) = address(exchange).call{value: 1}("");
        assertFalse(ok);
        (ok,) = address(exchange).call{value: 1}(abi.encodeCall(IBackOffice.open, ()));
        assertFalse(ok);
    }

    function test_an_exchange_needs_its_desks_and_a_desk_its_factory() public {
        IIndexOracle index = IIndexOracle(address(oracle));
        vm.expectRevert(IExchangeErrors.ZeroAddress.selector);
        shipExchange(usdc, index, address(this), address(0));
        vm.expectRevert(IExchangeErrors.ZeroAddress.selector);
        shipTokenDesk(usdc, index, address(0), address(0));
    }
}
