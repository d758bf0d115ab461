// Connects the page with the backend. What can be computed without a page is in api.js and view.js.

import { Api } from "./api.js";
import { jobList } from "./view.js";

const api = new Api((...request) => window.fetch(...request));
const form = document.querySelector("#search");
const list = document.querySelector("#jobs");
const notice = document.querySelector("#notice");

async function search() {
  const fields = new FormData(form);
  try {
    const jobs = await api.listJobs({
      words: fields.get("words"),
      location: fields.get("location"),
    });
    list.innerHTML = jobList(jobs, Date.now());
    notice.textContent = `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}`;
  } catch (error) {
    notice.textContent = `The jobs could not be loaded: ${error.message}`;
  }
}

async function applyFor(jobId) {
  const email = window.prompt("Your e-mail address");
  const password = email && window.prompt("Your password");
  if (!password) return;
  try {
    await api.apply(jobId, "", await api.logIn(email, password));
    notice.textContent = "Your application is on its way.";
  } catch (error) {
    notice.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});

list.addEventListener("click", (event) => {
  const job = event.target.closest("button")?.closest("[data-job]");
  if (job) applyFor(job.dataset.job);
});

search();
