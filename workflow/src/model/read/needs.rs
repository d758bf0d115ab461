//! `needs:` of all jobs: names resolved without regard to case, cycles refused (`semantics` 1.4).
//!
//! Invariant: without errors the jobs form a graph without cycles.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::diagnostic::{Diagnostics, Position};
use crate::model::JobId;
use crate::template::Token;

/// A job and the names under its `needs`, as written.
#[derive(Debug)]
pub(super) struct Written {
    id: JobId,
    needs: Vec<(String, Position)>,
}

impl Written {
    pub(super) fn new(id: &JobId, token: Option<&Token>) -> Self {
        let named = |token: &Token| Some((token.literal_text()?.into_owned(), token.position));
        let needs = match token {
            Some(token) if !token.items().is_empty() => {
                token.items().iter().filter_map(named).collect()
            }
            Some(token) => named(token).into_iter().collect(),
            None => Vec::new(),
        };
        Self { id: id.clone(), needs }
    }
}

/// The needs of each job, as the jobs are declared, each once. `jobs_at` is where `jobs:` starts.
///
/// As on GitHub a file with other errors is not searched for jobs that can never run.
pub(super) fn resolve(
    diagnostics: &mut Diagnostics,
    jobs: &[Written],
    jobs_at: Position,
) -> Vec<Vec<JobId>> {
    let graph = Graph::of(jobs);
    if !diagnostics.has_errors() {
        if jobs.iter().all(|job| !job.needs.is_empty()) {
            let message = "The workflow must contain at least one job with no dependencies.";
            diagnostics.error(Some(jobs_at), "no-starting-job", message);
        } else {
            graph.report_jobs_that_never_run(diagnostics, jobs);
        }
    }
    graph.ids(jobs)
}

/// By number of job, in the order of its `needs`, the numbers of the jobs they name; `None` for a
/// name that no job has.
struct Graph {
    needs: Vec<Vec<Option<usize>>>,
}

impl Graph {
    fn of(jobs: &[Written]) -> Self {
        let upper = |(number, job): (usize, &Written)| (job.id.as_str().to_uppercase(), number);
        let numbers: HashMap<String, usize> = jobs.iter().enumerate().map(upper).collect();
        let number = |(name, _): &(String, Position)| numbers.get(&name.to_uppercase()).copied();
        Self { needs: jobs.iter().map(|job| job.needs.iter().map(number).collect()).collect() }
    }

    fn ids(&self, jobs: &[Written]) -> Vec<Vec<JobId>> {
        let ids = |needs: &Vec<Option<usize>>| {
            let mut seen = HashSet::new();
            let once = needs.iter().flatten().filter(|number| seen.insert(**number));
            once.map(|number| jobs[*number].id.clone()).collect()
        };
        self.needs.iter().map(ids).collect()
    }

    /// Says of each need that can never be met whether its job does not exist or waits for ever.
    fn report_jobs_that_never_run(&self, diagnostics: &mut Diagnostics, jobs: &[Written]) {
        let runs = self.jobs_that_run();
        for (number, job) in jobs.iter().enumerate().filter(|(number, _)| !runs[*number]) {
            for (need, (name, position)) in self.needs[number].iter().zip(&job.needs) {
                let (code, message) = match need {
                    Some(need) if runs[*need] => continue,
                    Some(_) => (
                        "cyclic-needs",
                        format!(
                            "Job '{}' depends on job '{name}' which creates a cycle in the \
                             dependency graph.",
                            job.id
                        ),
                    ),
                    None => (
                        "unknown-job",
                        format!("Job '{}' depends on unknown job '{name}'.", job.id),
                    ),
                };
                diagnostics.error(Some(*position), code, message);
            }
        }
    }

    /// Whether each job could run if every job succeeded.
    fn jobs_that_run(&self) -> Vec<bool> {
        let mut dependents = vec![Vec::new(); self.needs.len()];
        for (number, needs) in self.needs.iter().enumerate() {
            needs.iter().flatten().for_each(|need| dependents[*need].push(number));
        }
        let mut missing: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut runs: Vec<bool> = missing.iter().map(|missing| *missing == 0).collect();
        let mut ready: VecDeque<usize> = (0..runs.len()).filter(|number| runs[*number]).collect();
        while let Some(number) = ready.pop_front() {
            for dependent in &dependents[number] {
                missing[*dependent] -= 1;
                if missing[*dependent] == 0 {
                    runs[*dependent] = true;
                    ready.push_back(*dependent);
                }
            }
        }
        runs
    }
}
