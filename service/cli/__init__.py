"""`sugu`: the key of the house. Each command calls one function that has its own test."""

from service.cli import asking, doctor, files, keeping, people, serving, trying, world
from service.cli.said import app

__all__ = ["app", "asking", "doctor", "files", "keeping", "people", "serving", "trying", "world"]
