"""A year of an exchange in one process: published values, outages, rotations, twelve settlements a feed.

`scripts/year --out FILE` draws it; `tests/e2e/test_year.py` checks it.
"""
