//! `needs:` of all jobs: names resolved without regard to case, cycles refused (`semantics` 1.4).
//!
//! Invariant: without errors the jobs form a graph without cycles.

use std::collections::{HashMap, HashSet};

use super::cycles;
use crate::diagnostic::{Diagnostics, Position};
use crate::model::JobId;
use crate::template::Token;

/// A job and the names under its `needs`, as written.
#[derive(Debug)]
pub(super) struct Written {
    id: JobId,
    needs: Vec<(String, Position)>,
}

/// Needs by job, as numbers of jobs, with the place that says so.
type Graph = Vec<Vec<(usize, Position)>>;

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
pub(super) fn resolve(
    diagnostics: &mut Diagnostics,
    jobs: &[Written],
    jobs_at: Position,
) -> Vec<Vec<JobId>> {
    let graph = graph(diagnostics, jobs);
    if jobs.iter().all(|job| !job.needs.is_empty()) {
        let message = "The workflow must contain at least one job with no dependencies.";
        diagnostics.error(Some(jobs_at), "no-starting-job", message);
    } else {
        report_cycles(diagnostics, jobs, &graph);
    }
    graph.iter().map(|needs| needs.iter().map(|(job, _)| jobs[*job].id.clone()).collect()).collect()
}

fn graph(diagnostics: &mut Diagnostics, jobs: &[Written]) -> Graph {
    let numbers: HashMap<String, usize> = jobs
        .iter()
        .enumerate()
        .map(|(number, job)| (job.id.as_str().to_uppercase(), number))
        .collect();
    let mut graph = Graph::with_capacity(jobs.len());
    for job in jobs {
        let mut seen = HashSet::new();
        let mut needs = Vec::with_capacity(job.needs.len());
        for (name, position) in &job.needs {
            match numbers.get(&name.to_uppercase()) {
                Some(number) if seen.insert(number) => needs.push((*number, *position)),
                Some(_) => {}
                None => {
                    let message = format!("Job '{}' depends on unknown job '{name}'.", job.id);
                    diagnostics.error(Some(*position), "unknown-job", message);
                }
            }
        }
        graph.push(needs);
    }
    graph
}

/// Reports each dependency that is part of a cycle.
fn report_cycles(diagnostics: &mut Diagnostics, jobs: &[Written], graph: &Graph) {
    let edges: Vec<Vec<usize>> =
        graph.iter().map(|needs| needs.iter().map(|(need, _)| *need).collect()).collect();
    let groups = cycles::groups(&edges);
    for (number, needs) in graph.iter().enumerate() {
        for (need, position) in needs.iter().filter(|(need, _)| groups[number] == groups[*need]) {
            let message = format!(
                "Job '{}' depends on job '{}' which creates a cycle in the dependency graph.",
                jobs[number].id, jobs[*need].id
            );
            diagnostics.error(Some(*position), "cyclic-needs", message);
        }
    }
}
