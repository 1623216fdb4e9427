"""All commands at once, for whoever wants to know them."""

from service.cli import asking, doctor, files, keeping, people, serving, trying, working, world
from service.cli.said import app

__all__ = [
    "app",
    "asking",
    "doctor",
    "files",
    "keeping",
    "people",
    "serving",
    "trying",
    "working",
    "world",
]
