"""Amounts in words, for the radio script: French counts francs, Bambara counts dɔrɔmɛ.

Word order and the place of `ni` and `ani` follow the 180 reference amounts of
`tests/data/bambara_money_words_reference.csv`.
"""

from service.money.figures import DOROME, MILLION, to_coin

LARGEST = 9_999_999
"""In F. Nothing sold at a fair costs more."""
SAID_FROM = 200
"""From 200 dɔrɔmɛ (1 000 F) up, the word dɔrɔmɛ is left out: the number is money enough."""

_FR_UNITS = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    *("dix", "onze", "douze", "treize", "quatorze", "quinze", "seize"),
    *("dix-sept", "dix-huit", "dix-neuf"),
)
_FR_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}


def words_fr(amount: int) -> str:
    """225 as `deux cent vingt-cinq`, in traditional spelling; 0 to 9 999 999."""
    if not 0 <= amount <= LARGEST:
        raise ValueError(f"{amount} is not between 0 and {LARGEST}")
    millions, rest = divmod(amount, MILLION)
    thousands, units = divmod(rest, 1000)
    said = [f"{_FR_UNITS[millions]} million{'s' * (millions > 1)}"] * bool(millions)
    said += [f"{_fr_hundreds(thousands, before_mille=True)} mille"] * (thousands > 1)
    said += ["mille"] * (thousands == 1)
    said += [_fr_hundreds(units)] * bool(units or not said)
    return " ".join(said)


def _fr_hundreds(number: int, *, before_mille: bool = False) -> str:
    """Before mille, cent and vingt take no s: quatre-vingt mille, deux cent mille."""
    plural = "" if before_mille else "s"
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _fr_tens(rest, plural)
    head = "cent" if hundreds == 1 else f"{_FR_UNITS[hundreds]} cent"
    return f"{head} {_fr_tens(rest, plural)}" if rest else head + plural * (hundreds > 1)


def _fr_tens(number: int, plural: str) -> str:
    if number < len(_FR_UNITS):
        return _FR_UNITS[number]
    if number >= 80:
        return f"quatre-vingt-{_FR_UNITS[number - 80]}" if number > 80 else f"quatre-vingt{plural}"
    tens = min(number // 10 * 10, 60)
    rest = number - tens
    if not rest:
        return _FR_TENS[tens]
    joint = " et " if rest in (1, 11) else "-"
    return _FR_TENS[tens] + joint + _FR_UNITS[rest]


_BM_UNITS = (
    *("fu", "kelen", "fila", "saba", "naani"),
    *("duuru", "wɔɔrɔ", "wolonwula", "seegin", "kɔnɔntɔn"),
)


def words_bm(amount: int) -> str:
    """250 F as `dɔrɔmɛ bi duuru`, 12 500 F as `waa fila ani kɛmɛ duuru`; 0 to 9 999 999 F.

    An amount no coin can pay is rounded to 5 F, as on every screen.
    """
    paid = to_coin(amount)
    if not 0 <= paid <= LARGEST:
        raise ValueError(f"{amount} is not between 0 and {LARGEST}")
    millions, rest = divmod(paid, MILLION)
    thousands, units = divmod(rest // DOROME, 1000)
    said = f"miliyɔn {_BM_UNITS[millions]}" if millions else ""
    if thousands:
        said += f"{' ni ' if said else ''}{_bm_thousands(thousands)}"
    if units or not said:
        said += f"{' ani ' if said else ''}{'dɔrɔmɛ ' * (units < SAID_FROM)}{_bm_hundreds(units)}"
    return said


def _bm_thousands(count: int) -> str:
    hundreds, rest = divmod(count, 100)
    parts = [f"waa {_bm_hundreds(hundreds * 100)}"] * bool(hundreds)
    parts += [f"waa {_bm_tens(rest)}"] * bool(rest)
    return " ni ".join(parts)


def _bm_hundreds(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _bm_tens(rest)
    head = "kɛmɛ" if hundreds == 1 else f"kɛmɛ {_BM_UNITS[hundreds]}"
    return f"{head} ni {_bm_tens(rest)}" if rest else head


def _bm_tens(number: int) -> str:
    tens, rest = divmod(number, 10)
    if not tens:
        return _BM_UNITS[rest]
    head = {1: "tan", 2: "mugan"}.get(tens) or f"bi {_BM_UNITS[tens]}"
    return f"{head} ni {_BM_UNITS[rest]}" if rest else head
