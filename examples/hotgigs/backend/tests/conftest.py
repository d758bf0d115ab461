"""An application on SQLite in memory, its client, and people who use it."""

import pytest

from hotgigs import create_app
from hotgigs.settings import Settings


class Person:
    """A registered user who sends requests."""

    def __init__(self, client, email):
        self._client = client
        answer = client.post(
            "/api/auth/register", json={"email": email, "password": "correct horse"}
        )
        assert answer.status_code == 201, answer.text
        self.headers = {"Authorization": f"Bearer {answer.json['token']}"}

    def post(self, path, **body):
        return self._client.post(path, json=body, headers=self.headers)

    def get(self, path):
        return self._client.get(path, headers=self.headers)

    def publish(self, title="Welder", company="Ironworks", location="Berlin"):
        answer = self.post("/api/jobs", title=title, company=company, location=location)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]


@pytest.fixture
def settings():
    return Settings(jwt_secret_key="k" * 32, environment="test", version="1.2.3")


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
