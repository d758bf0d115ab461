//! Which secrets a job can read, found without running it.
//!
//! Does not know which secrets exist. Invariant: never fewer than the job can read; every part of a job
//! is named here, so that the compiler asks about a new one.

use std::collections::BTreeSet;

use super::{Concurrency, Environment, Job, JobKind, RunDefaults, Step, StepKind, StepsJob};
use crate::expr::Expression;
use crate::template::{Token, TokenKind};

/// Secrets by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferencedSecrets {
    /// The context is used as a whole or with a computed name.
    All,
    /// In upper case.
    Names(BTreeSet<String>),
}

impl ReferencedSecrets {
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.contains(&name.to_uppercase()),
        }
    }

    fn none() -> Self {
        Self::Names(BTreeSet::new())
    }

    fn add_expression(&mut self, expression: &Expression) {
        let Self::Names(names) = self else { return };
        match expression.referenced_properties("secrets") {
            Some(found) => names.extend(found.iter().map(|name| name.to_uppercase())),
            None => *self = Self::All,
        }
    }

    fn add_token(&mut self, token: &Token) {
        match &token.kind {
            TokenKind::Expression(expression) => self.add_expression(expression),
            TokenKind::Sequence(items) => self.add_tokens(items),
            TokenKind::Mapping(pairs) => {
                for (key, value) in pairs {
                    self.add_tokens([key, value]);
                }
            }
            TokenKind::Null
            | TokenKind::Bool(_)
            | TokenKind::Number(_)
            | TokenKind::String(_)
            | TokenKind::Insert => {}
        }
    }

    fn add_tokens<'a>(&mut self, tokens: impl IntoIterator<Item = &'a Token>) {
        tokens.into_iter().for_each(|token| self.add_token(token));
    }
}

impl Job {
    /// What the job reads on its runner, with the `env` and the `defaults` of its workflow. For a call
    /// it is what the caller's own keys read; what it passes on is another matter.
    #[must_use]
    pub fn referenced_secrets(
        &self,
        workflow_env: Option<&Token>,
        workflow_defaults: &RunDefaults,
    ) -> ReferencedSecrets {
        let mut found = ReferencedSecrets::none();
        let Self { name, condition, strategy, concurrency, kind, .. } = self;
        found.add_tokens(workflow_env.into_iter().chain(name));
        add_defaults(&mut found, workflow_defaults);
        found.add_expression(condition);
        if let Some(strategy) = strategy {
            let parts =
                [&strategy.computed, &strategy.fail_fast, &strategy.max_parallel, &strategy.matrix];
            found.add_tokens(parts.into_iter().flatten());
        }
        if let Some(Concurrency { group, cancel_in_progress, .. }) = concurrency {
            found.add_tokens([group].into_iter().chain(cancel_in_progress));
        }
        if let JobKind::Steps(steps) = kind {
            add_steps_job(&mut found, steps);
        }
        found
    }
}

fn add_steps_job(found: &mut ReferencedSecrets, job: &StepsJob) {
    let StepsJob {
        runs_on,
        env,
        defaults,
        environment,
        outputs,
        container,
        services,
        timeout_minutes,
        cancel_timeout_minutes,
        continue_on_error,
        steps,
    } = job;
    found.add_token(runs_on);
    add_defaults(found, defaults);
    if let Some(Environment { name, url, deployment }) = environment {
        found.add_tokens([name].into_iter().chain(url).chain(deployment));
    }
    found.add_tokens(outputs.iter().map(|(_, value)| value));
    let parts =
        [env, container, services, timeout_minutes, cancel_timeout_minutes, continue_on_error];
    found.add_tokens(parts.into_iter().flatten());
    steps.iter().for_each(|step| add_step(found, step));
}

fn add_defaults(found: &mut ReferencedSecrets, defaults: &RunDefaults) {
    let RunDefaults { computed, shell, working_directory } = defaults;
    found.add_tokens([computed, shell, working_directory].into_iter().flatten());
}

fn add_step(found: &mut ReferencedSecrets, step: &Step) {
    let Step {
        id: _,
        position: _,
        name,
        condition,
        continue_on_error,
        timeout_minutes,
        env,
        background: _,
        kind,
    } = step;
    found.add_expression(condition);
    found.add_tokens([name, continue_on_error, timeout_minutes, env].into_iter().flatten());
    match kind {
        StepKind::Run { script, shell, working_directory } => {
            found.add_token(script);
            found.add_tokens([shell, working_directory].into_iter().flatten());
        }
        StepKind::Uses { uses: _, with } => found.add_tokens(with),
        StepKind::Parallel { steps } => steps.iter().for_each(|step| add_step(found, step)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read_workflow;

    fn referenced(job: &str) -> ReferencedSecrets {
        let text = format!(
            "on: push\nenv:\n  A: ${{{{ secrets.OF_WORKFLOW }}}}\njobs:\n  a:\n    runs-on: x\n{job}"
        );
        let (workflow, diagnostics) = read_workflow("ci.yml", &text);
        let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:?}"));
        workflow.jobs[0].referenced_secrets(workflow.env.as_ref(), &workflow.defaults)
    }

    fn names(job: &str) -> Vec<String> {
        match referenced(job) {
            ReferencedSecrets::All => vec!["all".into()],
            ReferencedSecrets::Names(names) => names.into_iter().collect(),
        }
    }

    #[test]
    fn names_are_found_in_every_part_of_a_job() {
        let job = "
    env: { B: '${{ secrets.of_job }}' }
    outputs: { C: '${{ secrets.OUTPUT }}' }
    container: { image: x, credentials: { username: u, password: '${{ secrets.LOGIN }}' } }
    services: { db: { image: y, env: { P: '${{ secrets.SERVICE }}' } } }
    steps:
      - run: echo ${{ secrets['QUOTED'] }} text ${{ format('{0}', secrets.INSIDE) }}
        env: { D: '${{ secrets.OF_STEP }}' }
      - uses: ./action
        if: github.ref == 'x'
        with: { token: '${{ secrets.INPUT }}' }
";
        let expected = [
            "INPUT",
            "INSIDE",
            "LOGIN",
            "OF_JOB",
            "OF_STEP",
            "OF_WORKFLOW",
            "OUTPUT",
            "QUOTED",
            "SERVICE",
        ];
        assert_eq!(names(job), expected);
    }

    #[test]
    fn what_cannot_be_told_beforehand_is_everything() {
        for expression in ["toJSON(secrets)", "secrets[github.ref]", "secrets.*"] {
            let job = format!("    steps: [{{ run: \"echo ${{{{ {expression} }}}}\" }}]\n");
            assert_eq!(referenced(&job), ReferencedSecrets::All, "{expression}");
        }
    }

    #[test]
    fn names_ignore_case() {
        let found = referenced("    steps: [{ run: 'echo ${{ secrets.Token }}' }]\n");
        assert!(found.contains("TOKEN") && found.contains("token") && !found.contains("OTHER"));
    }
}
