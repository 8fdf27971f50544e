"""What the journal keeps."""

from __future__ import annotations

from dataclasses import astuple

from olivepress.model.state import Position


def test_the_values_of_a_position_are_all_of_its_fields_in_their_order() -> None:
    """They are written out for speed."""
    position = Position(1, 2, 3, 4, 5, 6, 7, 8, True, 10)
    assert position.values() == astuple(position) == Position.VALUES(position)
