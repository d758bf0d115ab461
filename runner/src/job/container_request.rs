//! `container:` and the entries of `services:`, evaluated, as what is asked of a backend. Pure.
//!
//! Invariant: what is not supported is an error that names it, never left out in silence.

use gantry_workflow::expr::{Object, Value};

use crate::container::{ContainerSpec, parse_options};

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
}

/// Reads an image text or a mapping; `None` when the image is empty, which means no container.
pub(crate) fn read_container(value: &Value) -> Result<Option<ContainerRequest>, String> {
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
        read_key(key, value, &mut request)?;
    }
    Ok(Some(request))
}

fn read_key(key: &str, value: &Value, request: &mut ContainerRequest) -> Result<(), String> {
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
            request.ports = texts(value).iter().map(|text| port(text)).collect::<Result<_, _>>()?;
        }
        "volumes" => {
            for volume in texts(value) {
                if volume.contains(':') || !volume.starts_with('/') {
                    return Err(format!(
                        "volume `{volume}` is not supported on this runner: only a path in the \
                         container is, which gets an empty volume"
                    ));
                }
                spec.volumes.push(volume);
            }
        }
        "options" => parse_options(&value.to_text(), spec)?,
        "entrypoint" => spec.entrypoint = Some(vec![value.to_text().into_owned()]),
        "command" => {
            let text = value.to_text();
            let words =
                crate::words::split_words(&text).ok_or("a quote in `command` is not closed")?;
            spec.command = Some(words);
        }
        "credentials" if has_credentials(value) => {
            return Err("`credentials` of a container are not supported yet".to_owned());
        }
        "credentials" => {}
        other => return Err(format!("`{other}` of a container is not supported yet")),
    }
    Ok(())
}

fn has_credentials(value: &Value) -> bool {
    match value {
        Value::Object(keys) => keys.entries.values().any(|value| !value.to_text().is_empty()),
        _ => false,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.to_text().into_owned()).collect(),
        _ => Vec::new(),
    }
}

/// `5432`, `5433:5432`, `5433:5432/tcp`, `127.0.0.1:5433:5432`.
fn port(text: &str) -> Result<PortRequest, String> {
    let wrong = || format!("`{text}` is not a port");
    let number = |text: &str| text.trim().parse::<u16>().map_err(|_| wrong());
    let ports = match text.split_once('/') {
        Some((ports, "tcp")) => ports,
        Some((_, protocol)) => {
            return Err(format!("port `{text}` is not supported: only tcp is, not {protocol}"));
        }
        None => text,
    };
    match ports.rsplit_once(':') {
        None => Ok(PortRequest { container: number(ports)?, host: 0 }),
        Some((host, container)) => {
            let host = host.rsplit(':').next().unwrap_or(host);
            let host = if host.is_empty() { 0 } else { number(host)? };
            Ok(PortRequest { container: number(container)?, host })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn an_image_text_is_a_container_and_an_empty_one_is_none() {
        let request = read_container(&Value::string("docker://debian:12")).unwrap().unwrap();
        assert_eq!(request.spec.image, "debian:12");
        assert!(read_container(&Value::string("")).unwrap().is_none());
        assert!(read_container(&value(r#"{"image": ""}"#)).unwrap().is_none());
    }

    #[test]
    fn ports_in_all_their_forms() {
        let expected =
            [("5432", 5432, 0), ("5433:5432", 5432, 5433), ("1.2.3.4:80:8080/tcp", 8080, 80)];
        for (text, container, host) in expected {
            assert_eq!(port(text).unwrap(), PortRequest { container, host }, "{text}");
        }
        assert!(port("53:53/udp").unwrap_err().contains("only tcp"));
        assert!(port("http").is_err());
    }

    #[test]
    fn what_reaches_the_host_is_refused() {
        let error = |json: &str| read_container(&value(json)).unwrap_err();
        assert!(error(r#"{"image": "x", "volumes": ["/:/host"]}"#).contains("/:/host"));
        assert!(error(r#"{"image": "x", "options": "--privileged"}"#).contains("--privileged"));
        assert!(
            error(r#"{"image": "x", "credentials": {"username": "u"}}"#).contains("credentials")
        );
    }
}
