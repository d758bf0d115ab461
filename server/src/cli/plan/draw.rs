//! A forecast for people: the graph of jobs as a tree. Pure.
//!
//! A job with several needs stands below the one that lies deepest; the others are named beside it.
//! What a job calls stands within it, before what is below it.
//! Invariant: every job and every need of it appears once.

use std::collections::BTreeMap;

use gantry_workflow::advance::NewLeg;
use gantry_workflow::model::JobId;

use super::forecast::{Forecast, Outcome};
use super::simulate::{Fate, JobForecast};
use crate::cli::check::Style;

/// Columns of the tree before the notes beside it; a longer name pushes its note to the right.
const MAX_TREE: usize = 48;

/// A headline, and the tree if there is a run.
pub(super) fn draw(forecast: &Forecast, style: Style) -> String {
    let Forecast { path, workflow, event, git_ref, outcome } = forecast;
    let name = match workflow == path {
        true => path.clone(),
        false => format!("{workflow} ({path})"),
    };
    let place = match git_ref.as_str() {
        "" => String::new(),
        git_ref => format!(" on {git_ref}"),
    };
    match outcome {
        Outcome::DoesNot { reason } => {
            format!("{name}\n{} for {event}: {reason}\n", style.faint("does not start"))
        }
        Outcome::Starts { title, concurrency, jobs } => {
            let group = concurrency.as_ref().map(|group| format!(", concurrency group {group}"));
            let started = style.good("starts");
            let tree = Tree::of(jobs).lines(style);
            format!(
                "{name}\n{started} for {event}{place}: \"{title}\"{}\n\n{tree}",
                group.unwrap_or_default()
            )
        }
    }
}

struct Tree<'a> {
    jobs: &'a [JobForecast],
    /// The jobs below each job, and those below none, in the order of the file.
    below: BTreeMap<Option<&'a JobId>, Vec<&'a JobForecast>>,
}

/// A line of the tree and what is said beside it.
struct Line {
    tree: String,
    mark: char,
    note: String,
}

impl<'a> Tree<'a> {
    fn of(jobs: &'a [JobForecast]) -> Self {
        let mut tree = Self { jobs, below: BTreeMap::new() };
        let depths = tree.depths();
        for forecast in jobs {
            let depth = |need: &&JobId| depths.get(*need).copied().unwrap_or_default();
            let deepest = forecast.job.needs.iter().max_by_key(depth);
            tree.below.entry(deepest).or_default().push(forecast);
        }
        tree
    }

    /// How many jobs stand one after another before each job. The graph has no cycle.
    fn depths(&self) -> BTreeMap<&'a JobId, usize> {
        let mut depths: BTreeMap<&JobId, usize> = BTreeMap::new();
        for _ in self.jobs {
            for JobForecast { job, .. } in self.jobs {
                let above = job.needs.iter().filter_map(|need| depths.get(need)).max();
                let depth = above.map_or(0, |above| above + 1);
                depths.insert(&job.id, depth);
            }
        }
        depths
    }

    fn lines(&self, style: Style) -> String {
        let mut lines = Vec::new();
        self.roots("", &mut lines);
        let width = lines.iter().map(|line| line.tree.chars().count()).max().unwrap_or(0);
        let width = width.min(MAX_TREE);
        let drawn = lines.iter().map(|Line { tree, mark, note }| {
            let line = format!("{tree:width$}  {note}");
            let line = line.trim_end();
            match mark {
                '-' => format!("{}\n", style.faint(line)),
                '✗' => format!("{}\n", style.error(line)),
                '?' => format!("{}\n", style.warning(line)),
                _ => format!("{line}\n"),
            }
        });
        drawn.collect()
    }

    /// A job after `first`, with what it calls and what is below it after `rest`.
    fn job(&self, forecast: &'a JobForecast, (first, rest): (&str, &str), lines: &mut Vec<Line>) {
        let mark = mark(forecast);
        let below = self.below.get(&Some(&forecast.job.id)).map_or(&[][..], Vec::as_slice);
        let also = self.other_needs(forecast);
        let bar = if below.is_empty() { " " } else { "│" };
        let within = format!("{rest}{bar} ");
        match &forecast.fate {
            Fate::Runs(legs) if legs.len() > 1 => {
                let note = joined([format!("{} jobs", legs.len()), also]);
                lines.push(Line { tree: format!("{first}{mark} {}", forecast.name), mark, note });
                for (leg, called) in legs.iter().zip(&forecast.called) {
                    let tree = format!("{within}· {}", leg.name);
                    lines.push(Line { tree, mark, note: leg_note(forecast, leg) });
                    Tree::of(called).roots(&format!("{within}  "), lines);
                }
            }
            fate => {
                let (name, note) = match fate {
                    Fate::Runs(legs) => match legs.first() {
                        Some(leg) => (leg.name.clone(), leg_note(forecast, leg)),
                        None => (forecast.name.clone(), String::new()),
                    },
                    Fate::Ends { name, .. } => (name.clone(), String::new()),
                    Fate::Waits => (forecast.name.clone(), String::new()),
                };
                let reason = forecast.reason().unwrap_or_default();
                let note = joined([note, also, reason]);
                lines.push(Line { tree: format!("{first}{mark} {name}"), mark, note });
                for called in &forecast.called {
                    Tree::of(called).roots(&within, lines);
                }
            }
        }
        for (index, child) in below.iter().enumerate() {
            let (branch, stem) = match index + 1 == below.len() {
                true => ("└─", "  "),
                false => ("├─", "│ "),
            };
            let (first, rest) = (format!("{rest}{branch}"), format!("{rest}{stem}"));
            self.job(child, (&first, &rest), lines);
        }
    }

    /// The jobs below none, each after `indent`.
    fn roots(&self, indent: &str, lines: &mut Vec<Line>) {
        for root in self.below.get(&None).into_iter().flatten() {
            self.job(root, (indent, indent), lines);
        }
    }

    /// The needs that the tree does not show.
    fn other_needs(&self, forecast: &JobForecast) -> String {
        let stands_below = |need: &&JobId| {
            self.below
                .get(&Some(*need))
                .is_some_and(|below| below.iter().any(|child| child.job.id == forecast.job.id))
        };
        let others: Vec<_> = forecast.job.needs.iter().filter(|need| !stands_below(need)).collect();
        match others.as_slice() {
            [] => String::new(),
            others => {
                let names: Vec<_> = others.iter().map(|need| need.as_str()).collect();
                format!("also needs {}", names.join(", "))
            }
        }
    }
}

fn mark(forecast: &JobForecast) -> char {
    match (forecast.runs(), &forecast.fate) {
        (Some(true), _) => '●',
        (None, _) => '?',
        (Some(false), fate) if fate.is_failure() => '✗',
        (Some(false), _) => '-',
    }
}

fn leg_note(forecast: &JobForecast, leg: &NewLeg) -> String {
    if let Some(uses) = forecast.uses() {
        return format!("calls {uses}");
    }
    let environment = leg.environment.as_ref().map(|name| format!("environment {name}"));
    joined([leg.runs_on.join(", "), environment.unwrap_or_default()])
}

fn joined<const N: usize>(notes: [String; N]) -> String {
    let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    notes.join("; ")
}
