def titles(answer):
    return [job["title"] for job in answer.json["jobs"]]


def test_the_newest_job_is_listed_first(client, employer):
    employer.publish("Welder")
    employer.publish("Baker")
    assert titles(client.get("/api/jobs")) == ["Baker", "Welder"]


def test_search_looks_at_title_and_company(client, employer):
    employer.publish("Welder", company="Ironworks")
    employer.publish("Baker", company="Weld & Sons")
    employer.publish("Nurse", company="Clinic")
    assert titles(client.get("/api/jobs?q=weld")) == ["Baker", "Welder"]


def test_a_percent_sign_is_searched_as_it_is(client, employer):
    employer.publish("Welder")
    assert titles(client.get("/api/jobs?q=%25")) == []


def test_location_filters_without_regard_to_case(client, employer):
    employer.publish("Welder", location="Berlin")
    employer.publish("Baker", location="Paris")
    assert titles(client.get("/api/jobs?location=berlin")) == ["Welder"]


def test_limit_is_kept_within_bounds(client, employer):
    employer.publish("Welder")
    employer.publish("Baker")
    assert titles(client.get("/api/jobs?limit=0")) == ["Baker"]
    assert len(titles(client.get("/api/jobs?limit=100000"))) == 2


def test_publishing_needs_a_token(client):
    assert client.post("/api/jobs", json={"title": "Welder"}).status_code == 401


def test_a_job_needs_a_title(employer):
    answer = employer.post("/api/jobs", company="Ironworks", location="Berlin")
    assert (answer.status_code, answer.json["message"]) == (422, "`title` is required")


def test_an_application_counts_and_shows_in_the_users_list(client, employer, seeker):
    job_id = employer.publish("Welder")
    answer = seeker.post(f"/api/jobs/{job_id}/applications", message="Hello")
    assert answer.status_code == 201
    assert client.get(f"/api/jobs/{job_id}").json["applications"] == 1
    assert seeker.get("/api/applications").json["applications"] == [
        {"job_id": job_id, "title": "Welder", "message": "Hello"}
    ]


def test_one_applies_once(employer, seeker):
    job_id = employer.publish()
    seeker.post(f"/api/jobs/{job_id}/applications")
    assert seeker.post(f"/api/jobs/{job_id}/applications").status_code == 409


def test_one_cannot_apply_for_ones_own_job(employer):
    job_id = employer.publish()
    assert employer.post(f"/api/jobs/{job_id}/applications").status_code == 422


def test_an_unknown_job_is_not_found(client, seeker):
    assert client.get("/api/jobs/7").json == {"message": "there is no such job"}
    assert seeker.post("/api/jobs/7/applications").status_code == 404
