"""What is forgotten never mattered: a methodology finds the same value in the memory as in the whole past."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress.index import compute, load
from olivepress.oracle.operator import QuoteMemory
from olivepress.oracle.operator.memory import moment
from olivepress.prices import Kind, Market, Quote, Reading, Unit
from operator_kit import GPU, NOON, offers

LLM = load("LLM-FLAGSHIP")
STEP = 1800

polls = st.lists(
    st.lists(
        st.builds(
            Quote,
            venue=st.sampled_from(["a", "b", "c", "d"]),
            item=st.sampled_from(["H100-SXM", "H100-SXM5", "H200-SXM"]),
            price=st.integers(150, 400).map(lambda cents: Decimal(cents) / 100),
            unit=st.just(Unit.GPU_HOUR),
            # Up to an hour old, or dated some minutes ahead.
            observed_at=st.integers(-3600, 240).map(lambda s: moment(NOON) + timedelta(seconds=s)),
            source=st.sampled_from(["one", "two"]),
            kind=st.sampled_from([Kind.OFFER, Kind.LIST, Kind.TRADE]),
            market=st.sampled_from(list(Market)),
        ),
        max_size=6,
    ),
    min_size=1,
    max_size=60,
)


@given(polls)
def test_what_is_forgotten_changes_no_value(polls: list[list[Quote]]) -> None:
    memory = QuoteMemory([GPU])
    everything: list[Quote] = []
    for number, found in enumerate(polls):
        at = NOON + number * STEP
        now = [
            Quote(
                q.venue,
                q.item,
                q.price,
                q.unit,
                q.observed_at + timedelta(seconds=number * STEP),
                q.source,
                kind=q.kind,
                market=q.market,
            )
            for q in found
        ]
        everything += now
        memory.learn("feed", now, at)
        memory.settle(at)
        kept = memory.recall(GPU, at)
        assert len(kept) <= len(everything)
        whole = compute(GPU, Reading(quotes=everything), moment(at))
        mine = compute(GPU, Reading(quotes=kept), moment(at))
        assert (mine.value, mine.status, len(mine.members)) == (whole.value, whole.status, len(whole.members))
        assert {(m.name, m.value, m.carried) for m in mine.members} == {
            (m.name, m.value, m.carried) for m in whole.members
        }


def test_it_does_not_grow() -> None:
    memory = QuoteMemory([GPU])
    for number in range(500):
        at = NOON + number * 60
        memory.learn("feed", offers("2.1", "2.2", "2.3", at=moment(at)), at)
        memory.settle(at)
    assert len(memory.recall(GPU, at)) == 3


def test_carried_quotes_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "quotes.json"
    memory = QuoteMemory([GPU], file)
    memory.learn("feed", offers("2.1", "2.2", "2.3", at=moment(NOON)), NOON)
    memory.settle(NOON)
    again = QuoteMemory([GPU], file)
    assert again.recall(GPU, NOON + 23 * 3600) == memory.recall(GPU, NOON + 23 * 3600) != []
    again.settle(NOON + 25 * 3600)
    assert QuoteMemory([GPU], file).recall(GPU, NOON + 25 * 3600) == []


def test_a_damaged_file_is_named_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "quotes.json"
    file.write_text('{"carried": [{"venue": "A"')
    memory = QuoteMemory([GPU], file)
    assert memory.recall(GPU, NOON) == []
    assert "quotes.json" in caplog.text


def test_a_list_price_that_is_gone_from_its_source_is_gone() -> None:
    """Unlike a GPU provider's: LLM-FLAGSHIP carries nothing. A source that fails keeps its last word for a
    day."""
    now = moment(NOON)
    model = next(v for v in LLM.vendor if v.name == "openai").flagship_on(now.date())  # type: ignore[union-attr]
    assert model is not None
    quotes = [
        Quote("openai", model.items[0], Decimal(2), unit, now, "genai-prices==1") for unit in list(Unit)[:2]
    ]
    memory = QuoteMemory([LLM])
    memory.learn("genai-prices", quotes, NOON)
    memory.settle(NOON)
    assert memory.recall(LLM, NOON + 86_400) == quotes
    memory.settle(NOON + 86_401)
    assert memory.recall(LLM, NOON + 86_401) == []
    memory.learn("genai-prices", quotes, NOON)
    memory.learn("genai-prices", quotes[:1], NOON + 60)
    assert memory.recall(LLM, NOON + 60) == quotes[:1]
