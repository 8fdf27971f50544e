"""The contracts' storage, unpacked: what the generator sees. Never the model, which may be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace as Item

from differential import layout as at
from differential.evm import Contracts


class View:
    """Reads of one deployment."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._exchange = contracts.addresses["exchange"]
        self._oracle = contracts.addresses["oracle"]

    def word(self, slot: int, key: int | None = None) -> int:
        """A word of the exchange."""
        return self._contracts.storage(self._exchange, slot if key is None else at.mapped(slot, key))

    def _item(self, layout: at.Layout, word: int) -> Item:
        return Item(**layout.unpack(word))

    @property
    def account_count(self) -> int:
        return self.word(at.COUNTS) & 0xFFFFFFFF

    @property
    def series_count(self) -> int:
        return self.word(at.COUNTS) >> 32 & 0xFFFF

    @property
    def treasury(self) -> int:
        return self.word(at.COUNTS) >> 48

    def principal(self, address: str) -> Item:
        return self._item(at.PRINCIPAL, self.word(at.PRINCIPALS, int(address, 16)))

    def owner_of(self, account: int) -> str:
        return f"0x{self.word(at.OWNERS, account):040x}"

    def cash(self, account: int) -> int:
        return self.word(at.ACCOUNTS, account) & (1 << 88) - 1

    def is_token(self, account: int) -> bool:
        return bool(self.word(at.ACCOUNTS, account) & at.ACCOUNT_TOKEN)

    def series_of(self, account: int) -> list[int]:
        places = self.word(at.ACCOUNTS, account) >> 96
        return [one for shift in range(0, 160, 16) if (one := places >> shift & 0xFFFF)]

    def position(self, account: int, series: int) -> Item:
        """A settled one has nothing but its quote."""
        item = self._item(at.POSITION, self.word(at.POSITIONS, at.position_key(account, series)))
        if item.open_count == at.SETTLED:
            item.lots = item.open_buy = item.open_sell = 0
        return item

    def claim(self, account: int, series: int) -> tuple[int, int]:
        """The whole claim of a settled position and what is left of it; (0, 0) when it is not settled."""
        word = self.word(at.POSITIONS, at.position_key(account, series))
        item = at.POSITION.unpack(word)
        return (word & (1 << 96) - 1, item["quote"]) if item["open_count"] == at.SETTLED else (0, 0)

    def hot(self, series: int) -> Item:
        return self._item(at.HOT_WORD, self.word(at.HOT, series))

    def terms(self, series: int) -> Item:
        return self._item(at.TERMS_WORD, self.word(at.TERMS, series))

    def money(self, series: int) -> Item:
        base = at.mapped(at.MONEY, series)
        fields: dict[str, int] = {}
        for number, one in enumerate(at.MONEY_WORDS):
            fields |= one.unpack(self.word(base + number))
        return Item(**fields)

    def fees(self, series: int) -> int:
        """Of a series: what its money has, and the young ones in its hot word."""
        money = self.word(at.mapped(at.MONEY, series) + 2)
        young = at.HOT_WORD.unsigned("fees", self.word(at.HOT, series))
        return at.MONEY_WORDS[2].unsigned("fees", money) + young

    def challenge(self, series: int) -> Item:
        return self._item(at.CHALLENGE, self.word(at.CHALLENGES, series))

    def clock(self, account: int) -> Item:
        return self._item(at.CLOCK, self.word(at.CLOCKS, account))

    def insurance(self, feed: int) -> int:
        return self.word(at.INSURANCE, feed)

    def deficit(self, feed: int) -> int:
        return self.word(at.DEFICITS, feed)

    def feed_series(self, feed: int) -> list[int]:
        """Live series of a feed, in order of id."""
        word = self.word(at.FEED_SERIES, feed)
        return sorted(one for shift in range(0, 256, 16) if (one := word >> shift & 0xFFFF))

    def tick_size(self, feed: int) -> int:
        return self.word(at.TICK_SIZES, feed)

    def token(self, series: int, long: bool) -> str:
        """The address of a position token; the zero address when there is none."""
        return f"0x{self.word(at.TOKENS, series << 1 | long):040x}"

    def level(self, series: int, side: int, tick: int) -> tuple[int, int]:
        slot, shift = at.level_slot(series, side, tick)
        word = self.word(slot) >> shift
        return word & 0xFFFFFFFF, word >> 32 & 0xFFFFFFFF

    def ticks(self, series: int, side: int) -> Iterator[int]:
        """Ticks of a side that have a level, lowest first."""
        yield from self._below(series, side, 2, 0)

    def _below(self, series: int, side: int, height: int, index: int) -> Iterator[int]:
        word = self.word(at.bitmap_slot(series, side, height, index))
        while word:
            bit = (word & -word).bit_length() - 1
            word &= word - 1
            if height:
                yield from self._below(series, side, height - 1, index << 8 | bit)
            else:
                yield index << 8 | bit

    def orders(self, series: int, side: int) -> Iterator[tuple[int, Item]]:
        """(order id, order) of everything that has lots, dead epochs included."""
        for tick in self.ticks(series, side):
            head, tail = self.level(series, side, tick)
            for index in range(head, tail):
                order = self._item(at.ORDER, self.word(at.order_slot(series, side, tick, index)))
                if order.lots:
                    yield ((series << 8 | side) << 24 | tick) << 48 | index << 16 | order.generation, order

    # --- oracle ---

    def oracle_word(self, slot: int, key: int | None = None) -> int:
        return self._contracts.storage(self._oracle, slot if key is None else at.mapped(slot, key))

    @property
    def feed_count(self) -> int:
        return self.oracle_word(at.FEED_COUNT) & 0xFFFF

    def feed(self, feed: int) -> Item:
        return self._item(at.FEED_STATE, self.oracle_word(at.FEED_STATES + feed))

    def pending(self, feed: int) -> Item:
        return self._item(at.PENDING, self.oracle_word(at.PENDINGS, feed))

    def operator_set(self, number: int) -> Item:
        return self._item(at.OPERATOR_SET, self.oracle_word(at.SETS, number))

    def checkpoint_stored(self, feed: int, day: int) -> bool:
        return self.oracle_word(at.CHECKPOINTS, feed << 16 | day) >> 184 != 0

    def allowance(self, token: str, holder: str, spender: str) -> int:
        return self._contracts.storage(token, at.mapped(at.mapped(1, int(holder, 16)), int(spender, 16)))

    def token_balance(self, token: str, holder: str) -> int:
        return self._contracts.storage(token, at.mapped(0, int(holder, 16)))
