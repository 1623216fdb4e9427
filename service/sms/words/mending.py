"""Tokens put right before they are looked up: O for 0, l for 1, words run together."""

from collections.abc import Iterator, Sequence

from service.sms.lexicon import Lexicon
from service.sms.words.tokens import Kind, Token

FRANC_MARKS = ("fcfa", "cfa", "frs", "fr", "f")
"""Marks written without a space both ways, the longest first."""


def mended(tokens: Sequence[Token], lexicon: Lexicon) -> Iterator[Token]:
    """The tokens with O for 0, l for 1 and words run together put right."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and _sticks(tokens[end - 1], tokens[end]):
            end += 1
        run = tokens[at:end]
        if len(run) == 1:
            yield from _parted(run[0], lexicon)
        else:
            yield from _mended_run(run, lexicon, goes_on=_goes_on(tokens, end))
        at = end


def _sticks(left: Token, right: Token) -> bool:
    return right.glued and Kind.SIGN not in (left.kind, right.kind)


def _goes_on(tokens: Sequence[Token], end: int) -> bool:
    """Whether the figure at the end of a run is the head of a longer one: `sac50.500`."""
    sign, figure = (*tokens[end : end + 2], None, None)[:2]
    both = sign is not None and figure is not None and sign.glued and figure.glued
    return both and sign is not None and sign.text in ".,/-" and tokens[end - 1].kind is Kind.FIGURE


def _mended_run(run: Sequence[Token], lexicon: Lexicon, *, goes_on: bool) -> Iterator[Token]:
    """Letters and digits run together: one word (`sac50`, `k1ta`), or figures and words."""
    whole = "".join(token.text for token in run)
    if whole[0] == "o" and not whole.strip("o0123456789"):
        yield Token(Kind.FIGURE, whole.replace("o", "0"), run[0].glued)
        return
    word = None if goes_on else _one_word(whole, run, lexicon)
    if word:
        yield Token(Kind.WORD, word, run[0].glued)
        return
    for token in _sized(_zeros(run, lexicon), lexicon, goes_on=goes_on):
        yield from _parted(token, lexicon)


def _sized(run: Sequence[Token], lexicon: Lexicon, *, goes_on: bool) -> Iterator[Token]:
    """`16250sac50` keeps the size with its sack."""
    at = 0
    while at < len(run):
        both = "".join(token.text for token in run[at : at + 2])
        kilos = at + 2 < len(run) and run[at + 2].text == "kg"
        ends = at + 1 < len(run) - goes_on
        joined = both in lexicon.meanings and ends and not kilos
        yield Token(Kind.WORD, both, run[at].glued) if joined else run[at]
        at += 2 if joined else 1


def _one_word(whole: str, run: Sequence[Token], lexicon: Lexicon) -> str | None:
    if whole in lexicon.meanings:
        return whole
    digits = "".join(token.text for token in run if token.kind is Kind.FIGURE)
    if Kind.FIGURE in (run[0].kind, run[-1].kind) or digits.strip("01"):
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


def _unmarked(token: Token, lexicon: Lexicon) -> tuple[str, str] | None:
    """The franc mark and the known word run together behind a figure: `225fkita`, `160fcfakg`."""
    if not token.glued:
        return None
    heads = [mark for mark in FRANC_MARKS if token.text.startswith(mark)]
    rests = [(mark, token.text[len(mark) :]) for mark in heads]
    return next((cut for cut in rests if lexicon.is_part(cut[1])), None)


def _parted(token: Token, lexicon: Lexicon) -> Iterator[Token]:
    """A word nobody knows, parted in the two known words it runs together, if it does."""
    if token.kind is not Kind.WORD or lexicon.spell(token.text):
        yield token
        return
    two = _unmarked(token, lexicon) or lexicon.parted(token.text)
    if two is None:
        yield token
        return
    yield Token(Kind.WORD, two[0], token.glued)
    yield Token(Kind.WORD, two[1], glued=True)
