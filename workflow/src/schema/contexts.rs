//! What expressions may name at each place of a workflow file (`semantics` 2.9).

use crate::expr::Allowed;

const fn contexts(contexts: &'static [&'static str]) -> Allowed {
    Allowed { contexts, status_functions: false, status_arguments: false, hash_files: false }
}

/// Keys of the whole run.
pub(super) static RUN: Allowed = contexts(&["github", "inputs", "vars"]);

/// The workflow's `env`.
pub(super) static WORKFLOW_ENV: Allowed = contexts(&["github", "inputs", "vars", "secrets"]);

/// `outputs` of a reusable workflow.
pub(super) static CALL_OUTPUT: Allowed = contexts(&["github", "inputs", "vars", "jobs"]);

/// `strategy`, which is what defines `strategy` and `matrix`.
pub(super) static STRATEGY: Allowed = contexts(&["github", "inputs", "vars", "needs"]);

/// Keys of a job that are evaluated before it is queued.
pub(super) static JOB: Allowed =
    contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix"]);

/// A job's `env`, and the `secrets` it passes to a reusable workflow.
pub(super) static JOB_ENV: Allowed =
    contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets"]);

/// A job's `defaults.run`.
pub(super) static JOB_DEFAULTS: Allowed =
    contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "env"]);

/// User and password of an image registry.
pub(super) static CREDENTIALS: Allowed =
    contexts(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "env"]);

/// Keys the runner evaluates outside of a step: outputs, `env` of containers.
pub(super) static RUNNER: Allowed = contexts(&[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner",
    "env",
]);

/// `environment.url`, which is public.
pub(super) static RUNNER_WITHOUT_SECRETS: Allowed = contexts(&[
    "github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env",
]);

/// Keys of a step.
pub(super) static STEP: Allowed = Allowed {
    contexts: &[
        "github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job",
        "runner", "env",
    ],
    status_functions: false,
    status_arguments: false,
    hash_files: true,
};

/// A job's `if`.
pub static JOB_IF: Allowed = Allowed {
    contexts: &["github", "inputs", "vars", "needs"],
    status_functions: true,
    status_arguments: true,
    hash_files: false,
};

/// A step's `if`.
pub static STEP_IF: Allowed = Allowed {
    contexts: &[
        "github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env",
    ],
    status_functions: true,
    status_arguments: false,
    hash_files: true,
};

/// The default of an action's input.
pub(super) static ACTION_INPUT_DEFAULT: Allowed = Allowed {
    contexts: &["github", "strategy", "matrix", "job", "runner"],
    status_functions: false,
    status_arguments: false,
    hash_files: true,
};

/// Arguments and `env` of an action in a container.
pub(super) static ACTION_ARGUMENT: Allowed = contexts(&["inputs"]);

/// An output of a composite action.
pub(super) static ACTION_OUTPUT: Allowed =
    contexts(&["github", "strategy", "matrix", "steps", "inputs", "job", "runner", "env"]);

/// Keys of a composite action's step.
pub(super) static ACTION_STEP: Allowed = Allowed {
    contexts: ACTION_OUTPUT.contexts,
    status_functions: false,
    status_arguments: false,
    hash_files: true,
};

/// `if` of a composite action's step.
pub(super) static ACTION_STEP_IF: Allowed = Allowed {
    contexts: ACTION_OUTPUT.contexts,
    status_functions: true,
    status_arguments: false,
    hash_files: true,
};
