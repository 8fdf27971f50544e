"""`python -m olivepress.cli`."""

from olivepress.cli.main import app

app()
