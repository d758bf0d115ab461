//! Runs that would wait for each other's concurrency groups for ever (`semantics` 4.4).
//!
//! Does not decide who holds a group ([`super::Group`]). GitHub's documentation does not say what
//! happens there; between a run and its own jobs it cancels the job, and so it is done here: whose
//! wait would close the circle ends, and the others go on. Invariant: who waits for a claim that
//! ends by itself is never told of a deadlock.

use super::state::LegKey;

/// Who holds a concurrency group or waits for it; `R` names a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<R> {
    pub run: R,
    /// `None` for the run as a whole.
    pub leg: Option<LegKey>,
    /// In lower case.
    pub group: String,
    pub is_held: bool,
}

/// The run that holds the newcomer's group and cannot end before the newcomer does, if there is one:
/// then the newcomer would wait for itself. `claims` are those that nobody has told to end.
#[must_use]
pub fn waits_for_itself<'a, R: PartialEq>(
    claims: &'a [Claim<R>],
    newcomer: &Claim<R>,
) -> Option<&'a R> {
    let holder_of = |group: &str| claims.iter().find(|it| it.is_held && it.group == group);
    let first = holder_of(&newcomer.group)?;
    let (mut reached, mut next) = (vec![first], 0);
    while let Some(&holder) = reached.get(next) {
        if contains(holder, newcomer) {
            return Some(&first.run);
        }
        let waiting = claims.iter().filter(|it| !it.is_held && contains(holder, it));
        for holder in waiting.filter_map(|it| holder_of(&it.group)) {
            if !reached.iter().any(|known| std::ptr::eq(*known, holder)) {
                reached.push(holder);
            }
        }
        next += 1;
    }
    None
}

/// Whether `holder` keeps its group until what `claim` is made for has ended.
fn contains<R: PartialEq>(holder: &Claim<R>, claim: &Claim<R>) -> bool {
    let is_called_by = |calling: &LegKey| {
        let inner = format!("{}/{}/", calling.job, calling.leg);
        claim.leg.as_ref().is_some_and(|leg| leg.job.as_str().starts_with(&inner))
    };
    holder.run == claim.run && holder.leg.as_ref().is_none_or(is_called_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobId;

    fn claim(run: u32, job: &str, group: &str, is_held: bool) -> Claim<u32> {
        let leg = (!job.is_empty()).then(|| LegKey { job: JobId(job.to_owned()), leg: 0 });
        Claim { run, leg, group: group.to_owned(), is_held }
    }

    #[test]
    fn two_runs_that_each_want_what_the_other_holds_wait_for_each_other() {
        let mut claims = vec![claim(1, "", "a", true), claim(2, "", "b", true)];
        let first = claim(1, "job", "b", false);
        assert_eq!(waits_for_itself(&claims, &first), None);
        claims.push(first);
        assert_eq!(waits_for_itself(&claims, &claim(2, "job", "a", false)), Some(&1));
    }

    #[test]
    fn a_circle_of_three_is_found_and_a_line_of_three_is_none() {
        let mut claims =
            vec![claim(1, "", "a", true), claim(2, "", "b", true), claim(3, "", "c", true)];
        claims.push(claim(1, "job", "b", false));
        claims.push(claim(2, "job", "c", false));
        assert_eq!(waits_for_itself(&claims, &claim(3, "job", "free", false)), None);
        assert_eq!(waits_for_itself(&claims, &claim(4, "job", "a", false)), None);
        assert_eq!(waits_for_itself(&claims, &claim(3, "job", "a", false)), Some(&1));
    }

    #[test]
    fn a_job_that_holds_a_group_ends_by_itself() {
        let claims = [claim(1, "one", "a", true), claim(2, "one", "b", true)];
        assert_eq!(waits_for_itself(&claims, &claim(1, "two", "b", false)), None);
        assert_eq!(waits_for_itself(&claims, &claim(1, "two", "a", false)), None);
    }

    #[test]
    fn a_called_job_must_not_want_the_group_of_its_call() {
        let claims = [claim(1, "call", "a", true)];
        assert_eq!(waits_for_itself(&claims, &claim(1, "call/0/job", "a", false)), Some(&1));
        assert_eq!(waits_for_itself(&claims, &claim(1, "caller", "a", false)), None);
        assert_eq!(waits_for_itself(&claims, &claim(2, "call/0/job", "a", false)), None);
    }
}
