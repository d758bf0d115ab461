//! What the jobs of a run need, as a graph of the jobs that are shown.
//!
//! The row of a calling job is not shown while its called jobs are: a job that needs it needs the
//! last ones of these, and the first ones of these need what it needs. Pure; knows keys only.

use std::collections::{BTreeMap, BTreeSet};

/// The needs of each job, by key, as the files say.
pub(super) type Needs = BTreeMap<String, Vec<String>>;

/// The needs of a job among the jobs that are shown.
pub(super) fn needs_among(shown: &BTreeSet<String>, needs: &Needs, key: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for need in needs_outwards(needs, key) {
        collect_last(shown, needs, (need, &mut found));
    }
    found.into_iter().collect()
}

/// The needs of a job; one without any that is called waits for those of its caller.
fn needs_outwards<'a>(needs: &'a Needs, key: &str) -> &'a [String] {
    let mut key = key;
    loop {
        match (needs.get(key), caller(key)) {
            (Some(needs), _) => return needs,
            (None, Some(caller)) => key = caller,
            (None, None) => return &[],
        }
    }
}

/// `call` for `call/0/build`.
fn caller(key: &str) -> Option<&str> {
    let (leg, _) = key.rsplit_once('/')?;
    Some(leg.rsplit_once('/')?.0)
}

/// The job itself, or the called jobs that nothing beside them needs.
fn collect_last(
    shown: &BTreeSet<String>,
    needs: &Needs,
    (key, found): (&str, &mut BTreeSet<String>),
) {
    if shown.contains(key) {
        found.insert(key.to_owned());
        return;
    }
    let called = called_by(shown, key);
    let is_needed = |candidate: &str| {
        called
            .iter()
            .any(|other| needs.get(*other).is_some_and(|n| n.iter().any(|n| n == candidate)))
    };
    for last in called.iter().filter(|candidate| !is_needed(candidate)) {
        collect_last(shown, needs, (last, &mut *found));
    }
}

/// The keys right below the legs of `key`: `call/0/build`, and `call/0/inner` for
/// `call/0/inner/1/test`.
fn called_by<'a>(shown: &'a BTreeSet<String>, key: &str) -> BTreeSet<&'a str> {
    let prefix = format!("{key}/");
    let below = shown.range(prefix.clone()..).take_while(|other| other.starts_with(&prefix));
    below
        .filter_map(|other| {
            let (leg, job) = other[prefix.len()..].split_once('/')?;
            let job = job.split('/').next()?;
            Some(&other[..prefix.len() + leg.len() + 1 + job.len()])
        })
        .collect()
}

/// Whether the job, or anything that it calls, is among `open`.
pub(super) fn is_open(open: &BTreeSet<String>, key: &str) -> bool {
    let prefix = format!("{key}/");
    open.contains(key)
        || open.range(prefix.clone()..).next().is_some_and(|k| k.starts_with(&prefix))
}

/// The id under which a file knows the job: `build` for `call/0/build`.
pub(super) fn id(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(&str, &[&str])]) -> Needs {
        let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(key, names)| ((*key).to_owned(), owned(names))).collect()
    }

    fn keys(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn called_jobs_stand_between_what_their_caller_needs_and_what_needs_it() {
        let needs = needs(&[
            ("call", &["first"]),
            ("last", &["call"]),
            ("call/0/b", &["call/0/a"]),
            ("call/1/b", &["call/1/a"]),
        ]);
        let shown = keys(&["first", "last", "call/0/a", "call/0/b", "call/1/a", "call/1/b"]);
        assert_eq!(needs_among(&shown, &needs, "call/0/a"), ["first"]);
        assert_eq!(needs_among(&shown, &needs, "call/0/b"), ["call/0/a"]);
        assert_eq!(needs_among(&shown, &needs, "last"), ["call/0/b", "call/1/b"]);
        assert!(needs_among(&shown, &needs, "first").is_empty());
    }

    #[test]
    fn levels_are_seen_through() {
        let needs =
            needs(&[("call", &["first"]), ("last", &["call"]), ("call/0/in", &["call/0/a"])]);
        let shown = keys(&["first", "last", "call/0/a", "call/0/in/0/x", "call/0/in/0/y"]);
        assert_eq!(needs_among(&shown, &needs, "call/0/in/0/x"), ["call/0/a"]);
        assert_eq!(needs_among(&shown, &needs, "call/0/a"), ["first"]);
        assert_eq!(needs_among(&shown, &needs, "last"), ["call/0/in/0/x", "call/0/in/0/y"]);
    }

    #[test]
    fn a_call_that_has_not_begun_is_a_job_like_any_other() {
        let needs = needs(&[("call", &["first"]), ("last", &["call"])]);
        let shown = keys(&["first", "call", "last"]);
        assert_eq!(needs_among(&shown, &needs, "last"), ["call"]);
        assert!(is_open(&keys(&["call/0/a"]), "call") && !is_open(&keys(&["call-2"]), "call"));
    }
}
