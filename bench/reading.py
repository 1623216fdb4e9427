"""How long it takes to read a message, and the worst a hostile one can cost.

    python -m bench.reading

CPU time of the reading alone, one message after another, on the corpus; then bodies of 10 kB made
to hurt. Goal: p99 under 1 ms a message, nothing above 50 ms.
"""

import random
import time
from collections.abc import Iterator

from bench.corpus import TODAY, corpus
from service.sms.grammar import read
from service.sms.lexicon import Lexicon
from tests.sms.shelf import CATALOG

LENGTH = 10_000
LETTERS = "bcdfgklmnprstvaeiou "


def hostile() -> Iterator[tuple[str, str]]:
    rng = random.Random(1)
    for piece in (
        *(
            "a",
            "1",
            "1 000 ",
            "1.000.",
            "a1",
            "o0l1",
            "ara 225 ",
            "kita ",
            "sac 50 kg ",
            "bi saba ni ",
        ),
        *(
            "waa ni ",
            "keme ",
            "gros petit mil de la ",
            "le 2 ",
            "arachidz ",
            "\n",
            "20/11/",
            "mille ",
        ),
    ):
        yield piece, (piece * LENGTH)[:LENGTH]
    yield "noise", "".join(rng.choice(LETTERS) for _ in range(LENGTH))


def spent(text: str, lexicon: Lexicon) -> float:
    """Microseconds of CPU."""
    start = time.thread_time_ns()
    read(text, lexicon, TODAY, reporter=True)
    return (time.thread_time_ns() - start) / 1000


def main() -> None:
    start = time.thread_time_ns()
    lexicon = Lexicon.of(CATALOG)
    print(f"building the lexicon   {(time.thread_time_ns() - start) / 1e6:8.1f} ms")
    times = sorted(spent(message.text, lexicon) for message in corpus(size=3000))
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        print(f"{name} of {len(times)} messages   {times[int(share * len(times))]:8.0f} us")
    worst = max((spent(text, lexicon), piece) for piece, text in hostile())
    print(f"worst of the hostile   {worst[0] / 1000:8.1f} ms   {worst[1]!r}")


if __name__ == "__main__":
    main()
