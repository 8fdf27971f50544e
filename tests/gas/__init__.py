"""Measures the gas of whole transactions; see docs/gas.md. Run as `scripts/gas`."""
