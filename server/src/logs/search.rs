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
