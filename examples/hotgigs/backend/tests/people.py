"""People who use the application in tests."""


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
