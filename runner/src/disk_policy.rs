//! How full a runner lets its disk become.
//!
//! Invariant: with all limits at zero nothing is looked at.

/// A job that finds less than this fails in the middle of something.
const DEFAULT_LEAST_MIB: u64 = 512;

/// Below this, images of actions are removed, those that were not used for longest first.
const DEFAULT_LOW_MIB: u64 = 4096;

/// Until this much is free again.
const DEFAULT_HIGH_MIB: u64 = 8192;

/// What must be free on the disk of the work directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskPolicy {
    /// With less no job is taken.
    pub least_mib: u64,
    /// With less, images that Gantry has made are removed.
    pub low_mib: u64,
    /// Until this much is free.
    pub high_mib: u64,
}

impl Default for DiskPolicy {
    fn default() -> Self {
        Self { least_mib: DEFAULT_LEAST_MIB, low_mib: DEFAULT_LOW_MIB, high_mib: DEFAULT_HIGH_MIB }
    }
}

/// The same on a command line.
#[derive(Clone, Debug, clap::Args)]
pub struct DiskArguments {
    /// MiB that must be free on the work directory's disk for a job to be taken
    #[arg(long, env = "GANTRY_RUNNER_DISK_LEAST_MIB", default_value_t = DEFAULT_LEAST_MIB, value_name = "MIB")]
    disk_least_mib: u64,

    /// MiB free below which images of actions are removed
    #[arg(long, env = "GANTRY_RUNNER_DISK_LOW_MIB", default_value_t = DEFAULT_LOW_MIB, value_name = "MIB")]
    disk_low_mib: u64,

    /// MiB free until which they are removed
    #[arg(long, env = "GANTRY_RUNNER_DISK_HIGH_MIB", default_value_t = DEFAULT_HIGH_MIB, value_name = "MIB")]
    disk_high_mib: u64,
}

impl From<DiskArguments> for DiskPolicy {
    fn from(arguments: DiskArguments) -> Self {
        let DiskArguments { disk_least_mib, disk_low_mib, disk_high_mib } = arguments;
        Self { least_mib: disk_least_mib, low_mib: disk_low_mib, high_mib: disk_high_mib }
    }
}
