"""An application on SQLite in memory, its client, and two people."""

import pytest

from hotgigs import create_app
from hotgigs.settings import Settings
from tests.people import Person


@pytest.fixture
def settings():
    return Settings(
        jwt_secret_key="k" * 32,
        password_hash_method="pbkdf2:sha256:10",  # tests register often
        environment="test",
        version="1.2.3",
    )


@pytest.fixture
def app(settings):
    return create_app(settings)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def employer(client):
    return Person(client, "employer@example.com")


@pytest.fixture
def seeker(client):
    return Person(client, "seeker@example.com")
