"""What written words mean: the alias table and the fixed vocabulary, indexed for matching."""

from service.sms.lexicon.forms import Forms, default_aliases, read_forms
from service.sms.lexicon.index import Lexicon
from service.sms.lexicon.meaning import Found, Meaning, Sense

__all__ = ["Forms", "Found", "Lexicon", "Meaning", "Sense", "default_aliases", "read_forms"]
