// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBackOffice} from "../../../contracts/interfaces/IBackOffice.sol";
import {IClearing} from "../../../contracts/interfaces/IClearing.sol";
import {IExchangeErrors} from "../../../contracts/interfaces/IExchangeErrors.sol";
import {IExchangeEvents} from "../../../contracts/interfaces/IExchangeEvents.sol";
import {ILiquidation} from "../../../contracts/interfaces/ILiquidation.sol";
import {ISpreads} from "../../../contracts/interfaces/ISpreads.sol";
import {ITokenDesk} from "../../../contracts/interfaces/ITokenDesk.sol";
import {ITrading} from "../../../contracts/interfaces/ITrading.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

contract AgentsTest is ExchangeTest {
    uint32 internal account;
    address internal boss;
    address internal agent = makeAddr("agent");
    uint40 internal expiry;

    uint8 internal constant MAY_PLACE = 1;
    uint8 internal constant MAY_CANCEL = 2;

    function setUp() public override {
        super.setUp();
        account = open(100_000);
        boss = owner(account);
        expiry = uint40(vm.getBlockTimestamp() + 1 days);
    }

    function _invite(uint8 permissions) private {
        vm.prank(boss);
        exchange.inviteAgent(agent, expiry, permissions);
    }

    function _employ(uint8 permissions) private {
        _invite(permissions);
        vm.prank(agent);
        exchange.acceptAgent(account);
    }

    function _inviteCall(address who, uint40 until, uint8 permissions) private pure returns (bytes memory) {
        return abi.encodeCall(IBackOffice.inviteAgent, (who, until, permissions));
    }

    function _notPermitted(uint256 permission) private view returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeErrors.AgentNotPermitted.selector, agent, permission);
    }

    /// @dev [ACCOUNT-2]
    function test_invitationThenConsent() public {
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AgentInvited(account, agent, expiry, 3);
        _invite(3);
        (uint32 served,,) = lens.principal(agent);
        assertEq(served, 0, "an invitation binds nobody");
        refused(
            agent,
            placeCall(0, 3400, 1, 0, 0),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, agent)
        );
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AgentAccepted(account, agent, expiry, 3);
        vm.prank(agent);
        exchange.acceptAgent(account);
        uint8 permissions;
        uint40 until;
        (served, permissions, until) = lens.principal(agent);
        assertEq(served, account);
        assertEq(permissions, 3);
        assertEq(until, expiry);
        vm.prank(agent);
        exchange.place(series, 0, 3400, 1, 0, 0, 0);
        assertEq(position(account).openBuy, 1, "the order is the account's");
    }

    /// @dev [ACCOUNT-2]
    function test_permissionsAreSeparate() public {
        _employ(MAY_PLACE);
        vm.prank(agent);
        (uint96 id,) = exchange.place(series, 0, 3400, 1, 0, 0, 0);
        refused(agent, abi.encodeCall(ITrading.cancel, (id)), _notPermitted(MAY_CANCEL));
        refused(agent, abi.encodeCall(ITrading.massCancel, (series)), _notPermitted(MAY_CANCEL));
        refused(agent, abi.encodeCall(ITrading.massCancelAll, ()), _notPermitted(MAY_CANCEL));
        refused(agent, abi.encodeCall(ITrading.batch, (series, "", false, 0)), _notPermitted(3));
        // New terms for one who serves already apply at once.
        _invite(MAY_CANCEL);
        refused(agent, placeCall(0, 3400, 1, 0, 0), _notPermitted(MAY_PLACE));
        vm.prank(agent);
        exchange.cancel(id);
        assertEq(position(account).openCount, 0);
    }

    /// @dev Whatever bits a key has: it never withdraws and never adds keys. [ACCOUNT-2]
    function testFuzz_agentNeverTakesMoneyOrAddsKeys(uint8 permissions) public {
        permissions = uint8(bound(permissions, 1, 254));
        _employ(permissions);
        refused(agent, abi.encodeCall(ITrading.withdraw, (1, agent)), _notPermitted(255));
        refused(agent, _inviteCall(makeAddr("friend"), expiry, 1), _notPermitted(255));
        refused(
            agent,
            abi.encodeCall(IBackOffice.removeAgent, (boss)),
            abi.encodeWithSelector(IExchangeErrors.NotAuthorised.selector, agent)
        );
    }

    /// @dev [ACCOUNT-2]
    function test_keyEndsAtItsSecond() public {
        _employ(3);
        vm.warp(expiry - 1);
        vm.prank(agent);
        exchange.massCancelAll();
        vm.warp(expiry);
        refused(
            agent,
            abi.encodeCall(ITrading.massCancelAll, ()),
            abi.encodeWithSelector(IExchangeErrors.AgentExpired.selector, agent, expiry)
        );
    }

    /// @dev Every verb that an agent may call, and what it must be allowed for that.
    function _agentVerbs() private view returns (bytes[9] memory calls, uint8[9] memory needed) {
        calls = [
            placeCall(0, 3400, 1, 0, 0),
            abi.encodeCall(ITrading.cancel, (uint96(1))),
            abi.encodeCall(ITrading.batch, (series, "", false, 0)),
            abi.encodeCall(ITrading.massCancel, (series)),
            abi.encodeCall(ITrading.massCancelAll, ()),
            abi.encodeCall(ISpreads.spread, (series, series, 1, 0, 0, 0)),
            abi.encodeCall(ILiquidation.liquidate, (1, series, 1, 1, 0)),
            abi.encodeCall(ILiquidation.auction, (1, FEED, 1)),
            abi.encodeCall(IClearing.collectBounty, (series))
        ];
        needed =
            [MAY_PLACE, MAY_CANCEL, 3, MAY_CANCEL, MAY_CANCEL, MAY_PLACE, MAY_PLACE, MAY_PLACE, MAY_PLACE];
    }

    /// @dev [ACCOUNT-2]
    function test_everyVerbEndsWithTheKeyAndNeedsItsPermission() public {
        (bytes[9] memory calls, uint8[9] memory needed) = _agentVerbs();
        bytes memory stranger = abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, agent);
        for (uint256 i; i < calls.length; ++i) {
            refused(agent, calls[i], stranger);
        }
        _employ(3);
        bytes memory over = abi.encodeWithSelector(IExchangeErrors.AgentExpired.selector, agent, expiry);
        vm.warp(expiry);
        for (uint256 i; i < calls.length; ++i) {
            refused(agent, calls[i], over);
        }
        expiry += 1 days;
        for (uint8 has = 1; has < 3; ++has) {
            _invite(has);
            for (uint256 i; i < calls.length; ++i) {
                if (needed[i] & has != needed[i]) refused(agent, calls[i], _notPermitted(needed[i]));
            }
        }
    }

    /// @dev What no agent may do, whatever its permissions, and nobody without an account. [ACCOUNT-2]
    function test_ownersVerbsAreForNobodyElse() public {
        bytes[6] memory calls = [
            abi.encodeCall(ITrading.withdraw, (1, agent)),
            _inviteCall(makeAddr("friend"), expiry, 1),
            abi.encodeCall(IClearing.challenge, (series)),
            abi.encodeCall(ITokenDesk.wrap, (series, true, 1, agent)),
            abi.encodeCall(ITokenDesk.unwrap, (series, true, 1)),
            abi.encodeCall(ITokenDesk.redeem, (series, true, 1))
        ];
        for (uint256 i; i < calls.length; ++i) {
            refused(agent, calls[i], abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, agent));
        }
        _employ(254);
        for (uint256 i; i < calls.length; ++i) {
            refused(agent, calls[i], _notPermitted(255));
        }
    }

    function test_invitationEndsAtItsSecond() public {
        _invite(3);
        vm.warp(expiry);
        refused(
            agent,
            abi.encodeCall(IBackOffice.acceptAgent, (account)),
            abi.encodeWithSelector(IExchangeErrors.AgentExpired.selector, agent, expiry)
        );
    }

    function test_refusesBadTerms() public {
        refused(
            boss,
            _inviteCall(address(0), expiry, 1),
            abi.encodeWithSelector(IExchangeErrors.ZeroAddress.selector)
        );
        refused(
            boss,
            _inviteCall(agent, START, 1),
            abi.encodeWithSelector(IExchangeErrors.AgentExpired.selector, agent, START)
        );
        refused(boss, _inviteCall(agent, expiry, 0), _notPermitted(0));
        refused(boss, _inviteCall(agent, expiry, 255), _notPermitted(255));
    }

    function test_refusesTakenAddresses() public {
        uint32 other = open(1);
        address otherBoss = owner(other);
        refused(
            boss,
            _inviteCall(otherBoss, expiry, 1),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, otherBoss, other)
        );
        refused(
            boss,
            _inviteCall(boss, expiry, 1),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, boss, account)
        );
        _employ(1);
        refused(
            otherBoss,
            _inviteCall(agent, expiry, 1),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, agent, account)
        );
    }

    /// @dev Two invite the same address: the first it accepts counts.
    function test_acceptsOnlyOne() public {
        uint32 other = open(1);
        address otherBoss = owner(other);
        _invite(1);
        vm.prank(otherBoss);
        exchange.inviteAgent(agent, expiry, 1);
        vm.prank(agent);
        exchange.acceptAgent(other);
        refused(
            agent,
            abi.encodeCall(IBackOffice.acceptAgent, (account)),
            abi.encodeWithSelector(IExchangeErrors.AddressTaken.selector, agent, other)
        );
        vm.prank(boss);
        exchange.removeAgent(agent); // withdraws the invitation, not the service
        (uint32 served,,) = lens.principal(agent);
        assertEq(served, other);
    }

    function test_refusesAcceptanceWithoutInvitation() public {
        bytes memory notInvited = abi.encodeWithSelector(IExchangeErrors.NotInvited.selector, account, agent);
        refused(agent, abi.encodeCall(IBackOffice.acceptAgent, (account)), notInvited);
        _invite(1);
        vm.prank(boss);
        exchange.removeAgent(agent);
        refused(agent, abi.encodeCall(IBackOffice.acceptAgent, (account)), notInvited);
        refused(boss, abi.encodeCall(IBackOffice.removeAgent, (agent)), notInvited);
    }

    function test_removalByOwnerAndByItself() public {
        _employ(3);
        vm.expectEmit(address(exchange));
        emit IExchangeEvents.AgentRemoved(account, agent);
        vm.prank(boss);
        exchange.removeAgent(agent);
        refused(
            agent,
            abi.encodeCall(ITrading.massCancelAll, ()),
            abi.encodeWithSelector(IExchangeErrors.NoAccount.selector, agent)
        );
        _employ(3);
        vm.warp(expiry + 1); // a dead key can still leave
        vm.prank(agent);
        exchange.removeAgent(agent);
        vm.prank(agent);
        exchange.open();
    }

    function test_refusesRemovalByOthers() public {
        _employ(3);
        address stranger = makeAddr("stranger");
        refused(
            stranger,
            abi.encodeCall(IBackOffice.removeAgent, (agent)),
            abi.encodeWithSelector(IExchangeErrors.NotAuthorised.selector, stranger)
        );
        uint32 other = open(1);
        refused(
            owner(other),
            abi.encodeCall(IBackOffice.removeAgent, (agent)),
            abi.encodeWithSelector(IExchangeErrors.NotInvited.selector, other, agent)
        );
        refused(
            boss,
            abi.encodeCall(IBackOffice.removeAgent, (boss)),
            abi.encodeWithSelector(IExchangeErrors.NotAuthorised.selector, boss)
        );
    }
}
