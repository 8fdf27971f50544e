"""Single moves on the oracle: rounds that are right, and updates that are wrong in every way."""

from __future__ import annotations

from collections.abc import Callable

from differential.actions import Action
from differential.generator.setup import MOST_VALUE
from differential.generator.world import World
from differential.setting import DAY, MAX_LAG
from differential.updates import HALF_ORDER, OPERATORS, Update, resign
from olivepress.signer import LocalSigner

STRANGER = LocalSigner(77)


def some_feed(w: World) -> int:
    return w.pick(list(w.feeds) or [1]) if w.chance(95) else w.pick([0, 9])


def walk(w: World, feed: int) -> None:
    """Moves where the index goes; rarely far."""
    plan = w.feeds[feed]
    step = plan.value * w.pick([1, 1, 5, 10, 20, 60, 150]) // 1_000
    low = 20 * plan.tick_size
    value = plan.value + w.between(-step, step) + w.rng.randrange(plan.tick_size)
    plan.value = min(max(low, value), MOST_VALUE)


def update(w: World) -> Action:
    """A right round of one feed or of several."""
    feeds = [one for one in w.feeds if w.chance(60)] or [w.pick(list(w.feeds))]
    for feed in feeds:
        walk(w, feed)
    return w.update(*feeds) or refuse_role(w)


def broken(w: World) -> Action:
    """An update that is wrong in one way."""
    feed = w.pick(list(w.feeds))
    when = w.fresh_time(feed)
    good = w.report({feed: w.feeds[feed].value}, observed_at=when)
    if good is None:
        return refuse_role(w)
    verb = "oracle.update" if w.chance(85) else "oracle.noteRange"
    return w.act(w.anybody(), verb, w.pick(FAULTS)(w, good))


def again(w: World, update: Update, **changes: object) -> Update:
    """The update with other fields, signed again by those who signed."""
    signers = w.operators(update.operator_set) or []
    changed = update._replace(**changes)  # type: ignore[arg-type]
    signing = [one for bit, one in enumerate(signers) if update.signers >> bit & 1]
    for place, signer in enumerate(signing[: len(changed.signatures)]):
        changed = resign(changed, place, signer, w.domain)
    return changed


def _future(w: World, u: Update) -> Update:
    return again(w, u, observed_at=w.now + w.between(1, 99))


def _stale(w: World, u: Update) -> Update:
    return again(w, u, observed_at=max(1, w.now - MAX_LAG - w.between(0, 2)))


def _past(w: World, u: Update) -> Update:
    """Not after the last round."""
    last = int(w.view.feed(u.feeds[0]).time)
    return again(w, u, observed_at=max(1, last - w.between(0, 1)))


def _version(w: World, u: Update) -> Update:
    return again(w, u, version=max(0, u.version + w.pick([1, -1])))


def _set(w: World, u: Update) -> Update:
    return u._replace(operator_set=w.pick([0, 200, *w.sets]))


def _other_set(w: World, u: Update) -> Update:
    """Operators of another set report a feed that is not theirs."""
    feeds = [n for n, plan in w.feeds.items() if plan.operator_set != u.operator_set]
    return again(w, u, feeds=(w.pick(feeds),)) if feeds else u


def _unknown_feed(w: World, u: Update) -> Update:
    return again(w, u, feeds=(w.pick([0, 99]),))


def _value(w: World, u: Update) -> Update:
    value = w.pick([0, 2**52, 2**64 - 1, 2**52 - 1])
    return again(w, u, values=tuple((value,) for _ in u.values), medians=(0,))


def _forged(w: World, u: Update) -> Update:
    return resign(u, w.rng.randrange(len(u.signatures)), STRANGER, w.domain)


def _nobody(w: World, u: Update) -> Update:
    return u._replace(signatures=(b"\xff" * 32 + bytes(31) + b"\x01", *u.signatures[1:]))


def _malleable(w: World, u: Update) -> Update:
    """An `s` above half of the curve's order that still fits its 255 bits."""
    s = w.pick([HALF_ORDER + 1, w.between(HALF_ORDER + 1, 2**255 - 1)])
    return u._replace(signatures=(u.signatures[0][:32] + s.to_bytes(32), *u.signatures[1:]))


def _median(w: World, u: Update) -> Update:
    """A pointer beyond the signers, or at a value that is not the median."""
    wrong = [n for n in range(len(u.values)) if n != (len(u.values) - 1) // 2]
    pointer = w.pick(wrong) if wrong and w.chance(70) else w.pick([len(u.values), 255])
    apart = tuple((one[0] + 7 * n,) for n, one in enumerate(u.values))
    return again(w, u, values=apart, medians=(pointer,))


def short(w: World, u: Update) -> Update:
    """One signature less than the quorum, and right in everything else."""
    wanted = max(0, int(w.view.operator_set(u.operator_set).quorum) - 1)
    bits = [bit for bit in range(32) if u.signers >> bit & 1][:wanted]
    silent = [one.address for bit, one in enumerate(w.operators(u.operator_set) or []) if bit not in bits]
    return u._replace(
        signers=sum(1 << bit for bit in bits),
        silent=tuple(silent),
        values=u.values[:wanted],
        signatures=u.signatures[:wanted],
    )


def _bits(w: World, u: Update) -> Update:
    return u._replace(signers=u.signers | 1 << w.between(8, 31))


def no_feeds(w: World, u: Update) -> Update:
    return again(w, u, feeds=(), medians=(), values=tuple(() for _ in u.values))


def _length(w: World, u: Update) -> Update:
    """A silent operator or a report too many or too few."""
    if w.chance(50):
        return u._replace(silent=(*u.silent, OPERATORS[0].address))
    return u._replace(values=(*u.values, u.values[0]), signatures=(*u.signatures, u.signatures[0]))


def _twice(w: World, u: Update) -> Update:
    """The same feed two times."""
    feeds = (*u.feeds, u.feeds[0])
    return again(w, u, feeds=feeds, medians=u.medians * 2, values=tuple(one * 2 for one in u.values))


# Those that fit on top of any other.
ON_TOP: list[Callable[[World, Update], Update]] = [_future, _stale, _version, _set, short, _bits]
FAULTS: list[Callable[[World, Update], Update]] = [
    _future,
    _stale,
    _past,
    _version,
    _set,
    _other_set,
    _unknown_feed,
    _value,
    _forged,
    _nobody,
    _malleable,
    _median,
    short,
    _bits,
    no_feeds,
    _length,
    _twice,
]


def note_range(w: World) -> Action:
    """Signed values of some day, however old."""
    feed = w.pick(list(w.feeds))
    plan = w.feeds[feed]
    value = max(1, plan.value * w.between(800, 1_200) // 1_000)
    when = max(1, w.now - w.between(0, 4 * DAY))
    update = w.report({feed: value}, observed_at=when)
    return w.act(w.anybody(), "oracle.noteRange", update) if update else refuse_role(w)


def fix_checkpoint(w: World) -> Action:
    day = w.day + w.pick([0, 0, 0, -1, -2, 1, -3])
    return w.act(w.anybody(), "oracle.fixCheckpoint", some_feed(w), day)


READS = ["latest", "accumulated", "checkpoint", "window", "windowRange", "lastBefore", "heartbeat"]


def read(w: World, verb: str = "") -> Action:
    """Reads that can refuse."""
    feed, day = some_feed(w), w.day + w.between(-4, 1)
    verb = verb or w.pick(READS)
    if verb == "accumulated":
        args: tuple[int, ...] = (feed, w.now - w.pick([0, 0, 1, 50_000]))
    elif verb in ("window", "windowRange"):
        args = (feed, day, day + w.pick([1, 2, 3, 0, -1]))
    else:
        args = (feed,) if verb in ("latest", "heartbeat") else (feed, day)
    return w.act(w.anybody(), f"oracle.{verb}", *args)


# --- owner ---


WRONG_LISTS = 5


def operator_lists(w: World, wrong: int | None = None) -> tuple[list[LocalSigner], tuple[str, ...], int]:
    """Operators, their addresses in the order given, and a quorum; not always right.

    :param wrong: in which of WRONG_LISTS ways they are wrong; by chance where it is not given
    """
    size = w.between(1, 9)
    operators = sorted(w.rng.sample(OPERATORS, size), key=lambda one: one.address.lower())
    addresses = [one.address for one in operators]
    quorum = 2 * ((size - 1) // 3) + 1
    match w.rng.randrange(14) if wrong is None else wrong:
        case 0:
            addresses = []
        case 1:
            addresses = [f"0x{n:040x}" for n in range(1, 33)]
        case 2:
            addresses = addresses[::-1] if size > 1 else addresses * 2
        case 3:
            addresses.append(addresses[-1])
        case 4:
            quorum += w.pick([-1, 5, 20])
    return operators, tuple(addresses), max(0, quorum)


def add_operator_set(w: World) -> Action:
    _, addresses, quorum = operator_lists(w)
    return w.act(by_owner(w), "oracle.addOperatorSet", addresses, quorum)


def rotate(w: World) -> Action:
    number = w.pick(list(w.sets)) if w.chance(93) else w.pick([0, 250])
    operators, addresses, quorum = operator_lists(w)
    if number in w.sets:
        w.sets[number].append(operators)
    return w.act(by_owner(w), "oracle.rotateOperators", number, addresses, quorum)


# Heartbeats and bounds that no feed may have.
WRONG_TERMS = [(0, 10), (61, 10), (86_460, 10), (60, 0), (60, 15), (60, 20_480)]


def add_feed(w: World) -> Action:
    """Mostly wrong, so that the right ones do not crowd the life."""
    heartbeat, bound = w.pick([*WRONG_TERMS, (60, 20_470)])
    return w.act(by_owner(w), "oracle.addFeed", terms(w.pick([0, 250, *w.sets]), heartbeat, bound))


def terms(operator_set: int, heartbeat: int, bound: int) -> tuple[bytes, bytes, int, int, int]:
    """Of a feed, as `addFeed` takes them."""
    return b"X".ljust(32, b"\0"), bytes(32), operator_set, heartbeat, bound


def set_methodology(w: World) -> Action:
    return w.act(by_owner(w), "oracle.setMethodology", some_feed(w), w.rng.getrandbits(256).to_bytes(32))


def halt(w: World) -> Action:
    """Halted feeds are soon let go again."""
    halted = [one for one in w.feeds if w.view.feed(one).halted]
    if halted and w.chance(80):
        return w.act(w.oracle_owner, "oracle.setHalted", w.pick(halted), False)
    return w.act(by_owner(w), "oracle.setHalted", some_feed(w), w.chance(50))


def by_owner(w: World) -> str:
    return w.oracle_owner if w.chance(92) else w.anybody()


def refuse_role(w: World) -> Action:
    """Somebody tries to become owner."""
    contract = w.pick(["exchange", "oracle"])
    if w.chance(50):
        return w.act(w.trader(), f"{contract}.acceptOwnership")
    return w.act(w.trader(), f"{contract}.transferOwnership", w.trader())
