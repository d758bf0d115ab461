//! Volumes of the job, which go with it.
//!
//! Invariant: a volume is of the engine's own driver without options, which could name any directory of
//! the machine.

use hyper::{Method, Response};
use serde_json::{Value, json};

use super::body::{keep_only, text};
use super::door::{Call, Door, not_there};
use super::engine::Body;
use super::names::{read_filters, write_filters};
use super::refusal::Refusal;

impl Door {
    pub(super) async fn volumes(
        &self,
        call: Call,
        rest: &[&str],
    ) -> Result<Response<Body>, Refusal> {
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let filters = read_filters(call.target.get("filters"))?;
                let mut target = call.target;
                target.set("filters", write_filters(filters, &self.labels()));
                self.show_changed(&target.again(), |_| {}).await
            }
            ("POST", ["create"]) => self.create_volume(call).await,
            ("POST", ["prune"]) => self.prune(call).await,
            ("GET", [name]) => {
                let own = self.volume(name).await?;
                self.show_changed(&call.target.at(&format!("/volumes/{own}")), |_| {}).await
            }
            ("DELETE", [name]) => {
                let path = call.target.at(&format!("/volumes/{}", self.volume(name).await?));
                self.pass(call, &path).await
            }
            _ => Err(not_there(&call)),
        }
    }

    async fn volume(&self, name: &str) -> Result<String, Refusal> {
        let own = self.names.own(name);
        match self.engine.get(&format!("/volumes/{own}")).await? {
            Some(volume) if self.owns(volume.get("Labels")) => Ok(own),
            _ => Err(Refusal::missing("volume", name)),
        }
    }

    async fn create_volume(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let (target, mut body) = call.json().await?;
        keep_only(&mut body, &["Name", "Driver", "Labels"], "a volume")?;
        if !["", "local"].contains(&text(&body, "Driver")?) {
            return Err(Refusal::forbidden(
                "only volumes of the driver `local` can be made by a job",
            ));
        }
        let mut name = text(&body, "Name")?.to_owned();
        if name.is_empty() {
            name = hex::encode(rand::random::<[u8; 32]>());
        }
        body.insert("Name".to_owned(), json!(self.names.own(&name)));
        self.label(&mut body)?;
        self.pass_with((&Method::POST, &target.again()), &headers, &body).await
    }

    /// A volume that a container names, made if it is not there; or one that the operator allows.
    pub(super) async fn provide_volume(&self, name: &str) -> Result<String, Refusal> {
        if self.places.allowed.iter().any(|allowed| allowed == name) {
            return Ok(name.to_owned());
        }
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        {
            return Err(Refusal::bad(format!("`{name}` is not a name of a volume")));
        }
        let own = self.names.own(name);
        let mut body = json!({ "Name": own });
        if let Value::Object(body) = &mut body {
            self.label(body)?;
        }
        self.engine.post("/volumes/create", Some(&body)).await?;
        Ok(own)
    }
}
