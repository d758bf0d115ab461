//! Calls with one identity: as the App, as one of its installations, or with a token.

use std::sync::Arc;

use octocrab::Octocrab;
use octocrab::models::InstallationId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{GitHubError, parse, read, unanswered};
use super::pacer::Pacer;

/// GitHub's largest page.
const PER_PAGE: usize = 100;

/// Cloning is cheap and shares the installation's token.
#[derive(Clone, Debug)]
pub struct Client {
    octocrab: Octocrab,
    pacer: Arc<Pacer>,
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
