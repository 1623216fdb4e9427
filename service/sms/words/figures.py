"""Numbers as they are texted: `17.500`, `17 500`, `15k`, `225f`, `D50`, `waa fila ani kɛmɛ duuru`.

A price has no decimals, a dot or a comma before three digits parts thousands, and dɔrɔmɛ
multiply by five only when marked or said in Bambara words. What can be read in two ways keeps
both as `options`.
"""

from collections.abc import Sequence
from dataclasses import replace

from service.money import DOROME, dorome, read_words
from service.money.figures import MILLION
from service.prices.report import Money
from service.sms.lexicon import Lexicon, Sense
from service.sms.words.nodes import Figure, Node, Stray
from service.sms.words.tokens import Kind, Token

GREATEST = 9_999_999
"""F. Nothing sold at a fair costs more; a longer number is a phone number."""
WORDS_AHEAD = 24
"""Words. No amount up to `GREATEST` said in words is longer."""
SPACED_HEAD = 100
"""Below it, `17 500` is one number; from it on, `225 150` may be two prices."""
SPACED_STEP = 50
"""F. Thousands written apart end in a multiple of it; anything else is not one number."""

MONEY = (Sense.FRANC, Sense.DOROME)
TEN, HUNDRED, MILLE = 10, 100, 1000
"""`dix sept mille cinq` is said of 17 500 as well as of 17 005."""
PURSE = ("wari", "wori")
"""Money, said behind the currency: `sefa wari 250`."""

Tokens = Sequence[Token]


def figure_at(tokens: Tokens, at: int, lexicon: Lexicon) -> tuple[Node, int] | None:
    """The number that begins at `at`, in digits or words with its money marks, and what follows."""
    spoken = _spoken(tokens, at, lexicon)
    if spoken:
        return spoken
    prefix, head = _marks(tokens, at, lexicon, before=True)
    one = _is_one(tokens, head) and head + 1 < len(tokens) and tokens[head + 1].glued
    head += one
    if head >= len(tokens) or tokens[head].kind is not Kind.FIGURE:
        return None
    value, options, parts, end = _digits(tokens, head)
    grouped = len(options) > 1 and options[0] == value and _in_threes(tokens[head:end])
    if value > GREATEST:
        return Stray(_text(tokens, at, end)), end
    value, options, end = _thousands(tokens, end, lexicon, value, options)
    if one:
        options = (int(f"1{value}"[:7]), value)
    suffix, end = _marks(tokens, end, lexicon, before=False)
    if suffix:
        end = _past_stray_zero(tokens, end)
    figure = Figure(_text(tokens, at, end), value, value, options=options, parts=parts)
    figure = replace(figure, grouped=grouped and len(options) > 1)
    return _priced(figure, prefix, suffix), end


def _in_threes(tokens: Tokens) -> bool:
    """`177.500`, `177 500`: regular thousands, if only they are one number."""
    first, *rest = (token.text for token in tokens if token.kind is Kind.FIGURE)
    return len(first) <= 3 and bool(rest) and all(len(text) == 3 for text in rest)


def _is_one(tokens: Tokens, at: int) -> bool:
    """A lone `l` or `i`, which beside a figure may be a 1."""
    return at < len(tokens) and tokens[at].text in ("l", "i")


def _text(tokens: Tokens, start: int, end: int) -> str:
    return " ".join(token.text for token in tokens[start:end])


def times_five(said: int) -> int:
    """Francs of a dɔrɔmɛ figure. Millions keep face value: 1 018 000 is 1 090 000 F."""
    millions, rest = divmod(said, MILLION)
    return millions * MILLION + rest * DOROME


def _priced(figure: Figure, prefix: set[Money], suffix: set[Money]) -> Figure:
    """The figure with its mark applied. A dɔrɔmɛ mark before and a franc mark after disagree."""
    marks = prefix | suffix
    if not marks:
        return figure
    if Money.DOROME not in marks:
        return _as(figure, Money.FRANC, figure.value, figure.options)
    value = times_five(figure.said)
    options = tuple(map(times_five, figure.options))
    if Money.FRANC in suffix:
        options = (value, figure.said)
    return _as(figure, Money.DOROME, value, options)


def _as(figure: Figure, money: Money, value: int, options: tuple[int, ...]) -> Figure:
    return replace(figure, value=value, money=money, options=options, marked=True)


def _marks(tokens: Tokens, at: int, lexicon: Lexicon, *, before: bool) -> tuple[set[Money], int]:
    """The money marks from `at` on, and where they end. Only marks that go with a number count."""
    found: set[Money] = set()
    end = at
    while end < len(tokens):
        mark = _mark(tokens, end, lexicon, before=before)
        if mark:
            found.add(mark)
        elif not (found and tokens[end].text in PURSE):
            break
        end += 1
    return found, end


def _mark(tokens: Tokens, at: int, lexicon: Lexicon, *, before: bool) -> Money | None:
    token = tokens[at]
    if token.kind is not Kind.WORD:
        return None
    money = lexicon.marks(token.text)
    if money is Sense.FRANC:
        return Money.FRANC
    if money is not Sense.DOROME:
        return None
    beside = tokens[at + 1] if at + 1 < len(tokens) else None
    if len(token.text) == 1 and not (_glued_figure(beside) if before else token.glued):
        return None  # a lone d is a mark only when it touches the number
    if not before and len(token.text) > 1 and beside and _begins_number(beside, lexicon):
        return None  # `250 f dorome 50`: the word opens the next number
    return Money.DOROME


def _glued_figure(token: Token | None) -> bool:
    return token is not None and token.kind is Kind.FIGURE and token.glued


def _begins_number(token: Token, lexicon: Lexicon) -> bool:
    return token.kind is Kind.FIGURE or lexicon.has(token.text, Sense.NUMBER)


def _past_stray_zero(tokens: Tokens, at: int) -> int:
    """`3400F0`, seen in print: a zero that slipped in after the unit is not a number."""
    stray = at < len(tokens) and _glued_figure(tokens[at]) and not tokens[at].text.strip("0")
    return at + 1 if stray else at


def _digits(tokens: Tokens, at: int) -> tuple[int, tuple[int, ...], tuple[int, ...], int]:
    """(value, options, groups written apart, end) of the digits at `at`."""
    dotted = _dotted(tokens, at)
    if len(dotted) > 1:
        value, options = _dotted_value(dotted, tokens[at + 1].text)
        return value, options, (), at + 2 * len(dotted) - 1
    spaced = _spaced(tokens, at)
    value = int("".join(spaced)[:12])
    if spaced[0] != "0" and spaced[0].startswith("0"):
        return value, (value,), (), at + len(spaced)
    if len(spaced) == 1:
        return value, (), (), at + 1
    parts = tuple(map(int, spaced))
    return value, _spaced_options(value, parts), parts, at + len(spaced)


def _dotted(tokens: Tokens, at: int) -> list[str]:
    """The groups of `1.250.000`: digits and single dots or commas, nothing between."""
    groups = [tokens[at].text]
    end = at + 1
    while (
        end + 1 < len(tokens)
        and tokens[end].text in (".", ",")
        and tokens[end].glued
        and _glued_figure(tokens[end + 1])
    ):
        groups.append(tokens[end + 1].text)
        end += 2
    return groups


def _dotted_value(groups: list[str], sign: str) -> tuple[int, tuple[int, ...]]:
    """A value when the groups are thousands; else what the writer may have meant.

    `225,150` is more likely two prices than 225 150 F, and `17.5` more likely 17 500 than 17.
    """
    head, tails = groups[0], groups[1:]
    value = int("".join(groups)[:12])
    regular = len(head) <= 3 and head[0] != "0" and all(len(t) == 3 for t in tails)
    if not regular:
        whole = int(head[:7])
        if whole >= SPACED_HEAD or not tails[0].strip("0"):
            return whole, (whole, value)
        short = whole * 1000 + int(tails[0][:3].ljust(3, "0"))
        return short, (short, value)
    if len(head) == 3 and tails[-1] != "000" and (sign == "," or len(tails) == 1):
        return value, (value, int(head))
    return value, ()


def _spaced(tokens: Tokens, at: int) -> list[str]:
    """The groups of `17 500`: up to three digits, then threes, only spaces between."""
    groups = [tokens[at].text]
    if len(groups[0]) > 3:
        return groups
    for token in tokens[at + 1 :]:
        if token.kind is not Kind.FIGURE or token.glued or len(token.text) != 3:
            break
        groups.append(token.text)
    return groups


def _spaced_options(value: int, parts: tuple[int, ...]) -> tuple[int, ...]:
    """None when the groups can only be one number, else that number and its first group."""
    plain_pair = len(parts) == 2 and parts[0] < SPACED_HEAD and parts[1] % SPACED_STEP == 0
    round_sum = len(parts) <= 3 and parts[-1] == 0 and (len(parts) == 2 or parts[0] < SPACED_HEAD)
    if (plain_pair or round_sum) and value <= GREATEST:
        return ()
    return (min(value, GREATEST), parts[0])


def _thousands(
    tokens: Tokens, at: int, lexicon: Lexicon, value: int, options: tuple[int, ...]
) -> tuple[int, tuple[int, ...], int]:
    """`15k` may be 15 000 or a cut-off kg; `15 mille` is 15 000; digits after them leave doubt."""
    if at >= len(tokens) or tokens[at].kind is not Kind.WORD:
        return value, options, at
    word, after = tokens[at], at + 1
    if word.glued and _is_one(tokens, at):
        return value, (value, int(f"{value}1"[:7])), after
    figure = after < len(tokens) and tokens[after].kind is Kind.FIGURE
    if word.text == "k" and word.glued:
        if figure and tokens[after].glued:
            long = value * 1000 + int(tokens[after].text[:3].ljust(3, "0"))
            return long, (long, value), after + 1
        return value, (value, value * 1000), after
    if not lexicon.has(word.text, Sense.THOUSAND) or value >= 1000:
        return value, options, at
    if figure:
        long = value * 1000 + int(tokens[after].text[:3])
        return long, (long, value), after + 1
    return value * 1000, options, after


def _spoken(tokens: Tokens, at: int, lexicon: Lexicon) -> tuple[Node, int] | None:
    """An amount in words at `at`, with the currency before it, if there is one."""
    words = _words_from(tokens, at)
    if not words or not _opens_amount(words[0], lexicon):
        return None
    heard = read_words(words)
    said_words = words[: heard[1]] if heard else []
    language = next((lang for w in said_words if (lang := _language(w, lexicon))), "")
    if heard is None or not language:
        return None
    amount, used = heard
    if _lends_its_mark(words, used, lexicon):
        amount, used = read_words(words[: used - 1]) or heard
    return _spoken_figure(tokens, at, at + used, amount, language, lexicon)


def _lends_its_mark(words: Sequence[str], used: int, lexicon: Lexicon) -> bool:
    """`kelen dorome waa saba`: the mark opens the next amount, the number before it counts."""
    opens = 1 < used < len(words) and lexicon.has(words[used], Sense.NUMBER)
    return opens and lexicon.has(words[used - 1], Sense.DOROME)


def _opens_amount(word: str, lexicon: Lexicon) -> bool:
    senses = (Sense.NUMBER, Sense.FRANC, Sense.DOROME, Sense.THOUSAND)
    return any(lexicon.has(word, sense) for sense in senses)


def _words_from(tokens: Tokens, at: int) -> list[str]:
    words = []
    for token in tokens[at : at + WORDS_AHEAD]:
        if token.kind is not Kind.WORD:
            break
        words.append(token.text)
    return words


def _language(word: str, lexicon: Lexicon) -> str:
    """`fr` or `bm` for a number word, "" for a mark or a link between number words."""
    for spelt in lexicon.spell(word):
        for meaning in lexicon.meanings.get(spelt, ()):
            if meaning.sense is Sense.NUMBER:
                return meaning.target
    return ""


def _spoken_figure(
    tokens: Tokens, start: int, end: int, amount: int, language: str, lexicon: Lexicon
) -> tuple[Node, int]:
    """The figure of an amount in words. Bambara words count dɔrɔmɛ, whatever currency is named."""
    words = [token.text for token in tokens[start:end]]
    counted = language == "bm" or any(lexicon.has(w, Sense.DOROME) for w in words)
    money = Money.DOROME if counted else Money.BARE
    said = (dorome(amount) or amount) if counted else amount
    marked = any(lexicon.has(w, sense) for w in words for sense in MONEY)
    suffix, after = _marks(tokens, end, lexicon, before=False)
    options: tuple[int, ...] = (amount, said) if counted and Money.FRANC in suffix else ()
    if not counted and amount > MILLE and 0 < amount % MILLE < TEN:
        options = (amount + amount % MILLE * (HUNDRED - 1), amount)
    if words[0] == "ba" or amount > GREATEST:
        options = (min(amount, GREATEST),)
    if suffix and not counted:
        money = Money.FRANC
    return Figure(
        " ".join(words),
        amount,
        said,
        money,
        options,
        marked=marked or bool(suffix),
        spoken=True,
        article=words in (["un"], ["une"]),
    ), after


def is_small(node: Node, limit: int) -> bool:
    """Whether a number may be a count: up to `limit`, not marked as money, not doubtful."""
    return isinstance(node, Figure) and not (node.marked or node.options) and node.said <= limit
