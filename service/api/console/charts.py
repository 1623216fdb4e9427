"""Charts drawn as SVG by the server: they show without JavaScript and print as they are.

Pure functions over values. Each line has a shape and its name beside it, since a colour alone
says nothing to many eyes; each point tells its figures on touch. A table always stands below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

WIDE, NARROW = (1150, 330), (580, 290)
"""Width and height of a chart across the page, and of one of two side by side."""
LEFT, RIGHT, TOP, BOTTOM = 48, 104, 12, 28
"""Margins: figures on the left, names of lines on the right, months below."""
TONES = 8
"""Different colours and shapes of lines; a ninth line starts over."""
NAME_HEIGHT = 14
"""Between two names beside the lines."""
SPARK_WIDTH, SPARK_HEIGHT = 150, 38


@dataclass(frozen=True, slots=True)
class Point:
    """`title` is told on touch; `href` leads to why it is so."""

    x: float
    y: float
    title: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """`tone` picks colour and shape; `thin` is dashed, for what is expected and not measured;
    `dots` leaves the points apart."""

    name: str
    points: Sequence[Point]
    tone: int = 0
    thin: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """A band between a low and a high at each x."""

    name: str
    edges: Sequence[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class _Frame:
    low_x: float
    high_x: float
    low_y: float
    high_y: float
    size: tuple[int, int]

    @property
    def right(self) -> int:
        return self.size[0] - RIGHT

    @property
    def floor(self) -> int:
        return self.size[1] - BOTTOM

    def x(self, value: float) -> float:
        span = (self.high_x - self.low_x) or 1.0
        return round(LEFT + (value - self.low_x) / span * (self.right - LEFT), 1)

    def y(self, value: float) -> float:
        span = (self.high_y - self.low_y) or 1.0
        return round(self.floor - (value - self.low_y) / span * (self.floor - TOP), 1)


def lines(
    drawn: Sequence[Line],
    ticks: Sequence[tuple[float, str]],
    label: str,
    strip: Strip | None = None,
    size: tuple[int, int] = WIDE,
) -> Markup:
    """A line chart; `ticks` are the places named along the bottom, `label` what it shows."""
    drawn = [each for each in drawn if each.points]
    values = [point.y for line in drawn for point in line.points]
    values += [edge for _, low, high in (strip.edges if strip else ()) for edge in (low, high)]
    if not values:
        return Markup("")
    places = [point.x for line in drawn for point in line.points] + [at for at, _ in ticks]
    steps = scale(min(values), max(values))
    frame = _Frame(min(places), max(places), steps[0], steps[-1], size)
    parts = [*_grid(frame, steps, ticks), *(_strip(frame, strip) if strip else ())]
    parts += [part for line in drawn for part in _line(frame, line)]
    parts += _names(frame, drawn)
    return _svg(*size, label, parts)


def scale(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round steps that hold both ends."""
    span = max(high - low, high * 0.1, 1.0)
    raw = span / wanted
    size = 10 ** floor(log10(raw))
    step = next(each * size for each in (1, 2, 2.5, 5, 10) if each * size >= raw)
    first, last = floor(low / step), ceil(high / step)
    return [each * step for each in range(first, max(last, first + 1) + 1)]


def spark(values: Sequence[float], new: float | None = None, label: str = "") -> Markup:
    """A few weeks in a thumbnail; `new` is the value that waits, drawn apart as a square."""
    shown = [*values, *([new] if new is not None else [])]
    if len(shown) < 2:
        return Markup("")
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    step = (SPARK_WIDTH - 12) / (len(shown) - 1)
    at = [
        (round(6 + index * step, 1), round(SPARK_HEIGHT - 6 - (value - low) / span * 26, 1))
        for index, value in enumerate(shown)
    ]
    old = at[: len(values)]
    parts = [Markup('<path class="line" d="{}"/>').format(_path(old))] if len(old) > 1 else []
    parts += [Markup('<circle class="dot" cx="{}" cy="{}" r="2.2"/>').format(x, y) for x, y in old]
    if new is not None:
        x, y = at[-1]
        parts.append(
            Markup('<rect class="new" x="{}" y="{}" width="8" height="8"/>').format(x - 4, y - 4)
        )
    return _svg(SPARK_WIDTH, SPARK_HEIGHT, label, parts, "spark")


def bar(share: float, label: str) -> Markup:
    """A bar for one line of a table, 0 to 1."""
    width = round(100 * min(max(share, 0.0), 1.0), 1)
    rect = Markup('<rect x="0" y="0" width="{}" height="8" rx="1.5"/>').format(width)
    return Markup(
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, rect)


def spread(rows: Sequence[tuple[str, float, float]], label: str) -> Markup:
    """Of each market the net price, solid, and beyond it the cost of going there, dashed."""
    if not rows:
        return Markup("")
    height, most = 30, max(net + cost for _, net, cost in rows)
    room = WIDE[0] - 130 - 120
    parts: list[Markup] = []
    for index, (name, net, cost) in enumerate(rows):
        y, wide = 6 + index * height, round(max(net, 0) / most * room, 1)
        more = round(cost / most * room, 1)
        parts.append(_text(122, y + 14, name, "name", "end"))
        parts.append(
            Markup('<rect class="f0" x="130" y="{}" width="{}" height="19"/>').format(y, wide)
        )
        if more:
            parts.append(
                Markup('<rect class="cost" x="{}" y="{}" width="{}" height="19"/>').format(
                    130 + wide, y, more
                )
            )
        said = f"{net:.0f}" + (f" + {cost:.0f}" if cost else "")
        parts.append(_text(136 + wide + more, y + 14, said))
    return _svg(WIDE[0], 12 + height * len(rows), label, parts)


# --- pieces ---------------------------------------------------------------------------------------


def _grid(
    frame: _Frame, steps: Iterable[float], ticks: Iterable[tuple[float, str]]
) -> Iterable[Markup]:
    for step in steps:
        y = frame.y(step)
        yield Markup('<path class="rule" d="M{} {}H{}"/>').format(LEFT, y, frame.right)
        yield _text(LEFT - 8, y + 4, f"{step:,.0f}".replace(",", "\u202f"), anchor="end")
    for place, name in ticks:
        yield _text(frame.x(place), frame.floor + 20, name, anchor="middle")
    yield Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, frame.floor, frame.right)


def _line(frame: _Frame, line: Line) -> Iterable[Markup]:
    tone = line.tone % TONES
    at = [(frame.x(point.x), frame.y(point.y)) for point in line.points]
    thin = " thin" if line.thin else ""
    if not line.dots:
        yield Markup('<path class="line{} c{}" d="{}"/>').format(thin, tone, _path(at))
    if line.thin:
        return
    for (x, y), point in zip(at, line.points, strict=True):
        mark = Markup('<path class="dot f{}" d="{}"><title>{}</title></path>').format(
            tone, shape(tone, x, y), point.title
        )
        yield Markup('<a href="{}">{}</a>').format(point.href, mark) if point.href else mark


def shape(tone: int, x: float, y: float) -> str:
    """The mark of a line, about eight units wide."""
    match tone % TONES:
        case 0:
            return f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"
        case 1:
            return f"M{x - 3.5} {y - 3.5}h7v7h-7z"
        case 2:
            return f"M{x} {y - 5}l4.6 8h-9.2z"
        case 3:
            return f"M{x} {y - 5}l5 5l-5 5l-5 -5z"
        case 4:
            return f"M{x} {y + 5}l-4.6 -8h9.2z"
        case 5:
            return f"M{x - 1.5} {y - 5}h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z"
        case 6:
            return f"M{x - 5} {y - 2}h10v4h-10z"
        case _:
            return f"M{x - 2} {y - 5}h4v10h-4z"


def _names(frame: _Frame, drawn: Sequence[Line]) -> Iterable[Markup]:
    """Each line's name at its end, pushed apart where ends are close."""
    ends = sorted((frame.y(line.points[-1].y), index) for index, line in enumerate(drawn))
    free = float(TOP)
    for y, index in ends:
        line = drawn[index]
        place = max(y, free)
        free = place + NAME_HEIGHT
        x = frame.right + 12
        yield Markup('<path class="dot f{}" d="{}"/>').format(
            line.tone % TONES, shape(line.tone, x, place)
        )
        yield _text(x + 9, place + 4, line.name[:14], "name")


def _strip(frame: _Frame, strip: Strip) -> Iterable[Markup]:
    there = [(frame.x(x), frame.y(high)) for x, _, high in strip.edges]
    again = [(frame.x(x), frame.y(low)) for x, low, _ in reversed(strip.edges)]
    if there:
        yield Markup('<path class="band" d="{}Z"><title>{}</title></path>').format(
            _path([*there, *again]), strip.name
        )


def _path(at: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(at))


def _text(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        x, y, kind, anchor, said
    )


def _svg(width: int, height: int, label: str, parts: Iterable[Markup], kind: str = "") -> Markup:
    """A picture; with links in it, a group of them, or nobody could reach them by ear."""
    drawn = Markup("").join(escape(part) for part in parts)
    role = "group" if "<a " in drawn else "img"
    return Markup('<svg viewBox="0 0 {} {}" role="{}" aria-label="{}" class="{}">{}</svg>').format(
        width, height, role, label, kind, drawn
    )
