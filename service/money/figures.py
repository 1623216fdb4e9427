"""Amounts in figures. Money is whole francs CFA (F); one dɔrɔmɛ is five of them."""

DOROME = 5
"""Francs in one dɔrɔmɛ, and the smallest coin in use."""
COUNTING_IN_DOROME = frozenset({"bm"})
"""Languages whose speakers count money in dɔrɔmɛ."""
MILLION = 1_000_000
"""From here up Bambara counts francs again: a million is not divided by five."""


def francs(amount: int) -> str:
    """12500 as `12 500`: a plain space, since U+202F alone would turn an SMS into UCS-2."""
    return f"{amount:,}".replace(",", " ")


def to_coin(amount: float) -> int:
    """The nearest amount that can be paid in coins, in F; a half goes up."""
    return int((amount + DOROME / 2) // DOROME) * DOROME


def dorome(amount: int) -> int | None:
    """Francs as the dɔrɔmɛ figure people write, or None when coins cannot pay the amount.

    20 000 F is dɔrɔmɛ 4 000, but 1 090 000 F is written 1 018 000: a million is not divided.
    """
    if amount < 0 or amount % DOROME:
        return None
    millions, rest = divmod(amount, MILLION)
    return millions * MILLION + rest // DOROME


def priced(amount: int, lang: str, per: str = "") -> str:
    """`225 F/kg` (`per` is "/kg"); to those who count in dɔrɔmɛ both ways, rounded to a coin:
    `225 F/kg (dɔrɔmɛ 45)`. A bare 225 is heard by them as 1 125 F."""
    if lang not in COUNTING_IN_DOROME:
        return f"{francs(amount)} F{per}"
    coin = to_coin(amount)
    count = dorome(coin)
    return f"{francs(coin)} F{per} (dɔrɔmɛ {francs(count)})" if count else f"{francs(coin)} F{per}"
