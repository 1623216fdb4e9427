"""Tokens looked up: what each word of a message is, before anything is put together."""

from collections.abc import Iterator, Sequence

from service.prices.catalog import Stage
from service.sms.lexicon.index import Found, Lexicon, Sense
from service.sms.words.figures import figure_at
from service.sms.words.nodes import (
    CommandWord,
    DayWord,
    Figure,
    FormWord,
    Mark,
    Mille,
    Modifier,
    Node,
    Place,
    StageWord,
    Stray,
    Thing,
    UnitWord,
)
from service.sms.words.tokens import Kind, Token, cut

LAST_DAY = 31
"""The highest day number of a month."""
LAST_MONTH = 12
"""The highest month number."""
FRACTIONS = frozenset({("1", "2"), ("1", "3"), ("1", "4"), ("3", "4")})
"""Parts of a unit as people write them; a fraction of a sack has no weighing."""

_SIGNS = {
    **dict.fromkeys("\n;|", Mark.BREAK),
    **dict.fromkeys(",.!+-", Mark.SOFT),
    "/": Mark.SLASH,
    "?": Mark.ASK,
}
_SMALL = {
    Sense.NONE: Mark.NONE,
    Sense.AT: Mark.AT,
    Sense.EACH: Mark.EACH,
    Sense.ARTICLE: Mark.ARTICLE,
    Sense.JOINT: Mark.SOFT,
}
_DROPPED = frozenset({Sense.POLITE, Sense.FILLER, Sense.FRANC})

Tokens = Sequence[Token]


def gloss(text: str, lexicon: Lexicon) -> list[Node]:
    """The nodes of a message, in order; politeness and small words are left out."""
    tokens = list(_mended(cut(text), lexicon))
    nodes: list[Node] = []
    at = 0
    while at < len(tokens):
        node, at = _next(tokens, at, lexicon, nodes)
        if node is not None:
            nodes.append(node)
    return nodes


def _next(
    tokens: Tokens, at: int, lexicon: Lexicon, before: Sequence[Node]
) -> tuple[Node | None, int]:
    token = tokens[at]
    if token.kind is Kind.SIGN:
        return _SIGNS.get(token.text), at + 1
    read = _date_at(tokens, at) or _named_date_at(tokens, at, lexicon, before)
    read = read or figure_at(tokens, at, lexicon)
    if read:
        return read
    words = [t.text for t in _run(tokens, at)]
    found = lexicon.find(words)
    end = at + found.length
    before_figure = end < len(tokens) and tokens[end].kind is Kind.FIGURE
    return _node(found, lexicon, before_figure=before_figure), end


def _run(tokens: Tokens, at: int) -> Iterator[Token]:
    """The words from `at` to the next sign or figure."""
    for token in tokens[at : at + 6]:
        if token.kind is not Kind.WORD:
            return
        yield token


# ---------------------------------------------------------------- words


def _node(found: Found, lexicon: Lexicon, *, before_figure: bool) -> Node | None:
    """The node of one look-up; a word with senses of two classes is nobody's word."""
    senses = found.senses()
    if senses >= {Sense.DAY, Sense.PRODUCT}:
        senses = frozenset({Sense.PRODUCT if before_figure else Sense.DAY})
    senses -= {Sense.NUMBER, Sense.MONTH} if len(senses) > 1 else set()
    if len(senses) != 1:
        return Stray(found.word)
    sense = next(iter(senses))
    if sense in _DROPPED:
        return None
    return _SMALL.get(sense) or _content(found, sense, lexicon)


def _content(found: Found, sense: Sense, lexicon: Lexicon) -> Node:
    word, target = found.word, found.target(sense)
    match sense:
        case Sense.PRODUCT:
            return _thing(found)
        case Sense.MARKET:
            return Place(word, _targets(found, sense))
        case Sense.UNIT:
            return UnitWord(word, _targets(found, sense))
        case Sense.FORM:
            return FormWord(word, target)
        case Sense.MODIFIER:
            return Modifier(word)
        case Sense.DAY:
            return DayWord(word, target)
        case Sense.STAGE:
            return StageWord(word, Stage(target))
        case Sense.COMMAND:
            return CommandWord(word, target)
        case Sense.THOUSAND:
            return Mille(word)
        case _:
            return Stray(word)


def _targets(found: Found, sense: Sense) -> tuple[str, ...]:
    return tuple(m.target for m in found.meanings if m.sense is sense and m.target)


def _thing(found: Found) -> Thing:
    ours = [m for m in found.meanings if m.sense is Sense.PRODUCT]
    targets = tuple(m.target for m in ours if m.target)
    certain = len(ours) == 1 and ours[0].certain
    return Thing(found.word, targets, certain, any(m.formless for m in ours))


# ---------------------------------------------------------------- dates


def _date_at(tokens: Tokens, at: int) -> tuple[Node, int] | None:
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


def _named_date_at(
    tokens: Tokens, at: int, lexicon: Lexicon, before: Sequence[Node]
) -> tuple[Node, int] | None:
    """`20 novembre`, `le 20`, `ven 20`: a day number with a month after or a day before it.

    `mai` is a month only after `le` or a weekday, else maize.
    """
    token = tokens[at]
    if token.kind is not Kind.FIGURE or len(token.text) > 2 or not 0 < int(token.text) <= LAST_DAY:
        return None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    opened = bool(before) and (before[-1] is Mark.ARTICLE or isinstance(before[-1], DayWord))
    month = _month(after, lexicon) if after and (opened or after.text != "mai") else 0
    if month and after:
        return DayWord(f"{token.text} {after.text}", "", int(token.text), month), at + 2
    if opened and not (after and _carries_on(after, lexicon)):
        return DayWord(token.text, "", int(token.text)), at + 1
    return None


def _month(token: Token, lexicon: Lexicon) -> int:
    if token.kind is not Kind.WORD:
        return 0
    meanings = lexicon.meanings.get(token.text, ())
    return next((int(m.target) for m in meanings if m.sense is Sense.MONTH), 0)


def _carries_on(token: Token, lexicon: Lexicon) -> bool:
    """Whether what follows a number makes it something else than a day number."""
    if token.kind is Kind.SIGN:
        return token.glued and token.text in ".,/-"
    money = (Sense.FRANC, Sense.DOROME, Sense.UNIT, Sense.THOUSAND, Sense.PRODUCT)
    return token.glued or any(lexicon.has(token.text, sense) for sense in money)


# ---------------------------------------------------------------- mending


def _mended(tokens: Sequence[Token], lexicon: Lexicon) -> Iterator[Token]:
    """The tokens with O for 0, l for 1 and words run together put right."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and _sticks(tokens[end - 1], tokens[end]):
            end += 1
        run = tokens[at:end]
        yield from (_mended_run(run, lexicon) if len(run) > 1 else _parted(run[0], lexicon))
        at = end


def _sticks(left: Token, right: Token) -> bool:
    return right.glued and Kind.SIGN not in (left.kind, right.kind)


def _mended_run(run: Sequence[Token], lexicon: Lexicon) -> Iterator[Token]:
    """Letters and digits run together: one word (`sac50`, `k1ta`), or figures and words."""
    whole = "".join(token.text for token in run)
    word = _one_word(whole, run, lexicon)
    if word:
        yield Token(Kind.WORD, word, run[0].glued)
        return
    for token in _zeros(run, lexicon):
        yield from _parted(token, lexicon)


def _one_word(whole: str, run: Sequence[Token], lexicon: Lexicon) -> str | None:
    if whole in lexicon.meanings:
        return whole
    digits = "".join(token.text for token in run if token.kind is Kind.FIGURE)
    if run[0].kind is Kind.FIGURE or digits.strip("01"):
        return None
    as_letters = (whole.replace("0", "o").replace("1", one) for one in "il")
    return next((word for word in as_letters if word in lexicon.vocabulary), None)


def _zeros(run: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """`22o`, `5oo`, `2l0` and `6ookita` with their letters as digits: one figure again."""
    out: list[Token] = []
    for at, token in enumerate(run):
        last = out[-1] if out else None
        after_figure = last is not None and last.kind is Kind.FIGURE
        if token.kind is Kind.FIGURE and after_figure and at and _was_letter(run[at - 1]):
            out[-1] = Token(Kind.FIGURE, out[-1].text + token.text, out[-1].glued)
        elif token.kind is Kind.WORD and after_figure and last is not None:
            inside = at + 1 < len(run)
            digits, rest = _as_digits(token.text, lexicon, inside=inside)
            out[-1] = Token(Kind.FIGURE, last.text + digits, last.glued)
            out += [Token(Kind.WORD, rest, glued=True)] if rest else []
        else:
            out.append(token)
    return out


def _was_letter(token: Token) -> bool:
    return token.kind is Kind.WORD


def _as_digits(text: str, lexicon: Lexicon, *, inside: bool) -> tuple[str, str]:
    """(digits, what is left) of letters right after a figure. `l` is a 1 only between digits."""
    if inside and not text.strip("ol"):
        return text.replace("o", "0").replace("l", "1"), ""
    rest = text.lstrip("o")
    if rest == text or (rest and rest not in lexicon.vocabulary) or text in lexicon.meanings:
        return ("0" * len(text), "") if text == "o" else ("", text)
    return "0" * (len(text) - len(rest)), rest


def _parted(token: Token, lexicon: Lexicon) -> Iterator[Token]:
    """A word nobody knows, parted in the two known words it runs together, if it does."""
    if token.kind is not Kind.WORD or lexicon.spell(token.text):
        yield token
        return
    two = lexicon.parted(token.text)
    if two is None:
        yield token
        return
    yield Token(Kind.WORD, two[0], token.glued)
    yield Token(Kind.WORD, two[1], glued=True)
