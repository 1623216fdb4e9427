"""Reading a caller, and keeping a session so that another process can go on with it."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.db import reading, writing
from service.people import store as people
from service.people.tables import Contact
from service.phone import Vault, parse
from service.ussd import store
from service.ussd.caller import AlertCard, Opening, Profile, ReporterCard, Resume
from service.ussd.store import Caller

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
VAULT = Vault("a secret that is long enough for a test")
PHONE = parse("+22376000001")

words = st.none() | st.text(min_size=1, max_size=10)
profiles = st.builds(
    Profile,
    language=words,
    village=words,
    product=words,
    market=words,
    kilos=st.none() | st.integers(1, 50_000),
    sex=st.sampled_from([None, "f", "m"]),
    is_relay=st.booleans(),
    consented=st.booleans(),
    stopped=st.booleans(),
    reporter=st.none()
    | st.builds(
        ReporterCard,
        st.text(min_size=1, max_size=10),
        st.lists(st.text(min_size=1, max_size=5)).map(tuple),
        st.integers(0, 99),
        st.integers(0, 9),
        st.none() | st.integers(0, 99),
        st.none() | st.dates(),
        st.integers(0, 9),
        st.integers(0, 9),
        st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3))).map(tuple),
        st.lists(st.text(max_size=3)).map(tuple),
        st.booleans(),
    ),
    alerts=st.lists(
        st.builds(AlertCard, st.text(max_size=3), st.text(max_size=3), st.none() | st.integers(5))
    ).map(tuple),
)
paths = st.lists(st.sampled_from(["1", "2", "00", "200"])).map(tuple)
openings = st.builds(
    Opening, profiles, st.none() | st.builds(Resume, profiles, paths), st.integers(0, 9)
)


@given(openings)
def test_an_opening_is_read_back_as_it_was_written(opening):
    assert store.opening_of(store.written(opening)) == opening


def test_a_number_never_heard_of_is_a_stranger(engine):
    with reading(engine) as session:
        assert store.read_caller(session, VAULT.lookup(PHONE), NOW.date()) == Caller()


def test_everything_a_screen_depends_on_is_read(engine):
    with writing(engine) as session:
        subscriber = people.enrol_subscriber(
            session, VAULT, PHONE, NOW, language="bm", product="ARA", sex="f", role="relay"
        )
        who = subscriber.contact_id
        people.agree(session, who, NOW, how="paper")
        people.set_alert(session, who, "ARA", "KITA", NOW, at_least=250)
        past = date(2026, 9, 30)
        people.set_alert(session, who, "MAI", "KITA", NOW, at_least=90, expires_on=past)
    with reading(engine) as session:
        caller = store.read_caller(session, VAULT.lookup(PHONE), NOW.date())
    assert caller.contact_id == who
    assert caller.profile == Profile(
        language="bm",
        product="ARA",
        sex="f",
        is_relay=True,
        consented=True,
        alerts=(AlertCard("ARA", "KITA", 250),),
    )


def test_a_reporter_without_a_farmers_card_has_a_language_all_the_same(engine):
    with writing(engine) as session:
        people.enrol_reporter(session, VAULT, PHONE, NOW, name="Awa K.", market="KITA")
    with reading(engine) as session:
        profile = store.read_caller(session, VAULT.lookup(PHONE), NOW.date()).profile
    assert profile.language == "fr"
    assert profile.reporter == ReporterCard("Awa K.", ("KITA",))


def test_an_action_is_claimed_once(engine):
    with writing(engine) as session:
        assert store.claim(session, "loopback:S1", ["0:SetLanguage", "2:Remember"], NOW) == {
            "0:SetLanguage",
            "2:Remember",
        }
    with writing(engine) as session:
        assert store.claim(session, "loopback:S1", ["2:Remember", "4:StopAll"], NOW) == {
            "4:StopAll"
        }
        assert store.claim(session, "loopback:S2", ["2:Remember"], NOW) == {"2:Remember"}


def row(contact_id, session="S1", **changes):
    opening = store.written(Opening(Profile("fr")))
    kept = {
        "gateway": "loopback",
        "session": session,
        "contact_id": contact_id,
        "text": "1*3",
        "answer": "CON",
        "ended": False,
        "opening": opening,
        "started_at": NOW,
        "seen_at": NOW,
    }
    return kept | changes


def contact(session) -> int:
    known: Contact = people.contact_for(session, VAULT, PHONE, NOW)
    return people.key(known.id)


def test_a_session_keeps_its_opening_while_its_text_moves_on(engine):
    other = store.written(Opening(Profile("bm")))
    with writing(engine) as session:
        who = contact(session)
        store.keep(session, [row(who)])
        store.keep(session, [row(who, text="1*3*2", opening=other)])
        store.keep(session, [])
    with reading(engine) as session:
        kept = store.kept(session, "loopback", "S1")
        assert store.kept(session, "loopback", "S9") is None
    assert (kept.text, kept.opening) == ("1*3*2", Opening(Profile("fr")))


def test_the_newest_session_is_the_one_that_counts_as_dropped(engine):
    with writing(engine) as session:
        who = contact(session)
        later = NOW + timedelta(minutes=3)
        store.keep(session, [row(who), row(who, "S2", text="4", seen_at=later)])
        assert store.dropped(session, who, later).text == "4"
        assert store.dropped(session, who, later + timedelta(minutes=11)) is None
        store.keep(session, [row(who, "S2", ended=True, seen_at=later)])
        assert store.dropped(session, who, later) is None
