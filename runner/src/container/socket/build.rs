//! `docker build` by the engine's own builder.
//!
//! `BuildKit` is not offered: its caches are everybody's. Invariant: what is built carries the job's labels
//! and names, its steps have the job's network, and no layer of another job is taken for one of this.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{Response, header};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::body::says_nothing;
use super::door::{Call, Door};
use super::engine::{Body, BoxError};
use super::refusal::Refusal;
use crate::background::blocking;

const KEPT: [&str; 24] = [
    "dockerfile",
    "t",
    "extrahosts",
    "q",
    "nocache",
    "pull",
    "rm",
    "forcerm",
    "memory",
    "memswap",
    "cpushares",
    "cpusetcpus",
    "cpuperiod",
    "cpuquota",
    "buildargs",
    "shmsize",
    "labels",
    "networkmode",
    "target",
    "platform",
    "version",
    "ulimits",
    "cachefrom",
    "squash",
];

impl Door {
    pub(super) async fn build(&self, mut call: Call) -> Result<Response<Body>, Refusal> {
        self.build_options(&mut call)?;
        let own: Vec<String> = self.own_tags().await?;
        let body = call.body.map_err(BoxError::from);
        let body = if own.is_empty() {
            body.boxed_unsync()
        } else {
            // Names of the job's own images in the recipe are not what the engine knows.
            let names: HashMap<String, String> =
                own.iter().flat_map(|tag| self.own_names(tag)).collect();
            if let Some((_, value)) = call.target.query.iter_mut().find(|(it, _)| it == "buildargs")
            {
                *value = replace_arguments(value, &names);
            }
            let recipe = call.target.get("dockerfile").filter(|it| !it.is_empty());
            let recipe = recipe.unwrap_or("Dockerfile").to_owned();
            rename_in_context(body.boxed_unsync(), &recipe, &names).await?
        };
        let path = call.target.again();
        let mut request = self.request(&call.method, &path, &call.headers, body)?;
        // Anything else could hold parameters.
        let archive = header::HeaderValue::from_static("application/x-tar");
        request.headers_mut().insert(header::CONTENT_TYPE, archive);
        Ok(self.relay(self.engine.send(request).await?))
    }

    fn build_options(&self, call: &mut Call) -> Result<(), Refusal> {
        let target = &mut call.target;
        let silent = ["", "0", "false", "default", "null", "[]", "{}", "1"];
        for (name, value) in &target.query {
            let is_silent = silent.contains(&value.as_str()) && (name == "version" || value != "1");
            if !is_silent
                && (!KEPT.contains(&name.as_str())
                    || ["version", "squash"].contains(&name.as_str()))
            {
                let hint = if name == "version" {
                    " (BuildKit is not offered; set DOCKER_BUILDKIT=0)"
                } else {
                    ""
                };
                return Err(Refusal::forbidden(format!(
                    "`{name}` of a build is not allowed through a job's engine socket{hint}"
                )));
            }
        }
        target.query.retain(|(name, _)| KEPT.contains(&name.as_str()));
        target
            .query
            .retain(|(name, _)| name != "cachefrom" && name != "squash" && name != "version");
        for (name, value) in &mut target.query {
            if name == "t" {
                *value = self.names.own_image(value);
            }
        }
        let network = match target.get("networkmode").unwrap_or_default() {
            "none" => "none".to_owned(),
            mode if self.names.is_default_network(mode) => self.names.network().to_owned(),
            mode => {
                return Err(Refusal::forbidden(format!(
                    "network `{mode}` is not allowed in a build"
                )));
            }
        };
        target.set("networkmode", network);
        target.set("nocache", "1");
        target.set("forcerm", "1");
        self.build_limits(call)?;
        let labels: Value = serde_json::from_str(call.target.get("labels").unwrap_or("{}"))
            .map_err(|_| Refusal::bad("`labels` is not a mapping"))?;
        let mut body = serde_json::Map::from_iter([("Labels".to_owned(), labels)]);
        self.label(&mut body)?;
        let labels = body.remove("Labels").filter(|it| !says_nothing(it)).unwrap_or_default();
        call.target.set("labels", labels.to_string());
        Ok(())
    }

    fn build_limits(&self, call: &mut Call) -> Result<(), Refusal> {
        let Some(most) = self.limits.memory_bytes else { return Ok(()) };
        let wanted = call.target.get("memory").unwrap_or("0").parse::<i64>();
        let wanted = wanted.map_err(|_| Refusal::bad("`memory` is not a number"))?;
        let memory = if wanted > 0 { wanted.min(most) } else { most };
        call.target.set("memory", memory.to_string());
        call.target.set("memswap", memory.to_string());
        Ok(())
    }

    /// How a recipe may name one of the job's images.
    fn own_names(&self, tag: &str) -> Vec<(String, String)> {
        let own = self.names.own_image(tag);
        let mut names = vec![(tag.to_owned(), own.clone())];
        if let Some(short) = tag.strip_suffix(":latest") {
            names.push((short.to_owned(), own));
        }
        names
    }
}

/// Keeps a context on disk, so that its recipe can be changed on the way.
async fn rename_in_context(
    body: Body,
    recipe: &str,
    names: &HashMap<String, String>,
) -> Result<Body, Refusal> {
    let kept = tempfile::tempfile().map_err(Refusal::engine)?;
    let mut file = tokio::fs::File::from_std(kept.try_clone().map_err(Refusal::engine)?);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece.map_err(Refusal::engine)?).await.map_err(Refusal::engine)?;
    }
    file.flush().await.map_err(Refusal::engine)?;
    let renamed = blocking(|| rename(kept, recipe, names)).map_err(Refusal::engine)?;
    let pieces = ReaderStream::new(tokio::fs::File::from_std(renamed));
    let frames =
        pieces.map(|piece: io::Result<Bytes>| piece.map(Frame::data).map_err(BoxError::from));
    Ok(BodyExt::boxed_unsync(StreamBody::new(frames)))
}

fn rename(
    mut context: std::fs::File,
    recipe: &str,
    names: &HashMap<String, String>,
) -> io::Result<std::fs::File> {
    use std::io::Seek as _;
    context.rewind()?;
    let mut head = [0; 2];
    let is_compressed = context.read(&mut head)? == 2 && (head == [0x1f, 0x8b] || &head == b"BZ");
    context.rewind()?;
    if is_compressed {
        return Ok(context);
    }
    let mut made = tar::Builder::new(tempfile::tempfile()?);
    let mut archive = tar::Archive::new(context);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let mut header = entry.header().clone();
        let path = entry.path()?.into_owned();
        let plain = path.strip_prefix("./").unwrap_or(&path).to_owned();
        if plain == std::path::Path::new(recipe) && header.entry_type().is_file() {
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            let text = rename_in_recipe(&String::from_utf8_lossy(&text), names);
            header.set_size(text.len() as u64);
            made.append_data(&mut header, &path, text.as_bytes())?;
        } else if let Some(link) = entry.link_name()?.map(std::borrow::Cow::into_owned) {
            made.append_link(&mut header, &path, link)?;
        } else {
            made.append_data(&mut header, &path, &mut entry)?;
        }
    }
    let mut made = made.into_inner()?;
    made.flush()?;
    made.rewind()?;
    Ok(made)
}

/// Where a recipe names images: `FROM`, `COPY --from`, and what an argument may stand for.
fn rename_in_recipe(text: &str, names: &HashMap<String, String>) -> String {
    let mut renamed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let first = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if !["FROM", "COPY", "ARG"].contains(&first.as_str()) {
            renamed.push_str(line);
            continue;
        }
        for word in line.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            let rest = &word[bare.len()..];
            let (key, name) = match bare.split_once('=') {
                Some((key, name)) if first != "FROM" && (first == "ARG" || key == "--from") => {
                    (format!("{key}="), name)
                }
                _ if first == "FROM" => (String::new(), bare),
                _ => (bare.to_owned(), ""),
            };
            renamed.push_str(&key);
            renamed.push_str(names.get(name.trim_matches('"')).map_or(name, String::as_str));
            renamed.push_str(rest);
        }
    }
    renamed
}

fn replace_arguments(text: &str, names: &HashMap<String, String>) -> String {
    let Ok(Value::Object(mut arguments)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    for value in arguments.values_mut() {
        if let Some(own) = value.as_str().and_then(|name| names.get(name)) {
            *value = Value::String(own.clone());
        }
    }
    Value::Object(arguments).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_find_the_jobs_own_images() {
        let names = HashMap::from([("base:1".to_owned(), "own/base:1".to_owned())]);
        let text = "ARG B=base:1\nFROM base:1 AS x\nFROM python:3\nCOPY --from=base:1 /a /b\nRUN echo base:1\n";
        let expected = "ARG B=own/base:1\nFROM own/base:1 AS x\nFROM python:3\nCOPY --from=own/base:1 /a /b\nRUN echo base:1\n";
        assert_eq!(rename_in_recipe(text, &names), expected);
        assert_eq!(
            replace_arguments(r#"{"B":"base:1","C":null}"#, &names),
            r#"{"B":"own/base:1","C":null}"#
        );
    }
}
