"""Money as people of Kita write it, say it and text it."""

from service.money.figures import COUNTING_IN_DOROME, DOROME, dorome, francs, priced, to_coin
from service.money.heard import read_words
from service.money.spoken import LARGEST, words_bm, words_fr

__all__ = [
    "COUNTING_IN_DOROME",
    "DOROME",
    "LARGEST",
    "dorome",
    "francs",
    "priced",
    "read_words",
    "to_coin",
    "words_bm",
    "words_fr",
]
