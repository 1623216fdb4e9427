"""What a run of `make fuzz` asked, from its report: `python -m tests.api.fuzzed REPORT...`

`132 operations, 26012 requests`, then how often each status was answered.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree


def operations(report: str) -> Iterator[tuple[str, Counter[str]]]:
    """Each operation of a report, with its answers by status."""
    for each in ElementTree.parse(report).iter("property"):
        pairs = (pair.split(":") for pair in each.get("value", "").split())
        yield each.get("name", ""), Counter({status: int(count) for status, count in pairs})


def main(reports: list[str]) -> None:
    found = dict(each for report in reports for each in operations(report))
    total = sum(found.values(), Counter())
    lines = [f"{len(found)} operations, {total.total()} requests"]
    lines += [f"  {status} {count:>7}" for status, count in sorted(total.items())]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
