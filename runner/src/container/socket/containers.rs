//! Containers of the job: its services and what it started itself, but not the one it runs in.
//!
//! Invariant: a container is looked up and found to be the job's before anything is done with it, and
//! then named by its id.

use hyper::{Method, Response};
use serde_json::Value;

use super::body::{keep_only, part, text};
use super::door::{Call, Door, not_there};
use super::engine::Body;
use super::host_config;
use super::names::{read_filters, write_filters};
use super::ports::show_ports;
use super::refusal::Refusal;

const OF_EXEC: [&str; 11] = [
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "DetachKeys",
    "Tty",
    "Env",
    "Cmd",
    "User",
    "WorkingDir",
    "Detach",
    "ConsoleSize",
];
const OF_UPDATE: [&str; 9] = [
    "BlkioWeight",
    "CpuShares",
    "CpusetCpus",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "RestartPolicy",
];

impl Door {
    pub(super) async fn containers(
        self: std::sync::Arc<Self>,
        call: Call,
        rest: &[&str],
    ) -> Result<Response<Body>, Refusal> {
        match (call.method.as_str(), rest) {
            ("GET", ["json"]) => self.list(call).await,
            ("POST", ["create"]) => self.create(call).await,
            ("POST", ["prune"]) => self.prune(call).await,
            ("GET", [name, "json"]) => {
                let id = self.container_id(name).await?;
                let path = call.target.at(&format!("/containers/{id}/json"));
                self.show_changed(&path, show_ports).await
            }
            ("POST", [name, "start"]) => self.start(call, name).await,
            ("POST", [name, "restart"]) => self.restart(call, name).await,
            ("POST", [name, "rename"]) => {
                let id = self.container_id(name).await?;
                let mut call = call;
                let new = call.target.get("name").unwrap_or_default().to_owned();
                call.target.set("name", self.names.own(&new));
                self.pass_on(call, &id, "rename").await
            }
            ("POST", [name, "update"]) => self.update(call, name).await,
            ("POST", [name, "exec"]) => self.create_exec(call, name).await,
            ("POST", [name, what @ ("stop" | "kill")]) => {
                let container = self.container(name).await?;
                let response = self.pass_on(call, id_of(&container), what).await?;
                self.close_ports(&container).await;
                Ok(response)
            }
            ("DELETE", [name]) => self.remove(call, name).await,
            ("POST", [name, what @ ("attach" | "wait" | "resize" | "pause" | "unpause")])
            | ("GET", [name, what @ ("top" | "logs" | "changes" | "export" | "stats")])
            | ("GET" | "HEAD" | "PUT", [name, what @ "archive"]) => {
                let id = self.container_id(name).await?;
                let _unfrozen = match *what {
                    "unpause" | "archive" => Some(self.freezer.hold().await),
                    _ => None,
                };
                self.pass_on(call, &id, what).await
            }
            _ => Err(not_there(&call)),
        }
    }

    /// A container of the job by the name that the job knows, or by its id.
    pub(super) async fn container(&self, name: &str) -> Result<Value, Refusal> {
        let missing = || Refusal::missing("container", name);
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-/".contains(&b));
        let name = name.trim_start_matches('/');
        if name.is_empty() || !is_plain || name.contains('/') || name.contains("..") {
            return Err(missing());
        }
        for candidate in [self.names.own(name), name.to_owned()] {
            let path = format!("/containers/{candidate}/json");
            if let Some(container) = self.engine.get(&path).await?
                && self.owns(container["Config"].get("Labels"))
                && container["Id"] != self.job_container.as_str()
            {
                return Ok(container);
            }
        }
        Err(missing())
    }

    pub(super) async fn container_id(&self, name: &str) -> Result<String, Refusal> {
        Ok(id_of(&self.container(name).await?).to_owned())
    }

    async fn pass_on(&self, call: Call, id: &str, what: &str) -> Result<Response<Body>, Refusal> {
        let path = call.target.at(&format!("/containers/{id}/{what}"));
        self.pass(call, &path).await
    }

    async fn list(&self, mut call: Call) -> Result<Response<Body>, Refusal> {
        let mut filters = read_filters(call.target.get("filters"))?;
        for (name, values) in &mut filters {
            match name.as_str() {
                "name" => values.iter_mut().for_each(|it| *it = self.names.own_filter(it)),
                "volume" => values.iter_mut().for_each(|it| *it = self.names.own(it)),
                "network" => {
                    for value in values {
                        *value = self.network(value).await?;
                    }
                }
                "ancestor" => {
                    for value in values {
                        *value = self.image(value).await?.map_or(value.clone(), |it| it.reference);
                    }
                }
                _ => {}
            }
        }
        call.target.set("filters", write_filters(filters, &self.labels()));
        self.show_changed(&call.target.again(), |list| {
            if let Value::Array(list) = list {
                list.retain(|container| container["Id"] != self.job_container.as_str());
                list.iter_mut().for_each(show_ports);
            }
        })
        .await
    }

    async fn remove(&self, mut call: Call, name: &str) -> Result<Response<Body>, Refusal> {
        let container = self.container(name).await?;
        // Those that nobody has named would be left to nobody.
        call.target.set("v", "1");
        let path = call.target.at(&format!("/containers/{}", id_of(&container)));
        let response = self.pass(call, &path).await?;
        if response.status().is_success() {
            self.close_ports(&container).await;
        }
        Ok(response)
    }

    async fn update(&self, call: Call, name: &str) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let container = self.container(name).await?;
        let (target, mut body) = call.json().await?;
        keep_only(&mut body, &OF_UPDATE, "an update")?;
        let policy = part(&mut body, "RestartPolicy")?;
        let known = [container["HostConfig"].clone(), Value::Object(body)];
        let [Value::Object(mut merged), Value::Object(body)] = known else {
            return Err(Refusal::bad("the container has no settings"));
        };
        merged.extend(body);
        merged.retain(|key, _| OF_UPDATE.contains(&key.as_str()) && key != "RestartPolicy");
        host_config::resources(&mut merged, self.limits);
        if !text(&policy, "Name")?.is_empty() && !self.mounts_of_job(&container) {
            merged.insert("RestartPolicy".to_owned(), Value::Object(policy));
        }
        let path = target.at(&format!("/containers/{}/update", id_of(&container)));
        self.pass_with((&Method::POST, &path), &headers, &merged).await
    }

    async fn create_exec(&self, call: Call, name: &str) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let id = self.container_id(name).await?;
        let (target, mut body) = call.json().await?;
        // Older clients name the container once more.
        body.remove("Container");
        keep_only(&mut body, &OF_EXEC, "a process in a container")?;
        let path = target.at(&format!("/containers/{id}/exec"));
        self.pass_with((&Method::POST, &path), &headers, &body).await
    }

    pub(super) async fn exec(
        &self,
        call: Call,
        id: &str,
        what: &str,
    ) -> Result<Response<Body>, Refusal> {
        if !matches!((call.method.as_str(), what), ("POST", "start" | "resize") | ("GET", "json")) {
            return Err(not_there(&call));
        }
        let missing = || Refusal::missing("exec instance", id);
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let exec = self.engine.get(&format!("/exec/{id}/json")).await?.ok_or_else(missing)?;
        let container = exec["ContainerID"].as_str().ok_or_else(missing)?;
        self.container(container).await.map_err(|_| missing())?;
        let path = call.target.again();
        self.pass(call, &path).await
    }

    /// Whether something is mounted that the job's processes can replace.
    pub(super) fn mounts_of_job(&self, container: &Value) -> bool {
        super::start::sources(container).iter().any(|source| self.places.is_of_job(source))
    }
}

pub(super) fn id_of(container: &Value) -> &str {
    container["Id"].as_str().unwrap_or_default()
}
