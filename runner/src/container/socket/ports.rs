//! Published ports: on the job's own localhost, where a machine of its own would have them.
//!
//! Nothing is opened on the machine, so jobs beside each other publish the same port. What was asked for
//! is a label of the container. Invariant: a container shows the ports on which the job reaches it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::body::part;
use super::door::Door;
use super::refusal::Refusal;

const LABEL: &str = "gantry.ports";

/// Where a free one is looked for, as the kernel does.
const FREE: std::ops::Range<u16> = 32_768..60_999;

/// From `80/tcp` to ports on the job's localhost.
type Ports = BTreeMap<String, Vec<u16>>;

impl Door {
    /// Takes the ports out of what the engine is told, and notes them.
    pub(super) fn ports(
        &self,
        body: &mut Map<String, Value>,
        host: &mut Map<String, Value>,
        image: &Value,
    ) -> Result<(), Refusal> {
        let mut ports = Ports::new();
        for (port, bindings) in part(host, "PortBindings")? {
            let numbers = ports.entry(port).or_default();
            for binding in bindings.as_array().into_iter().flatten() {
                numbers.push(wanted(binding)?);
            }
        }
        if host.remove("PublishAllPorts") == Some(Value::Bool(true)) {
            let exposed = [body.get("ExposedPorts"), image["Config"].get("ExposedPorts")];
            for (port, _) in exposed.into_iter().flatten().filter_map(Value::as_object).flatten() {
                ports.entry(port.clone()).or_insert_with(|| vec![free()]);
            }
        }
        if let Some(Value::Object(labels)) = body.get_mut("Labels")
            && !ports.is_empty()
        {
            labels.insert(LABEL.to_owned(), json!(json!(ports).to_string()));
        }
        Ok(())
    }

    /// Makes a started container's ports reachable.
    pub(super) async fn open_ports(&self, container: &Value) -> Result<(), Refusal> {
        let ports = noted(&container["Config"]["Labels"]);
        if ports.is_empty() {
            return Ok(());
        }
        let address = container["NetworkSettings"]["Networks"]
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(_, network)| network["IPAddress"].as_str().filter(|it| !it.is_empty()))
            .and_then(|address| address.parse().ok());
        let Some(address) = address else { return Ok(()) };
        for (port, numbers) in ports {
            let (inside, is_udp) = split(&port)?;
            let target = SocketAddr::new(address, inside).to_string();
            for number in numbers {
                self.shim.forward((number, is_udp), &target).await.map_err(|error| {
                    Refusal::failed(format!("port {number} of the job's localhost: {error}"))
                })?;
            }
        }
        Ok(())
    }

    /// Others may listen there from now on.
    pub(super) async fn close_ports(&self, container: &Value) {
        for (port, numbers) in noted(&container["Config"]["Labels"]) {
            for number in numbers {
                // One that was never opened is no error.
                let _ = self.shim.forward((number, port.ends_with("/udp")), "").await;
            }
        }
    }
}

fn wanted(binding: &Value) -> Result<u16, Refusal> {
    match binding["HostPort"].as_str().unwrap_or_default() {
        "" | "0" => Ok(free()),
        text => text
            .parse()
            .map_err(|_| Refusal::bad(format!("`{text}` is not the number of a single port"))),
    }
}

fn free() -> u16 {
    rand::random_range(FREE)
}

fn split(port: &str) -> Result<(u16, bool), Refusal> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    match (number.parse(), protocol) {
        (Ok(number), "tcp") => Ok((number, false)),
        (Ok(number), "udp") => Ok((number, true)),
        _ => Err(Refusal::bad(format!("`{port}` is neither a TCP nor a UDP port"))),
    }
}

fn noted(labels: &Value) -> Ports {
    let text = labels[LABEL].as_str().unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

/// Puts the ports into what the engine says of a container, in a list or alone.
pub(super) fn show_ports(container: &mut Value) {
    let alone = noted(&container["Config"]["Labels"]);
    let listed = noted(&container["Labels"]);
    let binding = |number: &u16| json!({ "HostIp": "0.0.0.0", "HostPort": number.to_string() });
    let bindings: Map<String, Value> = alone
        .iter()
        .map(|(port, numbers)| (port.clone(), numbers.iter().map(binding).collect()))
        .collect();
    if !bindings.is_empty() {
        container["HostConfig"]["PortBindings"] = Value::Object(bindings.clone());
        if container["State"]["Running"] == true
            && let Some(ports) = container["NetworkSettings"]["Ports"].as_object_mut()
        {
            ports.extend(bindings);
        }
    }
    if container["State"] == "running"
        && let Some(ports) = container["Ports"].as_array_mut()
    {
        for port in ports {
            let key = format!("{}/{}", port["PrivatePort"], port["Type"].as_str().unwrap_or("tcp"));
            if let Some(number) = listed.get(&key).and_then(|numbers| numbers.first()) {
                port["PublicPort"] = json!(number);
                port["IP"] = json!("0.0.0.0");
            }
        }
    }
}
