//! The stages of a step: before all steps, its own, and after all steps (`semantics` 5.15).

use gantry_workflow::expr::Expression;
use gantry_workflow::model::Step;

use crate::execution::RegisteredPost;

/// Which part of a step's action runs.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Pre {
        /// `pre-if`
        condition: Expression,
    },
    Main,
    Post {
        /// `post-if`
        condition: Expression,
        /// As noted when the main stage began.
        name: String,
    },
}

impl Stage {
    /// Under which the stage of `step` runs.
    pub(crate) fn condition<'a>(&'a self, step: &'a Step) -> &'a Expression {
        match self {
            Self::Pre { condition } | Self::Post { condition, .. } => condition,
            Self::Main => &step.condition,
        }
    }

    /// The name of this stage, from the one of the step.
    pub(crate) fn name(&self, step: String) -> String {
        match self {
            Self::Pre { .. } => format!("Pre {step}"),
            Self::Main => step,
            Self::Post { name, .. } => name.clone(),
        }
    }

    pub(crate) fn is_main(&self) -> bool {
        matches!(self, Self::Main)
    }
}

impl From<RegisteredPost> for Stage {
    fn from(post: RegisteredPost) -> Self {
        Self::Post { condition: post.condition, name: post.name }
    }
}

/// The name of the post stage of a step whose running stage has this name.
pub(super) fn post_name(name: &str) -> String {
    format!("Post {}", name.strip_prefix("Pre ").unwrap_or(name))
}
