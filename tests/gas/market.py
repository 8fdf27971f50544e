"""A market with a past: the orders of fourteen makers were filled and cancelled at every tick in use.

Mark 3,500 ticks of $0.001; asks have traded at 3,505 to 3,520, bids at 3,480 to 3,495, up to fourteen orders
deep. Each side keeps one order on each of twelve levels farther out: no operation meets an empty book.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from typing import Any

from gas.chain import DAY, START, Bench, Tx
from olivepress.contracts import packing
from olivepress.contracts.artifacts import load
from olivepress.events.decode import BOOK_TOPIC, decode_book
from olivepress.events.records import Placed
from olivepress.exchange import SeriesTerms
from olivepress.oracle.codec import (
    OracleDomain,
    Report,
    SignedReport,
    pack_update,
    sign_report,
    sort_operators,
    update_calldata,
)
from olivepress.signer import LocalSigner
from olivepress.units import day_of

SELL, IOC = 128, 1
ASKS = range(3505, 3521)
BIDS = range(3480, 3496)
FAR_ASKS = range(3521, 3533)
FAR_BIDS = range(3468, 3480)
LOTS = 2
MAKERS = 14
FEEDS = range(1, 9)
QUORUM = 5
USDC = 10**6
# Index of feed 1 in the history, USD x 1e8; the others stand at the same value.
INDEX = 350_000_000

_MONTHS = [
    ("LLM-DEC26", date(2026, 12, 3), date(2026, 12, 10)),
    ("LLM-JAN27", date(2027, 1, 3), date(2027, 1, 10)),
    ("LLM-FEB27", date(2027, 2, 3), date(2027, 2, 10)),
]


class Market:
    """Who is who, and the transactions they send. Series 1, 2 and 3 are three months of feed 1."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        names = bench.chain.accounts
        self.owner = names[0]
        self.operators = [LocalSigner(key) for key in bench.chain.keys[1:8]]
        self.ordered = sort_operators([one.address for one in self.operators])
        self.makers = list(names[8 : 8 + MAKERS])
        rest = iter(names[8 + MAKERS :])
        self.maker = self.makers[-2]  # whose calls are measured: active in one series
        self.maker_k3 = self.makers[-1]  # likewise, active in three
        self.queue = self.makers[:-2]  # the others, twelve
        self.taker = next(rest)
        self.taker_k3 = next(rest)
        self.keeper = next(rest)
        self.victim = next(rest)
        self.winner = next(rest)
        self.loser = next(rest)
        self.flat = next(rest)  # has money and never traded
        self.traders = [*self.makers, *names[8 + MAKERS : 8 + MAKERS + 7]]
        self.numbers: dict[str, int] = {}
        self._domain = OracleDomain(bench.chain.chain_id, bench.oracle)

    # --- transactions ---

    def place(self, who: str, flags: int, tick: int, lots: int = LOTS, series: int = 1) -> Tx:
        data = packing.place(series, flags, tick, lots, 0, 7, 0)
        return Tx(who, self.bench.exchange, data)

    def take(self, who: str, tick: int, lots: int, series: int = 1, *, sell: bool = False) -> Tx:
        """Immediate or cancel; looks at as many resting orders as it needs."""
        data = packing.place(series, IOC | (SELL if sell else 0), tick, lots, 0, 7, 1_000)
        return Tx(who, self.bench.exchange, data)

    def quote(self, who: str, flags: int, ticks: Iterable[int], lots: int = LOTS, series: int = 1) -> Tx:
        """One order at each tick, in one batch."""
        operations = packing.join(packing.place_op(flags, tick, lots, 0, 9) for tick in ticks)
        return self.batch(who, operations, series)

    def batch(self, who: str, operations: bytes, series: int = 1) -> Tx:
        return Tx(who, self.bench.exchange, packing.batch(series, operations, False, 0))

    def cancel(self, who: str, order_id: int) -> Tx:
        return Tx(who, self.bench.exchange, packing.cancel(order_id))

    def mass_cancel(self, who: str, series: int = 1) -> Tx:
        return Tx(who, self.bench.exchange, packing.mass_cancel(series))

    def call(self, who: str, function: str, *arguments: Any) -> Tx:
        return self.bench.exchange_tx(who, function, *arguments)

    def report(self, values: Mapping[int, int]) -> Tx:
        """A round signed by five of the seven operators, whose values differ a little."""
        observed = self.bench.time
        signed: list[SignedReport] = []
        for n, operator in enumerate(self.operators[:QUORUM]):
            told = {feed: value + (n - QUORUM // 2) * 10_000 for feed, value in values.items()}
            signed.append(sign_report(Report(observed, 1, told), operator, self._domain))
        packed = pack_update(1, self.ordered, signed)
        return Tx(self.owner, self.bench.oracle, update_calldata(packed))

    # --- steps ---

    async def placed(self, *txs: Tx) -> list[int]:
        """Mines; ids of the orders that rest, in their order."""
        ids: list[int] = []
        for receipt in await self.bench.mine(*txs):
            for log in receipt["logs"]:
                if log["topics"][0] == BOOK_TOPIC:
                    ids += [one.order_id for one in decode_book(log).records if isinstance(one, Placed)]
        return ids

    async def tell(self, value: int = INDEX, feeds: Iterable[int] = (1,)) -> None:
        await self.bench.mine(self.report(dict.fromkeys(feeds, value)))

    async def tell_daily(self, until: int) -> None:
        """A round of feed 1 at each noon before the unix time `until`."""
        for noon in range(self.bench.time // DAY * DAY + DAY + DAY // 2, until, DAY):
            self.bench.warp(noon)
            await self.tell()

    async def refresh(self) -> None:
        """Fresh cached marks everywhere, as keepers and takers leave them in a busy market."""
        await self.bench.mine(*(self.call(self.keeper, "refreshMark", series) for series in (1, 2, 3)))

    # --- the past ---

    async def build(self) -> None:
        await self._open()
        for _ in range(2):
            await self._round(both=True)
        await self._round(both=False)
        await self._other_months()
        await self._small_accounts()
        await self._tokens()
        await self.bench.mine(
            *(self.place(one, SELL, tick, 5) for one, tick in zip(self.queue, FAR_ASKS, strict=True)),
            *(self.place(one, 0, tick, 5) for one, tick in zip(self.queue, FAR_BIDS, strict=True)),
        )
        # A day with a range, in whose middle the measured rounds fall.
        for value in (INDEX + 2_000_000, INDEX - 2_000_000, INDEX):
            self.bench.time += 60
            await self.tell(value, FEEDS)
        await self.refresh()

    async def _open(self) -> None:
        bench, oracle = self.bench, load("IndexOracle").interface

        def owned(function: str, *arguments: Any) -> Tx:
            return Tx(self.owner, bench.oracle, oracle.encode(function, *arguments))

        await bench.mine(owned("addOperatorSet", self.ordered, QUORUM))
        info = [(b"INDEX-%d" % feed, b"\x11" * 32, 1, DAY, 2_000) for feed in FEEDS]
        await bench.mine(*(owned("addFeed", (name.ljust(32, b"\0"), *rest)) for name, *rest in info))
        await self.tell(INDEX, FEEDS)
        await bench.mine(*(self.call(self.owner, "listSeries", astuple(spec)) for spec in _specs()))
        token = load("MockUSDC").interface
        for who in self.traders:
            money = (10_000_000 if who != self.victim else 9_300) * USDC
            await bench.mine(
                Tx(who, bench.collateral, token.encode("mint", who, 20_000_000 * USDC)),
                Tx(who, bench.collateral, token.encode("approve", bench.exchange, 2**256 - 1)),
                Tx(who, bench.exchange, packing.deposit(0, money)),
            )
            self.numbers[who] = len(self.numbers) + 1
        top_up = self.call(self.flat, "topUpInsurance", 1, 1_000_000 * USDC)
        await bench.mine(top_up)

    async def _round(self, *, both: bool) -> None:
        """Every maker quotes every tick. A taker buys all asks and sells into all bids; in a round of one
        side it buys the nearer half of the asks. What is left is cancelled and pruned."""
        everywhere = MAKERS * LOTS
        self.bench.time += 60
        await self.bench.mine(
            *(self.quote(one, SELL, ASKS) for one in self.makers),
            *(self.quote(one, 0, BIDS) for one in self.makers),
        )
        far = ASKS[-1] if both else ASKS[7]
        await self.bench.mine(self.take(self.taker, far, everywhere * (far - ASKS[0] + 1)))
        if both:
            await self.bench.mine(self.take(self.taker, BIDS[0], everywhere * len(BIDS), sell=True))
        await self.bench.mine(*(self.mass_cancel(one) for one in self.makers))
        await self.prune()

    async def prune(self) -> None:
        """Until the book is free of dead orders."""
        await self.bench.mine(*(self.call(self.keeper, "prune", 1, sells, 1_000) for sells in (True, False)))

    async def _other_months(self) -> None:
        """`maker_k3` and `taker_k3` get positions and orders in three series."""
        one, two = self.maker_k3, self.taker_k3
        await self.bench.mine(
            *(self.place(one, SELL, 3510, 10, series) for series in (1, 2, 3)),
            *(self.take(two, 3510, 4, series) for series in (1, 2, 3)),
            self.mass_cancel(one),
            *(self.place(one, 0, 3490, 10, series) for series in (2, 3)),
            *(self.place(two, 0, 3489, 10, series) for series in (2, 3)),
        )
        await self.prune()

    async def _small_accounts(self) -> None:
        """A keeper with a position, a victim with ten lots, a winner and a loser who are flat again."""
        one, bench = self.queue[0], self.bench
        await bench.mine(self.place(one, SELL, 3505, 30), self.place(one, SELL, 3515, 30))
        await bench.mine(
            self.take(self.keeper, 3505, 1), self.take(self.victim, 3505, 10), self.take(self.winner, 3505, 1)
        )
        await bench.mine(self.take(self.keeper, 3505, 18))
        await bench.mine(self.take(self.loser, 3515, 1), self.mass_cancel(one))
        await self.prune()
        await bench.mine(self.place(one, 0, 3514, 1), self.take(self.winner, 3514, 1, sell=True))
        await bench.mine(self.place(one, 0, 3480, 1), self.take(self.loser, 3480, 1, sell=True))

    async def _tokens(self) -> None:
        """LONG tokens of series 1 exist and `taker` and `taker_k3` hold some."""
        wrapped = [self.call(one, "wrap", 1, True, 2, one) for one in (self.taker, self.taker_k3)]
        await self.bench.mine(self.call(self.keeper, "createTokens", 1))
        await self.bench.mine(*wrapped)


def _specs() -> list[Any]:
    """Terms as a listing would have them; the marks of placing may be a minute old."""
    assert all(day_of(start) * DAY > START for _, start, _ in _MONTHS)
    terms = [
        SeriesTerms(
            symbol=symbol,
            feed=1,
            window_start=start,
            expiry=expiry,
            tick_size=Decimal("0.001"),
            tick_value=Decimal(1),
            price_cap=Decimal(30),
            initial_mark=Decimal("3.5"),
            max_basis=Decimal(1),
            max_mark_age=60,
        )
        for symbol, start, expiry in _MONTHS
    ]
    return [one.to_spec(6) for one in terms]
