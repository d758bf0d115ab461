//! Calls with one identity: as the App, as one of its installations, or with a token.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{ETAG, IF_NONE_MATCH, LINK};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use octocrab::Octocrab;
use octocrab::models::InstallationId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{GitHubError, asked_pause, parse, read, unanswered};
use super::pacer::Pacer;

/// GitHub's largest page.
const PER_PAGE: usize = 100;

/// Cloning is cheap and shares the installation's token.
#[derive(Clone, Debug)]
pub struct Client {
    octocrab: Octocrab,
    pacer: Arc<Pacer>,
}

/// What was read of a list, if it has changed.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// `None`: it is what it was.
    pub body: Option<T>,
    /// GitHub's mark of what was read.
    pub etag: Option<String>,
    /// The path of the next page.
    pub next: Option<String>,
    /// GitHub asks for this pause before the next time.
    pub pause: Duration,
}

impl Client {
    pub(super) fn new(octocrab: Octocrab) -> Self {
        Self { octocrab, pacer: Arc::default() }
    }

    /// The same, as one of the App's installations.
    pub(super) fn of_installation(&self, id: u64) -> Result<Self, GitHubError> {
        self.octocrab.installation(InstallationId(id)).map(Self::new).map_err(unanswered)
    }

    /// To be called before a change that nobody waits for: changes of one identity come at a pace that
    /// GitHub bears.
    pub async fn wait_for_turn(&self) {
        self.pacer.turn().await;
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, GitHubError> {
        parse(&read(self.octocrab._get(path).await).await?)
    }

    /// What is there, unless it is still what had `etag`. Costs nothing of GitHub's limits then.
    pub async fn get_if_changed<T: DeserializeOwned>(
        &self,
        path: &str,
        etag: Option<&str>,
    ) -> Result<Read<T>, GitHubError> {
        let mut headers = HeaderMap::new();
        let etag = etag.filter(|etag| !etag.is_empty());
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let answer = self.octocrab._get_with_headers(path, Some(headers)).await;
        let answer = answer.map_err(unanswered)?;
        let pause = asked_pause(answer.headers());
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Read { body: None, etag: None, next: None, pause });
        }
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let etag = text(ETAG).map(str::to_owned);
        let next = text(LINK).and_then(|link| next_page(path, link));
        Ok(Read { body: Some(parse(&read(Ok(answer)).await?)?), etag, next, pause })
    }

    /// One page of a list that goes on by cursors, and the path of the next one.
    pub async fn get_page<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, Option<String>), GitHubError> {
        let answer = self.octocrab._get(path).await.map_err(unanswered)?;
        let link = answer.headers().get(LINK).and_then(|link| link.to_str().ok());
        let next = link.and_then(|link| next_page(path, link));
        Ok((parse(&read(Ok(answer)).await?)?, next))
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized + Sync),
    ) -> Result<T, GitHubError> {
        parse(&read(self.octocrab._post(path, Some(body)).await).await?)
    }

    /// For answers without a body, or with one that nobody needs.
    pub async fn post_only(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized + Sync),
    ) -> Result<(), GitHubError> {
        read(self.octocrab._post(path, Some(body)).await).await.map(drop)
    }

    pub async fn patch(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized + Sync),
    ) -> Result<(), GitHubError> {
        read(self.octocrab._patch(path, Some(body)).await).await.map(drop)
    }

    pub async fn delete(&self, path: &str) -> Result<(), GitHubError> {
        read(self.octocrab._delete(path, None::<&()>).await).await.map(drop)
    }

    /// The items of a list of several pages, at most `max_items`. `key` names the list within each
    /// answer; an empty one stands for an answer that is the list itself.
    pub async fn list(
        &self,
        path: &str,
        key: &str,
        max_items: usize,
    ) -> Result<Vec<Value>, GitHubError> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        for page in 1.. {
            let place = format!("{path}{separator}per_page={PER_PAGE}&page={page}");
            let mut answer: Value = self.get(&place).await?;
            let list = if key.is_empty() { answer } else { answer[key].take() };
            let Value::Array(mut list) = list else {
                return Err(GitHubError::later(format!("GitHub's answer to `{path}` is no list")));
            };
            let is_last = list.len() < PER_PAGE;
            items.append(&mut list);
            if is_last || items.len() >= max_items {
                break;
            }
        }
        items.truncate(max_items);
        Ok(items)
    }
}

fn next_page(path: &str, link: &str) -> Option<String> {
    let place = path.split('?').next().unwrap_or(path);
    next_query(link).map(|query| format!("{place}?{query}"))
}

/// The query of the next page; only that is taken from the answer, never the place.
fn next_query(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let url = next.split_once('<')?.1.split_once('>')?.0;
    Some(url.split_once('?')?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::next_query;

    #[test]
    fn the_next_page_is_known_by_its_query() {
        let link = "<https://api.github.com/x?per_page=2&cursor=v1_9>; rel=\"next\", \
                    <https://api.github.com/x?page=1>; rel=\"first\"";
        assert_eq!(next_query(link).as_deref(), Some("per_page=2&cursor=v1_9"));
        assert_eq!(next_query("<https://api.github.com/x?page=1>; rel=\"prev\""), None);
    }
}
