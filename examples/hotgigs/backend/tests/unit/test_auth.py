import dataclasses

import jwt
import pytest

from hotgigs import create_app, throttle


def test_a_registered_user_can_log_in(client, seeker):
    answer = client.post(
        "/api/auth/login",
        json={"email": "Seeker@example.com", "password": "correct horse"},
    )
    assert answer.status_code == 200
    assert answer.json["token"]


@pytest.mark.parametrize("email", ["seeker@example.com", "nobody@example.com"])
def test_login_does_not_tell_which_part_was_wrong(client, seeker, email):
    answer = client.post(
        "/api/auth/login", json={"email": email, "password": "wrong password"}
    )
    assert answer.status_code == 401
    assert answer.json == {"message": "wrong address or password"}


def test_many_failed_logins_close_the_door_for_that_address(client, seeker, employer):
    def login(email, password):
        body = {"email": email, "password": password}
        return client.post("/api/auth/login", json=body).status_code

    for _ in range(throttle.MOST_FAILURES):
        assert login("seeker@example.com", "wrong password") == 401
    assert login("seeker@example.com", "correct horse") == 429
    assert login("employer@example.com", "correct horse") == 200


def test_failed_logins_are_forgotten_after_a_while(client, seeker, monkeypatch):
    wrong = {"email": "seeker@example.com", "password": "wrong password"}
    for _ in range(throttle.MOST_FAILURES):
        client.post("/api/auth/login", json=wrong)
    later = throttle.time.monotonic() + throttle.WINDOW_SECONDS + 1
    monkeypatch.setattr(throttle.time, "monotonic", lambda: later)
    assert client.post("/api/auth/login", json=wrong).status_code == 401


def test_an_address_registers_once(client, seeker):
    answer = client.post(
        "/api/auth/register",
        json={"email": "SEEKER@example.com", "password": "another password"},
    )
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        ([1], 400),
        ({"email": "a@example.com"}, 422),
        ({"email": "no address", "password": "long enough"}, 422),
        ({"email": "a@example.com", "password": "short"}, 422),
        ({"email": "a" * 300 + "@example.com", "password": "long enough"}, 422),
    ],
)
def test_bad_registrations_are_refused(client, body, status):
    assert client.post("/api/auth/register", json=body).status_code == status


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "send `Authorization: Bearer TOKEN`"),
        ("Basic abc", "send `Authorization: Bearer TOKEN`"),
        ("Bearer abc", "the token is not valid"),
        (
            "Bearer " + jwt.encode({"sub": "1", "exp": 9e9}, "x" * 32, "HS256"),
            "the token is not valid",
        ),
    ],
)
def test_requests_without_a_valid_token_are_refused(client, header, message):
    headers = {"Authorization": header} if header else {}
    answer = client.get("/api/applications", headers=headers)
    assert (answer.status_code, answer.json["message"]) == (401, message)


def test_a_token_expires(settings):
    app = create_app(dataclasses.replace(settings, token_lifetime_seconds=-1))
    client = app.test_client()
    token = client.post(
        "/api/auth/register",
        json={"email": "a@example.com", "password": "correct horse"},
    ).json["token"]
    answer = client.get(
        "/api/applications", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json == {"message": "the token has expired"}
