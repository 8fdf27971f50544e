"""Reading the genai-prices data model: dated, hourly and tiered prices, and the installed package itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from olivepress.prices import GenaiPrices, Unit
from olivepress.prices.genai_prices import read_providers

NOW = datetime(2026, 9, 1, 20, tzinfo=UTC)


def provider(prices: ModelPrice | list[ConditionalPrice]) -> Provider:
    model = ModelInfo(id="m", match=ClauseEquals(equals="m"), prices=prices)
    return Provider(id="p", name="P", api_pattern="p", models=[model])


def input_price(prices: ModelPrice | list[ConditionalPrice], now: datetime = NOW) -> tuple[Decimal, str]:
    reading = read_providers([provider(prices)], now, "genai-prices==0")
    (quote,) = (quote for quote in reading.quotes if quote.unit is Unit.INPUT_MTOK)
    return quote.price, quote.tier


def mtok(price: str) -> ModelPrice:
    return ModelPrice(input_mtok=Decimal(price), output_mtok=Decimal(9))


def test_each_kind_of_token_is_a_quote_of_its_own() -> None:
    price = ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(8), cache_read_mtok=Decimal("0.5"))
    reading = read_providers([provider(price)], NOW, "genai-prices==0")
    found = {quote.unit: quote.price for quote in reading.quotes}
    assert found == {Unit.INPUT_MTOK: 2, Unit.OUTPUT_MTOK: 8, Unit.CACHED_INPUT_MTOK: Decimal("0.5")}
    assert {(q.venue, q.item, q.source, q.observed_at) for q in reading.quotes} == {
        ("p", "m", "genai-prices==0", NOW)
    }


def test_a_start_date_counts_from_its_day() -> None:
    prices = [
        ConditionalPrice(prices=mtok("5")),
        ConditionalPrice(StartDateConstraint(date(2026, 8, 21)), prices=mtok("4")),
    ]
    assert input_price(prices, datetime(2026, 8, 20, 23, 59, tzinfo=UTC))[0] == 5
    assert input_price(prices, datetime(2026, 8, 21, tzinfo=UTC))[0] == 4


def test_the_highest_price_of_the_day_counts_at_any_hour() -> None:
    peak = TimeOfDateConstraint(time(1, tzinfo=UTC), time(4, tzinfo=UTC))
    discount = TimeOfDateConstraint(time(16, 30, tzinfo=UTC), time(23, 30, tzinfo=UTC))
    for hour in (0, 2, 12, 20):
        now = NOW.replace(hour=hour)
        dear_hours = [ConditionalPrice(prices=mtok("0.66")), ConditionalPrice(peak, prices=mtok("1.32"))]
        assert input_price(dear_hours, now)[0] == Decimal("1.32")
        cheap_hours = [ConditionalPrice(prices=mtok("0.27")), ConditionalPrice(discount, prices=mtok("0.13"))]
        assert input_price(cheap_hours, now)[0] == Decimal("0.27")


def test_the_base_tier_counts_and_is_named() -> None:
    tiered = TieredPrices(base=Decimal(2), tiers=[Tier(start=200_000, price=Decimal(4))])
    assert input_price(ModelPrice(input_mtok=tiered, output_mtok=Decimal(12))) == (Decimal(2), "base")


def test_a_bad_price_is_rejected_by_name_and_the_rest_counts() -> None:
    reading = read_providers([provider(ModelPrice(input_mtok=Decimal(-2), output_mtok=Decimal(8)))], NOW, "s")
    assert [quote.unit for quote in reading.quotes] == [Unit.OUTPUT_MTOK]
    assert reading.rejected[0].entry == "p m input_mtok"
    assert "-2" in reading.rejected[0].reason


async def test_the_installed_package_gives_todays_flagships() -> None:
    now = datetime(2026, 11, 10, tzinfo=UTC)
    reading = await GenaiPrices(["openai", "anthropic"]).read(now)
    assert {quote.venue for quote in reading.quotes} == {"openai", "anthropic"}
    gpt4 = [quote for quote in reading.quotes if quote.item == "gpt-4" and quote.unit is Unit.INPUT_MTOK]
    assert gpt4[0].price == 30
    assert gpt4[0].source.startswith("genai-prices==")
    assert len(reading.quotes) > 100
