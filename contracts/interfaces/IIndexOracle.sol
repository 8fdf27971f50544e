// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IIndexOracle
/// @notice Index values signed by m of n operators, and their exact time averages over whole UTC days.
///
/// Units: feed and operator set ids are uint16 from 1. Values are USD x 1e8, from 1 to 2^52 - 1. Times are unix
/// seconds. A day is unix seconds / 86400; its checkpoint is the accumulator at the midnight that begins it.
/// `priceSeconds` is the sum of value x seconds over fresh seconds; average = priceSeconds / freshSeconds.
///
/// The reference integral: an accepted value holds from its observation time until the observation time of the
/// next accepted value. The first `heartbeat` of those seconds are fresh, the others stale and counted in no average.
///
/// Trust: with n operators up to f = (n - 1) / 3 may lie or be silent. The quorum is at least 2f + 1, so the lower
/// median lies within the honest values, and at most n - f, so the silent cannot stop a feed. The relayer of an
/// update is trusted with nothing. The owner (a timelock) adds feeds, rotates operators, versions methodologies and
/// halts feeds. It cannot set a value, and nobody can change a past checkpoint or a feed's heartbeat and bound.
interface IIndexOracle {
    /// @notice What never changes in a feed, and where its methodology is.
    /// @param symbol Name of the index, such as "LLM-FLAGSHIP"
    /// @param methodology keccak256 of the methodology document in force
    /// @param operatorSet The operators that sign it
    /// @param heartbeat Seconds a value stays fresh after its observation
    /// @param deviationBps Largest move, in 1e-4 of the last value, that one round alone can make
    struct FeedInfo {
        bytes32 symbol;
        bytes32 methodology;
        uint16 operatorSet;
        uint32 heartbeat;
        uint16 deviationBps;
    }

    /// @notice The whole state of a feed. `round` counts every round received, pending ones included;
    /// it starts again at 0 after 2^24 - 1.
    /// @param time Observation time of `price`, the last accepted value; 0 before the first
    /// @param pendingTime Observation time of `pendingPrice`, a round beyond the bound that waits for a second one; else 0
    struct FeedStatus {
        uint64 price;
        uint32 time;
        uint24 round;
        bool pending;
        bool halted;
        uint64 pendingPrice;
        uint32 pendingTime;
        uint24 pendingRound;
    }

    // ------------------------------------------------------------------ events

    /// @notice A set of operators signs from now on. `operators` is the list whose hash is kept.
    event OperatorsSet(uint16 indexed operatorSet, uint8 quorum, uint16 version, address[] operators);
    event FeedAdded(
        uint16 indexed feed, uint16 indexed operatorSet, bytes32 symbol, uint32 heartbeat, uint16 deviationBps
    );
    /// @notice `version` is the operator set's: it counts the methodology changes of all its feeds.
    event MethodologySet(uint16 indexed feed, bytes32 methodology, uint16 version);
    event FeedHaltSet(uint16 indexed feed, bool halted);

    /// @notice A value is in force from `time` on.
    /// @param signers Bit i is set when operator i of the set signed; what each reported is in the update's calldata
    event RoundAccepted(uint16 indexed feed, uint24 round, uint32 time, uint64 price, uint32 signers);
    /// @notice A round moved beyond the bound. It counts only when the next round agrees with it.
    event RoundPending(uint16 indexed feed, uint24 round, uint32 time, uint64 price, uint32 signers);
    /// @notice The pending round was confirmed: its value is in force from its own `time` on.
    event RoundConfirmed(uint16 indexed feed, uint24 round, uint32 time, uint64 price);
    /// @notice The next round did not agree, or came a heartbeat too late: the pending round never counts.
    event RoundDropped(uint16 indexed feed, uint24 round);
    /// @notice The accumulator at the midnight that begins `day` is final.
    event CheckpointFixed(
        uint16 indexed feed, uint16 indexed day, uint256 priceSeconds, uint256 freshSeconds
    );

    /// @notice A signed value widened the known range of a day, or was inside it.
    event RangeNoted(uint16 indexed feed, uint16 indexed day, uint64 low, uint64 high);

    // ------------------------------------------------------------------ errors

    error UnknownFeed(uint16 feed);
    error UnknownOperatorSet(uint16 operatorSet);
    error MalformedUpdate(uint256 length, uint256 expected);
    error NoFeeds();
    /// @notice The recovered signers and the silent operators given do not make up the set: a signature is forged, from a
    /// stranger, out of order, or of another report, chain or contract; or the set was rotated.
    error WrongOperators(uint16 operatorSet, bytes32 expected, bytes32 given);
    error WrongVersion(uint16 operatorSet, uint16 expected, uint16 given);
    error ShortQuorum(uint16 operatorSet, uint256 signers, uint256 quorum);
    error SignerOutOfRange(uint32 signers, uint256 operators);
    /// @notice `s` of a signature is above half of the curve's order.
    error MalleableSignature(bytes32 s);
    /// @notice The value of the signer pointed to, counted from 0 among those who signed, is not the lower median.
    error NotMedian(uint16 feed, uint256 pointer);
    error FutureObservation(uint32 observedAt, uint256 now_);
    error StaleObservation(uint32 observedAt, uint256 oldest);
    error TimeNotIncreasing(uint16 feed, uint32 observedAt, uint32 last);
    error WrongOperatorSet(uint16 feed, uint16 expected, uint16 given);
    error ValueOutOfRange(uint16 feed, uint64 value, uint64 max);
    error FeedHalted(uint16 feed);
    /// @notice `fixCheckpoint(feed, day)` must come first.
    error CheckpointMissing(uint16 feed, uint16 day);
    error CheckpointNotFixable(uint16 feed, uint16 day, uint256 fixableAt);
    error DayNotReached(uint16 day, uint256 now_);
    error EmptyWindow(uint16 fromDay, uint16 toDay);
    error TimeBeforeReport(uint16 feed, uint32 atTime, uint32 last);
    error OperatorCountOutOfRange(uint256 operators, uint256 max);
    error TooManyOperatorSets(uint256 max);
    error OperatorsNotAscending(uint256 index);
    error QuorumOutOfRange(uint256 quorum, uint256 min, uint256 max);
    error HeartbeatOutOfRange(uint32 heartbeat, uint32 max);
    error DeviationOutOfRange(uint16 deviationBps, uint256 max);
    error MaxLagOutOfRange(uint32 maxLag, uint32 max);

    // ------------------------------------------------------------------ reports

    /// @notice Take in one round of one or more feeds. Anyone may send it.
    /// @dev All operators of an update report the same observation time and the same feeds. Packed, big endian:
    ///
    ///     observedAt u32 | version u16 | operatorSet u16 | signers u32 | feeds u8
    ///     per feed:  id u16 | median u8, which signer's value is the lower median, counted from 0 among the signers
    ///     silent operators 20 bytes each: those of the set who did not sign, ascending
    ///     per signer, in the order of the bits:  values 8 bytes each | r 32 | vs 32 (EIP-2098)
    ///
    /// Each signature is over the EIP-712 struct
    /// `Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)` in the domain
    /// ("olivepress IndexOracle", "1", chain id, this contract).
    function update(bytes calldata packed) external;

    /// @notice Put values that a quorum signed into the known range of their day. Anyone may send the bytes of an update,
    /// however old, as long as its operators are still the set; the version is not compared.
    /// @dev Only a disputed settlement needs a range, so updates do not pay for it.
    function noteRange(bytes calldata packed) external;

    /// @notice Store the checkpoint of `day` for good. Anyone may call it, `maxLag` after that midnight; while a
    /// pending round from before midnight can still be confirmed, `maxLag` after the end of that.
    /// @dev In order of days: the day before must be stored unless the last report is younger. Does nothing where the
    /// checkpoint is already final.
    function fixCheckpoint(uint16 feed, uint16 day) external;

    // ------------------------------------------------------------------ reads

    /// @notice The last accepted value.
    /// @return price USD x 1e8; 0 before the first report
    /// @return time Its observation time
    /// @return fresh At most a heartbeat old, no round pending, not halted
    function latest(uint16 feed) external view returns (uint64 price, uint32 time, bool fresh);

    /// @notice The accumulator at `atTime`, not before the last report. Provisional: a report not yet here can change it.
    function accumulated(uint16 feed, uint32 atTime)
        external
        view
        returns (uint256 priceSeconds, uint256 freshSeconds);

    /// @notice The accumulator at the midnight that begins `day`, which must have passed; `fixed_` once no report can
    /// change it.
    function checkpoint(uint16 feed, uint16 day)
        external
        view
        returns (uint256 priceSeconds, uint256 freshSeconds, bool fixed_);

    /// @notice Totals from `fromDay` 00:00 to `toDay` 00:00 UTC. `elapsed` counts all seconds of the window, so
    /// coverage = freshSeconds / elapsed; `fixed_` once no report can change them.
    function window(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint256 priceSeconds, uint256 freshSeconds, uint256 elapsed, bool fixed_);

    /// @notice Lowest and highest known value observed in the window; 0, 0 where none is known.
    /// @dev Known are the last value of each day and what `noteRange` was given. Two slots a day.
    function windowRange(uint16 feed, uint16 fromDay, uint16 toDay)
        external
        view
        returns (uint64 low, uint64 high);

    /// @notice The last accepted value observed before the midnight that begins `day`; 0, 0 where there is none.
    function lastBefore(uint16 feed, uint16 day) external view returns (uint64 price, uint32 time);

    function heartbeat(uint16 feed) external view returns (uint32);
    function feedInfo(uint16 feed) external view returns (FeedInfo memory);
    function feedStatus(uint16 feed) external view returns (FeedStatus memory);
    function feedCount() external view returns (uint16);
    function operatorSetCount() external view returns (uint16);

    /// @return operatorsHash First 24 bytes of keccak256 of the packed operator addresses
    /// @return version What reports must carry
    /// @return operators Size of the set
    /// @return quorum Signers an update needs
    function operatorSet(uint16 id)
        external
        view
        returns (bytes24 operatorsHash, uint16 version, uint8 operators, uint8 quorum);

    /// @notice Reports observed longer ago than this are refused, seconds.
    function maxLag() external view returns (uint32);

    // ------------------------------------------------------------------ owner

    /// @param operators Strictly ascending addresses, 1 to 31
    /// @param quorum From 2f + 1 to n - f, with f = (n - 1) / 3
    function addOperatorSet(address[] calldata operators, uint8 quorum) external returns (uint16 id);

    /// @notice Replace the operators of a set, for all its feeds at once. Reports signed before count no longer
    /// unless their signers are in the new set too.
    function rotateOperators(uint16 id, address[] calldata operators, uint8 quorum) external;

    /// @param info `heartbeat` whole minutes up to a day, in seconds; `deviationBps` a multiple of 10 up to 20470
    function addFeed(FeedInfo calldata info) external returns (uint16 feed);

    /// @notice Put another methodology in force. Raises the version of the feed's operator set.
    function setMethodology(uint16 feed, bytes32 methodology) external;

    /// @notice A halted feed takes no reports, and is not fresh.
    function setHalted(uint16 feed, bool halted) external;
}
