import dataclasses
import os

import pytest
import redis

from hotgigs import create_app, throttle

WRONG = {"email": "seeker@example.com", "password": "wrong password"}


@pytest.fixture
def settings(settings):
    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.fail("set REDIS_URL to a Redis database that may be emptied")
    redis.Redis.from_url(url).flushdb()
    return dataclasses.replace(settings, redis_url=url)


def test_redis_is_reachable(client):
    assert client.get("/api/health").json["counters"] == "reachable"


def test_copies_of_the_application_count_failed_logins_together(settings, seeker):
    copies = [create_app(settings).test_client() for _ in range(2)]
    for number in range(throttle.MOST_FAILURES):
        answer = copies[number % 2].post("/api/auth/login", json=WRONG)
        assert answer.status_code == 401
    for copy in copies:
        assert copy.post("/api/auth/login", json=WRONG).status_code == 429


def test_the_window_ends_by_itself(settings, client, seeker):
    client.post("/api/auth/login", json=WRONG)
    server = redis.Redis.from_url(settings.redis_url)
    (key,) = server.keys("hotgigs:*")
    assert 0 < server.ttl(key) <= throttle.WINDOW_SECONDS
