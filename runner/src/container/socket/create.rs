//! A container that a job makes.
//!
//! Invariant: the body that the engine gets has only keys that are named here or in
//! [`super::host_config`], and every source of a mount has been looked at.

use hyper::{Method, Response};
use serde_json::{Map, Value, json};

use super::binds::{Source, split_bind};
use super::body::{keep_only, part, text, texts};
use super::door::{Call, Door};
use super::engine::Body;
use super::host_config;
use super::refusal::Refusal;

const KEPT: [&str; 27] = [
    "ArgsEscaped",
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Domainname",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "HostConfig",
    "Hostname",
    "Image",
    "Labels",
    "MacAddress",
    "NetworkDisabled",
    "NetworkingConfig",
    "OnBuild",
    "OpenStdin",
    "Shell",
    "StdinOnce",
    "StopSignal",
    "StopTimeout",
    "Tty",
    "User",
    "Volumes",
    "WorkingDir",
];
const OF_MOUNT: [&str; 7] =
    ["Type", "Source", "Target", "ReadOnly", "Consistency", "TmpfsOptions", "VolumeOptions"];

impl Door {
    pub(super) async fn create(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let (mut target, mut body) = call.json().await?;
        keep_only(&mut body, &KEPT, "a container")?;
        let name = target.get("name").unwrap_or_default().to_owned();
        if !name.is_empty() {
            target.set("name", self.names.own(&name));
        }
        let wanted = text(&body, "Image")?.to_owned();
        let image = self.image(&wanted).await?;
        let image = image.ok_or_else(|| Refusal::missing("image", &wanted))?;
        body.insert("Image".to_owned(), json!(image.reference));
        self.label(&mut body)?;
        let mut host = part(&mut body, "HostConfig")?;
        host_config::confine(&mut host, self.limits)?;
        self.ports(&mut body, &mut host, &image.about)?;
        self.mounts(&mut host).await?;
        self.refer(&mut host).await?;
        self.join(&mut body, &mut host, &name).await?;
        body.insert("HostConfig".to_owned(), Value::Object(host));
        self.pass_with((&Method::POST, &target.again()), &headers, &body).await
    }

    /// `Binds` and `Mounts`.
    async fn mounts(&self, host: &mut Map<String, Value>) -> Result<(), Refusal> {
        let mut is_of_job = false;
        let mut binds = Vec::new();
        for text in texts(host, "Binds")? {
            let Some((source, target, mode)) = split_bind(&text)? else {
                binds.push(text);
                continue;
            };
            let source = match self.places.source(source)? {
                Source::Volume(name) => self.provide_volume(&name).await?,
                Source::Path(path) => {
                    is_of_job |= self.places.is_of_job(&path);
                    path.display().to_string()
                }
            };
            let mode: Vec<&str> =
                mode.split(',').filter(|option| !["z", "Z", ""].contains(option)).collect();
            let mode = if mode.is_empty() { "rw".to_owned() } else { mode.join(",") };
            binds.push(format!("{source}:{target}:{mode}"));
        }
        let mut mounts = Vec::new();
        if let Some(Value::Array(wanted)) = host.remove("Mounts") {
            for mount in wanted {
                let Value::Object(mount) = mount else {
                    return Err(Refusal::bad("an entry of `Mounts` is not a mapping"));
                };
                mounts.push(Value::Object(self.mount(mount, &mut is_of_job).await?));
            }
        }
        if is_of_job {
            // The engine would look for the directories anew, and not only while the job stands still.
            host.remove("RestartPolicy");
        }
        host.insert("Binds".to_owned(), json!(binds));
        host.insert("Mounts".to_owned(), json!(mounts));
        Ok(())
    }

    async fn mount(
        &self,
        mut mount: Map<String, Value>,
        is_of_job: &mut bool,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut options = part(&mut mount, "BindOptions")?;
        if ["", "rprivate", "private"].contains(&text(&options, "Propagation")?) {
            options.remove("Propagation");
        }
        keep_only(&mut options, &["CreateMountpoint"], "a mount's `BindOptions`")?;
        let mut options = part(&mut mount, "VolumeOptions")?;
        keep_only(&mut options, &["NoCopy", "Labels"], "a mount's `VolumeOptions`")?;
        options.remove("Labels");
        keep_only(&mut mount, &OF_MOUNT, "a mount")?;
        let source = text(&mount, "Source")?.to_owned();
        let source = match text(&mount, "Type")? {
            "tmpfs" => return Ok(mount),
            "volume" if source.is_empty() => return Ok(mount),
            "volume" => {
                mount.insert("VolumeOptions".to_owned(), Value::Object(options));
                self.provide_volume(&source).await?
            }
            "bind" => match self.places.source(&source)? {
                Source::Volume(_) => {
                    return Err(Refusal::bad(format!("`{source}` is not an absolute path")));
                }
                Source::Path(path) => {
                    *is_of_job |= self.places.is_of_job(&path);
                    path.display().to_string()
                }
            },
            other => {
                return Err(Refusal::forbidden(format!(
                    "a mount of type `{other}` is not allowed"
                )));
            }
        };
        mount.insert("Source".to_owned(), json!(source));
        Ok(mount)
    }

    /// A container that another one refers to. Clients take a missing object for a missing image.
    async fn other(&self, name: &str) -> Result<Value, Refusal> {
        self.container(name).await.map_err(Refusal::into_bad)
    }

    async fn other_id(&self, name: &str) -> Result<String, Refusal> {
        Ok(super::containers::id_of(&self.other(name).await?).to_owned())
    }

    /// Other containers, by their ids.
    async fn refer(&self, host: &mut Map<String, Value>) -> Result<(), Refusal> {
        for key in ["IpcMode", "PidMode"] {
            if let Some(name) = text(host, key)?.strip_prefix("container:") {
                let id = self.other_id(name).await?;
                host.insert(key.to_owned(), json!(format!("container:{id}")));
            }
        }
        let mut from = Vec::new();
        for text in texts(host, "VolumesFrom")? {
            let (name, mode) = match text.split_once(':') {
                Some((name, mode @ ("ro" | "rw"))) => (name, format!(":{mode}")),
                Some(_) => return Err(Refusal::bad(format!("`{text}` has an unknown mode"))),
                None => (text.as_str(), String::new()),
            };
            let container = self.other(name).await?;
            if self.mounts_of_job(&container) {
                host.remove("RestartPolicy");
            }
            from.push(format!("{}{mode}", super::containers::id_of(&container)));
        }
        host.insert("VolumesFrom".to_owned(), json!(from));
        let links = self.links(&texts(host, "Links")?).await?;
        host.insert("Links".to_owned(), json!(links));
        Ok(())
    }

    /// The networks: the job's own one where the engine's default one is meant.
    async fn join(
        &self,
        body: &mut Map<String, Value>,
        host: &mut Map<String, Value>,
        name: &str,
    ) -> Result<(), Refusal> {
        let mode = text(host, "NetworkMode")?.to_owned();
        let mut endpoints = part(&mut part(body, "NetworkingConfig")?, "EndpointsConfig")?;
        let name = Some(name).filter(|name| !name.is_empty());
        let own = match mode.as_str() {
            "none" => "none".to_owned(),
            "host" => {
                return Err(Refusal::forbidden(
                    "the machine's own network is not allowed through a job's engine socket",
                ));
            }
            other => match other.strip_prefix("container:") {
                Some(other) => format!("container:{}", self.other_id(other).await?),
                None => self.network(other).await.map_err(Refusal::into_bad)?,
            },
        };
        let has_network = own != "none" && !own.starts_with("container:");
        let mut joined = Map::new();
        if has_network && !endpoints.contains_key(&mode) {
            endpoints.insert(mode.clone(), json!({}));
        }
        for (network, endpoint) in endpoints {
            if !has_network {
                continue;
            }
            let endpoint = match endpoint {
                Value::Object(endpoint) => endpoint,
                _ => Map::new(),
            };
            let endpoint = self.endpoint(endpoint, name).await?;
            let network = self.network(&network).await.map_err(Refusal::into_bad)?;
            joined.insert(network, Value::Object(endpoint));
        }
        host.insert("NetworkMode".to_owned(), json!(own));
        body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": joined }));
        Ok(())
    }
}
