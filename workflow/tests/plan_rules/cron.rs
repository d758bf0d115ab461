//! Cron lines (`semantics` 3.4).

use chrono::{DateTime, Utc};
use gantry_workflow::trigger::cron::{CronSchedule, next_after};

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

fn next(cron: &str, timezone: Option<&str>, after: &str) -> String {
    let due = next_after(cron, timezone, at(after)).unwrap();
    due.map_or("never".to_owned(), |due| due.format("%Y-%m-%dT%H:%M").to_string())
}

/// The first `count` due times, each asked from the one before.
fn following(cron: &str, timezone: Option<&str>, after: &str, count: usize) -> Vec<String> {
    let mut from = after.to_owned();
    (0..count)
        .map(|_| {
            from = next(cron, timezone, &from);
            from.clone()
        })
        .collect()
}

#[test]
fn due_times_follow_posix() {
    for (cron, after, due) in [
        ("0 2 * * *", "2026-03-01T01:59", "2026-03-01T02:00"),
        ("0 2 * * *", "2026-03-01T02:00", "2026-03-02T02:00"),
        ("*/15 * * * *", "2026-03-01T02:01", "2026-03-01T02:15"),
        ("20/15 * * * *", "2026-03-01T02:00", "2026-03-01T02:20"),
        ("20/15 * * * *", "2026-03-01T02:50", "2026-03-01T03:20"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2028-02-29T00:00"),
        ("0 0 1 jan *", "2026-03-01T00:00", "2027-01-01T00:00"),
        ("5,35 4-6 * * MON-FRI", "2026-03-01T00:00", "2026-03-02T04:05"),
        ("0 0 * * 0", "2026-03-02T00:00", "2026-03-08T00:00"),
        // Both day fields restricted: either is enough.
        ("0 0 13 * 5", "2026-03-01T00:00", "2026-03-06T00:00"),
        ("0 0 31 2 *", "2026-03-01T00:00", "never"),
    ] {
        assert_eq!(next(cron, None, after), due, "{cron} after {after}");
    }
}

#[test]
fn what_github_does_not_run_is_refused() {
    for (cron, problem) in [
        ("@daily", "write five fields"),
        ("0 0 * * 7", "`7` is not a value from 0 to 6"),
        ("0 0 * * 1-7", "`7` is not a value from 0 to 6"),
        ("0 0 * *", "it has 4"),
        ("0 0 0 * * *", "it has 6"),
        ("60 0 * * *", "minute: `60` is not a value from 0 to 59"),
        ("0 24 * * *", "hour: `24`"),
        ("0 0 0 * *", "day of the month: `0`"),
        ("0 0 L * *", "day of the month: `L`"),
        ("0 0 ? * *", "`?`"),
        ("0 0 * * 1#2", "day of the week: `1#2`"),
        ("0 0 * 13 *", "month: `13`"),
        ("*/0 * * * *", "`/0` is not a step"),
        ("50-10 * * * *", "`50-10` runs backwards"),
        ("mon * * * *", "minute: `mon`"),
        ("", "it has 0"),
    ] {
        let error = CronSchedule::parse(cron, None).unwrap_err().to_string();
        assert!(error.contains(problem), "`{cron}`: {error}");
    }
    let error = CronSchedule::parse("0 0 * * *", Some("Mars/Base")).unwrap_err().to_string();
    assert!(error.contains("Invalid timezone `Mars/Base`"), "{error}");
}

#[test]
fn a_time_zone_moves_with_summer_time() {
    let berlin = Some("Europe/Berlin");
    assert_eq!(next("0 9 * * *", berlin, "2026-01-10T00:00"), "2026-01-10T08:00");
    assert_eq!(next("0 9 * * *", berlin, "2026-07-10T00:00"), "2026-07-10T07:00");
}

#[test]
fn a_local_time_skipped_in_spring_runs_at_the_next_valid_one() {
    let days = following("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T00:00", 3);
    // 29 March 2026: 02:00 becomes 03:00 local, which is 01:00 UTC.
    assert_eq!(days, ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]);
}

#[test]
fn a_local_time_repeated_in_autumn_runs_once() {
    let days = following("30 2 * * *", Some("Europe/Berlin"), "2026-10-24T12:00", 2);
    assert_eq!(days, ["2026-10-25T00:30", "2026-10-26T01:30"]);
}

#[test]
fn due_times_are_five_minutes_apart_and_the_same_from_any_instant() {
    assert_eq!(
        following("* * * * *", None, "2026-03-01T00:02", 3),
        ["2026-03-01T00:05", "2026-03-01T00:10", "2026-03-01T00:15"]
    );
    for cron in ["* * * * *", "*/2 * * * *", "*/4 * * * *", "4,5,9,58-59 * * * *", "3/7 * * * *"] {
        let schedule = CronSchedule::parse(cron, None).unwrap();
        let start = at("2026-03-01T00:00");
        let mut due = Vec::new();
        let mut from = start;
        while due.len() < 40 {
            from = schedule.next_after(from).unwrap();
            due.push(from);
        }
        for pair in due.windows(2) {
            assert!((pair[1] - pair[0]).num_minutes() >= 5, "{cron}: {pair:?}");
            for minutes in 0..(pair[1] - pair[0]).num_minutes() {
                let between = pair[0] + chrono::TimeDelta::minutes(minutes);
                assert_eq!(schedule.next_after(between), Some(pair[1]), "{cron} from {between}");
            }
        }
    }
}
