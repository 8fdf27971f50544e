"""The model and the contracts, action by action; see docs/differential.md. Run as `scripts/differential`."""
