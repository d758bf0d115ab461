"""`python -m tests.sample_data` fills the database that DATABASE_URL names."""

from hotgigs import create_app
from tests.people import Person

N_JOBS = 50


def main() -> None:
    """Register people, publish jobs and apply for some, through the API."""
    client = create_app().test_client()
    employer = Person(client, "employer@example.com")
    seeker = Person(client, "seeker@example.com")
    for number in range(N_JOBS):
        job_id = employer.publish(f"Job {number}", location="Zürich")
        if number % 3 == 0:
            seeker.post(f"/api/jobs/{job_id}/applications", message="It's me — hello")
    print(f"published {N_JOBS} jobs")


if __name__ == "__main__":
    main()
