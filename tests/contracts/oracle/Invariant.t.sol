// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OracleBase} from "./OracleBase.sol";
import {IIndexOracle} from "../../../contracts/interfaces/IIndexOracle.sol";

/// @dev Drives feed 1 and keeps a plain list of the values that came into force. The integral over that list, second
/// counts and all, is worked out from scratch each time and never from the contract's figures.
contract OracleHandler is OracleBase {
    struct Value {
        uint256 time;
        uint256 price;
    }

    Value[] public accepted;
    Value public waiting;
    bool public isWaiting;
    uint24 public rounds;
    uint256 public lastObserved;
    mapping(uint256 day => bytes32) public fixedAt;
    mapping(string => uint256) public done;

    // ------------------------------------------------------------------ actions

    function reportNear(uint32 gap, uint16 lag, uint8 move) external keepsFixed {
        _report(gap, lag, _near(move));
    }

    function reportFar(uint32 gap, uint16 lag, uint16 price) external keepsFixed {
        _report(gap, lag, bound(price, 1, 3000));
    }

    function repeatPending(uint32 gap, uint16 lag) external keepsFixed {
        if (isWaiting) _report(bound(gap, 1, 3 hours), lag, waiting.price);
    }

    function silence(uint32 gap) external keepsFixed {
        vm.warp(vm.getBlockTimestamp() + bound(gap, 1, 3 days));
        ++done["silence"];
    }

    function replay(uint32 gap) external keepsFixed {
        if (lastObserved == 0) return;
        vm.warp(vm.getBlockTimestamp() + bound(gap, 0, 10 minutes));
        Draft memory d = draft(uint32(lastObserved), 1000);
        try oracle.update(pack(d)) {
            fail();
        } catch {
            ++done["replay refused"];
        }
    }

    function fix(uint8 back) external keepsFixed {
        uint256 day = vm.getBlockTimestamp() / 1 days - bound(back, 0, 12);
        try oracle.fixCheckpoint(1, uint16(day)) {
            ++done["fix"];
        } catch (bytes memory reason) {
            bytes4 name = bytes4(reason);
            assertTrue(
                name == IIndexOracle.CheckpointNotFixable.selector
                    || name == IIndexOracle.CheckpointMissing.selector,
                "no other reason"
            );
        }
    }

    function _near(uint8 move) private view returns (uint256) {
        uint256 base = accepted.length == 0 ? 1000 : accepted[accepted.length - 1].price;
        uint256 price = base * (95 + move % 11) / 100;
        return price == 0 ? 1 : price;
    }

    function _report(uint256 gap, uint256 lag, uint256 price) private {
        vm.warp(vm.getBlockTimestamp() + bound(gap, 1, 9 hours));
        uint256 time = vm.getBlockTimestamp() - bound(lag, 0, MAX_LAG);
        bytes memory packed = pack(draft(uint32(time), uint64(price)));
        if (time <= lastObserved) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IIndexOracle.TimeNotIncreasing.selector, 1, uint32(time), uint32(lastObserved)
                )
            );
            oracle.update(packed);
            ++done["late refused"];
            return;
        }
        try oracle.update(packed) {}
        catch (bytes memory reason) {
            assertEq(bytes4(reason), IIndexOracle.CheckpointMissing.selector, "the only way to be refused");
            _catchUp();
            oracle.update(packed);
            ++done["caught up"];
        }
        lastObserved = time;
        ++rounds;
        _follow(time, price);
    }

    /// @dev Anyone gets a feed going again after a long silence.
    function _catchUp() private {
        uint256 today = vm.getBlockTimestamp() / 1 days;
        for (uint256 day = accepted[accepted.length - 1].time / 1 days + 1; day + 8 <= today; ++day) {
            oracle.fixCheckpoint(1, uint16(day));
        }
    }

    /// @dev The confirming rule in plain words.
    function _follow(uint256 time, uint256 price) private {
        if (isWaiting) {
            if (time - waiting.time < HEARTBEAT && _near(price, waiting.price)) {
                accepted.push(waiting);
                ++done["confirmed"];
            } else {
                ++done["dropped"];
            }
            isWaiting = false;
        }
        if (accepted.length == 0 || _near(price, accepted[accepted.length - 1].price)) {
            accepted.push(Value(time, price));
            ++done["accepted"];
        } else {
            waiting = Value(time, price);
            isWaiting = true;
            ++done["pending"];
        }
    }

    function _near(uint256 price, uint256 from) private pure returns (bool) {
        return price * 10 <= from * 11 && price * 10 >= from * 9;
    }

    // ------------------------------------------------------------------ the reference

    function acceptedCount() external view returns (uint256) {
        return accepted.length;
    }

    /// @dev priceSeconds and freshSeconds of all time before `end`.
    function integral(uint256 end) public view returns (uint256 priceSeconds, uint256 freshSeconds) {
        uint256 count = accepted.length;
        if (count == 0) return (0, 0);
        Value memory next = accepted[0];
        for (uint256 i; i < count && next.time < end; ++i) {
            Value memory value = next;
            uint256 until = value.time + HEARTBEAT;
            if (i + 1 < count) {
                next = accepted[i + 1];
                if (next.time < until) until = next.time;
            }
            if (until > end) until = end;
            priceSeconds += value.price * (until - value.time);
            freshSeconds += until - value.time;
        }
    }

    /// @dev Notes each checkpoint when it is first seen fixed, and compares it ever after: the last days, which
    /// something may still reach, after every action, and each time one of those before.
    modifier keepsFixed() {
        _;
        uint256 today = vm.getBlockTimestamp() / 1 days;
        for (uint256 day = _recent(); day <= today; ++day) {
            _compare(day);
        }
        _compare(older());
    }

    function _compare(uint256 day) private {
        (uint256 ps, uint256 fs, bool fixed_) = oracle.checkpoint(1, uint16(day));
        bytes32 seen = keccak256(abi.encode(ps, fs));
        if (fixedAt[day] != 0) {
            assertTrue(fixed_, "8 fixed stays fixed");
            assertEq(seen, fixedAt[day], "8 and stays as it is");
        } else if (fixed_) {
            fixedAt[day] = seen;
            ++done["fixed"];
        }
    }

    /// @dev The first of the last twelve days.
    function _recent() private view returns (uint256) {
        uint256 today = vm.getBlockTimestamp() / 1 days;
        return today < DAY0 + 12 ? DAY0 : today - 12;
    }

    /// @dev Any day up to today, another one at another time.
    function older() public view returns (uint256) {
        uint256 now_ = vm.getBlockTimestamp();
        return DAY0 + uint256(keccak256(abi.encode(now_))) % (now_ / 1 days - DAY0 + 1);
    }

    function target() external view returns (IIndexOracle) {
        return oracle;
    }
}

/// @dev Rule 8 of the design.
contract OracleInvariantTest is OracleBase {
    OracleHandler private handler;

    function setUp() public override {
        handler = new OracleHandler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = OracleHandler.reportNear.selector;
        selectors[1] = OracleHandler.reportFar.selector;
        selectors[2] = OracleHandler.repeatPending.selector;
        selectors[3] = OracleHandler.silence.selector;
        selectors[4] = OracleHandler.fix.selector;
        selectors[5] = OracleHandler.replay.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_rules() public view {
        _checkpoints();
        _now();
        _rounds();
    }

    /// @dev The last midnight and any other; and the window between them.
    function _checkpoints() private view {
        uint256 today = vm.getBlockTimestamp() / 1 days;
        uint256 from = handler.older();
        (uint256 p1, uint256 f1) = _checkpoint(today);
        (uint256 p0, uint256 f0) = _checkpoint(from);
        if (today == from) return;
        (uint256 wps, uint256 wfs, uint256 elapsed,) = handler.target().window(1, uint16(from), uint16(today));
        assertEq(wps, p1 - p0, "8 price seconds of a window");
        assertEq(wfs, f1 - f0, "8 fresh seconds of a window");
        assertEq(elapsed, (today - from) * 1 days, "8 seconds of a window");
    }

    function _checkpoint(uint256 day) private view returns (uint256 refPs, uint256 refFs) {
        (uint256 ps, uint256 fs,) = handler.target().checkpoint(1, uint16(day));
        (refPs, refFs) = handler.integral(day * 1 days);
        assertEq(ps, refPs, "8 price seconds of a checkpoint");
        assertEq(fs, refFs, "8 fresh seconds of a checkpoint");
    }

    function _now() private view {
        (uint256 ps, uint256 fs) = handler.target().accumulated(1, uint32(vm.getBlockTimestamp()));
        (uint256 refPs, uint256 refFs) = handler.integral(vm.getBlockTimestamp());
        assertEq(ps, refPs, "8 price seconds now");
        assertEq(fs, refFs, "8 fresh seconds now");
    }

    function _rounds() private view {
        IIndexOracle.FeedStatus memory status = handler.target().feedStatus(1);
        assertEq(status.round, handler.rounds(), "8 one round a report taken");
        uint256 count = handler.acceptedCount();
        if (count == 0) return;
        (uint256 time, uint256 price) = handler.accepted(count - 1);
        assertEq(status.time, time);
        assertEq(status.price, price);
        assertEq(status.pending, handler.isWaiting());
        assertEq(status.pending ? status.pendingTime : status.time, handler.lastObserved());
        (,, bool fresh) = handler.target().latest(1);
        assertEq(fresh, !status.pending && vm.getBlockTimestamp() <= time + HEARTBEAT);
    }

    /// @dev The actions above can reach every state they are there for.
    function test_handler_reaches_every_state() public {
        for (uint32 i; i < 400; ++i) {
            uint32 random = uint32(uint256(keccak256(abi.encode(i))));
            uint256 kind = random % 6;
            if (kind == 0) handler.reportNear(random, uint16(random >> 8), uint8(random >> 16));
            if (kind == 1) handler.reportFar(random, uint16(random >> 8), uint16(random >> 16));
            if (kind == 2) handler.repeatPending(random, uint16(random >> 8));
            if (kind == 3) handler.silence(random);
            if (kind == 4) handler.fix(uint8(random >> 8));
            if (kind == 5) handler.replay(random);
        }
        string[10] memory states = [
            "accepted",
            "pending",
            "confirmed",
            "dropped",
            "late refused",
            "replay refused",
            "silence",
            "fix",
            "caught up",
            "fixed"
        ];
        // Eight silent days in a row need a push.
        for (uint256 i; i < 4; ++i) {
            handler.silence(uint32(3 days));
        }
        handler.reportNear(1, 0, 5);
        for (uint256 i; i < states.length; ++i) {
            assertGt(handler.done(states[i]), 0, states[i]);
        }
        invariant_rules();
    }
}
