// The backend's endpoints as functions. It keeps no state: the token is passed in.

/** An answer that is not a success; `message` is the backend's own sentence. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Api {
  constructor(fetch, base = "/api") {
    this.fetch = fetch;
    this.base = base;
  }

  async listJobs({ words = "", location = "" } = {}) {
    const query = new URLSearchParams();
    if (words) query.set("q", words);
    if (location) query.set("location", location);
    const answer = await this.request("GET", `/jobs?${query}`);
    return answer.jobs;
  }

  async logIn(email, password) {
    const answer = await this.request("POST", "/auth/login", { body: { email, password } });
    return answer.token;
  }

  async register(email, password) {
    const answer = await this.request("POST", "/auth/register", { body: { email, password } });
    return answer.token;
  }

  apply(jobId, message, token) {
    return this.request("POST", `/jobs/${jobId}/applications`, { body: { message }, token });
  }

  async request(method, path, { body, token } = {}) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await this.fetch(this.base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    const content = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      throw new ApiError(answer.status, content.message ?? `the server answered ${answer.status}`);
    }
    return content;
  }
}
