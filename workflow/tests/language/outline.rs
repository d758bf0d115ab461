//! A workflow and its diagnostics as a text that people can review.
//!
//! Leaves out what is absent, and the positions of everything but jobs, steps and diagnostics.

use std::fmt::Write as _;

use gantry_workflow::diagnostic::{Diagnostic, Position, Severity};
use gantry_workflow::model::{
    CallJob, CallSecrets, Concurrency, EventTrigger, Job, JobKind, Permissions, RunDefaults, Step,
    StepKind, StepsJob, Uses, Workflow, WorkflowCall,
};
use gantry_workflow::template::{Token, TokenKind};

pub(crate) fn of(workflow: Option<&Workflow>, diagnostics: &[Diagnostic]) -> String {
    let mut outline = Outline::new(diagnostics);
    if let Some(workflow) = workflow {
        outline.workflow(workflow);
    }
    outline.text
}

pub(crate) struct Outline {
    pub(crate) text: String,
}

impl Outline {
    pub(crate) fn new(diagnostics: &[Diagnostic]) -> Self {
        let mut outline = Self { text: String::new() };
        for diagnostic in diagnostics {
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            outline.line(0, &format!("{severity}[{}] {diagnostic}", diagnostic.code));
        }
        outline
    }

    pub(crate) fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.text, "{}{text}", "  ".repeat(depth)).expect("a String takes everything");
    }

    pub(crate) fn token(&mut self, depth: usize, key: &str, token: Option<&Token>) {
        if let Some(token) = token {
            self.line(depth, &format!("{key}: {}", display(token)));
        }
    }

    fn workflow(&mut self, workflow: &Workflow) {
        self.line(0, &format!("workflow {}", workflow.display_name()));
        self.token(1, "run-name", workflow.run_name.as_ref());
        for trigger in &workflow.on {
            self.trigger(trigger);
        }
        self.token(1, "env", workflow.env.as_ref());
        self.defaults(1, &workflow.defaults);
        self.permissions(1, workflow.permissions.as_ref());
        self.concurrency(1, workflow.concurrency.as_ref());
        for job in &workflow.jobs {
            self.job(job);
        }
    }

    fn trigger(&mut self, trigger: &EventTrigger) {
        self.line(1, &format!("on {}", trigger.event));
        let filters = &trigger.filters;
        let lists = [
            ("types", &trigger.types),
            ("branches", &filters.branches),
            ("branches-ignore", &filters.branches_ignore),
            ("tags", &filters.tags),
            ("tags-ignore", &filters.tags_ignore),
            ("paths", &filters.paths),
            ("paths-ignore", &filters.paths_ignore),
        ];
        for (key, list) in lists {
            if let Some(list) = list {
                self.line(2, &format!("{key}: {list:?}"));
            }
        }
        if !trigger.workflows.is_empty() {
            self.line(2, &format!("workflows: {:?}", trigger.workflows));
        }
        for schedule in &trigger.schedules {
            self.line(2, &format!("cron {:?} {:?}", schedule.cron, schedule.timezone));
        }
        for input in &trigger.inputs {
            let required = if input.required { " required" } else { "" };
            self.line(2, &format!("input {}: {:?}{required}", input.name, input.kind));
            for (key, value) in [("description", &input.description), ("default", &input.default)] {
                if let Some(value) = value {
                    self.line(3, &format!("{key}: {value:?}"));
                }
            }
            if !input.options.is_empty() {
                self.line(3, &format!("options: {:?}", input.options));
            }
        }
        if let Some(call) = &trigger.call {
            self.declared_call(call);
        }
    }

    fn declared_call(&mut self, call: &WorkflowCall) {
        let required = |required: bool| if required { " required" } else { "" };
        for input in &call.inputs {
            let required = required(input.required);
            self.line(2, &format!("input {}: {:?}{required}", input.name, input.kind));
            self.token(3, "default", input.default.as_ref());
        }
        for secret in &call.secrets {
            self.line(2, &format!("secret {}{}", secret.name, required(secret.required)));
        }
        for (name, value) in &call.outputs {
            self.token(2, &format!("output {name}"), Some(value));
        }
    }

    fn call_job(&mut self, call: &CallJob) {
        self.line(2, &format!("calls {}", call.uses));
        for (name, value) in &call.with {
            self.token(3, name, Some(value));
        }
        match &call.secrets {
            CallSecrets::None => {}
            CallSecrets::Inherit => self.line(3, "inherits secrets"),
            CallSecrets::Named(secrets) => {
                for (name, value) in secrets {
                    self.token(3, &format!("secret {name}"), Some(value));
                }
            }
        }
    }

    fn job(&mut self, job: &Job) {
        self.line(1, &format!("job {} {}", job.id, place(job.position)));
        self.token(2, "name", job.name.as_ref());
        if !job.needs.is_empty() {
            let needs: Vec<_> = job.needs.iter().map(ToString::to_string).collect();
            self.line(2, &format!("needs: {}", needs.join(", ")));
        }
        self.line(2, &format!("if: {}", job.condition));
        if let Some(strategy) = &job.strategy {
            self.token(2, "strategy", strategy.computed.as_ref());
            self.token(2, "fail-fast", strategy.fail_fast.as_ref());
            self.token(2, "max-parallel", strategy.max_parallel.as_ref());
            self.token(2, "matrix", strategy.matrix.as_ref());
        }
        self.permissions(2, job.permissions.as_ref());
        self.concurrency(2, job.concurrency.as_ref());
        match &job.kind {
            JobKind::Steps(steps) => self.steps_job(steps),
            JobKind::Call(call) => self.call_job(call),
        }
    }

    fn steps_job(&mut self, job: &StepsJob) {
        self.token(2, "runs-on", Some(&job.runs_on));
        self.token(2, "env", job.env.as_ref());
        self.defaults(2, &job.defaults);
        if let Some(environment) = &job.environment {
            self.token(2, "environment", Some(&environment.name));
            self.token(3, "url", environment.url.as_ref());
            self.token(3, "deployment", environment.deployment.as_ref());
        }
        for (name, value) in &job.outputs {
            self.token(2, &format!("output {name}"), Some(value));
        }
        let keys = [
            ("container", &job.container),
            ("services", &job.services),
            ("timeout-minutes", &job.timeout_minutes),
            ("cancel-timeout-minutes", &job.cancel_timeout_minutes),
            ("continue-on-error", &job.continue_on_error),
        ];
        for (key, token) in keys {
            self.token(2, key, token.as_ref());
        }
        for step in &job.steps {
            self.step(2, step);
        }
    }

    pub(crate) fn step(&mut self, depth: usize, step: &Step) {
        self.line(depth, &format!("step {} {}", step.id, place(step.position)));
        self.token(depth + 1, "name", step.name.as_ref());
        self.line(depth + 1, &format!("if: {}", step.condition));
        match &step.kind {
            StepKind::Run { script, shell, working_directory } => {
                self.token(depth + 1, "run", Some(script));
                self.token(depth + 1, "shell", shell.as_ref());
                self.token(depth + 1, "working-directory", working_directory.as_ref());
            }
            StepKind::Uses { uses, with } => {
                self.line(depth + 1, &format!("uses {}", display_uses(uses)));
                self.token(depth + 1, "with", with.as_ref());
            }
            StepKind::Wait { steps } => {
                self.line(depth + 1, &format!("waits for {}", steps.join(", ")))
            }
            StepKind::WaitAll => self.line(depth + 1, "waits for all"),
            StepKind::Cancel { step } => self.line(depth + 1, &format!("cancels {step}")),
            StepKind::Parallel { steps } => {
                steps.iter().for_each(|step| self.step(depth + 1, step))
            }
        }
        if step.background {
            self.line(depth + 1, "in the background");
        }
        self.token(depth + 1, "env", step.env.as_ref());
        self.token(depth + 1, "continue-on-error", step.continue_on_error.as_ref());
        self.token(depth + 1, "timeout-minutes", step.timeout_minutes.as_ref());
    }

    fn defaults(&mut self, depth: usize, defaults: &RunDefaults) {
        self.token(depth, "defaults", defaults.computed.as_ref());
        self.token(depth, "default shell", defaults.shell.as_ref());
        self.token(depth, "default working-directory", defaults.working_directory.as_ref());
    }

    fn permissions(&mut self, depth: usize, permissions: Option<&Permissions>) {
        if let Some(permissions) = permissions {
            self.line(depth, &format!("permissions: {permissions:?}"));
        }
    }

    fn concurrency(&mut self, depth: usize, concurrency: Option<&Concurrency>) {
        if let Some(concurrency) = concurrency {
            self.token(depth, "concurrency", Some(&concurrency.group));
            self.token(depth + 1, "cancel-in-progress", concurrency.cancel_in_progress.as_ref());
            if concurrency.queue_max {
                self.line(depth + 1, "queue: max");
            }
        }
    }
}

fn place(Position { line, column }: Position) -> String {
    format!("({line}:{column})")
}

fn display_uses(uses: &Uses) -> String {
    match uses {
        Uses::Repository { owner, repository, path, git_ref } => {
            let path = path.as_deref().map(|path| format!(" path {path}")).unwrap_or_default();
            format!("repository {owner}/{repository}{path} at {git_ref}")
        }
        Uses::Local { path } => format!("local {path}"),
        Uses::Docker { image } => format!("docker {image}"),
        Uses::SelfRepository { path } => format!("own repository {path}"),
    }
}

pub(crate) fn display(token: &Token) -> String {
    match &token.kind {
        TokenKind::Null => "null".to_owned(),
        TokenKind::Bool(value) => value.to_string(),
        TokenKind::Number(number) => number.to_string(),
        TokenKind::String(text) => format!("{text:?}"),
        TokenKind::Expression(expression) => format!("${{{{ {expression} }}}}"),
        TokenKind::Insert => "${{ insert }}".to_owned(),
        TokenKind::Sequence(items) => {
            format!("[{}]", items.iter().map(display).collect::<Vec<_>>().join(", "))
        }
        TokenKind::Mapping(pairs) => {
            let pair =
                |(key, value): &(Token, Token)| format!("{}: {}", key_of(key), display(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

fn key_of(token: &Token) -> String {
    match &token.kind {
        TokenKind::String(text) => text.clone(),
        _ => display(token),
    }
}
