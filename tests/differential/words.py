"""The model's records as the words that the contracts must have in storage.

`Words` gives (what it is, address, slot, expected, mask) for the whole state. A mask leaves out bits that
the model keeps elsewhere or not at all; each is explained where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, NamedTuple

from differential import layout as at
from differential.layout import mapped
from olivepress.model import Exchange, IndexOracle
from olivepress.model.feed import Feed
from olivepress.model.state import Account, Hot, Level, Money, Position, Series, Side
from olivepress.types import SeriesSpec

FULL = 2**256 - 1
_FEES = ((1 << 48) - 1) << 200  # of a hot word: carried there until it is worth a write
_NO_FEES = FULL & ~(((1 << 96) - 1) << 96)  # of the third word of money
_NO_CLOCK = (0, 0, 0)


Key = int | tuple[int, ...]


class Word(NamedTuple):
    """What it is, in words that begin with its kind; where it is; and what it must be."""

    what: str
    address: str
    slot: int
    expected: int
    mask: int = FULL


class Group:
    """Words that are compared in one go, as columns."""

    __slots__ = ("addresses", "expected", "slots", "words")

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = list(words)
        self.addresses = [one.address for one in self.words]
        self.slots = [one.slot for one in self.words]
        self.expected = [one.expected for one in self.words]

    def differing(self, storage: Callable[[str, int], int]) -> list[tuple[Word, int]]:
        """The words that storage does not have, each with what is there."""
        found = list(map(storage, self.addresses, self.slots))
        if found == self.expected:  # most often: then no mask is looked at
            return []
        return [
            (w, value) for w, value in zip(self.words, found, strict=True) if (value ^ w.expected) & w.mask
        ]


class Words:
    """The state of one model. Words are made anew only where what they say has changed.

    :param addresses: of 'exchange' and 'oracle'
    """

    def __init__(self, exchange: Exchange, oracle: IndexOracle, addresses: Mapping[str, str]) -> None:
        self._state = exchange.state
        self._oracle = oracle
        self._exchange_at, self._oracle_at = addresses["exchange"], addresses["oracle"]
        self._kept: dict[tuple[str, Key], tuple[tuple[Any, ...], Group]] = {}

    def everything(self, people: Sequence[str], days: range) -> Iterator[Group]:
        """All that storage must hold, and what must have stayed zero.

        :param people: who may have principals and invitations besides owners
        :param days: of the oracle's checkpoints
        """
        state = self._state
        accounts = list(state.accounts)
        yield self._accounts()
        for series in state.series.values():
            yield self._moving(series)
            yield self._terms(series)
            yield self._without_position(series, accounts)
            for side in series.sides:
                yield self._bitmap(series, side)
                yield self._queues(series, side)
                for tick, level in side.levels.items():
                    yield self._level(series, side, tick, level)
        yield self._sums()
        yield self._principals(people)
        yield self._shared(accounts)
        yield self._oracle_sums()
        yield self._days(days)

    def forget(self) -> None:
        """All words are made anew the next time."""
        self._kept.clear()

    def _same(
        self, what: str, number: Key, says: tuple[Any, ...], make: Callable[[], Iterable[Word]]
    ) -> Group:
        """The words made before, or new ones where `says` has changed: all that `make` looks at."""
        kept = self._kept.get((what, number))
        if kept is None or kept[0] != says:
            copies = tuple(one.copy() if isinstance(one, dict | list) else one for one in says)
            kept = self._kept[what, number] = copies, Group(make())
        return kept[1]

    # --- what changes with most actions ---

    def _accounts(self) -> Group:
        state = self._state

        def make() -> Iterator[Word]:
            for number, account in state.accounts.items():
                slot = mapped(at.ACCOUNTS, number)
                yield Word(f"account {number}", self._exchange_at, slot, account_word(account))
                since, negative_since, looked_at = state.clocks.get(number, _NO_CLOCK)
                clock = since | negative_since << 40 | looked_at << 80
                yield Word(f"clocks of account {number}", self._exchange_at, mapped(at.CLOCKS, number), clock)

        says = list(state.accounts), [one.values() for one in state.accounts.values()], state.clocks
        return self._same("accounts", 0, says, make)

    def _moving(self, series: Series) -> Group:
        number, positions = series.id, series.positions

        def make() -> Iterator[Word]:
            yield Word(
                f"hot {number}", self._exchange_at, mapped(at.HOT, number), hot_word(series), FULL & ~_FEES
            )
            base = mapped(at.MONEY, number)
            for place, word in enumerate(money_words(series.money)):
                # Fees are compared as a sum with what the hot word carries.
                mask = _NO_FEES if place == 2 else FULL
                yield Word(f"money {number} {place}", self._exchange_at, base + place, word, mask)
            for holder, position in positions.items():
                slot = mapped(at.POSITIONS, at.position_key(holder, number))
                word = position_word(position)
                yield Word(f"position {holder} {number}", self._exchange_at, slot, word)

        best = _best(series)
        held = list(positions), [one.values() for one in positions.values()]
        return self._same("moving", number, (series.hot.values(), best, series.money.values(), *held), make)

    # --- books ---

    def _queues(self, series: Series, side: Side) -> Group:
        """Head and tail of every queue, four to a word."""
        ends = [(tick, level.head, level.tail) for tick, level in side.levels.items()]

        def make() -> Iterator[Word]:
            words: dict[int, int] = {}
            for tick, head, tail in ends:
                slot, shift = at.level_slot(series.id, side.side, tick)
                words[slot] = words.get(slot, 0) | (tail << 32 | head) << shift
            for slot, word in words.items():
                yield Word(f"queues of {series.id}/{side.side}", self._exchange_at, slot, word)

        return self._same("queues", (series.id, side.side), (ends,), make)

    def _level(self, series: Series, side: Side, tick: int, level: Level) -> Group:
        """The orders of one queue."""
        what = f"{'sells' if side.side else 'buys'} at {tick} in {series.id}"
        orders = list(level.orders), [one.values() for one in level.orders.values()]
        says = level.head, level.tail, level.generations.tobytes(), *orders
        key = series.id, side.side, tick
        return self._same("level", key, says, lambda: self._orders(series, side, tick, level, what))

    def _orders(self, series: Series, side: Side, tick: int, level: Level, what: str) -> Iterator[Word]:
        for index in range(level.head, level.tail):
            order = level.orders.get(index)
            slot = at.order_slot(series.id, side.side, tick, index)
            if order is None:  # a tombstone: lots are gone, the rest stays
                yield Word(f"tombstone {index} of {what}", self._exchange_at, slot, 0, 0xFFFFFFFF << 32)
            else:
                word = at.ORDER.pack({name: getattr(order, name) for name in order.FIELDS})
                yield Word(f"order {index} of {what}", self._exchange_at, slot, word)
        for place, generation in enumerate(level.generations):
            slot = at.order_slot(series.id, side.side, tick, place + 1)
            name = f"generation {place + 1} of {what}"
            yield Word(name, self._exchange_at, slot, generation << 136, 0xFFFF << 136)

    def _bitmap(self, series: Series, side: Side) -> Group:
        """Every word of it that was ever used: no tick has an order that the model does not have."""

        def make() -> Iterator[Word]:
            used: Iterable[int] = side.levels
            indices: Iterable[int] = side.ticks
            for height in range(3):
                words = dict.fromkeys([0] if height == 2 else [one >> 8 for one in used], 0)
                for index in indices:
                    words[index >> 8] = words.get(index >> 8, 0) | 1 << (index & 255)
                for index, word in words.items():
                    place = series.id, side.side, height, index
                    what = f"bitmap {'/'.join(map(str, place))}"
                    yield Word(what, self._exchange_at, at.bitmap_slot(*place), word)
                used, indices = words, [index for index, word in words.items() if word]

        return self._same("bitmap", (series.id, side.side), (side.ticks, list(side.levels)), make)

    # --- what changes seldom ---

    def _terms(self, series: Series) -> Group:
        number, spec = series.id, series.spec
        challenge = self._state.challenges.get(number)

        def make() -> Iterator[Word]:
            first, second = spec_words(spec)
            yield Word(f"terms {number}", self._exchange_at, mapped(at.TERMS, number), first)
            yield Word(f"trade terms {number}", self._exchange_at, mapped(at.TRADE_TERMS, number), second)
            symbol = at.short_string(spec.symbol)
            yield Word(f"symbol {number}", self._exchange_at, mapped(at.SYMBOLS, number), symbol)
            slot = mapped(at.INITIAL_MARKS, number)
            yield Word(f"first mark {number}", self._exchange_at, slot, spec.initial_mark)
            word = 0
            if challenge is not None:
                word = at.CHALLENGE.pack({name: int(getattr(challenge, name)) for name in challenge.FIELDS})
            yield Word(f"challenge {number}", self._exchange_at, mapped(at.CHALLENGES, number), word)

        return self._same("terms", number, (spec, challenge and challenge.values()), make)

    def _without_position(self, series: Series, accounts: list[int]) -> Group:
        def make() -> Iterator[Word]:
            for account in accounts:
                if account not in series.positions:
                    slot = mapped(at.POSITIONS, at.position_key(account, series.id))
                    yield Word(f"no position of {account} in {series.id}", self._exchange_at, slot, 0)

        return self._same("without position", series.id, (accounts, list(series.positions)), make)

    def _sums(self) -> Group:
        """Of the exchange and of its feeds."""
        state, office = self._state, self._state.office
        feeds, counts = range(1, self._oracle.feed_count + 1), (len(state.accounts), len(state.series))
        by_feed = state.insurance, state.deficits, state.feed_tick_size

        def make() -> Iterator[Word]:
            word = counts[0] | counts[1] << 32 | office.treasury << 48
            yield Word("counts and treasury", self._exchange_at, at.COUNTS, word)
            yield Word("bonds", self._exchange_at, at.BONDS, office.bonds)
            yield Word("owner", self._exchange_at, at.OWNER, int(state.owner, 16))
            yield Word("pending owner", self._exchange_at, at.PENDING_OWNER, int(state.pending_owner, 16))
            yield Word("guardian", self._exchange_at, at.GUARDIAN, int(office.guardian, 16))
            yield Word("arbiter", self._exchange_at, at.ARBITER, int(office.arbiter, 16))
            places = ("insurance", at.INSURANCE), ("deficits", at.DEFICITS), ("tick size", at.TICK_SIZES)
            for feed in feeds:
                for (name, place), values in zip(places, by_feed, strict=True):
                    yield Word(
                        f"{name} of feed {feed}", self._exchange_at, mapped(place, feed), values.get(feed, 0)
                    )

        says = feeds, *counts, office.values(), state.owner, state.pending_owner, *by_feed
        return self._same("sums", 0, says, make)

    def _principals(self, people: Sequence[str]) -> Group:
        """For whom an address acts, and who may serve an account."""
        state = self._state
        owners = [(account.id, account.owner) for account in state.accounts.values()]

        def make() -> Iterator[Word]:
            for one in [*people, *(owner for _, owner in owners)]:
                principal = state.principals.get(one)
                word = at.PRINCIPAL.pack(principal._asdict()) if principal else 0
                yield Word(f"principal {one}", self._exchange_at, mapped(at.PRINCIPALS, int(one, 16)), word)
            for account, owner in owners:
                slot = mapped(at.OWNERS, account)
                yield Word(f"owner of {account}", self._exchange_at, slot, int(owner, 16))
                for one in people:
                    invited = state.invitations.get((account, one))
                    slot = mapped(at.INVITATIONS, account << 160 | int(one, 16))
                    word = invited.permissions << 32 | invited.expiry << 40 if invited else 0
                    yield Word(f"invitation {account} {one}", self._exchange_at, slot, word)

        return self._same("principals", 0, (tuple(people), owners, state.principals, state.invitations), make)

    def _shared(self, accounts: list[int]) -> Group:
        """What an account has of a series or a feed besides positions; and the tokens."""
        state, feeds = self._state, range(1, self._oracle.feed_count + 1)
        tokens = {key: token.address for key, token in state.tokens.items()}

        def make() -> Iterator[Word]:
            for account in accounts:
                for series in state.series:
                    slot = mapped(at.CRANKS, series << 32 | account)
                    count = state.cranks.get((series, account), 0)
                    yield Word(f"cranks {series} {account}", self._exchange_at, slot, count)
                for feed in feeds:
                    slot = mapped(at.DECLARED, account << 16 | feed)
                    amount = state.declared.get((account, feed), 0)
                    yield Word(f"declared {account} {feed}", self._exchange_at, slot, amount)
            for series in state.series:
                for long in (False, True):
                    slot = mapped(at.TOKENS, series << 1 | long)
                    address = tokens.get((series, long), "0x00")
                    yield Word(f"token {series} {long}", self._exchange_at, slot, int(address, 16))

        says = accounts, list(state.series), feeds, state.cranks, state.declared, tokens
        return self._same("shared", 0, says, make)

    # --- oracle ---

    def _oracle_sums(self) -> Group:
        oracle = self._oracle
        feeds = [oracle.feed_status(number) for number in range(1, oracle.feed_count + 1)]
        sets = [oracle.operator_set(number) for number in range(1, oracle.operator_set_count + 1)]

        def make() -> Iterator[Word]:
            yield Word("owner of the oracle", self._oracle_at, at.OWNER, int(oracle.owner, 16))
            pending = int(oracle.pending_owner, 16)
            yield Word("pending owner of the oracle", self._oracle_at, at.PENDING_OWNER, pending)
            yield Word("feeds", self._oracle_at, at.FEED_COUNT, len(feeds))
            yield Word("operator sets", self._oracle_at, at.SET_COUNT, len(sets))
            for number, one in enumerate(sets, 1):
                fields = one._asdict() | {"operators_hash": int.from_bytes(one.operators_hash)}
                slot = mapped(at.SETS, number)
                yield Word(f"operator set {number}", self._oracle_at, slot, at.OPERATOR_SET.pack(fields))
            for number, feed in enumerate(feeds, 1):
                yield from self._feed(number, feed)

        return self._same("oracle", 0, (oracle.owner, oracle.pending_owner, feeds, sets), make)

    def _feed(self, number: int, feed: Feed) -> Iterator[Word]:
        word = at.FEED_STATE.pack(
            {
                "price": feed.price,
                "cumulative": feed.price_seconds,
                "time": feed.time,
                # All seconds since 1970 that were not fresh.
                "stale": feed.time - feed.fresh_seconds,
                "round": feed.round,
                "heartbeat_minutes": feed.info.heartbeat // 60,
                "bound_steps": feed.info.deviation_bps // 10,
                "operator_set": feed.info.operator_set,
                "pending": feed.pending is not None,
                "halted": feed.halted,
            }
        )
        yield Word(f"feed {number}", self._oracle_at, at.FEED_STATES + number, word)
        if feed.pending is not None:  # a dropped one stays in storage, unread
            word = at.PENDING.pack(feed.pending._asdict())
            yield Word(f"pending round of feed {number}", self._oracle_at, mapped(at.PENDINGS, number), word)
        base = mapped(at.DOCUMENTS, number)
        symbol, methodology = map(int.from_bytes, (feed.info.symbol, feed.info.methodology))
        yield Word(f"symbol of feed {number}", self._oracle_at, base, symbol)
        yield Word(f"methodology of feed {number}", self._oracle_at, base + 1, methodology)

    def _days(self, days: range) -> Group:
        checkpoints, ranges = self._oracle._checkpoints, self._oracle._ranges
        feeds = range(1, self._oracle.feed_count + 1)

        def make() -> Iterator[Word]:
            for feed in feeds:
                told = {day for number, day in ranges if number == feed}
                for day in sorted({*days, *told}):
                    slot = mapped(at.CHECKPOINTS, feed << 16 | day)
                    stored = checkpoints.get((feed, day))
                    word = at.CHECKPOINT.pack(stored._asdict()) if stored else 0
                    yield Word(f"checkpoint {feed} {day}", self._oracle_at, slot, word)
                    low, high = ranges.get((feed, day), (0, 0))
                    slot = mapped(at.RANGES, feed << 16 | day)
                    yield Word(f"range {feed} {day}", self._oracle_at, slot, low | high << 64)

        return self._same("days", 0, (feeds, days, checkpoints, ranges), make)


def account_word(account: Account) -> int:
    word = account.cash | account.is_token << 88
    for place, series in enumerate(account.series):
        word |= series << 96 + 16 * place
    return word


@lru_cache(maxsize=1 << 14)
def _position(values: tuple[int, ...]) -> int:
    fields = dict(zip(Position.FIELDS, values, strict=True))
    if fields.pop("settled"):
        claim = fields.pop("claim")
        quote = fields["quote"] & (1 << 80) - 1
        return claim | quote << 96 | at.SETTLED << 208
    fields.pop("claim")
    return at.POSITION.pack(fields)


def position_word(position: Position) -> int:
    return _position(Position.VALUES(position))


@lru_cache(maxsize=1 << 12)
def _hot(values: tuple[int, ...], bid: int, ask: int) -> int:
    fields = dict(zip(Hot.FIELDS, values, strict=True))
    flags = (
        fields["traded"] * at.HOT_TRADED
        | fields["stale"] * at.HOT_STALE
        | fields["guarded"] * at.HOT_GUARDED
        | fields["settled"] * at.HOT_SETTLED
        | fields["closed"] * at.HOT_CLOSED
        | fields["deficit"] * at.HOT_DEFICIT
    )
    return at.HOT_WORD.pack(fields | {"bid": bid, "ask": ask, "fees": 0, "flags": flags})


def hot_word(series: Series) -> int:
    """Without the fees that it carries."""
    return _hot(series.hot.values(), *_best(series))


def _best(series: Series) -> tuple[int, int]:
    """Bid and ask of a hot word."""
    buys, sells = series.sides
    return buys.ticks[-1] if buys.ticks else 0, sells.ticks[0] if sells.ticks else at.NO_ASK


@lru_cache(maxsize=1 << 12)
def _money(values: tuple[int, ...]) -> tuple[int, ...]:
    fields = dict(zip(Money.FIELDS, values, strict=True))
    return tuple(one.pack(fields) for one in at.MONEY_WORDS)


def money_words(money: Money) -> tuple[int, ...]:
    return _money(Money.VALUES(money))


@lru_cache(maxsize=1 << 8)
def spec_words(spec: SeriesSpec) -> tuple[int, int]:
    fields = asdict(spec)
    return at.TERMS_WORD.pack(fields), at.TRADE_TERMS_WORD.pack(fields)
