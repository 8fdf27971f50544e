"""What the choice of quotes leaves behind: the members of the median, and a verdict on every quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from olivepress.index.audit import Excluded, Member
from olivepress.prices.quote import Quote


class Selection:
    """Collects members, verdicts and the value, which stays None where it is withheld.

    Every quote has one verdict at the end; the first one given stays.
    """

    def __init__(self, quotes: Sequence[Quote], estimator: str) -> None:
        self.estimator = estimator
        self.members: list[Member] = []
        self.absent: list[Excluded] = []
        self.withheld = ""
        self.value: Decimal | None = None
        self._quotes = list(quotes)
        self._verdicts: dict[int, tuple[bool, str]] = {}

    def open(self) -> Iterator[tuple[int, Quote]]:
        """(number, quote) of the quotes that have no verdict yet."""
        for number, quote in enumerate(self._quotes):
            if number not in self._verdicts:
                yield number, quote

    def use(self, number: int, reason: str) -> None:
        """The quote counts."""
        self._verdicts.setdefault(number, (True, reason))

    def leave(self, number: int, reason: str) -> None:
        """The quote does not count, and why."""
        self._verdicts.setdefault(number, (False, reason))

    def weigh(self, weights: Sequence[Fraction]) -> None:
        """Give each member its weight."""
        self.members = [
            member.model_copy(update={"weight": str(weight)})
            for member, weight in zip(self.members, weights, strict=True)
        ]

    def verdicts(self) -> Iterator[tuple[Quote, tuple[bool, str]]]:
        """Every quote with its verdict, in the order given."""
        for number, quote in enumerate(self._quotes):
            yield quote, self._verdicts[number]
