//! Finding a pattern in the logs of several jobs.
//!
//! Reads page by page, so that memory holds one page of one log. Invariant: hits are in the order of
//! the jobs and of their logs; when there are more than are given, that is said.

use gantry_protocol::JobId;
use object_store::ObjectStore;
use regex::Regex;
use sqlx::PgPool;

use super::plain::plain;
use super::read::{StoredChunk, chunks_after};

/// Hits that are given.
const MAX_HITS: usize = 500;

/// Places that are given at once, about.
const MAX_PLACES: usize = 10_000;

/// Lines around a hit that are given on each side, as far as they came in the same chunk.
const CONTEXT_LINES: usize = 2;

/// Longest line that is given, in characters; a hit further on is still one.
const MAX_CHARACTERS: usize = 500;

/// A line that fits.
#[derive(Clone, Debug)]
pub struct Hit {
    pub job: JobId,
    pub step_number: u32,
    /// Index within the step, from 0.
    pub line: u64,
    pub text: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// There are more.
    pub is_cut: bool,
}

/// Lines of one log that fit.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Step and index within it, from 0, in the order of the log.
    pub lines: Vec<(u32, u64)>,
    /// The last chunk that was looked at.
    pub through: Option<u64>,
    /// There may be more: the search goes on after `through`.
    pub has_more: bool,
}

/// Looks through one log, behind chunk `after` or from its start, for at most [`MAX_PLACES`] lines and what
/// follows them in their chunk.
pub async fn places(
    db: &PgPool,
    storage: &dyn ObjectStore,
    (job, after): (JobId, Option<u64>),
    pattern: &Regex,
) -> anyhow::Result<Places> {
    let mut places = Places { through: after, ..Places::default() };
    loop {
        let page = chunks_after(db, storage, job, places.through).await?;
        for chunk in &page.chunks {
            if places.lines.len() >= MAX_PLACES {
                places.has_more = true;
                return Ok(places);
            }
            let lines = (chunk.first_line..).zip(chunk.text.lines());
            let hits = lines.filter(|(_, line)| pattern.is_match(&plain(line)));
            places.lines.extend(hits.map(|(line, _)| (chunk.step_number, line)));
            places.through = Some(chunk.sequence);
        }
        if !page.has_more {
            return Ok(places);
        }
        tokio::task::yield_now().await;
    }
}

/// Looks at every line of the jobs' logs without its time and its colours.
pub async fn search(
    db: &PgPool,
    storage: &dyn ObjectStore,
    (jobs, pattern): (&[JobId], &Regex),
) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for job in jobs {
        let mut after = None;
        loop {
            let page = chunks_after(db, storage, *job, after).await?;
            for chunk in &page.chunks {
                search_chunk(&mut found, (*job, chunk), pattern);
            }
            if found.is_cut {
                return Ok(found);
            }
            let Some(last) = page.chunks.last().filter(|_| page.has_more) else { break };
            after = Some(last.sequence);
            // Matching is work: others get their turn between two pages.
            tokio::task::yield_now().await;
        }
    }
    Ok(found)
}

fn search_chunk(found: &mut Found, (job, chunk): (JobId, &StoredChunk), pattern: &Regex) {
    let lines: Vec<&str> = chunk.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let text = plain(line);
        if !pattern.is_match(&text) {
            continue;
        }
        if found.hits.len() == MAX_HITS {
            found.is_cut = true;
            return;
        }
        let end = lines.len().min(at + 1 + CONTEXT_LINES);
        found.hits.push(Hit {
            job,
            step_number: chunk.step_number,
            line: chunk.first_line + u64::try_from(at).unwrap_or_default(),
            text: cut(&text),
            before: context(&lines[at.saturating_sub(CONTEXT_LINES)..at]),
            after: context(&lines[at + 1..end]),
        });
    }
}

fn context(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| cut(&plain(line))).collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: String) -> StoredChunk {
        StoredChunk { sequence: 3, step_number: 2, first_line: 100, text }
    }

    #[test]
    fn a_hit_has_its_place_and_what_stands_around_it() {
        let mut found = Found::default();
        let text = "a\nb\n\u{1b}[31mneedle\u{1b}[0m\nc\n".to_owned();
        let pattern = Regex::new("^needle$").expect("a pattern");
        search_chunk(&mut found, (JobId(7), &chunk(text)), &pattern);
        let hit = &found.hits[0];
        assert_eq!((hit.job, hit.step_number, hit.line), (JobId(7), 2, 102));
        assert_eq!((hit.before.join(" "), hit.after.join(" ")), ("a b".into(), "c".into()));
        assert_eq!((found.hits.len(), found.is_cut), (1, false));
    }

    #[test]
    fn too_many_hits_are_cut_and_said_to_be() {
        let mut found = Found::default();
        let pattern = Regex::new("x").expect("a pattern");
        search_chunk(&mut found, (JobId(7), &chunk("x\n".repeat(MAX_HITS))), &pattern);
        assert!(!found.is_cut);
        search_chunk(&mut found, (JobId(7), &chunk("x\n".to_owned())), &pattern);
        assert_eq!((found.hits.len(), found.is_cut), (MAX_HITS, true));
    }
}
