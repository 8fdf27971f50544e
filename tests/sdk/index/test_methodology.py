"""Methodology documents: the shipped ones, their hashes, and every way in which one can be wrong."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from olivepress.index import LlmBlend, MethodologyError, ProviderMedian, history, load, load_file, names
from olivepress.index.methodology import parse

LLM = """
id = "LLM-TEST"
version = 1
title = "t"
unit = "USD per 1M tokens"
kind = "llm-blend"
sources = ["a"]
max_age_days = 10
minimum_vendors = 1
majority = 0.5
max_above = 10
max_below = 50
[blend]
input = 3
output = 1
[[vendor]]
name = "v"
venues = ["v"]
[[vendor.flagship]]
effective = 2026-01-01
model = "one"
items = ["one"]
[[vendor.flagship]]
effective = 2026-03-01
announced = 2026-02-22
model = "two"
items = ["two"]
"""


def test_the_shipped_methodologies_load_under_their_names() -> None:
    assert {"GPU-H100-SXM", "GPU-H200-SXM", "LLM-FLAGSHIP"} <= set(names())
    for name in names():
        assert load(name).id == name
    assert isinstance(load("LLM-FLAGSHIP"), LlmBlend)
    assert isinstance(load("GPU-H100-SXM"), ProviderMedian)


def test_the_hash_is_sha256_of_the_canonical_document() -> None:
    methodology = parse("x", LLM)
    assert methodology.hash == hashlib.sha256(methodology.canonical).digest()
    assert len(methodology.hash) == 32
    # Layout, comments and the order of keys are not part of the document; every value is.
    moved = LLM.replace("version = 1\n", "").replace('title = "t"', 'version = 1\ntitle = "t" # comment')
    assert parse("x", moved).hash == methodology.hash
    for old, new in [
        ("input = 3", "input = 7"),
        ('"two"]', '"two!"]'),
        ("max_age_days = 10", "max_age_days = 11"),
    ]:
        assert parse("x", LLM.replace(old, new)).hash != methodology.hash


def test_all_shipped_hashes_differ() -> None:
    assert len({load(name).hash for name in names()}) == len(names())


def test_a_designation_holds_from_its_first_day() -> None:
    """[IDX-1]"""
    methodology = parse("x", LLM)
    assert isinstance(methodology, LlmBlend)
    (vendor,) = methodology.vendor
    assert vendor.flagship_on(date(2025, 12, 31)) is None
    for day, model in [(date(2026, 1, 1), "one"), (date(2026, 2, 28), "one"), (date(2026, 3, 1), "two")]:
        flagship = vendor.flagship_on(day)
        assert flagship is not None
        assert flagship.model == model


def test_shipped_rolls_are_announced_seven_days_ahead() -> None:
    """[IDX-1]"""
    flagship = load("LLM-FLAGSHIP")
    assert isinstance(flagship, LlmBlend)
    begins = min(vendor.flagship[0].effective for vendor in flagship.vendor)
    rolls = [(v, roll) for v in flagship.vendor for roll in v.flagship if roll.effective > begins]
    assert len(rolls) > 40
    for vendor, roll in rolls:
        assert roll.announced is not None
        assert roll.effective - roll.announced >= timedelta(days=7)
        # By then a catalogue carried it: the roll rule, on the recorded prices.
        carried = history.quotes_on(roll.announced)
        assert any(q.venue in vendor.venues and q.item in roll.items for q in carried), roll.model


def test_a_vendor_that_joins_is_announced_too() -> None:
    """[IDX-1]"""
    joins = '[[vendor]]\nname = "w"\nvenues = ["w"]\n[[vendor.flagship]]\neffective = 2026-02-01\n'
    joins += 'model = "three"\nitems = ["three"]\n'
    with pytest.raises(MethodologyError, match="vendor w: three needs the day it was announced"):
        parse("x", LLM + joins)
    announced = joins.replace("effective = 2026-02-01", "effective = 2026-02-01\nannounced = 2026-01-25")
    assert isinstance(parse("x", LLM + announced), LlmBlend)
    with pytest.raises(MethodologyError, match="7 days or more"):
        parse("x", LLM + announced.replace("01-25", "01-26"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("input = 3", "input = 2", "sums made of 2s and 5s"),
        ("input = 3\noutput = 1", "input = 0", "sums made of 2s and 5s"),
        ("input = 3", "input = -3", "greater than or equal to 0"),
        ("2026-03-01", "2026-03-02", "first of a month"),
        ("announced = 2026-02-22", "announced = 2026-02-23", "7 days"),
        ("announced = 2026-02-22\n", "", "announced"),
        ("effective = 2026-03-01", "effective = 2026-01-01", "7 days|must rise"),
        ('kind = "llm-blend"', 'kind = "guess"', "guess"),
        ("version = 1", "version = 0", "version"),
        ("version = 1", "version = 1\nprize = 2", "prize"),
        ("max_age_days = 10\n", "", "max_age_days"),
        ("majority = 0.5", "majority = 1.5", "majority"),
        ('id = "LLM-TEST"', 'id = "llm test"', "id"),
        ("[blend]", "[blend", "not TOML"),
    ],
)
def test_a_wrong_document_is_refused_in_words(old: str, new: str, says: str) -> None:
    """[IDX-1]"""
    assert old in LLM
    with pytest.raises(MethodologyError, match=says) as caught:
        parse("my.toml", LLM.replace(old, new))
    assert caught.value.name == "my.toml"


def test_an_unknown_name_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(MethodologyError, match="LLM-FLAGSHIP"):
        load("LLM-NONE")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(LLM, encoding="utf-8")
    assert load_file(path) == parse("x", LLM)
    with pytest.raises(MethodologyError, match=r"none\.toml"):
        load_file(tmp_path / "none.toml")
