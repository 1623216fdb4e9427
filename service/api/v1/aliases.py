"""Aliases: the ways people write products, markets and units; and words nobody has taught yet."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import SQLModel, col, select

from service.api import records
from service.api.deps import Operator, Viewer
from service.api.errors import invalid
from service.api.letters import Answer, Code, Id, Letter
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.encoding import fold
from service.prices.tables import AliasRow, MarketRow, ProductRow, UnitRow
from service.sms.lexicon.forms import plain
from service.sms.tables import UnmatchedToken

router = APIRouter(prefix="/aliases", tags=["aliases"])
unmatched = APIRouter(prefix="/unmatched", tags=["aliases"])

TABLES: dict[str, type[SQLModel]] = {"product": ProductRow, "market": MarketRow, "unit": UnitRow}


class AliasForm(Letter):
    kind: Literal["product", "market", "unit"]
    target: Annotated[Code, Field(examples=["ARA"])]
    text: Annotated[str, Field(min_length=1, max_length=60, examples=["tiga farama"])]
    language: Literal["", "fr", "bm"] = ""


class Alias(Answer):
    """`form` is the text as it is compared: small letters, no accents."""

    id: int
    kind: str
    target: str
    form: str
    language: str


class Unmatched(Answer):
    token: str
    count: int
    last_at: datetime


@router.get("")
def list_aliases(
    work: Viewer,
    ask: Paging,
    kind: Literal["product", "market", "unit"] | None = None,
    target: str | None = None,
) -> Page[Alias]:
    query = select(AliasRow)
    if kind:
        query = query.where(AliasRow.kind == kind)
    if target:
        query = query.where(AliasRow.target == target.upper())
    return paged(work.session, query, [AliasRow.id], ask, _read)


@router.post("", status_code=201)
def create_alias(work: Operator, form: AliasForm) -> Alias:
    """Teach a way of writing; it is understood from the next message on."""
    target, folded = form.target.upper(), fold(form.text).strip()
    records.must_exist(work.session, TABLES[form.kind], target, "target")
    if not plain(folded):
        raise invalid(
            "text", "empty", "Nothing is left of it to compare.", "Il n'en reste rien à comparer."
        )
    row = AliasRow(kind=form.kind, target=target, form=folded, lang=form.language)
    same = select(AliasRow).where(
        AliasRow.kind == row.kind, AliasRow.target == target, AliasRow.form == folded
    )
    if known := work.session.exec(same).first():
        raise Problem("already_exists", id=known.id)
    row = records.create(work, row, None)
    if token := work.session.get(UnmatchedToken, folded):
        work.session.delete(token)
    return _read(row)


@router.delete("/{alias_id}", status_code=204)
def remove_alias(work: Operator, alias_id: Id) -> None:
    records.remove(work, work.one(AliasRow, alias_id))


@unmatched.get("")
def list_unmatched(work: Viewer, ask: Paging) -> Page[Unmatched]:
    """Words of reporters' messages that mean nothing to Sugu yet, the most frequent first."""
    keys = [UnmatchedToken.count, UnmatchedToken.token]
    query = select(UnmatchedToken).where(col(UnmatchedToken.count) > 0)
    return paged(work.session, query, keys, ask, Unmatched.model_validate, newest_first=True)


@unmatched.delete("/{token}", status_code=204)
def dismiss_unmatched(work: Operator, token: str) -> None:
    """A word that means nothing: do not show it again until somebody writes it anew."""
    row = work.one(UnmatchedToken, token)
    work.record("unmatched.dismiss", "unmatched_token", before={"token": row.token})
    work.session.delete(row)


def _read(row: AliasRow) -> Alias:
    return Alias(id=row.id or 0, kind=row.kind, target=row.target, form=row.form, language=row.lang)
