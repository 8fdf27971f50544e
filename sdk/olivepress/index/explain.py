"""Recomputing an audit record, and telling it as a table that a person can follow."""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.index.audit import AuditRecord
from olivepress.index.compute import compute
from olivepress.index.errors import AuditError
from olivepress.index.methodology import AnyMethodology, load
from olivepress.prices.source import Reading


@dataclass(frozen=True, slots=True)
class Explanation:
    """A record, what its quotes give when computed anew, and the fields in which the two differ."""

    record: AuditRecord
    recomputed: AuditRecord
    differences: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the record is what its quotes give."""
        return not self.differences

    def text(self, every_quote: bool = False) -> str:
        """The record as plain text: members, what was left out, the value, how recomputing went."""
        record = self.record
        lines = [
            f"{record.index} at {record.as_of.isoformat()}, {record.unit}",
            f"methodology version {record.methodology.version}, hash {record.methodology.hash}",
            f"estimator: {record.estimator}",
            "",
            *_members(record),
            "",
            *_left_out(record, every_quote),
            "",
            f"{record.status}: {record.value} ({record.reason})",
        ]
        if self.matches:
            lines.append("recomputed from the quotes above: the same, in every field")
        lines += [f"DIFFERENT when recomputed: {difference}" for difference in self.differences]
        return "\n".join(lines)


def explain(record: AuditRecord, methodology: AnyMethodology | None = None) -> Explanation:
    """Compute `record` anew from its own quotes and compare every field.

    `methodology` is the shipped one of that name where none is given. Raises AuditError where its hash is
    not the record's, MethodologyError where there is none of that name.
    """
    if methodology is None:
        methodology = load(record.methodology.id)
    if methodology.hash.hex() != record.methodology.hash:
        raise AuditError(
            f"the record was made with {record.methodology.id} version {record.methodology.version} of hash "
            f"{record.methodology.hash}; given is version {methodology.version} of hash "
            f"{methodology.hash.hex()}"
        )
    anew = compute(methodology, Reading(quotes=[entry.quote for entry in record.quotes]), record.as_of)
    # What was no quote cannot be computed anew; it is carried over as the record tells it.
    kept = {name: getattr(record, name) for name in ("rejected", "failures", "unrelated")}
    recomputed = anew.model_copy(update=kept)
    return Explanation(record, recomputed, tuple(_differences(record, recomputed)))


def _differences(record: AuditRecord, recomputed: AuditRecord) -> list[str]:
    found = []
    for name in AuditRecord.model_fields:
        stated, anew = getattr(record, name), getattr(recomputed, name)
        if stated != anew:
            detail = f": {stated} in the record, {anew} recomputed" if not isinstance(stated, tuple) else ""
            found.append(f"{name}{detail}")
    return found


def _members(record: AuditRecord) -> list[str]:
    rows = [("", "item", "prices", "value", "weight", "source", "observed")]
    for member in sorted(record.members, key=lambda m: (m.value, m.name)):
        prices = " ".join(f"{part.parts}x{part.price}" for part in member.components)
        seen = f"{member.observed_at:%Y-%m-%d %H:%M}{' carried' if member.carried else ''}"
        rows.append((member.name, member.item, prices, str(member.value), member.weight, member.source, seen))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _left_out(record: AuditRecord, every_quote: bool) -> list[str]:
    lines = [f"no price: {entry.source}: {entry.reason}" for entry in record.absent]
    lines += [f"failed source: {entry.source}: {entry.entry}: {entry.reason}" for entry in record.failures]
    lines += [f"not a quote: {entry.source}: {entry.entry}: {entry.reason}" for entry in record.rejected]
    out = [entry for entry in record.quotes if not entry.used]
    if every_quote:
        for entry in out:
            quote = entry.quote
            price = f"{quote.price} per {quote.unit}"
            lines.append(f"not used: {quote.venue} {quote.item} {price}, {quote.source}: {entry.reason}")
    used = len(record.quotes) - len(out)
    lines.append(f"{used} quotes used, {len(out)} not used, {record.unrelated} of other items")
    return lines
