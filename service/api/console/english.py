"""The console's English: a dictionary beside it, French to English, read once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_SOURCE = Path(__file__).parent / "english.toml"

ENGLISH: Mapping[str, str] = MappingProxyType(tomllib.loads(_SOURCE.read_text("utf-8")))
