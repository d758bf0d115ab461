import { Api, ApiError } from "../src/api.js";

// A fetch that records its calls and gives one prepared answer.
function answering(status, content) {
  const calls = [];
  const fetch = async (url, options) => {
    calls.push({ url, ...options });
    return { ok: status < 400, status, json: async () => content };
  };
  return { api: new Api(fetch), calls };
}

test("jobs are searched by words and location", async () => {
  const { api, calls } = answering(200, { jobs: [{ id: 1 }] });
  expect(await api.listJobs({ words: "web dev", location: "Köln" })).toEqual([{ id: 1 }]);
  expect(calls[0].url).toBe("/api/jobs?q=web+dev&location=K%C3%B6ln");
});

test("empty fields are left out of the query", async () => {
  const { api, calls } = answering(200, { jobs: [] });
  await api.listJobs();
  expect(calls[0].url).toBe("/api/jobs?");
});

test("an application carries the token and the message", async () => {
  const { api, calls } = answering(201, { id: 5 });
  await api.apply(3, "Hello", "TOKEN");
  expect(calls[0]).toMatchObject({
    url: "/api/jobs/3/applications",
    method: "POST",
    headers: { Authorization: "Bearer TOKEN", "Content-Type": "application/json" },
    body: '{"message":"Hello"}',
  });
});

test.each(["logIn", "register"])("%s gives the token", async (verb) => {
  const { api } = answering(200, { token: "T" });
  const call = verb === "logIn" ? api.logIn("a@b.c", "secret") : api.register("a@b.c", "secret");
  expect(await call).toBe("T");
});

test("a refusal carries the backend's sentence", async () => {
  const { api } = answering(401, { message: "wrong address or password" });
  const refusal = await api.logIn("a@b.c", "wrong").catch((error) => error);
  expect(refusal).toBeInstanceOf(ApiError);
  expect(refusal).toMatchObject({ status: 401, message: "wrong address or password" });
});

test("an answer that is not JSON is reported by its status", async () => {
  const api = new Api(async () => ({
    ok: false,
    status: 502,
    json: async () => {
      throw new SyntaxError("not JSON");
    },
  }));
  await expect(api.listJobs()).rejects.toThrow("the server answered 502");
});
