import { ago, escapeHtml, jobCard, jobList } from "../src/view.js";

const NOW = Date.parse("2024-12-01T12:00:00Z");
const job = {
  id: 7,
  title: "<script>alert(1)</script>",
  company: "Weld & Sons",
  location: "Berlin",
  description: 'Say "hello"',
  created_at: "2024-11-30T12:00:00+00:00",
};

test("what people wrote is escaped", () => {
  expect(escapeHtml(`<a href="x">'&'</a>`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  const card = jobCard(job, NOW);
  expect(card).not.toContain("<script>");
  expect(card).toContain("Weld &amp; Sons · Berlin");
});

test("a card knows its job and its age", () => {
  expect(jobCard(job, NOW)).toContain('data-job="7"');
  expect(jobCard(job, NOW)).toContain("1 day ago");
});

test.each([
  [0, "just now"],
  [-5, "just now"],
  [60, "1 minute ago"],
  [7200, "2 hours ago"],
  [3 * 86400, "3 days ago"],
])("%i seconds are %s", (seconds, words) => {
  expect(ago(NOW - seconds * 1000, NOW)).toBe(words);
});

test("an empty list says what to do", () => {
  expect(jobList([], NOW)).toContain("Try fewer words");
  expect(jobList([job, job], NOW).match(/<article/g)).toHaveLength(2);
});
