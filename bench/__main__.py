"""`python -m bench` (`make bench`): what one machine carries, in a table.

python -m bench                       everything, within ten minutes; writes bench/RESULTS.md
python -m bench speed|market|history|pages|footprint    one part; writes its section
"""

import sys

from bench import footprint, history, market, pages, results, speed

PARTS = {
    "speed": speed.measure,
    "market": market.measure,
    "history": history.measure,
    "pages": pages.measure,
    "footprint": footprint.measure,
}


def main() -> None:
    asked = sys.argv[1:] or list(PARTS)
    unknown = [each for each in asked if each not in PARTS]
    if unknown:
        raise SystemExit(f"bench what? {' | '.join(PARTS)}")
    for part in asked:
        results.write(part, PARTS[part]())


if __name__ == "__main__":
    main()
