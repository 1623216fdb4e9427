"""Dates among the tokens: `20/11`, `20 novembre`, `ven 20`; ranges that look like dates."""

from collections.abc import Sequence

from service.sms.lexicon import Lexicon, Sense
from service.sms.words.nodes import DayWord, Figure, Node, UnitWord
from service.sms.words.tokens import Kind, Token

LAST_DAY = 31
"""The highest day number of a month."""
LAST_MONTH = 12
"""The highest month number."""
FRACTIONS = frozenset({("1", "2"), ("1", "3"), ("1", "4"), ("3", "4")})
"""Parts of a unit as people write them; a fraction of a sack has no weighing."""

Tokens = Sequence[Token]


def date_at(tokens: Tokens, at: int) -> tuple[Node, int] | None:
    """`20/11`, `20-11-2026`, `20.11`; `1/2` before a unit is half of it; else a range of prices."""
    joined = _joined(tokens, at)
    if len(joined) < 2:
        return None
    sign = tokens[at + 1].text
    end = at + 2 * len(joined) - 1
    word = sign.join(joined)
    if sign == "/" and tuple(joined) in FRACTIONS:
        return UnitWord(word, ()), end
    if _is_date(joined) and (sign != "." or len(joined[1]) == 2):
        day, month, year = (*map(int, joined), 0)[:3]
        return DayWord(word, "", day, month, year), end
    if sign == "." or len(joined) > 2:
        return None
    low, high = (int(part[:7]) for part in joined)
    return Figure(word, low, low, options=(low, high)), end


def _joined(tokens: Tokens, at: int) -> list[str]:
    """Two or three figures joined by the same slash, dash or dot, nothing between."""
    parts = [tokens[at].text] if tokens[at].kind is Kind.FIGURE else []
    while parts and len(parts) < 3:
        sign, figure = (*tokens[at + 2 * len(parts) - 1 : at + 2 * len(parts) + 1], None, None)[:2]
        same = sign and sign.glued and sign.text in "/-." and sign.text == tokens[at + 1].text
        if not (same and figure and figure.glued and figure.kind is Kind.FIGURE):
            break
        parts.append(figure.text)
    return parts


def _is_date(parts: Sequence[str]) -> bool:
    day, month, *year = parts
    if len(day) > 2 or len(month) > 2 or any(len(y) not in (2, 4) for y in year):
        return False
    return 1 <= int(day) <= LAST_DAY and 1 <= int(month) <= LAST_MONTH


def named_date_at(
    tokens: Tokens, at: int, lexicon: Lexicon, before: Sequence[Node]
) -> tuple[Node, int] | None:
    """`20 novembre`, `le 20`, `ven 20`: a day number with a month after or a day before it.

    `mai` is a month only after `le` or a weekday, else maize.
    """
    token = tokens[at]
    if token.kind is not Kind.FIGURE or len(token.text) > 2 or not 0 < int(token.text) <= LAST_DAY:
        return None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    dated = bool(before) and isinstance(before[-1], DayWord)
    if dated and _before_products(tokens, at + 1, lexicon):
        return DayWord(token.text, "", int(token.text)), at + 1
    opened = dated or (at > 0 and tokens[at - 1].text == "le")
    month = _month(after, lexicon) if after and (opened or after.text != "mai") else 0
    if month and after:
        return DayWord(f"{token.text} {after.text}", "", int(token.text), month), at + 2
    if opened and not (after and _carries_on(after, lexicon)):
        return DayWord(token.text, "", int(token.text)), at + 1
    return None


def _before_products(tokens: Tokens, at: int, lexicon: Lexicon) -> bool:
    """`mardi 24 mai 150 mil 200`: a product follows and each has a price behind it, so that the
    number before is none. A year after `mai` makes it a month."""
    first, price = (*tokens[at : at + 2], None, None)[:2]
    if not (first and price and price.kind is Kind.FIGURE and not first.glued):
        return False
    if not lexicon.has(first.text, Sense.PRODUCT) or _is_year(price):
        return False
    rest = tokens[at:]
    products = sum(lexicon.has(each.text, Sense.PRODUCT) for each in rest)
    return sum(each.kind is Kind.FIGURE for each in rest) >= products


def _is_year(token: Token) -> bool:
    return len(token.text) == 4 and token.text.startswith("20")


def _month(token: Token, lexicon: Lexicon) -> int:
    if token.kind is not Kind.WORD:
        return 0
    meanings = lexicon.meanings.get(token.text, ())
    return next((int(m.target) for m in meanings if m.sense is Sense.MONTH), 0)


def _carries_on(token: Token, lexicon: Lexicon) -> bool:
    """Whether what follows a number makes it something else than a day number."""
    if token.kind is Kind.SIGN:
        return token.glued and token.text in ".,/-"
    return token.glued or not lexicon.has(token.text, Sense.MARKET)
