//! How many started containers a runner keeps ready for jobs to come, and for how long.
//!
//! Does not keep them ([`crate::warm`]). Invariant: with none to keep, a runner behaves as one that
//! cannot.

use std::time::Duration;

/// A container waits at most this long for a job unless the operator says otherwise: what the engine
/// or the operator changes about containers reaches all of them by then.
const DEFAULT_MAX_AGE_SECONDS: u64 = 3600;

/// With less memory than this left on the machine, jobs need it more than containers that wait.
const DEFAULT_FREE_MEMORY_MIB: u64 = 512;

/// What an operator wants to have ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmPolicy {
    /// Of each image; `None` for one per slot, 0 for none.
    pub per_image: Option<usize>,
    /// How many images: that of ordinary machines at first, later those that jobs use most.
    pub images: usize,
    pub max_age: Duration,
    /// Nothing is made ready while less memory than this is free.
    pub free_memory_mib: u64,
}

impl Default for WarmPolicy {
    fn default() -> Self {
        Self {
            per_image: None,
            images: 1,
            max_age: Duration::from_secs(DEFAULT_MAX_AGE_SECONDS),
            free_memory_mib: DEFAULT_FREE_MEMORY_MIB,
        }
    }
}

impl WarmPolicy {
    /// Nothing is kept ready; every job gets a new container.
    #[must_use]
    pub fn off() -> Self {
        Self { per_image: Some(0), ..Self::default() }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.per_image == Some(0) || self.images == 0
    }

    /// Containers of each image on a runner with this many slots.
    pub(crate) fn per_image(&self, slots: usize) -> usize {
        self.per_image.unwrap_or(slots)
    }
}

/// The same on a command line.
#[derive(Clone, Debug, clap::Args)]
pub struct WarmArguments {
    /// Started containers to keep ready of each image, 0 for none; without it, one per slot
    #[arg(long, env = "GANTRY_RUNNER_WARM", value_name = "N")]
    warm: Option<u16>,

    /// Images to keep containers ready of: the default one, and those that jobs use most
    #[arg(long, env = "GANTRY_RUNNER_WARM_IMAGES", default_value_t = 1, value_name = "N")]
    warm_images: u16,

    /// Seconds after which a container that waits for a job is replaced
    #[arg(long, env = "GANTRY_RUNNER_WARM_SECONDS", default_value_t = DEFAULT_MAX_AGE_SECONDS, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    warm_seconds: u64,

    /// MiB of memory that must be free for a container to be made ready
    #[arg(long, env = "GANTRY_RUNNER_WARM_FREE_MIB", default_value_t = DEFAULT_FREE_MEMORY_MIB, value_name = "MIB")]
    warm_free_mib: u64,
}

impl From<WarmArguments> for WarmPolicy {
    fn from(arguments: WarmArguments) -> Self {
        let WarmArguments { warm, warm_images, warm_seconds, warm_free_mib } = arguments;
        Self {
            per_image: warm.map(usize::from),
            images: usize::from(warm_images),
            max_age: Duration::from_secs(warm_seconds),
            free_memory_mib: warm_free_mib,
        }
    }
}
