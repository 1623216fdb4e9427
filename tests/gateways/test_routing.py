"""Which gateway carries which number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sms.outbox.routing import OPERATORS, operator, route


@pytest.mark.parametrize(
    ("phone", "name"),
    [
        ("+22370000001", "orange"),
        ("+22382000001", "orange"),
        ("+22394000001", "orange"),
        ("+22320010000", "orange"),
        ("+22365000001", "moov"),
        ("+22389000001", "moov"),
        ("+22395000001", "moov"),
        ("+22350000001", "telecel"),
        ("+22380000001", None),
        ("+22320220000", None),
        ("+33770000001", None),
    ],
)
def test_the_prefix_names_the_operator(phone: str, name: str | None):
    assert operator(phone) == name


def test_no_prefix_belongs_to_two_operators():
    heads = [head for heads in OPERATORS.values() for head in heads]
    assert not [(a, b) for a in heads for b in heads if a != b and a.startswith(b)]


ROUTES = {
    "orange": ("orange", "android"),
    "6": ("kannel",),
    "+22365": ("android", "kannel"),
    "+33": ("africastalking",),
    "50": (),
}


@pytest.mark.parametrize(
    ("phone", "gateways"),
    [
        ("+22370000001", ("orange", "android")),
        ("+22366000001", ("kannel",)),
        ("+22365000001", ("android", "kannel")),
        ("+33612345678", ("africastalking",)),
        ("+22395000001", ("loopback",)),
        ("+22350000001", ("loopback",)),
        ("+1", ("loopback",)),
    ],
)
def test_the_longest_prefix_wins_and_the_default_takes_the_rest(phone, gateways):
    assert route(phone, ROUTES, "loopback") == gateways


@given(st.text(), st.dictionaries(st.text(max_size=6), st.lists(st.text(), max_size=3)))
def test_there_is_always_a_gateway(phone: str, routes):
    assert route(phone, routes, "loopback")
