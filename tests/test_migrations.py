"""The migrations and the tables say the same thing, on both databases."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

import service.api.tables
import service.audit
import service.people.tables
import service.prices.tables
import service.sms.tables
import service.ussd.tables  # noqa: F401  (each import registers its tables)
from service.db import alembic_config, migrate


def test_a_migrated_database_has_exactly_the_tables_of_the_code(engine: Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_check_and_name_of_the_code_is_in_the_database(engine: Engine):
    kept = inspect(engine)
    for table in SQLModel.metadata.tables.values():
        said = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        held = {check["name"] for check in kept.get_check_constraints(table.name)}
        assert said == held, table.name


def test_migrating_again_changes_nothing(database_url: str, engine: Engine):
    before = inspect(engine).get_table_names()
    migrate(database_url)
    assert inspect(engine).get_table_names() == before


def test_the_way_back_leaves_no_table(database_url: str, engine: Engine):
    command.downgrade(alembic_config(database_url), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_there_is_one_head():
    from alembic.script import ScriptDirectory

    assert len(ScriptDirectory.from_config(alembic_config("sqlite://")).get_heads()) == 1
