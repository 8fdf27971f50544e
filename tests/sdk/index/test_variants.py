"""The variants of LLM-FLAGSHIP follow its designations, whatever they read of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from olivepress.index import LlmBlend, MethodologyError, history, load
from olivepress.index.methodology import parse

VARIANTS = ("LLM-FLAGSHIP-CACHED", "LLM-FLAGSHIP-INPUT", "LLM-FLAGSHIP-OUTPUT")


def llm(name: str) -> LlmBlend:
    found = load(name)
    assert isinstance(found, LlmBlend)
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_has_the_very_designations(name: str) -> None:
    assert llm(name).vendor == llm("LLM-FLAGSHIP").vendor
    assert llm(name).hash != llm("LLM-FLAGSHIP").hash


def test_bedrock_has_the_same_models_at_the_same_days_at_its_own_venue() -> None:
    flagship, bedrock = llm("LLM-FLAGSHIP"), llm("LLM-BEDROCK")
    for ours, theirs in zip(flagship.vendor, bedrock.vendor, strict=True):
        assert [(f.model, f.effective) for f in ours.flagship] == [
            (f.model, f.effective) for f in theirs.flagship
        ]
        assert theirs.venues == ("aws", "bedrock", "bedrock_converse")
    sold = [vendor.name for vendor in bedrock.vendor if any(roll.items for roll in vendor.flagship)]
    assert sold == ["openai", "anthropic", "mistral"]


def test_the_variants_on_one_recorded_day() -> None:
    day = date(2026, 11, 1)
    values = {name: history.record(day, name).value for name in ("LLM-FLAGSHIP", *VARIANTS)}
    assert values == {
        "LLM-FLAGSHIP": Decimal("3.5"),
        "LLM-FLAGSHIP-CACHED": Decimal("2.65"),
        "LLM-FLAGSHIP-INPUT": Decimal(2),
        "LLM-FLAGSHIP-OUTPUT": Decimal(8),
    }


def test_without_cached_prices_the_cached_variant_says_so() -> None:
    record = history.record(date(2023, 11, 1), "LLM-FLAGSHIP-CACHED")
    assert record.status == "withheld"
    assert {entry.reason for entry in record.quotes} == {
        "litellm==0.12.7 has no price for 1M cached input tokens"
    }


def test_bedrocks_basis_can_be_read_day_by_day() -> None:
    day = date(2026, 11, 1)
    record = history.record(day, "LLM-BEDROCK")
    assert {m.name: m.value for m in record.members} == {"openai": Decimal(4), "anthropic": Decimal(4)}
    assert all(member.source.startswith("genai-prices==") for member in record.members)
    # A vendor that Bedrock does not sell has no part in it, and is not missed.
    assert record.absent == ()
    early = history.record(date(2025, 2, 1), "LLM-BEDROCK")
    assert early.status == "withheld"
    assert early.reason == "1 of 1 designated vendors have a price; at least 2 are needed"


HEAD = """
id = "X"
version = 1
title = "t"
unit = "u"
kind = "llm-blend"
sources = ["a"]
max_age_days = 10
minimum_vendors = 1
majority = 0
max_above = 5
max_below = 5
blend = { input = 1 }
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('designations = "GPU-H100-SXM"', "allowed is an LLM methodology"),
        ('designations = "LLM-NONE"', "not shipped"),
        ('designations = "LLM-FLAGSHIP"\nvenues = ["aws"]', "both or neither"),
        (
            'designations = "LLM-FLAGSHIP"\nvenues = ["aws"]\nitems = { gpt-99 = ["x"] }',
            "gpt-99 is no flagship",
        ),
        ('designations = "LLM-FLAGSHIP"\nvendor = []', "no vendors beside it"),
    ],
)
def test_a_wrong_reference_is_refused(text: str, says: str) -> None:
    with pytest.raises(MethodologyError, match=says):
        parse("x", HEAD + text)
