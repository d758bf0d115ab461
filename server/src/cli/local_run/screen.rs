//! What people see of a run while it runs: the lines of each job behind its name.
//!
//! Invariant: the line that a step has ended comes after the step's last line of output, though the
//! two take different ways.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use gantry_protocol::{Conclusion, JobId, LogChunk, StepUpdate};

use super::coordinator::News;

/// What is known of a job that runs.
#[derive(Debug)]
struct JobLines {
    name: String,
    started: Instant,
    /// The step whose lines are shown; 0 before the first.
    current: u32,
    /// The newest state of each step whose end has not been told.
    steps: BTreeMap<u32, StepUpdate>,
    /// Output that has to wait until the steps before it have ended.
    held: VecDeque<LogChunk>,
}

impl JobLines {
    /// Whether everything before the step has ended.
    fn is_turn_of(&self, number: u32) -> bool {
        let is_open = |step: &StepUpdate| step.conclusion.is_none();
        let before = || self.steps.range(..number);
        let current_ended = self.current == 0
            || self.current >= number
            || self.steps.get(&self.current).is_some_and(|step| !is_open(step));
        current_ended && before().all(|(_, step)| !is_open(step))
    }
}

/// Turns news into lines.
#[derive(Debug)]
pub(super) struct Screen {
    jobs: BTreeMap<JobId, JobLines>,
    started: Instant,
    colour: bool,
    /// Widest name so far, so that the output of several jobs lines up.
    width: usize,
}

impl Screen {
    pub(super) fn new(colour: bool) -> Self {
        Self { jobs: BTreeMap::new(), started: Instant::now(), colour, width: 0 }
    }

    /// The lines to print for one piece of news.
    pub(super) fn lines(&mut self, news: &News) -> Vec<String> {
        match news {
            News::Started { job, name } => self.start(*job, name),
            News::Log { job, chunk } => self.log(*job, chunk),
            News::Step { job, step } => self.step(*job, step),
            News::Ended { job, name, conclusion, reason } => {
                self.end((*job, name), *conclusion, reason.as_deref())
            }
            News::RunEnded { conclusion } => {
                let seconds = self.started.elapsed().as_secs_f64();
                vec![format!("{} after {seconds:.1} s", self.result(*conclusion))]
            }
            News::ReviewWanted { .. } => Vec::new(),
        }
    }

    fn start(&mut self, job: JobId, name: &str) -> Vec<String> {
        self.width = self.width.max(name.chars().count());
        let lines = JobLines {
            name: name.to_owned(),
            started: Instant::now(),
            current: 0,
            steps: BTreeMap::new(),
            held: VecDeque::new(),
        };
        self.jobs.insert(job, lines);
        Vec::new()
    }

    fn log(&mut self, job: JobId, chunk: &LogChunk) -> Vec<String> {
        if let Some(lines) = self.jobs.get_mut(&job) {
            lines.held.push_back(chunk.clone());
        }
        self.settle(job, false)
    }

    fn step(&mut self, job: JobId, step: &StepUpdate) -> Vec<String> {
        if let Some(lines) = self.jobs.get_mut(&job) {
            lines.steps.insert(step.number, step.clone());
        }
        self.settle(job, false)
    }

    /// Shows the output whose turn it is; all of it when the job has ended.
    fn settle(&mut self, job: JobId, is_over: bool) -> Vec<String> {
        let mut shown = Vec::new();
        while let Some(lines) = self.jobs.get_mut(&job)
            && let Some(number) = lines.held.front().map(|chunk| chunk.step_number)
            && (is_over || lines.is_turn_of(number))
            && let Some(chunk) = lines.held.pop_front()
        {
            let name = lines.steps.get(&number).map(|step| step.name.clone()).unwrap_or_default();
            if number > std::mem::replace(&mut lines.current, number) {
                shown.extend(self.ended_before(job, number));
                if !name.is_empty() {
                    shown.push(format!("{}{}", self.prefix(job), self.bold(&name)));
                }
            }
            shown.extend(self.output(job, &name, &chunk));
        }
        shown
    }

    fn output(&self, job: JobId, step: &str, chunk: &LogChunk) -> Vec<String> {
        let prefix = self.prefix(job);
        let texts = chunk.text.lines().filter_map(|line| line.split_once(' '));
        // The step's own group, whose title has been shown.
        let texts = texts.filter(|(_time, text)| text.strip_prefix("##[group]") != Some(step));
        let shown = texts.filter_map(|(_time, text)| self.shown(text));
        shown.map(|text| format!("{prefix}{text}").trim_end().to_owned()).collect()
    }

    fn end(
        &mut self,
        (job, name): (Option<JobId>, &str),
        conclusion: Conclusion,
        reason: Option<&str>,
    ) -> Vec<String> {
        let mut shown = Vec::new();
        if let Some(job) = job {
            shown = self.settle(job, true);
            shown.extend(self.ended_before(job, u32::MAX));
        }
        let result = self.result(conclusion);
        let started = job.and_then(|job| self.jobs.remove(&job)).map(|lines| lines.started);
        let took = started
            .map(|started| format!(" ({:.1} s)", started.elapsed().as_secs_f64()))
            .unwrap_or_default();
        let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        shown.push(format!("{result}  {name}{took}{why}"));
        shown
    }

    /// The ends of steps of which no more lines can come. A skipped step says so in one word.
    fn ended_before(&mut self, job: JobId, number: u32) -> Vec<String> {
        let prefix = self.prefix(job);
        let Some(lines) = self.jobs.get_mut(&job) else { return Vec::new() };
        let later = lines.steps.split_off(&number);
        let ended = std::mem::replace(&mut lines.steps, later);
        let told = ended.values().filter_map(|step| {
            let conclusion = step.conclusion?;
            let took = step.completed_at.zip(step.started_at).map(|(end, start)| end - start);
            let seconds = took.and_then(|it| it.to_std().ok()).unwrap_or_default().as_secs_f64();
            Some(format!("{prefix}{} {} ({seconds:.1} s)", self.mark(conclusion), step.name))
        });
        told.collect()
    }

    /// The job's name before each of its lines.
    fn prefix(&self, job: JobId) -> String {
        let name = self.jobs.get(&job).map(|lines| lines.name.as_str()).unwrap_or_default();
        self.dim(&format!("{name:width$} | ", width = self.width))
    }

    /// One line of a log; the markers of groups and messages become something to look at.
    fn shown(&self, text: &str) -> Option<String> {
        let marked = |marker: &str| text.strip_prefix(marker);
        if let Some(title) = marked("##[group]") {
            return Some(format!("> {title}"));
        }
        if marked("##[endgroup]").is_some() {
            return None;
        }
        if let Some(message) = marked("##[error]") {
            return Some(self.painted("31", &format!("error: {message}")));
        }
        if let Some(message) = marked("##[warning]") {
            return Some(self.painted("33", &format!("warning: {message}")));
        }
        Some(text.to_owned())
    }

    fn result(&self, conclusion: Conclusion) -> String {
        format!("{} {conclusion}", self.mark(conclusion))
    }

    fn mark(&self, conclusion: Conclusion) -> String {
        match conclusion {
            Conclusion::Success | Conclusion::Neutral => self.painted("32", "✓"),
            Conclusion::Skipped => self.dim("-"),
            Conclusion::Cancelled | Conclusion::Stale => self.painted("33", "!"),
            Conclusion::Failure
            | Conclusion::TimedOut
            | Conclusion::ActionRequired
            | Conclusion::StartupFailure => self.painted("31", "✗"),
        }
    }

    fn bold(&self, text: &str) -> String {
        self.painted("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.painted("2", text)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_protocol::StepStatus;

    use super::*;

    fn chunk(step_number: u32, text: &str) -> News {
        let text = text.to_owned();
        let chunk = LogChunk { sequence: 0, step_number, first_line: 0, text };
        News::Log { job: JobId(1), chunk }
    }

    fn step(number: u32, name: &str, conclusion: Option<Conclusion>) -> News {
        let status = conclusion.map_or(StepStatus::InProgress, |_| StepStatus::Completed);
        let step = StepUpdate {
            number,
            revision: 1,
            name: name.to_owned(),
            status,
            conclusion,
            outcome: conclusion,
            started_at: None,
            completed_at: None,
        };
        News::Step { job: JobId(1), step }
    }

    fn lines(news: &[News]) -> Vec<String> {
        let mut screen = Screen::new(false);
        let started = News::Started { job: JobId(1), name: "build".to_owned() };
        let ended = News::Ended {
            job: Some(JobId(1)),
            name: "build".to_owned(),
            conclusion: Conclusion::Failure,
            reason: None,
        };
        let all = std::iter::once(&started).chain(news).chain([&ended]);
        let mut lines: Vec<String> = all.flat_map(|news| screen.lines(news)).collect();
        let last = lines.pop().expect("the end of the job");
        assert!(last.starts_with("✗ failure  build ("), "{last}");
        lines
    }

    const EXPECTED: [&str; 6] = [
        "build | Compile",
        "build | error: no such file",
        "build | ✗ Compile (0.0 s)",
        "build | - Publish (0.0 s)",
        "build | Tidy up",
        "build | swept",
    ];

    #[test]
    fn the_end_of_a_step_that_overtakes_its_output_is_told_after_it() {
        let news = [
            step(1, "Compile", None),
            step(1, "Compile", Some(Conclusion::Failure)),
            step(2, "Publish", Some(Conclusion::Skipped)),
            step(3, "Tidy up", None),
            chunk(1, "2026-01-01T00:00:00Z ##[error]no such file\n"),
            chunk(3, "2026-01-01T00:00:00Z swept\n"),
        ];
        assert_eq!(lines(&news), EXPECTED);
    }

    #[test]
    fn output_that_overtakes_the_end_of_the_step_before_waits_for_it() {
        let news = [
            step(1, "Compile", None),
            chunk(1, "2026-01-01T00:00:00Z ##[error]no such file\n"),
            chunk(3, "2026-01-01T00:00:00Z swept\n"),
            step(1, "Compile", Some(Conclusion::Failure)),
            step(2, "Publish", Some(Conclusion::Skipped)),
            step(3, "Tidy up", None),
        ];
        let shown = lines(&news);
        assert_eq!(shown[..2], EXPECTED[..2]);
        let place = |text: &str| shown.iter().position(|line| line == text);
        assert!(place("build | ✗ Compile (0.0 s)") < place("build | swept"), "{shown:?}");
    }
}
