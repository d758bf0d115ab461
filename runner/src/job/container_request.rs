//! `container:` and the entries of `services:`, evaluated, as what is asked of a backend. Pure.
//!
//! Invariant: what is not supported is an error that names it, never left out in silence.

use std::ops::RangeInclusive;

use gantry_workflow::expr::{Object, Value};

use crate::container::{ContainerSpec, Credentials, parse_options, parse_volume};

/// One container of a workflow.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContainerRequest {
    pub(crate) spec: ContainerSpec,
    pub(crate) ports: Vec<PortRequest>,
}

/// An entry of `ports:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortRequest {
    pub(crate) container: u16,
    /// 0 for any.
    pub(crate) host: u16,
    pub(crate) is_udp: bool,
}

/// Most ports of one range.
const LONGEST_RANGE: u16 = 100;

/// Reads an image text or a mapping; `None` when the image is empty, which means no container.
/// `volumes` are those that the runner's operator allows.
pub(crate) fn read_container(
    value: &Value,
    volumes: &[String],
) -> Result<Option<ContainerRequest>, String> {
    let empty = Object::default();
    let (image, keys) = match value {
        Value::Object(keys) => {
            (keys.get("image").map(|image| image.to_text().into_owned()), &**keys)
        }
        other => (Some(other.to_text().into_owned()), &empty),
    };
    let image = image.unwrap_or_default().trim().to_owned();
    let image = image.strip_prefix("docker://").unwrap_or(&image);
    if image.is_empty() {
        return Ok(None);
    }
    let mut request = ContainerRequest::default();
    request.spec.image = image.to_owned();
    for (key, value) in &keys.entries {
        read_key((key, value), volumes, &mut request)?;
    }
    Ok(Some(request))
}

fn read_key(
    (key, value): (&str, &Value),
    volumes: &[String],
    request: &mut ContainerRequest,
) -> Result<(), String> {
    let spec = &mut request.spec;
    match key {
        "image" => {}
        "env" => {
            if let Value::Object(env) = value {
                let pairs = env.entries.iter();
                spec.environment.extend(
                    pairs.map(|(name, value)| (name.clone(), value.to_text().into_owned())),
                );
            }
        }
        "ports" => {
            for text in texts(value) {
                request.ports.extend(ports(&text)?);
            }
        }
        "volumes" => {
            for volume in texts(value) {
                spec.volumes.push(parse_volume(&volume, volumes)?);
            }
        }
        "options" => parse_options(&value.to_text(), volumes, spec)?,
        "entrypoint" => spec.entrypoint = Some(vec![value.to_text().into_owned()]),
        "command" => {
            let text = value.to_text();
            let words =
                crate::words::split_words(&text).ok_or("a quote in `command` is not closed")?;
            spec.command = Some(words);
        }
        "credentials" => spec.credentials = credentials(value)?,
        other => return Err(format!("`{other}` of a container is not supported yet")),
    }
    Ok(())
}

/// Both of them, or none where a secret that does not exist left them empty.
fn credentials(value: &Value) -> Result<Option<Credentials>, String> {
    let Value::Object(keys) = value else { return Ok(None) };
    let text = |key| keys.get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
    let (username, password) = (text("username"), text("password"));
    match (username.is_empty(), password.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(Credentials { username, password })),
        _ => Err("`credentials` need a `username` and a `password`".to_owned()),
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        _ => Vec::new(),
    }
}

/// `5432`, `5433:5432`, `5433:5432/udp`, `127.0.0.1:5433:5432`, and ranges `3000-3002`.
fn ports(text: &str) -> Result<Vec<PortRequest>, String> {
    let wrong = || format!("`{text}` is not a port");
    let (numbers, is_udp) = match text.split_once('/') {
        Some((numbers, "tcp")) => (numbers, false),
        Some((numbers, "udp")) => (numbers, true),
        Some((_, protocol)) => {
            return Err(format!("port `{text}`: `{protocol}` is neither tcp nor udp"));
        }
        None => (text, false),
    };
    let (host, container) = match numbers.rsplit_once(':') {
        Some((host, container)) => (host.rsplit(':').next().unwrap_or(host), container),
        None => ("", numbers),
    };
    let container = range(container).ok_or_else(wrong)?;
    let host = if host.is_empty() { None } else { Some(range(host).ok_or_else(wrong)?) };
    if host.as_ref().is_some_and(|host| host.len() != container.len()) {
        return Err(format!("port `{text}`: the two ranges are of different lengths"));
    }
    let hosts = host.into_iter().flatten().chain(std::iter::repeat(0));
    Ok(container
        .zip(hosts)
        .map(|(container, host)| PortRequest { container, host, is_udp })
        .collect())
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to): (u16, u16) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from <= to && to - from < LONGEST_RANGE).then_some(from..=to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn an_image_text_is_a_container_and_an_empty_one_is_none() {
        let request = read_container(&Value::string("docker://debian:12"), &[]).unwrap().unwrap();
        assert_eq!(request.spec.image, "debian:12");
        assert!(read_container(&Value::string(""), &[]).unwrap().is_none());
        assert!(read_container(&value(r#"{"image": ""}"#), &[]).unwrap().is_none());
    }

    #[test]
    fn ports_in_all_their_forms() {
        let all = |text| {
            let ports = ports(text).unwrap().into_iter();
            ports.map(|port| (port.container, port.host, port.is_udp)).collect::<Vec<_>>()
        };
        assert_eq!(all("5432"), [(5432, 0, false)]);
        assert_eq!(all("5433:5432"), [(5432, 5433, false)]);
        assert_eq!(all("1.2.3.4:80:8080/tcp"), [(8080, 80, false)]);
        assert_eq!(all("53:5353/udp"), [(5353, 53, true)]);
        assert_eq!(all("80-81"), [(80, 0, false), (81, 0, false)]);
        assert_eq!(all("8000-8001:80-81"), [(80, 8000, false), (81, 8001, false)]);
        for wrong in ["http", "1/sctp", "1-2:3", "5-4", "1-60000", "70000", ""] {
            assert!(ports(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn credentials_are_whole_or_absent() {
        let read =
            |json: &str| read_container(&value(json), &[]).map(|r| r.unwrap().spec.credentials);
        let both = read(r#"{"image": "x", "credentials": {"username": "u", "password": "p"}}"#);
        assert_eq!(both.unwrap().unwrap().username, "u");
        let empty = read(r#"{"image": "x", "credentials": {"username": "", "password": ""}}"#);
        assert_eq!(empty, Ok(None));
        assert!(read(r#"{"image": "x", "credentials": {"username": "u"}}"#).is_err());
    }

    #[test]
    fn what_reaches_the_host_is_refused() {
        let error = |json: &str| read_container(&value(json), &[]).unwrap_err();
        assert!(error(r#"{"image": "x", "volumes": ["/:/host"]}"#).contains("/:/host"));
        assert!(error(r#"{"image": "x", "options": "--privileged"}"#).contains("--privileged"));
    }
}
