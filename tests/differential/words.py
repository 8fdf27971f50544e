"""The model's records as the words that the contracts must have in storage.

`Words` gives (what it is, contract, slot, expected, mask) for parts of the state. A mask leaves out bits that
the model keeps elsewhere or not at all; each is explained where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import NamedTuple

from differential import layout as at
from differential.layout import mapped
from olivepress.model import Exchange, IndexOracle
from olivepress.model.state import Account, Hot, Level, Money, Position, Series, Side
from olivepress.types import SeriesSpec

FULL = 2**256 - 1
_FEES = ((1 << 48) - 1) << 200  # of a hot word: carried there until it is worth a write


_NO_FEES = FULL & ~(((1 << 96) - 1) << 96)  # of the third word of money
_NO_CLOCK = (0, 0, 0)
_new = tuple.__new__


class Word(NamedTuple):
    """`what` in words, or as its kind and its numbers."""

    what: str | tuple[str | int, ...]
    target: str
    slot: int
    expected: int
    mask: int = FULL


class Words:
    """The state of one model."""

    def __init__(self, exchange: Exchange, oracle: IndexOracle) -> None:
        self._state = exchange.state
        self._oracle = oracle

    # --- what every action is followed by ---

    def quick(self, accounts: Iterable[int], months: Iterable[int]) -> Iterator[Word]:
        """Accounts, series with their positions, and the sums; books are not among it.

        Runs after every action, so names are put together only where one is asked for.
        """
        state = self._state
        for number in accounts:
            account = state.accounts[number]
            yield _new(
                Word,
                (("account", number), "exchange", mapped(at.ACCOUNTS, number), account_word(account), FULL),
            )
            since, negative_since, looked_at = state.clocks.get(number, _NO_CLOCK)
            clock = since | negative_since << 40 | looked_at << 80
            yield _new(
                Word, (("clocks of account", number), "exchange", mapped(at.CLOCKS, number), clock, FULL)
            )
        for number in months:
            series = state.series[number]
            hot = hot_word(series)
            yield _new(Word, (("hot", number), "exchange", mapped(at.HOT, number), hot, FULL & ~_FEES))
            base = mapped(at.MONEY, number)
            for place, word in enumerate(money_words(series.money)):
                # Fees are compared as a sum with what the hot word carries.
                mask = _NO_FEES if place == 2 else FULL
                yield _new(Word, (("money", number, place), "exchange", base + place, word, mask))
            for holder, position in series.positions.items():
                slot = mapped(at.POSITIONS, holder << 16 | number)
                word = position_word(position)
                yield _new(Word, (("position", holder, number), "exchange", slot, word, FULL))
        for feed in range(1, self._oracle.feed_count + 1):
            insured, deficit = state.insurance.get(feed, 0), state.deficits.get(feed, 0)
            yield Word(("insurance of feed", feed), "exchange", mapped(at.INSURANCE, feed), insured)
            yield Word(("deficits of feed", feed), "exchange", mapped(at.DEFICITS, feed), deficit)
        yield from self._office()

    def _office(self) -> Iterator[Word]:
        state = self._state
        counts = len(state.accounts) | len(state.series) << 32 | state.office.treasury << 48
        yield Word("counts and treasury", "exchange", at.COUNTS, counts)
        yield Word("bonds", "exchange", at.BONDS, state.office.bonds)

    # --- books ---

    def level(self, series: Series, side: Side, tick: int) -> Iterator[Word]:
        """One queue with its orders, and its bit."""
        found = side.levels.get(tick)
        slot, shift = at.level_slot(series.id, side.side, tick)
        what = f"{'sells' if side.side else 'buys'} at {tick} in {series.id}"
        bit_slot = at.bitmap_slot(series.id, side.side, 0, tick >> 8)
        bit = 1 << (tick & 255)
        yield Word(f"bit of {what}", "exchange", bit_slot, bit if tick in side.ticks else 0, bit)
        if found is None:
            return
        yield Word(
            f"level of {what}",
            "exchange",
            slot,
            (found.tail << 32 | found.head) << shift,
            (2**64 - 1) << shift,
        )
        yield from self._orders(series, side, tick, found, what)

    def _orders(self, series: Series, side: Side, tick: int, level: Level, what: str) -> Iterator[Word]:
        for index in range(level.head, level.tail):
            order = level.orders.get(index)
            slot = at.order_slot(series.id, side.side, tick, index)
            if order is None:  # a tombstone: lots are gone, the rest stays
                yield Word(f"tombstone {index} of {what}", "exchange", slot, 0, 0xFFFFFFFF << 32)
            else:
                word = at.ORDER.pack({name: getattr(order, name) for name in order.FIELDS})
                yield Word(f"order {index} of {what}", "exchange", slot, word)
        for place, generation in enumerate(level.generations):
            slot = at.order_slot(series.id, side.side, tick, place + 1)
            name = f"generation {place + 1} of {what}"
            yield Word(name, "exchange", slot, generation << 136, 0xFFFF << 136)

    def book(self, series: Series) -> Iterator[Word]:
        """Both sides with the whole bitmaps: no tick has an order that the model does not have."""
        for side in series.sides:
            yield from self._bitmap(series, side)
            for tick in side.levels:
                yield from self.level(series, side, tick)

    def _bitmap(self, series: Series, side: Side) -> Iterator[Word]:
        indices: Iterable[int] = side.ticks
        for height in range(3):
            words: dict[int, int] = {}
            for index in indices:
                words[index >> 8] = words.get(index >> 8, 0) | 1 << (index & 255)
            if height == 2:
                words.setdefault(0, 0)
            for index, word in words.items():
                slot = at.bitmap_slot(series.id, side.side, height, index)
                yield Word(f"bitmap {series.id}/{side.side}/{height}/{index}", "exchange", slot, word)
            indices = words

    # --- everything else ---

    def rest(self, people: Iterable[str], today: int) -> Iterator[Word]:
        """What changes seldom, and what must have stayed zero."""
        state = self._state
        known = list(people)
        yield Word("owner", "exchange", at.OWNER, int(state.owner, 16))
        yield Word("pending owner", "exchange", at.PENDING_OWNER, int(state.pending_owner, 16))
        yield Word("guardian", "exchange", at.GUARDIAN, int(state.office.guardian, 16))
        yield Word("arbiter", "exchange", at.ARBITER, int(state.office.arbiter, 16))
        for one in [*known, *(account.owner for account in state.accounts.values())]:
            principal = state.principals.get(one)
            word = at.PRINCIPAL.pack(principal._asdict()) if principal else 0
            yield Word(f"principal {one}", "exchange", mapped(at.PRINCIPALS, int(one, 16)), word)
        for account in state.accounts.values():
            owner = int(account.owner, 16)
            yield Word(f"owner of {account.id}", "exchange", mapped(at.OWNERS, account.id), owner)
            for one in known:
                invited = state.invitations.get((account.id, one))
                key = account.id << 160 | int(one, 16)
                word = invited.permissions << 32 | invited.expiry << 40 if invited else 0
                yield Word(f"invitation {account.id} {one}", "exchange", mapped(at.INVITATIONS, key), word)
        for series in state.series.values():
            yield from self._frozen(series)
            yield from self._per_account(series)
        for feed in range(1, self._oracle.feed_count + 1):
            yield from self._feed(feed, today)
        for (series_id, long), token in state.tokens.items():
            slot = mapped(at.TOKENS, series_id << 1 | long)
            yield Word(f"token {series_id} {long}", "exchange", slot, int(token.address, 16))

    def _frozen(self, series: Series) -> Iterator[Word]:
        number, spec = series.id, series.spec
        first, second = spec_words(spec)
        yield Word(f"terms {number}", "exchange", mapped(at.TERMS, number), first)
        yield Word(f"trade terms {number}", "exchange", mapped(at.TRADE_TERMS, number), second)
        symbol = at.short_string(spec.symbol)
        yield Word(f"symbol {number}", "exchange", mapped(at.SYMBOLS, number), symbol)
        yield Word(f"first mark {number}", "exchange", mapped(at.INITIAL_MARKS, number), spec.initial_mark)
        challenge = self._state.challenges.get(number)
        word = 0
        if challenge is not None:
            word = at.CHALLENGE.pack({name: int(getattr(challenge, name)) for name in challenge.FIELDS})
        yield Word(f"challenge {number}", "exchange", mapped(at.CHALLENGES, number), word)

    def _per_account(self, series: Series) -> Iterator[Word]:
        state = self._state
        for account in state.accounts:
            count = state.cranks.get((series.id, account), 0)
            slot = mapped(at.CRANKS, series.id << 32 | account)
            yield Word(f"cranks {series.id} {account}", "exchange", slot, count)
            if account not in series.positions:
                slot = mapped(at.POSITIONS, at.position_key(account, series.id))
                yield Word(f"no position of {account} in {series.id}", "exchange", slot, 0)

    def _feed(self, feed: int, today: int) -> Iterator[Word]:
        state = self._state
        size = state.feed_tick_size.get(feed, 0)
        yield Word(f"tick size {feed}", "exchange", mapped(at.TICK_SIZES, feed), size)
        for account in state.accounts:
            amount = state.declared.get((account, feed), 0)
            slot = mapped(at.DECLARED, account << 16 | feed)
            yield Word(f"declared {account} {feed}", "exchange", slot, amount)

    # --- oracle ---

    def feeds(self) -> Iterator[Word]:
        """The state of every feed."""
        for number in range(1, self._oracle.feed_count + 1):
            feed = self._oracle.feed_status(number)
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
            yield Word(f"feed {number}", "oracle", at.FEED_STATES + number, word)
            if feed.pending is not None:  # a dropped one stays in storage, unread
                word = at.PENDING.pack(feed.pending._asdict())
                yield Word(f"pending round of feed {number}", "oracle", mapped(at.PENDINGS, number), word)

    def oracle(self, first_day: int, today: int) -> Iterator[Word]:
        """Everything that the oracle keeps."""
        oracle = self._oracle
        yield from self.feeds()
        yield Word("owner of the oracle", "oracle", at.OWNER, int(oracle.owner, 16))
        yield Word("pending owner of the oracle", "oracle", at.PENDING_OWNER, int(oracle.pending_owner, 16))
        yield Word("feeds", "oracle", at.FEED_COUNT, oracle.feed_count)
        yield Word("operator sets", "oracle", at.SET_COUNT, oracle.operator_set_count)
        for number in range(1, oracle.operator_set_count + 1):
            found = oracle.operator_set(number)
            fields = found._asdict() | {"operators_hash": int.from_bytes(found.operators_hash)}
            slot = mapped(at.SETS, number)
            yield Word(f"operator set {number}", "oracle", slot, at.OPERATOR_SET.pack(fields))
        for feed in range(1, oracle.feed_count + 1):
            info = oracle.feed_info(feed)
            base = mapped(at.DOCUMENTS, feed)
            yield Word(f"symbol of feed {feed}", "oracle", base, int.from_bytes(info.symbol))
            yield Word(f"methodology of feed {feed}", "oracle", base + 1, int.from_bytes(info.methodology))
            for day in range(first_day, today + 2):
                yield from self._day(feed, day)

    def _day(self, feed: int, day: int) -> Iterator[Word]:
        key = feed << 16 | day
        stored = self._oracle._checkpoints.get((feed, day))
        word = at.CHECKPOINT.pack(stored._asdict()) if stored else 0
        yield Word(f"checkpoint {feed} {day}", "oracle", mapped(at.CHECKPOINTS, key), word)
        low, high = self._oracle._ranges.get((feed, day), (0, 0))
        yield Word(f"range {feed} {day}", "oracle", mapped(at.RANGES, key), low | high << 64)


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
    buys, sells = series.sides
    bid = buys.ticks[-1] if buys.ticks else 0
    ask = sells.ticks[0] if sells.ticks else at.NO_ASK
    return _hot(Hot.VALUES(series.hot), bid, ask)


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
