"""The office, for admins: staff, keys, the audit trail, settings, and what people may ask of
their own data."""

import json
from typing import Annotated, Any

from fastapi import Query, Response
from starlette.datastructures import FormData

from service.api import health, security
from service.api.console.desk import (
    Chief,
    Form,
    Reader,
    attempt,
    back,
    letter,
    pages,
    show,
    text,
    texts,
    whole,
)
from service.api.console.shapes import (
    Field,
    Pairs,
    changed,
    faults,
    filled,
    standing,
    starting,
    typed,
)
from service.api.deps import Work
from service.api.docs import TAGS
from service.api.pages import Ask
from service.api.v1 import configuration, keys, session, staff, subjects, trail

router = pages()

PATH = "/console/office"
SHOWN = 100
ROLES: Pairs = (
    ("viewer", "lecture"), ("operator", "opérateur"), ("approver", "approbateur"),
    ("admin", "administrateur"),
)  # fmt: skip
STAFF = (
    Field("name", "Nom", needed=True, fixed=True),
    Field("role", "Rôle", "choice", ROLES, needed=True, value="viewer"),
    Field("language", "Langue", "choice", (("fr", "français"), ("bm", "bambara")), needed=True,
          value="fr"),
    Field("password", "Mot de passe", "password", hint="dix signes au moins ; vide : inchangé"),
    Field("disabled", "compte fermé", "tick"),
)  # fmt: skip
Search = Annotated[str, Query(max_length=120)]


# --- staff ----------------------------------------------------------------------------------------


@router.get("/office")
def staff_page(work: Chief, cursor: str | None = None) -> Response:
    return _staff(work, starting(STAFF), cursor=cursor)


@router.post("/office")
def add_staff(work: Chief, form: Form) -> Response:
    said = filled([each for each in STAFF if each.name != "disabled"], form)
    wrong = attempt(
        work, lambda: staff.create_staff(work, letter(staff.StaffForm, said, work.request))
    )
    if wrong:
        return _staff(work, typed(STAFF, form) | {"password": ""}, wrong=wrong)
    return back(PATH, "saved")


@router.get("/office/staff/{staff_id}")
def one_staff(work: Chief, staff_id: int) -> Response:
    return _one(work, staff.read_staff(work, staff_id))


@router.post("/office/staff/{staff_id}")
def change_staff(work: Chief, staff_id: int, form: Form) -> Response:
    """A role, a new password, a closed account; its keys and sessions close with it."""
    said = changed(STAFF, form)
    if not said["password"]:
        del said["password"]
    wrong = attempt(
        work,
        lambda: staff.change_staff(work, staff_id, letter(staff.StaffChange, said, work.request)),
    )
    if wrong:
        return _one(work, staff.read_staff(work, staff_id), form, wrong)
    return back(f"{PATH}/staff/{staff_id}", "saved")


@router.get("/office/password")
def password_page(work: Reader) -> Response:
    return show(work, "password.html", wrong=None)


@router.post("/office/password")
def change_password(work: Reader, form: Form) -> Response:
    """One's own password; every session ends, this one too."""
    said = {name: form.get(name, "") for name in ("old", "new")}
    wrong = attempt(
        work,
        lambda: session.change_password(work, letter(session.PasswordForm, said, work.request)),
    )
    if wrong:
        return show(work, "password.html", wrong["status"], wrong=wrong)
    return back("/console/login")


# --- keys -----------------------------------------------------------------------------------------


@router.get("/office/keys")
def keys_page(work: Chief, cursor: str | None = None) -> Response:
    return _keys(work, cursor=cursor)


@router.post("/office/keys")
def add_key(work: Chief, form: Form) -> Response:
    """A new key, shown in this answer and never again."""
    said: dict[str, Any] = {
        "staff": text(form, "staff"), "role": text(form, "role") or None,
        "scopes": texts(form, "scopes"), "days": whole(form, "days") or 0,
    }  # fmt: skip
    made: list[keys.NewKey] = []
    wrong = attempt(
        work, lambda: made.append(keys.create_key(work, letter(keys.KeyForm, said, work.request)))
    )
    return _keys(work, fresh=made[0] if made else None, wrong=wrong, said=said)


@router.post("/office/keys/{key_id}/rotate")
def rotate_key(work: Chief, key_id: int) -> Response:
    """A second key like this one, shown once; the old one is good until it is revoked."""
    return _keys(work, fresh=keys.rotate_key(work, key_id))


@router.post("/office/keys/{key_id}/revoke")
def revoke_key(work: Chief, key_id: int) -> Response:
    keys.revoke_key(work, key_id)
    return back(f"{PATH}/keys", "revoked")


# --- the trail, the settings ----------------------------------------------------------------------


@router.get("/office/audit")
def audit_page(
    work: Chief,
    actor: Search = "",
    action: Search = "",
    subject: Search = "",
    verify: bool = False,
    cursor: str | None = None,
) -> Response:
    """Who did what; the whole chain is read again only when that is asked for."""
    found = trail.list_audit(
        work, Ask(cursor, SHOWN), actor=actor or None, action=action or None,
        subject=subject or None,
    )  # fmt: skip
    return show(
        work,
        "audit.html",
        items=found.items,
        next=found.next,
        actor=actor,
        action=action,
        subject=subject,
        verified=trail.verify_audit(work) if verify else None,
    )


@router.get("/office/settings")
def settings_page(work: Chief) -> Response:
    return show(
        work,
        "settings.html",
        items=configuration.read_settings(work).items,
        checks=health.readyz(work.state, Response()).checks,
    )


# --- people's own data ----------------------------------------------------------------------------


@router.get("/office/subjects")
def subject_page(work: Chief) -> Response:
    return _subject(work, "")


@router.post("/office/subjects")
def look_up(work: Chief, form: Form) -> Response:
    """What is kept about a number, in figures; or all of it as a file; or nothing any more."""
    phone, do = text(form, "phone"), text(form, "do")
    match do:
        case "erase" if text(form, "sure"):
            wrong = attempt(work, lambda: subjects.erase_subject(work, _asked(work, phone)))
            return _subject(work, phone, wrong) if wrong else back(f"{PATH}/subjects", "erased")
        case "export":
            kept: list[dict[str, Any]] = []
            wrong = attempt(
                work, lambda: kept.append(subjects.export_subject(work, _asked(work, phone)))
            )
            return _subject(work, phone, wrong) if wrong else _file(kept[0])
        case _:
            return _subject(work, phone, unsure=do == "erase")


def _asked(work: Work, phone: str) -> subjects.SubjectForm:
    form: subjects.SubjectForm = letter(subjects.SubjectForm, {"phone": phone}, work.request)
    return form


def _file(kept: dict[str, Any]) -> Response:
    body = json.dumps(kept, ensure_ascii=False, indent=2)
    headers = {
        "Content-Disposition": 'attachment; filename="sugu-personne.json"',
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, media_type="application/json")


def _subject(
    work: Work, phone: str, wrong: dict[str, Any] | None = None, *, unsure: bool = False
) -> Response:
    counts: dict[str, int] | None = None
    if phone and wrong is None:
        found: list[dict[str, int]] = []
        wrong = attempt(work, lambda: found.append(subjects.counted(work, _asked(work, phone))))
        counts = found[0] if found else None
    status = wrong["status"] if wrong else 200
    return show(
        work, "subjects.html", status, phone=phone, counts=counts, wrong=wrong, unsure=unsure
    )


def _staff(
    work: Work,
    values: dict[str, Any],
    *,
    wrong: dict[str, Any] | None = None,
    cursor: str | None = None,
) -> Response:
    found = staff.list_staff(work, Ask(cursor, SHOWN))
    return show(
        work,
        "staff.html",
        wrong["status"] if wrong else 200,
        items=found.items,
        next=found.next,
        fields=[each for each in STAFF if each.name != "disabled"],
        values=values,
        wrong=wrong,
        faults=faults(STAFF, wrong),
    )


def _one(
    work: Work,
    one: staff.Staff,
    form: FormData | None = None,
    wrong: dict[str, Any] | None = None,
) -> Response:
    values = standing(STAFF, {**one.model_dump(), "disabled": one.disabled_at is not None})
    if form is not None:
        values |= typed([each for each in STAFF if not each.fixed], form) | {"password": ""}
    return show(
        work,
        "one_staff.html",
        wrong["status"] if wrong else 200,
        one=one,
        fields=STAFF,
        values=values,
        wrong=wrong,
        faults=faults(STAFF, wrong),
        version=text(form, "version") if form is not None else one.version,
        history=trail.recent(work, f"staff:{one.id}"),
    )


def _keys(
    work: Work,
    *,
    fresh: keys.NewKey | None = None,
    wrong: dict[str, Any] | None = None,
    said: dict[str, Any] | None = None,
    cursor: str | None = None,
) -> Response:
    found = keys.list_keys(work, Ask(cursor, SHOWN))
    return show(
        work,
        "keys.html",
        wrong["status"] if wrong else 200,
        items=found.items,
        next=found.next,
        fresh=fresh,
        wrong=wrong,
        wrote=said or {},
        roles=ROLES,
        scopes=[each for each in TAGS if " " not in each],
        longest=security.LONGEST_LIFE.days,
        moment=work.now,
    )
