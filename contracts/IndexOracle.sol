// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IIndexOracle} from "./interfaces/IIndexOracle.sol";
import {
    Checkpoint,
    Document,
    FeedState,
    FeedStateLib,
    FeedStates,
    Pending,
    Range
} from "./libraries/FeedState.sol";
import {OperatorSet, OperatorSets} from "./libraries/OperatorSets.sol";
import {BatchHeader, SignedBatch} from "./libraries/SignedBatch.sol";

/// @title IndexOracle
/// @notice See IIndexOracle.
contract IndexOracle is IIndexOracle, Ownable2Step, EIP712 {
    using FeedStates for FeedState[1 << 16];
    using OperatorSets for OperatorSets.Sets;

    uint64 private constant MAX_VALUE = uint64(FeedStateLib.MAX_PRICE);
    /// @dev Midnights that one report can cross. After a longer silence `fixCheckpoint` comes first.
    uint256 private constant MAX_MIDNIGHTS = 8;
    uint256 private constant DAY = 1 days;

    /// @inheritdoc IIndexOracle
    uint32 public immutable maxLag;
    /// @dev For which contract and chain `_domain` is the EIP-712 domain separator.
    uint256 private immutable _self;
    uint256 private immutable _chain;
    bytes32 private immutable _domain;
    /// @inheritdoc IIndexOracle
    uint16 public feedCount;

    /// @dev An array, so that no slot is hashed for.
    FeedState[1 << 16] private _states;
    mapping(uint256 feed => Pending) private _pendings;
    mapping(uint256 feed => Document) private _documents;
    OperatorSets.Sets private _sets;
    mapping(uint256 feedAndDay => Checkpoint) private _checkpoints;
    mapping(uint256 feedAndDay => Range) private _ranges;

    /// @param maxLag_ Seconds from 1 to 86400. It never changes: a longer one would reopen fixed checkpoints.
    constructor(address owner_, uint32 maxLag_) Ownable(owner_) EIP712("olivepress IndexOracle", "1") {
        if (maxLag_ == 0 || maxLag_ > DAY) revert MaxLagOutOfRange(maxLag_, uint32(DAY));
        maxLag = maxLag_;
        _self = uint160(address(this));
        _chain = block.chainid;
        _domain = _domainSeparatorV4();
    }

    // ------------------------------------------------------------------ reports

    // slither-disable-start incorrect-equality (a time, a value or a place of calldata is 0 or the end, or it is not)
    /// @inheritdoc IIndexOracle
    function update(bytes calldata packed) external {
        (bool fine, BatchHeader header, OperatorSet operators, uint256 count, uint256 column) =
            _open(packed, maxLag);
        if (!fine) header.refuse(packed, operators, maxLag, true);
        (uint256 name, uint256 end) = header.names(packed);
        bytes32 given = header.recover(operators.operators(), name, column, SignedBatch.end(packed));
        if (!operators.isOf(given)) header.refuseSigners(packed, operators, column, given);

        uint256 observedAt = header.observedAt();
        uint256 set = header.operatorSet();
        header.shareInLogs();
        uint256 stride = header.stride();
        unchecked {
            uint256 span = stride * count;
            while (true) {
                (uint256 feed, uint256 price) = SignedBatch.median(name, column, stride, span);
                _takeRound(feed, price, observedAt, set);
                name += SignedBatch.FEED;
                if (name == end) break;
                column += 8;
            }
        }
    }

    /// @inheritdoc IIndexOracle
    function noteRange(bytes calldata packed) external {
        (bool fine, BatchHeader header, OperatorSet operators, uint256 count, uint256 column) =
            _open(packed, block.timestamp);
        if (!fine) header.refuse(packed, operators, block.timestamp, false);
        (uint256 name, uint256 end) = header.names(packed);
        bytes32 given = header.recover(operators.operators(), name, column, SignedBatch.end(packed));
        if (!operators.isOf(given)) header.refuseSigners(packed, operators, column, given);

        uint16 day = uint16(header.observedAt() / DAY);
        for (; name < end; (name, column) = (name + SignedBatch.FEED, column + 8)) {
            (uint256 id, uint256 value) =
                SignedBatch.median(name, column, header.stride(), count * header.stride());
            uint16 feed = uint16(id);
            _checkValue(uint16(header.operatorSet()), feed, _existing(feed), value);
            uint64 price = uint64(value);
            Range memory range = _ranges[_key(feed, day)];
            if (price > range.high) range.high = price;
            if (price < range.low || range.low == 0) range.low = price;
            _ranges[_key(feed, day)] = range;
            emit RangeNoted(feed, day, range.low, range.high);
        }
    }

    /// @dev What `update` and `noteRange` begin with. What they call next, both of them, is left to them: code that
    /// is in one place alone would be drawn in here, and the stack be too full for few opcodes.
    function _open(bytes calldata packed, uint256 lag)
        private
        view
        returns (bool fine, BatchHeader header, OperatorSet set, uint256 count, uint256 reportsAt)
    {
        header = SignedBatch.header(packed);
        set = _sets.byId[header.operatorSet()];
        (fine, count, reportsAt) = header.check(packed, set, lag);
        SignedBatch.begin(_separator());
    }

    function _checkValue(uint16 operatorSet_, uint16 feed, FeedState state, uint256 price) private pure {
        if (state.operatorSet() != operatorSet_) {
            revert WrongOperatorSet(feed, state.operatorSet(), operatorSet_);
        }
        // One compare for both bounds: zero wraps.
        unchecked {
            if (price - 1 >= MAX_VALUE) revert ValueOutOfRange(feed, uint64(price), MAX_VALUE);
        }
    }

    function _takeRound(uint256 feed, uint256 price, uint256 observedAt, uint256 set) private {
        FeedState state = _states.read(feed);
        if (!state.isPlain(set, price, observedAt)) {
            bool waits;
            (state, waits) = _unusual(uint16(feed), state, price, observedAt, uint16(set));
            if (waits) return;
        }
        state = state.withNextRound().accept(price, observedAt);
        _states.put(feed, state);

        // emit RoundAccepted(feed, state.round(), observedAt, price, signers)
        SignedBatch.logRound(RoundAccepted.selector, feed, state.round(), price);
    }

    /// @dev A round that is not plain: reverts, or does what goes before its value.
    /// @return The state that takes the value
    /// @return waits Nothing more is to be done: it is beyond the bound and waits for a second round
    function _unusual(uint16 feed, FeedState state, uint256 price, uint256 t, uint16 set)
        private
        returns (FeedState, bool waits)
    {
        if (!state.exists()) revert UnknownFeed(feed);
        _checkValue(set, feed, state, price);
        if (state.flagged()) state = _resolvePending(feed, state, t, price);
        uint256 last = state.time();
        if (t <= last) revert TimeNotIncreasing(feed, uint32(t), uint32(last));
        if (last == 0) return (state.startingAt(t), false);
        if (state.beyond(price, state.price())) {
            state = state.withNextRound().withPending(true);
            _pendings[feed] = Pending(uint64(price), uint32(t), state.round());
            _states[feed] = state;
            SignedBatch.logRound(RoundPending.selector, feed, state.round(), price);
            return (state, true);
        }
        if (t / DAY != last / DAY) _closeDays(feed, state, t / DAY);
        return (state, false);
    }

    /// @dev A second round that agrees puts the pending one in force from its own time on; any other drops it.
    function _resolvePending(uint16 feed, FeedState state, uint256 observedAt, uint256 price)
        private
        returns (FeedState)
    {
        if (state.halted()) revert FeedHalted(feed);
        Pending memory waiting = _pendings[feed];
        if (observedAt <= waiting.time) {
            revert TimeNotIncreasing(feed, uint32(observedAt), waiting.time);
        }
        bool inTime = observedAt < waiting.time + state.heartbeat();
        if (inTime && !state.beyond(price, waiting.price)) {
            uint256 day = waiting.time / DAY;
            if (day != state.time() / DAY) _closeDays(feed, state, day);
            state = state.accept(waiting.price, waiting.time);
            emit RoundConfirmed(feed, waiting.round, waiting.time, waiting.price);
        } else {
            emit RoundDropped(feed, waiting.round);
        }
        return state.withPending(false);
    }

    /// @dev Fixes the checkpoints of the midnights passed before the time since the last value is booked.
    function _closeDays(uint16 feed, FeedState state, uint256 today) private {
        uint256 day = state.time() / DAY + 1;
        if (today >= day + MAX_MIDNIGHTS) {
            day = today + 1 - MAX_MIDNIGHTS;
            // Checkpoints are fixed in order, so the one before the reach stands for all before it.
            if (!_stored(feed, day - 1)) revert CheckpointMissing(feed, uint16(day - 1));
        }
        for (; day <= today; ++day) {
            if (!_stored(feed, day)) _storeCheckpoint(feed, state, day);
        }
    }

    function _storeCheckpoint(uint16 feed, FeedState state, uint256 day) private {
        (uint256 priceSeconds, uint256 freshSeconds) = state.totalsAt(day * DAY);
        _checkpoints[_key(feed, day)] = Checkpoint({
            priceSeconds: uint88(priceSeconds),
            freshSeconds: uint32(freshSeconds),
            lastPrice: uint64(state.price()),
            lastTime: uint32(state.time())
        });
        emit CheckpointFixed(feed, uint16(day), priceSeconds, freshSeconds);
    }

    /// @inheritdoc IIndexOracle
    function fixCheckpoint(uint16 feed, uint16 day) external {
        FeedState state = _existing(feed);
        uint256 fixableAt = _fixableAt(feed, state, day);
        if (block.timestamp < fixableAt) revert CheckpointNotFixable(feed, day, fixableAt);
        // Nothing to store before the first report, nor twice.
        uint256 lastDay = state.time() / DAY;
        if (state.time() == 0 || day <= lastDay || _stored(feed, day)) return;
        if (day - 1 > lastDay && !_stored(feed, day - 1)) revert CheckpointMissing(feed, day - 1);
        _storeCheckpoint(feed, state, day);
    }

    // slither-disable-end incorrect-equality

    // ------------------------------------------------------------------ reads

    /// @inheritdoc IIndexOracle
    function latest(uint16 feed) external view returns (uint64 price, uint32 time, bool fresh) {
        FeedState state = _existing(feed);
        price = uint64(state.price());
        time = uint32(state.time());
        fresh = state.isFresh();
    }

    /// @inheritdoc IIndexOracle
    function accumulated(uint16 feed, uint32 atTime) external view returns (uint256, uint256) {
        FeedState state = _existing(feed);
        if (atTime < state.time()) revert TimeBeforeReport(feed, atTime, uint32(state.time()));
        return state.totalsAt(atTime);
    }

    /// @inheritdoc IIndexOracle
    function checkpoint(uint16 feed, uint16 day)
        external
        view
        returns (uint256 priceSeconds, uint256 freshSeconds, bool fixed_)
    {
        return _checkpoint(feed, day);
    }

    /// @inheritdoc IIndexOracle
    function window(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint256 priceSeconds, uint256 freshSeconds, uint256 elapsed, bool fixed_)
    {
        if (fromDay >= toDay) revert EmptyWindow(fromDay, toDay);
        elapsed = uint256(toDay - fromDay) * DAY;
        (uint256 startPrice, uint256 startFresh, bool startFixed) = _checkpoint(feed, fromDay);
        (priceSeconds, freshSeconds, fixed_) = _checkpoint(feed, toDay);
        priceSeconds -= startPrice;
        freshSeconds -= startFresh;
        fixed_ = fixed_ && startFixed;
    }

    /// @inheritdoc IIndexOracle
    function windowRange(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint64 low, uint64 high)
    {
        if (fromDay >= toDay) revert EmptyWindow(fromDay, toDay);
        _existing(feed);
        _checkReached(toDay);
        for (uint256 day = fromDay; day < toDay; ++day) {
            Range memory range = _ranges[_key(feed, day)];
            if (range.high > high) high = range.high;
            if (range.low != 0 && (range.low < low || low == 0)) low = range.low;
            (uint64 price, uint32 time) = lastBefore(feed, uint16(day + 1));
            if (time < fromDay * DAY) continue;
            if (price > high) high = price;
            if (price < low || low == 0) low = price;
        }
    }

    /// @inheritdoc IIndexOracle
    function lastBefore(uint16 feed, uint16 day) public view returns (uint64 price, uint32 time) {
        FeedState state = _existing(feed);
        Checkpoint memory stored = _checkpoints[_key(feed, day)];
        if (stored.lastTime != 0) return (stored.lastPrice, stored.lastTime);
        _checkReached(day);
        if (state.time() < day * DAY) return (uint64(state.price()), uint32(state.time()));
    }

    /// @inheritdoc IIndexOracle
    function heartbeat(uint16 feed) external view returns (uint32) {
        return uint32(_existing(feed).heartbeat());
    }

    /// @inheritdoc IIndexOracle
    function feedInfo(uint16 feed) external view returns (FeedInfo memory) {
        FeedState state = _existing(feed);
        Document memory document = _documents[feed];
        return FeedInfo(
            document.symbol,
            document.methodology,
            state.operatorSet(),
            uint32(state.heartbeat()),
            uint16(state.boundBps())
        );
    }

    /// @inheritdoc IIndexOracle
    function feedStatus(uint16 feed) external view returns (FeedStatus memory status) {
        FeedState state = _existing(feed);
        status.price = uint64(state.price());
        status.time = uint32(state.time());
        status.round = state.round();
        status.halted = state.halted();
        if (state.pending()) {
            Pending memory waiting = _pendings[feed];
            status.pending = true;
            status.pendingPrice = waiting.price;
            status.pendingTime = waiting.time;
            status.pendingRound = waiting.round;
        }
    }

    /// @inheritdoc IIndexOracle
    function operatorSetCount() external view returns (uint16) {
        return _sets.count;
    }

    /// @inheritdoc IIndexOracle
    function operatorSet(uint16 id) external view returns (bytes24, uint16, uint8, uint8) {
        OperatorSet set = _sets.get(id);
        return (set.operatorsHash(), set.version(), set.operators(), set.quorum());
    }

    // ------------------------------------------------------------------ owner

    /// @inheritdoc IIndexOracle
    function addOperatorSet(address[] calldata operators, uint8 quorum)
        external
        onlyOwner
        returns (uint16 id)
    {
        return _sets.add(operators, quorum);
    }

    /// @inheritdoc IIndexOracle
    function rotateOperators(uint16 id, address[] calldata operators, uint8 quorum) external onlyOwner {
        _sets.rotate(id, operators, quorum);
    }

    /// @inheritdoc IIndexOracle
    function addFeed(FeedInfo calldata info) external onlyOwner returns (uint16 feed) {
        uint16 version = _sets.get(info.operatorSet).version();
        if (info.heartbeat == 0 || info.heartbeat > DAY || info.heartbeat % 60 != 0) {
            revert HeartbeatOutOfRange(info.heartbeat, uint32(DAY));
        }
        uint16 bound = info.deviationBps;
        if (bound == 0 || bound > FeedStateLib.MAX_BOUND_BPS || bound % FeedStateLib.BOUND_STEP_BPS != 0) {
            revert DeviationOutOfRange(bound, FeedStateLib.MAX_BOUND_BPS);
        }
        feed = ++feedCount;
        _states[feed] = FeedStateLib.create(info.heartbeat, bound, info.operatorSet);
        _documents[feed] = Document(info.symbol, info.methodology);
        emit FeedAdded(feed, info.operatorSet, info.symbol, info.heartbeat, info.deviationBps);
        emit MethodologySet(feed, info.methodology, version);
    }

    /// @inheritdoc IIndexOracle
    function setMethodology(uint16 feed, bytes32 methodology) external onlyOwner {
        FeedState state = _existing(feed);
        _documents[feed].methodology = methodology;
        uint16 version = _sets.raiseVersion(state.operatorSet());
        emit MethodologySet(feed, methodology, version);
    }

    /// @inheritdoc IIndexOracle
    function setHalted(uint16 feed, bool halted) external onlyOwner {
        _states[feed] = _existing(feed).withHalted(halted);
        emit FeedHaltSet(feed, halted);
    }

    // ------------------------------------------------------------------ inside

    /// @dev OpenZeppelin's two compares, of the place and of the chain, in one jump. Elsewhere it makes another separator,
    /// and the memory for it is given back: SignedBatch uses fixed places.
    function _separator() private view returns (bytes32 separator) {
        (bool moved, uint256 self, uint256 chain, uint256 free) = (false, _self, _chain, 0);
        assembly ("memory-safe") {
            moved := or(xor(address(), self), xor(chainid(), chain))
            free := mload(0x40)
        }
        if (!moved) return _domain;
        separator = _domainSeparatorV4();
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    function _existing(uint16 feed) private view returns (FeedState state) {
        state = _states.read(feed);
        if (!state.exists()) revert UnknownFeed(feed);
    }

    function _checkpoint(uint16 feed, uint16 day) private view returns (uint256, uint256, bool) {
        Checkpoint memory stored = _checkpoints[_key(feed, day)];
        if (stored.lastTime != 0) return (stored.priceSeconds, stored.freshSeconds, true);
        FeedState state = _existing(feed);
        _checkReached(day);
        bool final_ = block.timestamp >= _fixableAt(feed, state, day);
        // Not stored though older than the last report: from before the first one.
        if (day * DAY <= state.time()) return (0, 0, final_);
        (uint256 priceSeconds, uint256 freshSeconds) = state.totalsAt(day * DAY);
        return (priceSeconds, freshSeconds, final_);
    }

    /// @dev From then on no report can change the checkpoint: those from before midnight are too old, and so is any
    /// that could confirm a round pending since before midnight.
    function _fixableAt(uint16 feed, FeedState state, uint256 day) private view returns (uint256) {
        uint256 end = day * DAY;
        if (day <= state.time() / DAY && state.time() != 0) return 0;
        if (state.pending()) {
            uint256 confirmableUntil = uint256(_pendings[feed].time) + state.heartbeat();
            if (_pendings[feed].time < end && confirmableUntil > end) end = confirmableUntil;
        }
        return end + maxLag;
    }

    function _checkReached(uint16 day) private view {
        if (block.timestamp < day * DAY) revert DayNotReached(day, block.timestamp);
    }

    function _stored(uint16 feed, uint256 day) private view returns (bool) {
        return _checkpoints[_key(feed, day)].lastTime != 0;
    }

    function _key(uint16 feed, uint256 day) private pure returns (uint256) {
        return (uint256(feed) << 16) | day;
    }
}
