"""The application on the PostgreSQL server that DATABASE_URL names."""

import dataclasses
import os

import pytest

from hotgigs import create_app
from hotgigs.database import metadata


@pytest.fixture
def settings(settings):
    url = os.environ.get("DATABASE_URL")
    if not url:
        pytest.fail("set DATABASE_URL to a PostgreSQL database that may be emptied")
    return dataclasses.replace(settings, database_url=url)


@pytest.fixture
def app(settings):
    app = create_app(settings)
    engine = app.extensions["hotgigs_database"].engine
    metadata.drop_all(engine)
    yield app
    metadata.drop_all(engine)
    engine.dispose()
