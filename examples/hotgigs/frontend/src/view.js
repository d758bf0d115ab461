// Turns data into HTML text. Invariant: everything that came from a person is escaped here.

const ENTITIES = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES.get(character));
}

/** How long ago, in the largest unit that fits. */
export function ago(then, now) {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  const units = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];
  for (const [size, unit] of units) {
    const n = Math.floor(seconds / size);
    if (n >= 1) return `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

export function jobCard(job, now) {
  return `<article class="job" data-job="${Number(job.id)}">
  <h2>${escapeHtml(job.title)}</h2>
  <p class="where">${escapeHtml(job.company)} · ${escapeHtml(job.location)}</p>
  <p>${escapeHtml(job.description)}</p>
  <footer>
    <time datetime="${escapeHtml(job.created_at)}">${ago(Date.parse(job.created_at), now)}</time>
    <button type="button">Apply</button>
  </footer>
</article>`;
}

export function jobList(jobs, now) {
  if (jobs.length === 0) return '<p class="empty">No jobs match. Try fewer words.</p>';
  return jobs.map((job) => jobCard(job, now)).join("\n");
}
