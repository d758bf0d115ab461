//! Turns a job whose `if` is true into legs (`semantics` 4.1 and 4.2).
//!
//! Runs after the needs have ended, so that a matrix may come from their outputs. Invariant: at
//! least one leg, also when `exclude` removed every combination.

use super::condition::error_text;
use super::leg::{self, LegPlace};
use super::needs::contexts_of;
use super::scope::Scope;
use super::transition::{NewLeg, Transition};
use crate::diagnostic::Position;
use crate::expr::{Environment, Object, StatusView, Value};
use crate::model::{Job, JobId, Strategy};
use crate::plan::job_name;
use crate::plan::matrix::{self, Combination, MatrixError};
use crate::plan::slot::{Slot, SlotError};
use crate::template::{Token, TokenKind};

/// A job's legs and the rules between them.
pub(super) struct Expansion {
    legs: Vec<NewLeg>,
    fail_fast: bool,
    max_parallel: Option<u32>,
}

impl Expansion {
    pub(super) fn into_transition(self, job: JobId) -> Transition {
        Transition::Expand {
            job,
            legs: self.legs,
            fail_fast: self.fail_fast,
            max_parallel: self.max_parallel,
        }
    }
}

/// The strategy of a job, evaluated.
struct Rules {
    combinations: Vec<Combination>,
    fail_fast: bool,
    max_parallel: Option<u32>,
}

/// The legs of `job`, or GitHub's text of why they cannot be evaluated.
pub(super) fn expand(scope: &Scope<'_>, job: &Job, contexts: &Object) -> Result<Expansion, String> {
    let in_words = |error: SlotError| error_text(scope, Some(job), &error);
    let rules = match &job.strategy {
        None => Rules::none(),
        Some(strategy) => Rules::evaluate(strategy, contexts).map_err(in_words)?,
    };
    let default_name = job_name::default_name(job);
    let places = rules.places(&default_name);
    let legs = places
        .into_iter()
        .map(|place| leg::evaluate(scope, job, (contexts, place)).map_err(in_words))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Expansion { legs, fail_fast: rules.fail_fast, max_parallel: rules.max_parallel })
}

/// The display name of a leg that exists; evaluated again, because a state does not keep names.
pub(super) fn leg_name(scope: &Scope<'_>, job: &Job, leg: usize) -> String {
    let expansion = expand(scope, job, &contexts_of(scope, job)).ok();
    let name = expansion.and_then(|expansion| Some(expansion.legs.get(leg)?.name.clone()));
    name.unwrap_or_else(|| job_name::default_name(job))
}

/// The name of a job that ends without legs: its `name`, unless that needs a matrix.
pub(super) fn unexpanded_name(scope: &Scope<'_>, job: &Job, contexts: &Object) -> String {
    scope.display_name(&own_name(job, contexts))
}

fn own_name(job: &Job, contexts: &Object) -> String {
    let fallback = job_name::with_values(&job_name::default_name(job), &[]);
    let Some(Token { kind: TokenKind::Expression(expression), .. }) = &job.name else {
        return fallback;
    };
    let uses = |context| expression.referenced_properties(context) != Some(Vec::new());
    if uses("matrix") || uses("strategy") {
        return fallback;
    }
    let status = StatusView::default();
    let environment = Environment { contexts, status: &status, hash_files: None };
    match expression.evaluate(&environment) {
        Ok(value) if !value.to_text().is_empty() => value.to_text().into_owned(),
        _ => fallback,
    }
}

impl Rules {
    fn none() -> Self {
        Self { combinations: Vec::new(), fail_fast: true, max_parallel: None }
    }

    fn evaluate(strategy: &Strategy, contexts: &Object) -> Result<Self, SlotError> {
        let status = StatusView::default();
        let environment = Environment { contexts, status: &status, hash_files: None };
        let slot = |token| Slot::new("strategy", token);
        let strategy = strategy.resolve(&environment).map_err(|error| SlotError {
            key: "strategy",
            position: strategy.position,
            message: error.message,
        })?;
        let combinations = match &strategy.matrix {
            None => Vec::new(),
            Some(token) => {
                let value = slot(token).value(&environment)?;
                matrix::expand(&value).map_err(|error| place_error(token, error))?
            }
        };
        let fail_fast = match &strategy.fail_fast {
            None => true,
            Some(token) => slot(token).boolean(&environment)?,
        };
        let max_parallel = match &strategy.max_parallel {
            None => None,
            Some(token) => at_least_one(slot(token).number(&environment)?),
        };
        Ok(Self { combinations, fail_fast, max_parallel })
    }

    /// Name, `matrix` and `strategy` of each leg; one leg without a matrix when there is none.
    fn places(&self, default_name: &str) -> Vec<LegPlace> {
        if self.combinations.is_empty() {
            return vec![LegPlace {
                default_name: job_name::with_values(default_name, &[]),
                matrix: Value::Null,
                strategy: strategy_context(self.fail_fast, 0, 1, 1),
            }];
        }
        let total = self.combinations.len();
        let parallel = self.max_parallel.map_or(total, |n| usize::try_from(n).unwrap_or(total));
        let place = |(index, combination): (usize, &Combination)| LegPlace {
            default_name: job_name::with_values(default_name, &combination.name_values),
            matrix: combination.matrix.clone(),
            strategy: strategy_context(self.fail_fast, index, total, parallel),
        };
        self.combinations.iter().enumerate().map(place).collect()
    }
}

/// The `strategy` context.
fn strategy_context(fail_fast: bool, index: usize, total: usize, parallel: usize) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "at most 256 legs")]
    let number = |number: usize| Value::Number(number as f64);
    Value::object([
        ("fail-fast".to_owned(), Value::Bool(fail_fast)),
        ("job-index".to_owned(), number(index)),
        ("job-total".to_owned(), number(total)),
        ("max-parallel".to_owned(), number(parallel)),
    ])
}

/// Zero and less mean no limit.
fn at_least_one(number: f64) -> Option<u32> {
    leg::whole(number).filter(|limit| *limit > 0)
}

/// Points at the wrong key where the matrix is written as a mapping.
fn place_error(matrix: &Token, error: MatrixError) -> SlotError {
    SlotError {
        key: "strategy",
        position: error
            .key
            .as_deref()
            .and_then(|key| position_of(matrix, key))
            .unwrap_or(matrix.position),
        message: error.message,
    }
}

fn position_of(matrix: &Token, key: &str) -> Option<Position> {
    let TokenKind::Mapping(pairs) = &matrix.kind else { return None };
    let is_key = |token: &Token| matches!(&token.kind, TokenKind::String(name) if name == key);
    pairs.iter().find(|(name, _)| is_key(name)).map(|(_, value)| value.position)
}
