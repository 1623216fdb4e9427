"""the reports of one reporter, newest first

A migration must work while the previous code is still running: add first, remove a release later.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_report_reporter", "report", ["reporter_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_report_reporter", "report")
