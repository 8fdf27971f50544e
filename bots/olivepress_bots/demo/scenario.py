"""What the demo plays: the month, the series, the index paths, the parties and their strategies.

By default the LLM series replays November 2024: on the 17th OpenAI's price cut took the index from $5.25 to
$4.50. That is inside the averaging window, so the settlement price is a real average. It is also beyond the
deviation bound, so it takes a second round.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from olivepress.errors import ValidationError
from olivepress.exchange import SeriesTerms
from olivepress.index import AnyMethodology, history, load
from olivepress.prices import Quote, Reading, Source, simulate_gpu
from olivepress.types import Side
from olivepress_bots import hedger, maker, noise
from olivepress_bots.hedger import HedgerConfig
from olivepress_bots.maker import MakerConfig
from olivepress_bots.market import FeedSetup, Party
from olivepress_bots.noise import NoiseConfig
from olivepress_bots.runner import Decide, bind

DAY = 86_400
LLM, GPU = "LLM-FLAGSHIP", "GPU-H100-SXM"
OPERATORS, QUORUM = 7, 5
MAX_LAG = 3600
DEFAULT_MONTH = "2024-11"
LEAD_DAYS, WINDOW_DAYS = 3, 20
"""Days of trading before the month begins, and days at its end whose average settles."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series of the demo and the words that explain it."""

    feed: str
    symbol: str
    source: str
    source_note: str
    description: str
    unit: str
    lot: str
    tick_size: Decimal
    tick_value: Decimal
    price_cap: Decimal
    max_basis: Decimal
    basis: Decimal
    """Futures price at listing, less the index; also what the market makers believe."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole run. Times are unix seconds; `interval` is the time between two index reports."""

    seed: int
    mode: str
    month: str
    first_day: date
    expiry: date
    window_start: date
    interval: int
    plans: tuple[SeriesPlan, ...]

    @property
    def start(self) -> int:
        """Midnight at which the first report is due."""
        return midnight(self.first_day)

    @property
    def end(self) -> int:
        """Midnight at which the series expire."""
        return midnight(self.expiry)

    @property
    def days(self) -> int:
        """Days from the first report to expiry."""
        return (self.expiry - self.first_day).days

    @property
    def heartbeat(self) -> int:
        """A missed round does not make the index stale; two in a row do."""
        return min(self.interval * 5 // 2, DAY)


def midnight(day: date) -> int:
    """Unix second at which a UTC day begins."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def make_scenario(seed: int, *, fast: bool, month: str = DEFAULT_MONTH) -> Scenario:
    """The demo's month, `YYYY-MM`. `fast` has fewer reports and decisions a day, and is otherwise the same.

    Raises ValidationError for a month that the recorded prices do not cover.
    """
    first = _first_of(month)
    expiry = (first + timedelta(days=32)).replace(day=1)
    opening = first - timedelta(days=LEAD_DAYS)
    tag = f"{first:%b%y}".upper()
    return Scenario(
        seed=seed,
        mode="fast" if fast else "full",
        month=f"{first:%B %Y}",
        first_day=opening,
        expiry=expiry,
        window_start=expiry - timedelta(days=WINDOW_DAYS),
        interval=DAY // 2 if fast else DAY // 6,
        plans=(_llm_plan(tag, opening, expiry), _gpu_plan(tag)),
    )


def _first_of(month: str) -> date:
    known_from, known_to = history.span()
    allowed = f"YYYY-MM, a whole month from {known_from + timedelta(days=LEAD_DAYS)} to {known_to}"
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ValidationError("month", month, allowed) from None
    expiry = (first + timedelta(days=32)).replace(day=1)
    if first - timedelta(days=LEAD_DAYS) < known_from or expiry > known_to:
        raise ValidationError("month", month, allowed)
    return first


def _llm_plan(tag: str, opening: date, expiry: date) -> SeriesPlan:
    moves = [
        f"on {move.day:%d %B} from ${move.before:f} to ${move.after:f} ({', '.join(move.vendors)})"
        for move in history.moves(opening, expiry - timedelta(days=1))
        if move.before is not None and move.after is not None
    ]
    happened = f"It moved {', '.join(moves)}." if moves else "It did not move in this month."
    return SeriesPlan(
        feed=LLM,
        symbol=f"{LLM}-{tag}",
        source="real",
        source_note="real list prices, recorded from releases of genai-prices, litellm and tokencost.",
        description=f"Median over vendors of their flagship's list price, 3 input : 1 output. {happened}",
        unit="1M tokens",
        lot="1,000M tokens",
        tick_size=Decimal("0.001"),
        tick_value=Decimal(1),
        price_cap=Decimal(60),
        max_basis=Decimal("0.500"),
        basis=Decimal("0.030"),
    )


def _gpu_plan(tag: str) -> SeriesPlan:
    return SeriesPlan(
        feed=GPU,
        symbol=f"{GPU}-{tag}",
        source="simulated",
        source_note="simulated quotes of eight clouds, inside the band of prices seen in the market.",
        description="Simulated: median over clouds of the lowest on-demand price of an hour of one H100.",
        unit="GPU-hour",
        lot="100 GPU-hours",
        tick_size=Decimal("0.001"),
        tick_value=Decimal("0.1"),
        price_cap=Decimal(20),
        max_basis=Decimal("0.300"),
        basis=Decimal("-0.020"),
    )


def series_terms(scenario: Scenario, plan: SeriesPlan, feed: int, index: Decimal) -> SeriesTerms:
    """Terms of one series, with the first mark at the index plus the basis of the plan."""
    mark = (index + plan.basis).quantize(plan.tick_size)
    return SeriesTerms(
        symbol=plan.symbol,
        feed=feed,
        window_start=scenario.window_start,
        expiry=scenario.expiry,
        tick_size=plan.tick_size,
        tick_value=plan.tick_value,
        price_cap=plan.price_cap,
        initial_mark=mark,
        max_basis=plan.max_basis,
        position_limit=20_000,
        open_interest_cap=50_000,
    )


def shown_price(price: Decimal, plan: SeriesPlan) -> str:
    """A price on the tick grid as text, with the tick's decimals."""
    return str(price.quantize(plan.tick_size))


class IndexPath:
    """The quotes that each operator sees, and the index at any time of the run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.methodologies: dict[str, AnyMethodology] = {LLM: load(LLM), GPU: load(GPU)}
        steps = DAY // scenario.interval
        first = scenario.first_day - timedelta(days=1)
        quotes = simulate_gpu("H100-SXM", scenario.seed, first, scenario.days + 3, steps_per_day=steps)
        self._gpu: dict[int, list[Quote]] = {}
        for quote in quotes:
            self._gpu.setdefault(int(quote.observed_at.timestamp()), []).append(quote)

    def feed_setups(self) -> list[FeedSetup]:
        """Feeds in the order of the plans. A move of more than 10% needs a second round."""
        return [
            FeedSetup(plan.feed, self.methodologies[plan.feed], self.scenario.heartbeat, 1_000)
            for plan in self.scenario.plans
        ]

    def quotes(self, operator: int, at: int) -> Mapping[str, Sequence[Quote]]:
        """What one operator has collected at a time: all list prices, and most of the clouds' quotes."""
        day = datetime.fromtimestamp(at, UTC).date()
        last = at - at % self.scenario.interval
        seen = [
            quote
            for moment in range(last - DAY + self.scenario.interval, last + 1, self.scenario.interval)
            for quote in self._gpu.get(moment, ())
            if not self._missed(operator, moment, quote.venue)
        ]
        return {LLM: _list_prices(day), GPU: seen}

    def sources(self, operator: int) -> list[Source]:
        """What one operator asks for prices: the recorded lists, and the simulated clouds."""
        return [PathSource(self, operator, feed) for feed in self.methodologies]

    def online(self, operator: int, at: int) -> bool:
        """Every operator is away now and then."""
        return random.Random(f"{self.scenario.seed}/away/{operator}/{at}").randrange(100) >= 3

    def _missed(self, operator: int, moment: int, venue: str) -> bool:
        """A collector does not reach every cloud every time, so operators differ a little."""
        return random.Random(f"{self.scenario.seed}/{operator}/{moment}/{venue}").randrange(100) < 8


@dataclass(frozen=True, slots=True)
class PathSource:
    """One feed's quotes on the path, as an operator's source."""

    path: IndexPath
    operator: int
    feed: str

    @property
    def name(self) -> str:
        """`path:` and the feed."""
        return f"path:{self.feed}"

    async def read(self, now: datetime) -> Reading:
        """What the operator has collected at `now`."""
        return Reading(quotes=list(self.path.quotes(self.operator, int(now.timestamp()))[self.feed]))


@cache
def _list_prices(day: date) -> list[Quote]:
    return history.quotes_on(day)


def parties() -> list[Party]:
    """Everybody who trades."""
    return [
        Party("maker-1", "market maker, tight and small", Decimal(4_000_000)),
        Party("maker-2", "market maker, wide and deep", Decimal(6_000_000)),
        Party("lab", "AI lab, buys compute forward", Decimal(2_500_000)),
        Party("cloud", "GPU cloud, sells compute forward", Decimal(1_500_000)),
        Party("noise-1", "noise trader", Decimal(500_000)),
        Party("noise-2", "noise trader", Decimal(500_000)),
    ]


def strategies(scenario: Scenario, name: str) -> dict[str, Decide]:
    """Symbol -> strategy of one party."""
    return {plan.symbol: _strategy(scenario, plan, name) for plan in scenario.plans}


def _strategy(scenario: Scenario, plan: SeriesPlan, name: str) -> Decide:
    # A GPU lot is worth about a fifteenth of an LLM lot.
    scale = 1 if plan.feed == LLM else 8
    life = 2 * scenario.interval
    age = scenario.interval
    if name.startswith("maker"):
        tight = name == "maker-1"
        quoting = MakerConfig(
            basis=plan.basis,
            levels=4,
            half_spread_bps=Decimal(18) if tight else Decimal(40),
            level_step_bps=Decimal(14) if tight else Decimal(35),
            level_lots=(6 if tight else 14) * scale,
            skew_bps=Decimal(45) if tight else Decimal(80),
            max_position=(120 if tight else 300) * scale,
            order_life=life,
            renew_before=scenario.interval,
            max_view_age=age,
        )
        return bind(maker.decide, quoting)
    if name in ("lab", "cloud"):
        buys = name == "lab"
        schedule = HedgerConfig(
            side=Side.BUY if buys else Side.SELL,
            target=(240 if buys else 150) * scale,
            start=scenario.start,
            end=midnight(scenario.window_start),
            clip=8 * scale,
            max_slippage_bps=Decimal(150),
            max_view_age=age,
        )
        return bind(hedger.decide, schedule)
    random_orders = NoiseConfig(
        seed=scenario.seed * 100 + int(name[-1]),
        act_pct=55,
        rest_pct=30,
        max_lots=6 * scale,
        max_position=40 * scale,
        order_life=life,
        max_view_age=age,
    )
    return bind(noise.decide, random_orders)
