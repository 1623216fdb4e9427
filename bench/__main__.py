"""`python -m bench` (`make bench`): what one machine carries, in a table.

python -m bench                       everything, within ten minutes; writes bench/RESULTS.md
python -m bench speed|market|together|fanout|history|footprint    one part; writes its section
python -m bench crowd                 half a million messages: ten minutes and more, so by name only
"""

import sys

from bench import crowd, fanout, footprint, history, market, results, speed, together

PARTS = {
    "speed": speed.measure,
    "market": market.measure,
    "together": together.measure,
    "fanout": fanout.section,
    "history": history.measure,
    "footprint": footprint.measure,
}
LONG = {"crowd": crowd.measure}


def main() -> None:
    asked = sys.argv[1:] or list(PARTS)
    known = PARTS | LONG
    if not known.keys() >= set(asked):
        raise SystemExit(f"bench what? {' | '.join(known)}")
    for part in asked:
        results.write(part, known[part]())


if __name__ == "__main__":
    main()
