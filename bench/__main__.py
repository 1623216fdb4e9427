"""`python -m bench` (`make bench`): what one machine carries, in a table.

python -m bench                  the usual parts, within ten minutes; writes bench/RESULTS.md
python -m bench PART...          these parts; each writes its section

Parts that take a number of seconds as `part=seconds`: `region=600`, `storm=60`, `soak=21600`.
`crowd` is half a million messages: ten minutes and more.
"""

import sys

from bench import (
    crowd,
    fanout,
    footprint,
    history,
    market,
    pages,
    results,
    scale,
    speed,
    together,
)

PARTS = {
    "speed": speed.measure,
    "market": market.measure,
    "together": together.measure,
    "fanout": fanout.section,
    "history": history.measure,
    "pages": pages.measure,
    "footprint": footprint.measure,
    "scale": scale.measure,
    "crowd": crowd.measure,
}
LOADS = {"region": market.TEN_TIMES, "storm": market.STORM, "soak": market.ORDINARY}
"""Parts that last as long as they are told to."""
USUAL = ("speed", "market", "together", "fanout", "history", "pages", "footprint")


def main() -> None:
    for asked in sys.argv[1:] or USUAL:
        part, _, seconds = asked.partition("=")
        if part in LOADS:
            load = LOADS[part]
            table = market.measure(load.lasting(float(seconds)) if seconds else load)
        elif part in PARTS:
            table = PARTS[part]()
        else:
            raise SystemExit(f"bench what? {' | '.join([*PARTS, *LOADS])}")
        results.write(part, table)


if __name__ == "__main__":
    main()
