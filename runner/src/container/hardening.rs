//! Keeping a container within what the runner's operator allows. Pure.
//!
//! Invariant: `options` of a workflow only make a container smaller than that, never larger.

use super::spec::ContainerSpec;
use crate::config::RunnerConfig;
use crate::confinement::Profile;

/// Processes of one container; a fork bomb ends itself and not the machine. At the limit `fork`
/// fails.
const MOST_PROCESSES: i64 = 4096;

/// The most that one container gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) profile: Profile,
    pub(crate) memory_bytes: Option<i64>,
    pub(crate) nano_cpus: Option<i64>,
}

impl Limits {
    /// What the operator gives a container at most.
    pub(crate) fn of(config: &RunnerConfig) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the command line takes at most 1024")]
        let nano_cpus = config.confinement.cpus.map(|cpus| (cpus * 1e9) as i64);
        let memory_bytes = config.confinement.memory_bytes(config.slots);
        let memory_bytes = memory_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        Self { profile: config.confinement.profile, memory_bytes, nano_cpus }
    }
}

/// Applies the limits to what a workflow asks for.
pub(crate) fn confine(spec: &mut ContainerSpec, limits: Limits) {
    let resources = &mut spec.resources;
    resources.memory_bytes = smaller(resources.memory_bytes, limits.memory_bytes);
    resources.nano_cpus = smaller(resources.nano_cpus, limits.nano_cpus);
    resources.processes = smaller(resources.processes, Some(MOST_PROCESSES));
    // Without a limit of its own a container could swap as much again.
    resources.memory_and_swap_bytes = match (resources.memory_bytes, limits.memory_bytes) {
        (memory, Some(_)) => memory,
        (memory, None) => resources.memory_and_swap_bytes.or(memory),
    };
    spec.profile = limits.profile;
    spec.no_new_privileges |= limits.profile == Profile::Standard;
}

/// Zero and below mean no limit to the engine.
fn smaller(wanted: Option<i64>, most: Option<i64>) -> Option<i64> {
    wanted.filter(|&wanted| wanted > 0).into_iter().chain(most).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confined(wanted: Option<i64>, limits: Limits) -> ContainerSpec {
        let mut spec = ContainerSpec::default();
        spec.resources.memory_bytes = wanted;
        spec.resources.processes = Some(-1);
        confine(&mut spec, limits);
        spec
    }

    #[test]
    fn a_workflow_makes_its_limits_smaller_and_never_larger() {
        let limited = Limits { memory_bytes: Some(100), ..Limits::default() };
        for (wanted, expected) in [(None, 100), (Some(50), 50), (Some(200), 100), (Some(0), 100)] {
            let resources = confined(wanted, limited).resources;
            assert_eq!(resources.memory_bytes, Some(expected), "{wanted:?}");
            assert_eq!(resources.memory_and_swap_bytes, Some(expected), "{wanted:?}");
            assert_eq!(resources.processes, Some(MOST_PROCESSES));
        }
        assert_eq!(confined(None, Limits::default()).resources.memory_bytes, None);
        assert_eq!(confined(Some(7), Limits::default()).resources.memory_bytes, Some(7));
    }

    #[test]
    fn the_standard_profile_forbids_new_privileges() {
        assert!(!confined(None, Limits::default()).no_new_privileges);
        let standard = Limits { profile: Profile::Standard, ..Limits::default() };
        assert!(confined(None, standard).no_new_privileges);
    }
}
