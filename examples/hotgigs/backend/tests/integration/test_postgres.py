from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from hotgigs import create_app
from hotgigs.database import applications


def test_the_database_is_postgres(app):
    engine = app.extensions["hotgigs_database"].engine
    assert engine.dialect.name == "postgresql"
    assert app.test_client().get("/api/health").json["database"] == "reachable"


def test_jobs_survive_a_restart_of_the_application(settings, employer):
    job_id = employer.publish("Welder")
    restarted = create_app(settings).test_client()
    assert restarted.get(f"/api/jobs/{job_id}").json["title"] == "Welder"


def test_of_many_simultaneous_applications_one_is_stored(app, employer, seeker):
    job_id = employer.publish()

    def apply(_):
        client = app.test_client()
        path = f"/api/jobs/{job_id}/applications"
        return client.post(path, json={}, headers=seeker.headers).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(apply, range(8)))
    assert sorted(statuses) == [201] + [409] * 7


def test_search_ignores_case_beyond_ascii(client, employer):
    employer.publish("Ärztin", company="Klinik")
    jobs = client.get("/api/jobs", query_string={"q": "ärztin"}).json["jobs"]
    assert [job["title"] for job in jobs] == ["Ärztin"]


def test_the_database_refuses_an_application_without_a_job(app, seeker):
    engine = app.extensions["hotgigs_database"].engine
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(applications.insert().values(gig_id=99, applicant_id=1))
