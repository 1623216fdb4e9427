"""A corpus of noisy price messages with the truth beside each, made from principles.

The maker knows how people write (word lists of its own, spellings, orders, separators, thumbs
that slip on a keypad) and nothing of how the grammar reads. It writes what a reporter means, in
one of the ways a reporter might, and keeps the meaning as the label.

    python -m bench.corpus > tests/cases/corpus.csv

A slip that happens to spell another known word is drawn again: nobody could tell it from the
word alone; that is for the judge, who knows prices.
"""

import csv
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from service.encoding import fold
from service.money import francs, words_bm, words_fr
from service.sms.lexicon import read_forms

SEED = 20261125
SIZE = 1600
TODAY = date(2026, 11, 25)
SLIPS = 0.002
"""Chance that a letter goes wrong under the thumb: two in a thousand, one message in twelve."""
HEADS = ("MOU", "CHE", "BOV", "POU", "PIN")


@dataclass(frozen=True)
class Way:
    """A product as written. `open_form`: groundnut without shell or kernel."""

    code: str
    text: str
    bm: bool = False
    open_form: bool = False


PRODUCTS = [
    *(Way("ARA", "ARA"), Way("ARA", "arachide coque"), Way("ARA", "arachide en coque")),
    *(Way("ARA", "tiga", bm=True, open_form=True), Way("ARA", "arachide", open_form=True)),
    *(Way("ARD", "ARD"), Way("ARD", "arachide décortiquée"), Way("ARD", "tiga kisɛ", bm=True)),
    *(
        Way("ARD", "tigasi", bm=True),
        Way("MAI", "MAI"),
        Way("MAI", "maïs"),
        Way("MAI", "kaba", bm=True),
    ),
    *(
        Way("SOR", "SOR"),
        Way("SOR", "sorgho"),
        Way("SOR", "gros mil"),
        Way("SOR", "keninge", bm=True),
    ),
    *(Way("MIL", "MIL"), Way("MIL", "mil"), Way("MIL", "petit mil"), Way("MIL", "saɲɔ", bm=True)),
    *(Way("RIZ", "RIZ"), Way("RIZ", "riz"), Way("RIZ", "malo", bm=True)),
    *(Way("NIE", "NIE"), Way("NIE", "niébé"), Way("NIE", "haricot"), Way("NIE", "shɔ", bm=True)),
    *(Way("SES", "SES"), Way("SES", "sésame"), Way("SES", "bɛnɛ", bm=True)),
    *(Way("FON", "FON"), Way("FON", "fonio"), Way("FON", "fini", bm=True)),
    *(
        Way("KAR", "KAR"),
        Way("KAR", "karité"),
        Way("KAR", "amande de karité"),
        Way("KAR", "sikɔlɔ", bm=True),
    ),
    *(Way("OIG", "OIG"), Way("OIG", "oignon"), Way("OIG", "jaba", bm=True)),
    *(
        Way("TOM", "tomate"),
        Way("TOM", "tamati", bm=True),
        Way("GOM", "gombo"),
        Way("PIM", "piment"),
    ),
    *(
        Way("MOU", "mouton"),
        Way("MOU", "saga", bm=True),
        Way("CHE", "chèvre"),
        Way("CHE", "bakɔrɔ", bm=True),
    ),
    *(
        Way("BOV", "boeuf"),
        Way("BOV", "misi", bm=True),
        Way("POU", "poulet"),
        Way("PIN", "pintade"),
    ),
]

MARKETS = {
    "KITA": ["Kita", "KITA"],
    "SEBEKORO": ["Sébékoro", "Sebekoro"],
    "DJIDIAN": ["Djidian", "Djidjan"],
    "BENDOUGOUBA": ["Bendougouba"],
    "FOUNIA": ["Founia", "Benkadi Founia", "Benkady-Founia"],
    "TOUKOTO": ["Toukoto"],
    "KAYES": ["Kayes", "Kayes N'Dy"],
    "BAMAKO": ["Bamako", "bko"],
    "MAHINA": ["Mahina"],
}

UNITS = {
    "KG": (["kg", "kilo", "le kg", "/kg", "le kilo"], ["kilo"]),
    "SAC": (["sac", "le sac", "/sac", "par sac"], ["bɔrɔ", "bɔrɛ"]),
    "SAC50": (["sac 50kg", "sac de 50 kg", "sac50"], []),
    "SAC100": (["sac 100 kg", "sac de 100kg", "sac100"], []),
    "TINE": (["tine", "la tine"], []),
    "BOWL": (["tasse", "la tasse", "bol"], ["tasa"]),
    "BASKET": (["panier", "le panier"], []),
    "TONNE": (["tonne", "la tonne"], ["tɔni"]),
}

GREETINGS = [
    "slt",
    "bjr",
    "Bonjour",
    "bonsoir",
    "i ni ce",
    "I ni sɔgɔma",
    "salut,",
    "bonjour c'est le relevé,",
]
THANKS = ["merci", "svp", "stp", "mci", "Merci.", "i ni ce", "merci!"]

_DAYS_FR = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
_DAYS_BM = ["ntɛnɛ", "tarata", "araba", "alamisa", "juma", "sibiri", "karidon"]

_FRENCH_EAR = (
    *(("u", "ou"), ("ny", "gn"), ("j", "dj"), ("sh", "ch"), ("gi", "gui"), ("ge", "gue")),
    *(("ka", "ca"), ("ko", "co"), ("ku", "cou"), ("ki", "qui"), ("ke", "que")),
)

KEYPAD = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")

UNSURE = [
    *(
        "nyo {a} {m}",
        "gno {a} {m}",
        "ɲɔ kilo {a} {m}",
        "che {a} {m}",
        "pois {a} {m}",
        "kari {a} {m}",
    ),
    *(
        "mai {a}-{b} {m}",
        "mai {a} à {b} {m}",
        "mai {a} ou {b} {m}",
        "mil sorgho {a} {m}",
        "mai mil {a} {b} {m}",
    ),
    *(
        "{m} arachide coque 2 sacs à 17500",
        "mai {a} banfora",
        "mai {a} Sirakoro",
        "riz paddy {a} {m}",
    ),
    *("tas oignon {a} {m}", "demi sac mai 7500 {m}", "huile arachide {a} {m}", "moud mil {a} {m}"),
    *("mai {a} kita djidian mil {b}", "mai 15k sac {m}", "mai 17.5 sac {m}", "mil {a} demain {m}"),
    *("mai {a} {m} 31/12", "riz sac 80 kg 24000 {m}", "mai 150 mai 165 {m}", "225 150 mai {m}"),
]


@dataclass
class Message:
    """One message: its text, the claims it makes ("" when it must be asked), how it was made."""

    text: str
    claims: list[str]
    tags: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, str, str]:
        return self.text.replace("\n", "\\n"), "; ".join(self.claims) or "ASK", " ".join(self.tags)


def label(
    code: str,
    amount: int,
    market: str | None,
    unit: str | None,
    quantity: int,
    money: str,
    on: date | None,
    *,
    open_form: bool,
) -> str:
    """A claim in one line: `ARA? 17500 bare KITA 1 SAC -`."""
    form = "?" if open_form else ""
    day = on.isoformat() if on else "-"
    return f"{code}{form} {amount} {money} {market or '-'} {quantity} {unit or '-'} {day}"


class Writer:
    """One reporter at one message: draws how everything is written."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.known = _known_words()
        self.tags: list[str] = []

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def message(self) -> Message:
        self.tags = []
        if self.chance(0.06):
            return self._unsure()
        count = self.rng.choices((1, 2, 3, 4), (50, 28, 15, 7))[0]
        market = self.rng.choice(list(MARKETS)) if self.chance(0.85) else None
        on, day_text = self._day()
        ways = self._distinct(count)
        # Units beside some prices only would leave the others open, so a writer does it for all.
        with_units = self.chance(0.5)
        back = self.chance(0.2)
        items = [self._item(way, with_units=with_units, back=back) for way in ways]
        parts = self._around([text for text, _ in items], market, day_text)
        claims = [
            label(way.code, amount, market, unit, quantity, money, on, open_form=way.open_form)
            for way, (_, (amount, money, unit, quantity)) in zip(ways, items, strict=True)
        ]
        return Message(self._typed(parts), claims, self.tags)

    def _unsure(self) -> Message:
        market = self.rng.choice(["Kita", "kita", "Djidian", "sebekoro"])
        a = self.rng.randrange(150, 400, 5)
        template = self.rng.choice(UNSURE)
        return Message(template.format(a=a, b=a + 25, m=market), [], ["unsure"])

    def _distinct(self, count: int) -> list[Way]:
        chosen: dict[str, Way] = {}
        while len(chosen) < count:
            way = self.rng.choice(PRODUCTS)
            chosen.setdefault(way.code, way)
        return list(chosen.values())

    # ------------------------------------------------------------ one product and its price

    def _item(
        self, way: Way, *, with_units: bool, back: bool
    ) -> tuple[str, tuple[int, str, str | None, int]]:
        if way.code in HEADS:
            return self._head(way, back=back)
        unit = self.rng.choices(list(UNITS), (40, 25, 5, 6, 5, 8, 4, 2))[0] if with_units else None
        quantity = (
            self.rng.randint(2, 9) if unit in ("SAC", "TINE", "BOWL") and self.chance(0.1) else 1
        )
        amount = self._amount(unit) * quantity
        money, number = self._money(amount, bm=way.bm)
        unit_text = self._unit(unit, bm=way.bm) if unit else ""
        text = self._arranged(self._spelt(way), number, unit_text, quantity, back=back)
        return text, (amount, money, unit, quantity)

    def _head(self, way: Way, *, back: bool) -> tuple[str, tuple[int, str, str | None, int]]:
        low, high, step = (1500, 6000, 250) if way.code in ("POU", "PIN") else (20000, 250000, 2500)
        money, number = self._money(amount := self.rng.randrange(low, high, step), bm=way.bm)
        name = self._spelt(way)
        return (f"{number} {name}" if back else f"{name} {number}"), (amount, money, "HEAD", 1)

    def _amount(self, unit: str | None) -> int:
        ranges = {
            "SAC": (7500, 60000, 250),
            "SAC50": (8000, 35000, 250),
            "SAC100": (15000, 75000, 500),
            "TINE": (2000, 9000, 250),
            "BOWL": (150, 1500, 25),
            "BASKET": (1500, 8000, 250),
            "TONNE": (150000, 600000, 5000),
        }
        return self.rng.randrange(*ranges.get(unit or "", (75, 950, 5)))

    def _arranged(self, name: str, number: str, unit: str, quantity: int, *, back: bool) -> str:
        if quantity > 1:
            counted = f"{quantity} {unit.rsplit(maxsplit=1)[-1].lstrip('/')}"
            return f"{number} les {counted} {name}" if back else f"{name} {counted} {number}"
        if not unit:
            return f"{number} {name}" if back else f"{name} {number}"
        tied = unit.startswith(("le ", "la ", "/", "par "))
        gap = "" if unit.startswith("/") else " "
        if back:
            return f"{number}{gap}{unit} {name}"
        if tied or self.chance(0.6):
            return f"{name} {number}{gap}{unit}"
        return f"{name} {unit} {number}"

    def _unit(self, unit: str, *, bm: bool) -> str:
        french, bambara = UNITS[unit]
        return (
            self._letters(self.rng.choice(bambara)) if bm and bambara else self.rng.choice(french)
        )

    def _spelt(self, way: Way) -> str:
        return self._ear(self._letters(way.text)) if way.bm else self._accents(way.text)

    # ------------------------------------------------------------ numbers

    def _money(self, amount: int, *, bm: bool) -> tuple[str, str]:
        draw = self.rng.random()
        if bm and draw < 0.18:
            self.tags.append("words_bm")
            return "dorome", self._letters(words_bm(amount))
        if not bm and draw < 0.03:
            self.tags.append("words_fr")
            return "bare", words_fr(amount)
        if draw < 0.26 and amount < 1_000_000:
            self.tags.append("dorome")
            said = amount // 5
            return "dorome", self.rng.choice(
                ["D{}", "{}D", "dorome {}", "dɔrɔmɛ {}", "d{}"]
            ).format(said)
        figures = self._figures(amount)
        if draw < 0.62:
            return "franc", figures + self.rng.choice(
                ["F", "f", " F", " f", "fcfa", " FCFA", "frs", " f cfa", " francs"]
            )
        return "bare", figures

    def _figures(self, amount: int) -> str:
        text = str(amount)
        if amount >= 1000 and self.chance(0.45):
            sign = self.rng.choice([" ", " ", ".", ".", ","])
            # A comma after three digits could be two prices: nobody who means one writes it so.
            if amount < 100_000 or sign == "." or amount % 1000 == 0:
                self.tags.append("thousands")
                text = francs(amount).replace(" ", sign)
        if "0" in text[1:] and self.chance(0.02):
            self.tags.append("o_for_0")
            at = self.rng.choice([i for i, c in enumerate(text) if c == "0" and i])
            text = text[:at] + self.rng.choice("oO") + text[at + 1 :]
        if self.chance(0.01):
            self.tags.append("arabic_digits")
            text = text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        return text

    # ------------------------------------------------------------ spelling

    def _accents(self, text: str) -> str:
        return text if self.chance(0.3) else fold(text)

    def _letters(self, text: str) -> str:
        """ɛ ɔ ɲ ŋ as they are, as è ò ny ng, as ê ô, or bare."""
        tables = (
            "",
            "ɛ=è ɔ=ò ɲ=ny ŋ=ng",
            "ɛ=ê ɔ=ô ɲ=ny ŋ=n",
            "ɛ=e ɔ=o ɲ=ny ŋ=ng",
            "ɛ=e ɔ=o ɲ=gn ŋ=n",
        )
        table = self.rng.choices(tables, (10, 20, 10, 45, 15))[0]
        return text.translate(str.maketrans(dict(p.split("=") for p in table.split())))

    def _ear(self, text: str) -> str:
        """Bambara as someone schooled in French writes it."""
        if not self.chance(0.25):
            return text
        self.tags.append("ear")
        for sound, written in _FRENCH_EAR:
            if sound in text and written not in text and self.chance(0.5):
                text = text.replace(sound, written, 1)
        return text

    # ------------------------------------------------------------ the whole message

    def _day(self) -> tuple[date | None, str]:
        if not self.chance(0.14):
            return None, ""
        self.tags.append("day")
        back = self.rng.randint(0, 6)
        day = TODAY - timedelta(days=back)
        texts = [_DAYS_FR[day.weekday()], self._letters(_DAYS_BM[day.weekday()]), f"{day:%d/%m}"]
        texts += (
            [["aujourd'hui", "bi"], ["hier", "HIER", "kunu", "kunun"], ["avant hier"]][back]
            if back < 3
            else []
        )
        return day, self.rng.choice(texts)

    def _around(self, items: list[str], market: str | None, day: str) -> list[str]:
        """Greeting, market, day, items and thanks, in an order and with separators."""
        joint = self.rng.choice(
            [" ", " ", ", ", "\n", "; ", " et ", " / ", ". "] if len(items) > 1 else [" "]
        )
        body = joint.join(items)
        place = self._place(market) if market else ""
        if place and self.chance(0.5):
            body = f"{place}{self.rng.choice([' ', ': ', ' - ', chr(10)])}{body}"
        elif place:
            body = f"{body}{self.rng.choice([' ', ' ', ', ', ' à ', ' a '])}{place}"
        parts = [f"{day} {body}" if day and self.chance(0.6) else f"{body} {day}".strip()]
        if self.chance(0.15):
            parts.insert(0, self.rng.choice(GREETINGS))
        if self.chance(0.12):
            parts.append(self.rng.choice(THANKS))
        return parts

    def _place(self, market: str) -> str:
        return self._accents(self.rng.choice(MARKETS[market]))

    def _typed(self, parts: list[str]) -> str:
        """As typed: case, a slip of the thumb, lost spaces."""
        text = self._slip(" ".join(parts))
        if self.chance(0.06):
            self.tags.append("glued")
            text = _without_spaces_at_digits(text)
        case: Callable[[str], str] = self.rng.choices((str, str.lower, str.upper), (50, 30, 20))[0]
        return case(text)

    def _slip(self, text: str) -> str:
        """Every letter may come out wrong, doubled, lost or swapped with the next."""
        return " ".join(self._slip_word(word) for word in text.split(" "))

    def _slip_word(self, word: str) -> str:
        slips = (
            sum(self.chance(SLIPS) for _ in word)
            if word.isalpha() and word.isascii() and len(word) > 1
            else 0
        )
        for _ in range(8 if slips else 0):
            slipped = self._slipped(word.lower())
            if slipped != word.lower() and fold(slipped) not in self.known:
                self.tags.append("slip")
                return slipped
        return word

    def _slipped(self, word: str) -> str:
        at = self.rng.randrange(len(word))
        kind = self.rng.choices(("key", "double", "lost", "swap"), (45, 25, 20, 10))[0]
        if kind == "key":
            key = next(letters for letters in KEYPAD if word[at] in letters)
            return word[:at] + self.rng.choice(key.replace(word[at], "")) + word[at + 1 :]
        if kind == "double":
            return word[: at + 1] + word[at:]
        if kind == "lost":
            return word[:at] + word[at + 1 :]
        return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


def _without_spaces_at_digits(text: str) -> str:
    """`ara 600 kita` as `ara600kita`; thousands and counts keep their spaces."""
    out = [text[:1]]
    for before, char, after in zip(text, text[1:], f"{text[2:]} ", strict=False):
        beside = (before.isalpha() and after.isdigit()) or (before.isdigit() and after.isalpha())
        out.append("" if char == " " and beside else char)
    return "".join(out)


def _known_words() -> frozenset[str]:
    forms = read_forms()
    listed = [f for group in forms.words.values() for names in group.values() for f in names]
    listed += [alias.form for alias in forms.aliases] + list(forms.unsure)
    return frozenset(word for form in listed for word in form.split())


def corpus(seed: int = SEED, size: int = SIZE) -> Iterator[Message]:
    """The messages of a seed: the same seed writes the same corpus."""
    writer = Writer(random.Random(seed))
    for _ in range(size):
        yield writer.message()


def main() -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("text", "expect", "how"))
    out.writerows(message.row for message in corpus())


if __name__ == "__main__":
    main()
