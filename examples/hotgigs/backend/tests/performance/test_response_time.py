"""The quality gate: 95 of 100 answers within 500 ms, over HTTP, with a filled board.

DATABASE_URL chooses the database; without it the board is kept in memory.
"""

import dataclasses
import os
import threading
import time
import urllib.request

import pytest
from waitress.server import create_server

from hotgigs import create_app
from hotgigs.database import metadata
from tests.people import Person

LONGEST_ANSWER_SECONDS = 0.5
N_REQUESTS = 100
N_JOBS = 200


@pytest.fixture
def address(settings):
    url = os.environ.get("DATABASE_URL")
    if url:
        settings = dataclasses.replace(settings, database_url=url)
    app = create_app(settings)
    engine = app.extensions["hotgigs_database"].engine
    metadata.drop_all(engine)
    employer = Person(app.test_client(), "employer@example.com")
    for number in range(N_JOBS):
        employer.publish(f"Job {number}")
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    engine.dispose()


@pytest.mark.parametrize("path", ["/api/health", "/api/jobs?q=job&limit=100"])
def test_answers_arrive_within_half_a_second(address, path, capsys):
    durations = []
    for _ in range(N_REQUESTS):
        start = time.perf_counter()
        with urllib.request.urlopen(address + path, timeout=5) as answer:
            answer.read()
        durations.append(time.perf_counter() - start)
    durations.sort()
    p95 = durations[N_REQUESTS * 95 // 100 - 1]
    with capsys.disabled():
        print(f"\n{path}: p50 {durations[49] * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms")
    assert p95 < LONGEST_ANSWER_SECONDS
