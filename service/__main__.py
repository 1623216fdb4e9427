"""`python -m service` is `sugu`."""

from service.cli import app

app()
