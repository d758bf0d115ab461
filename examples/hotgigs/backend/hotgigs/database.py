"""Tables, and the connections to PostgreSQL or to SQLite in memory."""

from contextlib import contextmanager
from datetime import datetime, timezone

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.pool import StaticPool

from hotgigs.settings import IN_MEMORY

metadata = sa.MetaData()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _created_at() -> sa.Column:
    return sa.Column("created_at", sa.DateTime(timezone=True), default=_now)


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("password_hash", sa.String(256), nullable=False),
    _created_at(),
)

gigs = sa.Table(
    "gigs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("company", sa.String(200), nullable=False),
    sa.Column("location", sa.String(200), nullable=False),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("owner_id", sa.ForeignKey("users.id"), nullable=False),
    _created_at(),
)

applications = sa.Table(
    "applications",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("gig_id", sa.ForeignKey("gigs.id"), nullable=False),
    sa.Column("applicant_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("message", sa.Text, nullable=False, default=""),
    _created_at(),
    sa.UniqueConstraint("gig_id", "applicant_id"),
)


class Database:
    """A pool of connections; the tables are made at the first use."""

    def __init__(self, url: str):
        if url == IN_MEMORY:
            self.engine = sa.create_engine(
                url,
                poolclass=StaticPool,
                connect_args={"check_same_thread": False},
            )
        else:
            self.engine = sa.create_engine(
                _with_driver(url),
                pool_pre_ping=True,
                connect_args={"connect_timeout": 3},
            )
        self._has_tables = False

    @contextmanager
    def begin(self):
        """One transaction, committed unless the block raises."""
        with self.engine.begin() as connection:
            if not self._has_tables:
                metadata.create_all(connection)
                self._has_tables = True
            yield connection

    def is_reachable(self) -> bool:
        """Whether a query succeeds right now."""
        try:
            with self.begin() as connection:
                connection.execute(sa.select(1))
        except sa.exc.SQLAlchemyError:
            return False
        return True


def database() -> Database:
    """The database of the application that handles the current request."""
    return current_app.extensions["hotgigs_database"]


def _with_driver(url: str) -> str:
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url
