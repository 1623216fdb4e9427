"""`python -m service` is `sugu`."""

from service.cli import main

main()
