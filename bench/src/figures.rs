//! Medians, and how they are printed.

use std::time::Duration;

/// The middle of `samples`, in milliseconds.
pub(crate) fn median_ms(samples: &[Duration]) -> f64 {
    let mut sorted: Vec<f64> = samples.iter().map(|sample| sample.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints how much of its floor's speed a figure reaches.
pub(crate) fn report_share(name: &str, figure_ms: f64, floor_ms: f64, goal: &str) {
    println!(
        "{name}: {figure_ms:.0} ms, floor {floor_ms:.0} ms, {:.2} of its speed; goal: {goal}",
        floor_ms / figure_ms
    );
}

/// Prints a figure beside its floor.
pub(crate) fn report(name: &str, figure_ms: f64, floor_ms: f64, goal: &str) {
    println!(
        "{name}: {figure_ms:.1} ms, floor {floor_ms:.1} ms, ratio {:.2}, {:+.1} ms over the floor; goal: {goal}",
        figure_ms / floor_ms,
        figure_ms - floor_ms
    );
}
