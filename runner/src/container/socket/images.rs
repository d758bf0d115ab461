//! Images: the machine's, which a job may use and pull, and the job's own, which have names of their own
//! and go with it.
//!
//! Invariant: no name that others use comes to mean something that a job made, but for the time of a push
//! of a name that nobody has here.

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;

use super::door::{Call, Door, not_there};
use super::engine::{Body, BoxError};
use super::names::{OWN, familiar, read_filters, write_filters};
use super::refusal::Refusal;
use crate::background;

/// Names under which a runner keeps what only some jobs may have.
const HIDDEN: [&str; 2] = ["gantry/private-", "gantry-action-"];

/// An image that the job may use.
pub(super) struct Visible {
    /// What the engine knows it by.
    pub(super) reference: String,
    pub(super) about: Value,
    pub(super) is_own: bool,
}

impl Door {
    pub(super) async fn images(
        self: Arc<Self>,
        call: Call,
        rest: &[&str],
    ) -> Result<Response<Body>, Refusal> {
        match (call.method.as_str(), rest) {
            ("GET", ["json"]) => self.list_images(call).await,
            ("POST", ["create"]) => self.pull(call).await,
            ("POST", ["prune"]) => self.prune(call).await,
            ("GET", ["get"]) => self.save(call).await,
            ("GET", [name @ .., what @ ("json" | "history" | "get")]) if !name.is_empty() => {
                let image = self.visible(&name.join("/")).await?;
                let path = call.target.at(&format!("/images/{}/{what}", image.reference));
                if *what == "get" {
                    return self.pass(call, &path).await;
                }
                self.show_changed(&path, |about| self.show_tags(about)).await
            }
            ("POST", [name @ .., "tag"]) if !name.is_empty() => {
                let image = self.visible(&name.join("/")).await?;
                let mut call = call;
                let repository = call.target.get("repo").unwrap_or_default().to_owned();
                call.target.set("repo", self.names.own_image(&repository));
                let path = call.target.at(&format!("/images/{}/tag", image.reference));
                self.pass(call, &path).await
            }
            ("POST", [name @ .., "push"]) if !name.is_empty() => {
                self.push(call, &name.join("/")).await
            }
            ("DELETE", name) if !name.is_empty() => {
                let name = name.join("/");
                let image = self.visible(&name).await?;
                if !image.is_own {
                    return Err(Refusal::conflict(format!(
                        "image `{name}` is the runner's and not this job's; it stays"
                    )));
                }
                let path = call.target.at(&format!("/images/{}", image.reference));
                self.pass(call, &path).await
            }
            _ => Err(not_there(&call)),
        }
    }

    /// An image by the job's name, by everybody's, or by its id.
    pub(super) async fn image(&self, name: &str) -> Result<Option<Visible>, Refusal> {
        let own = self.names.own_image(name);
        let is_digest = name.contains("sha256:");
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:/@-".contains(&b));
        if name.is_empty() || !is_plain || name.contains("..") || name.contains("//") {
            return Err(Refusal::bad(format!("`{name}` is not a name of an image")));
        }
        if !is_digest && let Some(about) = self.engine.get(&format!("/images/{own}/json")).await? {
            return Ok(Some(Visible { reference: own, about, is_own: true }));
        }
        if HIDDEN.iter().any(|hidden| familiar(name).starts_with(hidden)) {
            return Ok(None);
        }
        let Some(about) = self.engine.get(&format!("/images/{name}/json")).await? else {
            return Ok(None);
        };
        let labels = about["Config"].get("Labels");
        let is_own = self.owns(labels);
        let is_somebodys = labels.is_some_and(|it| !it["gantry.job"].is_null());
        // By its id, an image with nothing but names of others.
        let tags = about["RepoTags"].as_array().cloned().unwrap_or_default();
        let has_visible_tag = tags.is_empty() || tags.iter().any(|tag| self.sees(tag));
        let sees = is_own || (!is_somebodys && has_visible_tag);
        Ok(sees.then(|| Visible { reference: name.to_owned(), about, is_own }))
    }

    async fn visible(&self, name: &str) -> Result<Visible, Refusal> {
        self.image(name).await?.ok_or_else(|| Refusal::missing("image", name))
    }

    fn sees(&self, tag: &Value) -> bool {
        tag.as_str().is_some_and(|tag| {
            self.names.is_own_image(tag)
                || !(tag.starts_with(OWN) || HIDDEN.iter().any(|hidden| tag.starts_with(hidden)))
        })
    }

    fn show_tags(&self, about: &mut Value) {
        for key in ["RepoTags", "Tags"] {
            if let Some(tags) = about.get_mut(key).and_then(Value::as_array_mut) {
                tags.retain(|tag| self.sees(tag));
            }
        }
    }

    async fn list_images(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let mut filters = read_filters(call.target.get("filters"))?;
        for (name, values) in &mut filters {
            if name == "reference" {
                let own: Vec<String> = values.iter().map(|it| self.names.own_image(it)).collect();
                values.extend(own);
            }
        }
        let mut target = call.target;
        target.set("filters", write_filters(filters, &[]));
        self.show_changed(&target.again(), |list| {
            let Value::Array(list) = list else { return };
            list.retain(|image| {
                let own = self.owns(image.get("Labels"));
                let somebodys = !image["Labels"]["gantry.job"].is_null();
                let tags = image["RepoTags"].as_array();
                own || (!somebodys && tags.is_some_and(|tags| tags.iter().any(|it| self.sees(it))))
            });
            list.iter_mut().for_each(|image| self.show_tags(image));
        })
        .await
    }

    async fn save(&self, mut call: Call) -> Result<Response<Body>, Refusal> {
        for (name, value) in &mut call.target.query {
            if name == "names" {
                let image = self.image(value).await?;
                let image = image.ok_or_else(|| Refusal::missing("image", value))?;
                *value = image.reference;
            }
        }
        let path = call.target.again();
        self.pass(call, &path).await
    }

    /// By everybody's name: what comes is what the registry has under it.
    async fn pull(self: Arc<Self>, call: Call) -> Result<Response<Body>, Refusal> {
        let source = call.target.get("fromImage").unwrap_or_default().to_owned();
        let known = ["fromImage", "tag", "platform"];
        let other = call
            .target
            .query
            .iter()
            .find(|(name, value)| !known.contains(&name.as_str()) && !value.is_empty());
        if source.is_empty() || other.is_some() {
            return Err(Refusal::forbidden(
                "images are pulled or built by a job, and not imported",
            ));
        }
        let tag = call.target.get("tag").filter(|tag| !tag.is_empty());
        let name = match tag {
            Some(tag) if tag.starts_with("sha256:") => format!("{source}@{tag}"),
            Some(tag) => format!("{source}:{tag}"),
            None => source,
        };
        let before = self.engine.get(&format!("/images/{name}/json")).await?;
        let is_made_here = before
            .as_ref()
            .is_some_and(|it| it["RepoDigests"].as_array().is_none_or(Vec::is_empty));
        if is_made_here || familiar(&name).starts_with("gantry") {
            return Err(Refusal::conflict(format!(
                "image `{name}` was made on this machine; a job cannot replace it by another"
            )));
        }
        let is_private = logs_in(&call);
        let path = call.target.again();
        let response = self.send_whole(call, &path).await?;
        let door = Arc::clone(&self);
        Ok(self.relay_then(response, async move {
            if is_private && before.is_none() {
                door.take_over(&name).await;
            }
        }))
    }

    /// What came by a job's own login is the job's.
    async fn take_over(&self, name: &str) {
        let own = self.names.own_image(name.split('@').next().unwrap_or(name));
        let (repository, tag) = split_tag(&own);
        let path = format!("/images/{name}/tag?repo={repository}&tag={tag}");
        if self.engine.post(&path, None).await.is_ok() {
            let path = format!("/images/{name}?noprune=1");
            if let Err(refusal) = self.engine.ask(Method::DELETE, &path, None).await {
                tracing::warn!(?refusal, "a private image keeps its name");
            }
        }
    }

    /// The registry goes by the name, so the image has it for as long as the push takes.
    async fn push(self: Arc<Self>, call: Call, name: &str) -> Result<Response<Body>, Refusal> {
        let tag = call.target.get("tag").unwrap_or_default().to_owned();
        if tag.is_empty() {
            return Err(Refusal::bad("a push names its tag"));
        }
        let real = format!("{}:{tag}", familiar(name));
        let image = self.visible(&real).await?;
        if !image.is_own {
            let path = call.target.again();
            return self.pass(call, &path).await;
        }
        let door = Arc::clone(&self);
        let pushing = door.pushing.lock().await;
        if self.engine.get(&format!("/images/{real}/json")).await?.is_some() {
            return Err(Refusal::conflict(format!(
                "there is another image `{real}` on this machine; give yours another name to push it"
            )));
        }
        let (repository, tag) = split_tag(&real);
        let path = format!("/images/{}/tag?repo={repository}&tag={tag}", image.reference);
        self.engine.post(&path, None).await?;
        let path = call.target.again();
        let response = self.send_whole(call, &path).await;
        drop(pushing);
        let remove = async move {
            let path = format!("/images/{real}?noprune=1");
            if let Err(refusal) = door.engine.ask(Method::DELETE, &path, None).await {
                tracing::warn!(?refusal, "a pushed image keeps its name");
            }
        };
        match response {
            Ok(response) => Ok(self.relay_then(response, remove)),
            Err(refusal) => {
                remove.await;
                Err(refusal)
            }
        }
    }

    async fn send_whole(&self, call: Call, path: &str) -> Result<Response<Incoming>, Refusal> {
        let body = call.body.map_err(BoxError::from).boxed_unsync();
        let request = self.request(&call.method, path, &call.headers, body)?;
        self.engine.send(request).await
    }

    /// Relays, and then does something, also when nobody listens to the end.
    fn relay_then(
        &self,
        response: Response<Incoming>,
        then: impl Future<Output = ()> + Send + 'static,
    ) -> Response<Body> {
        let (parts, body) = self.relay(response).into_parts();
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, BoxError>>(16);
        background::spawn("engine_answer", async move {
            let mut pieces = body.into_data_stream();
            while let Some(piece) = pieces.next().await {
                // To its end, whoever listens.
                let _ = sender.send(piece.map(Frame::data)).await;
            }
            then.await;
        })
        .detach();
        let body = StreamBody::new(ReceiverStream::new(receiver));
        Response::from_parts(parts, BodyExt::boxed_unsync(body))
    }

    pub(super) async fn commit(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let (mut target, mut body) = call.json().await?;
        let id = self.container_id(target.get("container").unwrap_or_default()).await?;
        target.set("container", id);
        let changes = target.query.iter().filter(|(name, _)| name == "changes");
        if changes.into_iter().any(|(_, text)| text.to_ascii_lowercase().contains("label")) {
            return Err(Refusal::forbidden("labels cannot be changed by a commit"));
        }
        let repository = target.get("repo").unwrap_or_default().to_owned();
        if !repository.is_empty() {
            target.set("repo", self.names.own_image(&repository));
        }
        self.label(&mut body)?;
        self.pass_with((&Method::POST, &target.again()), &headers, &body).await
    }

    /// The job's own names, as it knows them.
    pub(super) async fn own_tags(&self) -> Result<Vec<String>, Refusal> {
        let list = self.engine.get("/images/json").await?.unwrap_or_else(|| json!([]));
        let images = list.as_array().into_iter().flatten();
        let tags = images.flat_map(|it| it["RepoTags"].as_array().cloned().unwrap_or_default());
        let tags = tags.filter_map(|tag| tag.as_str().map(str::to_owned));
        Ok(tags.filter(|it| self.names.is_own_image(it)).map(|it| self.names.show(&it)).collect())
    }
}

/// The repository and the tag of a reference; a colon before a slash is a registry's port.
fn split_tag(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (reference, "latest"),
    }
}

fn logs_in(call: &Call) -> bool {
    use base64::Engine as _;
    let header = call.headers.get("x-registry-auth").and_then(|it| it.to_str().ok());
    let Some(text) = header else { return false };
    let engines =
        [base64::engine::general_purpose::URL_SAFE, base64::engine::general_purpose::STANDARD];
    let decoded = engines.iter().find_map(|engine| engine.decode(text).ok());
    let value: Value =
        decoded.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    ["username", "auth", "identitytoken", "registrytoken"]
        .iter()
        .any(|key| value[*key].as_str().is_some_and(|text| !text.is_empty()))
}
