"""Which gateway carries a message: by the operator of the number, in order of preference."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

COUNTRY = "+223"
"""Mali. Route prefixes without a `+` are national and read after this."""

OPERATORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "orange": ("7", "82", "83", "84", "85", "90", "91", "92", "93", "94", "2001"),
        "moov": ("6", "89", "95", "96", "97", "98", "99", "2079", "217"),
        "telecel": ("50", "51", "52", "53"),
    }
)
"""National prefixes of the three mobile operators (libphonenumber 9.0.43, carrier names).
Mali has no number portability, so the prefix tells the operator."""


def operator(phone: str) -> str | None:
    """`orange`, `moov`, `telecel`, or None for a number of none of them."""
    named = ((name, f"{COUNTRY}{head}") for name, heads in OPERATORS.items() for head in heads)
    return next((name for name, head in named if phone.startswith(head)), None)


def _reach(target: str, phone: str) -> int:
    """How many characters of `phone` a route's target fixes; -1 when it does not match.
    A target is an operator's name, an international prefix or a national one."""
    if target in OPERATORS:
        heads = tuple(f"{COUNTRY}{head}" for head in OPERATORS[target])
    else:
        heads = (target if target.startswith("+") else f"{COUNTRY}{target}",)
    return max((len(head) for head in heads if phone.startswith(head)), default=-1)


def route(phone: str, routes: Mapping[str, Sequence[str]], default: str) -> tuple[str, ...]:
    """The gateways to try for `phone`, first choice first.

    The longest matching target wins; its list is the whole order, so that staff can also
    keep an operator away from the default gateway. No match: the default alone.
    """
    reach, target = max(((_reach(target, phone), target) for target in routes), default=(-1, ""))
    return tuple(routes[target]) if reach >= 0 and routes[target] else (default,)
