"""A phone number: read as people write it, masked when printed, sealed when stored."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from service.phone import Phone, Vault, parse

NEW = Vault("a new secret, long enough to be one", ["the old secret, long enough to be one"])
OLD = Vault("the old secret, long enough to be one")
malian = st.integers(50_000_000, 99_999_999).map(lambda number: Phone(f"+223{number}"))


@pytest.mark.parametrize(
    "said",
    [
        "+22376000001",
        "22376000001",
        "0022376000001",
        "76000001",
        "76 00 00 01",
        "+223 76 00 00 01",
        " +223-76-00-00-01 ",
        "(+223) 76.00.00.01",
    ],
)
def test_a_number_is_read_as_people_and_carriers_write_it(said: str):
    assert parse(said) == Phone("+22376000001")


@pytest.mark.parametrize(
    "said", ["", " ", "MOOV", "36000", "76", "+223", "76000001" * 5, "٧٦٠٠٠٠٠١", "\0", "+", "++++"]
)
def test_what_is_no_number_is_none(said: str):
    assert parse(said) is None


def test_a_number_abroad_keeps_its_country():
    assert parse("+33 6 12 34 56 78") == Phone("+33612345678")
    assert parse("+33612345678").prefix == ""


def test_the_prefix_names_the_operator():
    assert (Phone("+22376000001").prefix, Phone("+22366000001").prefix) == ("76", "66")


def test_a_number_is_masked_wherever_it_is_printed():
    phone = Phone("+22376000001")
    for shown in (str(phone), repr(phone), f"{phone}", f"{phone!r}", str([phone])):
        assert "+223****0001" in shown
        assert "76000001" not in shown


@given(malian)
def test_a_sealed_number_opens_again_and_no_two_seals_are_alike(phone: Phone):
    one, two = NEW.seal(phone), NEW.seal(phone)
    assert NEW.open(one) == NEW.open(two) == phone
    assert one != two
    assert phone.e164.encode() not in one


@given(malian, malian)
def test_the_lookup_finds_the_same_number_only(one: Phone, two: Phone):
    assert (NEW.lookup(one) == NEW.lookup(two)) == (one == two)
    assert NEW.lookup(one) != OLD.lookup(one)


def test_an_old_secret_opens_and_finds_what_it_sealed():
    phone = Phone("+22376000001")
    assert NEW.open(OLD.seal(phone)) == phone
    assert OLD.lookup(phone) in NEW.lookups(phone)
    assert NEW.lookups(phone)[0] == NEW.lookup(phone)


def test_a_secret_nobody_told_us_of_opens_nothing():
    with pytest.raises(InvalidTag):
        OLD.open(NEW.seal(Phone("+22376000001")))
    with pytest.raises(InvalidTag):
        NEW.open(b"")


def test_a_changed_seal_is_noticed():
    sealed = bytearray(NEW.seal(Phone("+22376000001")))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        NEW.open(bytes(sealed))
