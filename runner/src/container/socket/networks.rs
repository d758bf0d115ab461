//! Networks of the job. Those it makes have its own container in them, so that it reaches what it starts.
//!
//! Invariant: a network is a bridge with addresses that the engine has chosen, since others could take
//! the machine's own routes.

use hyper::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::body::{keep_only, part, text, texts};
use super::door::{Call, Door, not_there};
use super::engine::Body;
use super::names::{read_filters, write_filters};
use super::refusal::Refusal;

const KEPT: [&str; 7] =
    ["Name", "CheckDuplicate", "Driver", "Internal", "Attachable", "Labels", "EnableIPv6"];
const OF_ENDPOINT: [&str; 5] = ["Aliases", "Links", "IPAMConfig", "NetworkID", "MacAddress"];

impl Door {
    pub(super) async fn networks(
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
            ("POST", ["create"]) => self.create_network(call).await,
            ("POST", ["prune"]) => self.prune(call).await,
            ("GET", [name]) => {
                let id = self.network(name).await?;
                self.show_changed(&call.target.at(&format!("/networks/{id}")), |_| {}).await
            }
            ("DELETE", [name]) => self.remove_network(call, name).await,
            ("POST", [name, what @ ("connect" | "disconnect")]) => {
                self.connect(call, name, what).await
            }
            _ => Err(not_there(&call)),
        }
    }

    /// The id of a network of the job.
    pub(super) async fn network(&self, name: &str) -> Result<String, Refusal> {
        let missing = || Refusal::missing("network", name);
        let candidates = match self.names.is_default_network(name) {
            true => vec![self.names.network().to_owned()],
            false => vec![self.names.own(name), name.to_owned()],
        };
        for candidate in candidates {
            if let Some(network) = self.engine.get(&format!("/networks/{candidate}")).await?
                && self.owns(network.get("Labels"))
            {
                return network["Id"].as_str().map(str::to_owned).ok_or_else(missing);
            }
        }
        Err(missing())
    }

    async fn create_network(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let (target, mut body) = call.json().await?;
        if text(&body, "Driver")? == "default" {
            body.remove("Driver");
        }
        let mut addresses = part(&mut body, "IPAM")?;
        if text(&addresses, "Driver")? == "default" {
            addresses.remove("Driver");
        }
        keep_only(&mut addresses, &[], "a network's `IPAM`")?;
        keep_only(&mut body, &KEPT, "a network")?;
        if !["", "bridge"].contains(&text(&body, "Driver")?)
            || body.get("EnableIPv6").is_some_and(|it| it == true)
        {
            return Err(Refusal::forbidden("only plain bridge networks can be made by a job"));
        }
        let name = self.names.own(text(&body, "Name")?);
        body.insert("Name".to_owned(), json!(name));
        body.insert("CheckDuplicate".to_owned(), json!(true));
        self.label(&mut body)?;
        let response = self.pass_with((&Method::POST, &target.again()), &headers, &body).await?;
        if response.status() == StatusCode::CREATED {
            let me = json!({ "Container": self.job_container });
            self.engine.post(&format!("/networks/{name}/connect"), Some(&me)).await?;
        }
        Ok(response)
    }

    async fn remove_network(&self, call: Call, name: &str) -> Result<Response<Body>, Refusal> {
        let id = self.network(name).await?;
        let me = json!({ "Container": self.job_container, "Force": true });
        // It may have been disconnected before.
        let path = format!("/networks/{id}/disconnect");
        self.engine.ask(Method::POST, &path, Some(&me)).await?;
        let path = call.target.at(&format!("/networks/{id}"));
        let response = self.pass(call, &path).await?;
        if !response.status().is_success() {
            let me = json!({ "Container": self.job_container });
            let path = format!("/networks/{id}/connect");
            self.engine.ask(Method::POST, &path, Some(&me)).await?;
        }
        Ok(response)
    }

    async fn connect(&self, call: Call, name: &str, what: &str) -> Result<Response<Body>, Refusal> {
        let headers = call.headers.clone();
        let id = self.network(name).await?;
        let (target, mut body) = call.json().await?;
        keep_only(&mut body, &["Container", "EndpointConfig", "Force"], "a connection")?;
        let container = self.container(text(&body, "Container")?).await?;
        let endpoint = part(&mut body, "EndpointConfig")?;
        if what == "connect" {
            let shown = container["Name"].as_str().map(|name| self.names.show(name));
            let endpoint = self.endpoint(endpoint, shown.as_deref()).await?;
            body.insert("EndpointConfig".to_owned(), Value::Object(endpoint));
        }
        body.insert("Container".to_owned(), container["Id"].clone());
        let path = target.at(&format!("/networks/{id}/{what}"));
        self.pass_with((&Method::POST, &path), &headers, &body).await
    }

    /// A container's place in a network. `name` is what the job calls the container.
    pub(super) async fn endpoint(
        &self,
        mut endpoint: Map<String, Value>,
        name: Option<&str>,
    ) -> Result<Map<String, Value>, Refusal> {
        // What an inspection answered, which clients send back.
        for key in ["EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway"] {
            endpoint.remove(key);
        }
        for key in ["GlobalIPv6Address", "GlobalIPv6PrefixLen", "NetworkID", "DNSNames"] {
            endpoint.remove(key);
        }
        keep_only(&mut endpoint, &OF_ENDPOINT, "a container's network")?;
        let mut aliases = texts(&endpoint, "Aliases")?;
        aliases.extend(name.map(|name| name.trim_start_matches('/').to_owned()));
        let links = self.links(&texts(&endpoint, "Links")?).await?;
        endpoint.insert("Aliases".to_owned(), json!(aliases));
        endpoint.insert("Links".to_owned(), json!(links));
        Ok(endpoint)
    }

    /// `name:alias`, with the names that the engine knows.
    pub(super) async fn links(&self, links: &[String]) -> Result<Vec<String>, Refusal> {
        let mut own = Vec::new();
        for link in links {
            let (name, alias) = link.split_once(':').unwrap_or((link, link));
            let container = self.container(name).await?;
            let known = container["Name"].as_str().unwrap_or_default();
            own.push(format!("{}:{alias}", known.trim_start_matches('/')));
        }
        Ok(own)
    }
}
