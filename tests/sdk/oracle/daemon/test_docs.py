"""docs/operators.md names the figures that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from olivepress.oracle.operator.metrics import Metrics

DOC = (Path(__file__).parents[4] / "docs" / "operators.md").read_text(encoding="utf-8")


def exported() -> set[str]:
    """Names as Prometheus shows them."""
    families = Metrics(lambda: 0).registry.collect()
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in families}


def test_the_table_has_every_figure() -> None:
    table = DOC[DOC.index("| metric (") : DOC.index("An operator pays no gas")]
    rows = [row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|")]
    named = {f"olivepress_operator_{name}" for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == exported()


def test_the_alerts_ask_for_figures_that_exist() -> None:
    asked = set(re.findall(r"expr: .*", DOC))
    names = set(re.findall(r"olivepress_operator_\w+", "\n".join(asked)))
    assert len(asked) > 8
    assert names <= exported()
    assert len(names) > 8
