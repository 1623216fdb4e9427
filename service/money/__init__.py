"""Money as people of Kita write it, say it and text it."""

from service.money.figures import DOROME, dorome, francs, to_coin
from service.money.heard import read_words
from service.money.spoken import LARGEST, words_bm, words_fr

__all__ = ["DOROME", "LARGEST", "dorome", "francs", "read_words", "to_coin", "words_bm", "words_fr"]
