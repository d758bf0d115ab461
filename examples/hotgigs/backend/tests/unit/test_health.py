import dataclasses
import threading

import pytest
from werkzeug.serving import make_server

from hotgigs import create_app, probe
from hotgigs.settings import Settings


@pytest.fixture
def address(app):
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


def test_health_names_version_and_environment(client):
    answer = client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "healthy",
        "version": "1.2.3",
        "environment": "test",
        "database": "reachable",
        "counters": "reachable",
    }


def test_health_fails_without_the_database(settings):
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    app = create_app(dataclasses.replace(settings, database_url=nowhere))
    answer = app.test_client().get("/api/health")
    assert answer.status_code == 503
    assert answer.json["database"] == "unreachable"


def test_health_fails_without_redis(settings):
    app = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1"))
    answer = app.test_client().get("/api/health")
    assert answer.status_code == 503
    assert answer.json["counters"] == "unreachable"


def test_metrics_count_requests_and_failed_logins(client):
    client.post("/api/auth/login", json={"email": "a@b.c", "password": "wrong"})
    text = client.get("/api/metrics").text
    assert "hotgigs_failed_logins_total" in text
    assert 'hotgigs_requests_total{route="/api/auth/login",status="401"}' in text


def test_the_probe_succeeds_for_the_expected_version(address):
    assert probe.main([f"{address}/api/health", "1.2.3"]) == 0


def test_the_probe_names_the_version_that_runs(address, capsys):
    assert probe.main([f"{address}/api/health", "2.0.0"]) == 1
    assert "runs version 1.2.3, not 2.0.0" in capsys.readouterr().err


def test_the_probe_fails_where_nothing_listens(monkeypatch, capsys):
    monkeypatch.setenv("PORT", "1")
    assert probe.main([]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_the_probe_speaks_only_http():
    assert "not an http address" in probe.problem_at("file:///etc/passwd")


def test_settings_come_from_the_environment():
    settings = Settings.from_environment(
        {"DATABASE_URL": "postgresql://db/hotgigs", "HOTGIGS_VERSION": "9"}
    )
    assert settings.database_url == "postgresql://db/hotgigs"
    assert settings.version == "9"
    assert settings.jwt_secret_key not in repr(settings)


def test_production_refuses_to_invent_its_signing_key():
    with pytest.raises(ValueError, match="JWT_SECRET_KEY"):
        Settings.from_environment({"HOTGIGS_ENVIRONMENT": "production"})
