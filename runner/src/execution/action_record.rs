//! What a job must remember of its actions from one stage, or one runner, to the next.
//!
//! Invariant: a step of an action that has ended is never run again, whatever is restarted.

use gantry_protocol::Annotation;
use gantry_workflow::expr::Expression;
use gantry_workflow::model::Action;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::contexts::ActionScope;
use super::state::StepResult;
use super::status::JobStatus;

/// Everything about actions that outlives a step.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct ActionsRecord {
    /// In the order in which they were downloaded.
    pub(crate) prepared: Vec<PreparedAction>,
    /// `STATE_*` by the key of the step.
    pub(crate) states: IndexMap<String, IndexMap<String, String>>,
    /// Post stages in the order registered, by the key of the action they are part of; those of the
    /// job's own steps are under the empty key.
    pub(crate) posts: IndexMap<String, Vec<RegisteredPost>>,
    /// What the steps of a composite action with post stages left, by the action's key.
    pub(crate) results: IndexMap<String, IndexMap<String, StepResult>>,
    /// The composite actions that run now, from the outermost on.
    pub(crate) levels: Vec<Level>,
    /// How far the log of the running step is, once a part of it will not be repeated.
    pub(crate) log: Option<LogPosition>,
}

/// An action of another repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreparedAction {
    pub(crate) owner: String,
    pub(crate) repository: String,
    /// As the workflow writes it.
    pub(crate) git_ref: String,
    /// The commit; `None` when the one that is part of the runner stands for it.
    pub(crate) sha: Option<String>,
    /// It is of the job's own repository, which others may not see.
    pub(crate) is_own: bool,
}

/// A post stage that is to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegisteredPost {
    /// Of the step among its neighbours.
    pub(crate) index: usize,
    pub(crate) name: String,
    /// `post-if`
    pub(crate) condition: Expression,
}

/// A composite action in the middle of its steps.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Level {
    pub(crate) action: Action,
    /// Of its step, for the names of post stages.
    pub(crate) name: String,
    pub(crate) scope: ActionScope,
    /// `env` of the steps around it.
    pub(crate) environment: IndexMap<String, String>,
    /// How the steps of this stage went so far.
    pub(crate) status: JobStatus,
    /// How many of the steps of this stage have ended.
    pub(crate) n_ended: usize,
}

/// The log of a step up to a point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogPosition {
    pub(crate) lines: u64,
    pub(crate) annotations: Vec<Annotation>,
}

impl ActionsRecord {
    /// The download of an action; names are compared without regard to case, refs with it.
    pub(crate) fn find(
        &self,
        owner: &str,
        repository: &str,
        git_ref: &str,
    ) -> Option<&PreparedAction> {
        self.prepared.iter().find(|action| {
            action.owner.eq_ignore_ascii_case(owner)
                && action.repository.eq_ignore_ascii_case(repository)
                && action.git_ref == git_ref
        })
    }

    /// Takes over what the step with `key` has left in a copy of this.
    pub(crate) fn merge(&mut self, key: &str, changed: Self) {
        let inner = format!("{key}.");
        let is_of_step = |other: &str| other == key || other.starts_with(&inner);
        for action in changed.prepared {
            if !self.prepared.contains(&action) {
                self.prepared.push(action);
            }
        }
        self.states.extend(changed.states.into_iter().filter(|(key, _)| is_of_step(key)));
        self.results.extend(changed.results.into_iter().filter(|(key, _)| is_of_step(key)));
        for (around, posts) in changed.posts {
            if is_of_step(&around) {
                self.posts.insert(around, posts);
            } else if around.is_empty() {
                let own = posts.into_iter().filter(|post| post.index.to_string() == key);
                own.for_each(|post| self.register("", post));
            }
        }
    }

    /// Notes a post stage, unless an earlier stage of the step has done so.
    pub(crate) fn register(&mut self, around: &str, post: RegisteredPost) {
        let posts = self.posts.entry(around.to_owned()).or_default();
        if posts.iter().all(|other| other.index != post.index) {
            posts.push(post);
        }
    }

    /// The post stages of an action, or of the job's own steps, in the order in which they run.
    pub(crate) fn posts_of(&self, key: &str) -> Vec<RegisteredPost> {
        self.posts.get(key).into_iter().flatten().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_workflow::schema::STEP_IF;

    fn post(index: usize) -> RegisteredPost {
        let condition = Expression::parse("always()", &STEP_IF).unwrap();
        RegisteredPost { index, name: format!("Post {index}"), condition }
    }

    #[test]
    fn posts_run_in_reverse_order_and_each_once() {
        let mut record = ActionsRecord::default();
        [0, 2, 0, 1].into_iter().for_each(|index| record.register("", post(index)));
        let order: Vec<usize> = record.posts_of("").iter().map(|post| post.index).collect();
        assert_eq!(order, [1, 2, 0]);
        assert!(record.posts_of("3").is_empty());
    }

    #[test]
    fn downloads_are_found_without_regard_to_the_case_of_names() {
        let action = PreparedAction {
            owner: "Octo".to_owned(),
            repository: "greet".to_owned(),
            git_ref: "v1".to_owned(),
            sha: None,
            is_own: false,
        };
        let record = ActionsRecord { prepared: vec![action], ..ActionsRecord::default() };
        assert!(record.find("octo", "GREET", "v1").is_some());
        assert!(record.find("octo", "greet", "V1").is_none());
    }
}
