"""Alembic's door: every table of the house, on either database."""

from alembic import context
from sqlmodel import SQLModel

import service.api.tables
import service.audit
import service.people.tables
import service.prices.tables
import service.sms.tables
import service.ussd.tables  # noqa: F401  (each import registers its tables)
from service.db import make_engine

engine = make_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
