//! Which version of Python or Node.js a workflow asks for, and which of those at hand that is. Pure.
//!
//! Follows the published behaviour of `actions/setup-python` and `actions/setup-node` for what an image
//! has; nothing is ever downloaded. Invariant: a version that does not fit is never taken instead.

use indexmap::IndexMap;
use node_semver::{Range, Version};

/// What is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Python,
    Node,
}

/// Names of long-term support, and their major versions.
const LTS: [(&str, u32); 6] = [
    ("fermium", 14),
    ("gallium", 16),
    ("hydrogen", 18),
    ("iron", 20),
    ("jod", 22),
    ("krypton", 24),
];

/// Inputs that an image's own tools cannot honour.
const UNSUPPORTED: [&str; 3] = ["mirror", "pip-version", "pip-install"];

/// One that is in the image or in the tool cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundTool {
    pub(crate) version: String,
    /// Of its program.
    pub(crate) path: String,
}

impl Tool {
    /// `actions/setup-python` and `actions/setup-node`, in any version.
    pub(crate) fn of(owner: &str, repository: &str) -> Option<Self> {
        if !owner.eq_ignore_ascii_case("actions") {
            return None;
        }
        match repository.to_ascii_lowercase().as_str() {
            "setup-python" => Some(Self::Python),
            "setup-node" => Some(Self::Node),
            _ => None,
        }
    }

    /// Begins the names of its inputs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
        }
    }

    /// As it is written in sentences.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "Node.js",
        }
    }
}

/// The versions that are asked for, the most wanted first; empty for any. `file` is the contents of the
/// file that the inputs name.
pub(crate) fn wanted(
    tool: Tool,
    inputs: &IndexMap<String, String>,
    file: Option<&str>,
) -> Result<Vec<String>, String> {
    let input = |name: &str| inputs.get(name).map_or("", |value| value.trim());
    if let Some(name) = UNSUPPORTED.iter().find(|name| !input(name).is_empty()) {
        return Err(format!(
            "input `{name}` is not supported by the setup-{} that is part of the runner",
            tool.word()
        ));
    }
    let written = input(&format!("{}-version", tool.word()));
    if !written.is_empty() {
        let lines = written.lines().map(str::trim).filter(|line| !line.is_empty());
        return Ok(lines.map(str::to_owned).collect());
    }
    let name = input(&format!("{}-version-file", tool.word()));
    match file {
        Some(text) => from_file(tool, name, text),
        None => Ok(Vec::new()),
    }
}

fn from_file(tool: Tool, name: &str, text: &str) -> Result<Vec<String>, String> {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let unknown = || format!("no version of {} is found in `{name}`", tool.title());
    let version = match file_name {
        "package.json" => package_json(text),
        "pyproject.toml" => pyproject(text),
        ".tool-versions" => text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let is_tool = matches!(words.next(), Some("python" | "nodejs" | "node"));
            words.next().filter(|_| is_tool).map(str::to_owned)
        }),
        _ => {
            let lines = text.lines().map(str::trim);
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .next()
        }
    };
    Ok(vec![version.ok_or_else(unknown)?])
}

fn package_json(text: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let found = json["volta"]["node"].as_str().or(json["engines"]["node"].as_str())?;
    Some(found.to_owned())
}

/// `requires-python` of a project, where it stands on a line of its own.
fn pyproject(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "requires-python").then(|| value.split('#').next().unwrap_or(value))
    })?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

/// The newest of `found` that fits what is `wanted`.
pub(crate) fn choose<'a>(
    tool: Tool,
    wanted: &str,
    found: &'a [FoundTool],
) -> Result<Option<&'a FoundTool>, String> {
    let range = range(tool, wanted)?;
    let versions =
        found.iter().filter_map(|tool| Some((Version::parse(&tool.version).ok()?, tool)));
    let fitting = versions.filter(|(version, _)| range.satisfies(version));
    // Of the same version, the one that comes first.
    let newest = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best });
    Ok(newest.map(|(_, tool)| tool))
}

fn range(tool: Tool, wanted: &str) -> Result<Range, String> {
    let text = match tool {
        Tool::Python => python_range(wanted)?,
        Tool::Node => node_range(wanted)?,
    };
    let is_range = text.split_whitespace().all(may_be_part_of_range);
    Range::parse(&text).ok().filter(|_| is_range).ok_or_else(|| {
        format!("'{wanted}' is not a version or a range of versions of {}", tool.title())
    })
}

/// The parser passes over words that it does not know; GitHub's refuses them.
fn may_be_part_of_range(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit() || "<>=~^*xXvV|-".contains(first))
}

/// `3.12-dev` takes previews, too; commas are spaces in Python's own ranges.
fn python_range(wanted: &str) -> Result<String, String> {
    if wanted.starts_with(|first: char| first.is_ascii_alphabetic() && first != 'x') {
        return Err(format!(
            "'{wanted}' is not CPython, which is all that the setup-python that is part of the runner \
             knows"
        ));
    }
    let text = match wanted.strip_suffix("-dev") {
        Some(version) => format!("~{version}.0-0"),
        None => wanted.replace(',', " ").replace("==", "="),
    };
    Ok(text.replace("~=", "~"))
}

fn node_range(wanted: &str) -> Result<String, String> {
    let wanted = wanted.trim_start_matches('v');
    match wanted {
        "latest" | "current" | "node" | "*" | "lts/*" | "lts/-0" => return Ok("*".to_owned()),
        _ => {}
    }
    let Some(name) = wanted.strip_prefix("lts/") else { return Ok(wanted.to_owned()) };
    let found = LTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found
        .map(|(_, major)| major.to_string())
        .ok_or_else(|| format!("No LTS alias found for LTS version '{name}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(versions: &[&str]) -> Vec<FoundTool> {
        let tool = |version: &&str| FoundTool {
            version: (*version).to_owned(),
            path: format!("/t/{version}/bin/tool"),
        };
        versions.iter().map(tool).collect()
    }

    fn chosen(tool: Tool, wanted: &str, versions: &[&str]) -> Option<String> {
        let found = found(versions);
        choose(tool, wanted, &found).unwrap().map(|tool| tool.version.clone())
    }

    #[test]
    fn the_newest_version_that_fits_is_taken() {
        let pythons = ["3.9.2", "3.11.2", "3.11.10", "3.13.0-rc.1"];
        for (wanted, expected) in [
            ("3.11", Some("3.11.10")),
            ("3.x", Some("3.11.10")),
            ("3", Some("3.11.10")),
            (">=3.8 <3.10", Some("3.9.2")),
            (">=3.8,<3.10", Some("3.9.2")),
            ("3.9 - 3.10", Some("3.9.2")),
            ("~3.11.1", Some("3.11.10")),
            ("==3.11.2", Some("3.11.2")),
            ("3.13", None),
            ("3.13-dev", Some("3.13.0-rc.1")),
            ("3.12", None),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(chosen(Tool::Python, wanted, &pythons), expected, "{wanted}");
        }
        assert!(choose(Tool::Python, "pypy3.9", &[]).unwrap_err().contains("CPython"));
        assert!(choose(Tool::Python, "3.11 or so", &[]).is_err());
    }

    #[test]
    fn node_is_found_by_range_and_by_the_name_of_its_support() {
        let nodes = ["18.20.4", "20.11.0", "21.1.0"];
        for (wanted, expected) in [
            ("20", Some("20.11.0")),
            ("v18", Some("18.20.4")),
            ("lts/iron", Some("20.11.0")),
            (">=18 || 16", Some("21.1.0")),
            ("latest", Some("21.1.0")),
            ("22.x", None),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(chosen(Tool::Node, wanted, &nodes), expected, "{wanted}");
        }
        assert!(choose(Tool::Node, "lts/none", &[]).unwrap_err().contains("LTS alias"));
    }

    #[test]
    fn versions_come_from_inputs_and_from_files() {
        let of = |tool, inputs: &[(&str, &str)], file: Option<&str>| {
            let inputs = inputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            wanted(tool, &inputs, file)
        };
        let lines = [("python-version", "3.12\n 3.11 \n")];
        assert_eq!(of(Tool::Python, &lines, None).unwrap(), ["3.12", "3.11"]);
        let file = |name| [("python-version-file", name)];
        let text = "# ours\n3.11.2\n";
        assert_eq!(of(Tool::Python, &file(".python-version"), Some(text)).unwrap(), ["3.11.2"]);
        let text = "[project]\nrequires-python = \">=3.9\" # old\n";
        assert_eq!(of(Tool::Python, &file("a/pyproject.toml"), Some(text)).unwrap(), [">=3.9"]);
        let text = "ruby 3\npython 3.10.1\n";
        assert_eq!(of(Tool::Python, &file(".tool-versions"), Some(text)).unwrap(), ["3.10.1"]);
        let file = [("node-version-file", "package.json")];
        let text = r#"{"engines": {"node": ">=18"}}"#;
        assert_eq!(of(Tool::Node, &file, Some(text)).unwrap(), [">=18"]);
        assert!(of(Tool::Node, &file, Some("{}")).unwrap_err().contains("package.json"));
        assert!(of(Tool::Python, &[], None).unwrap().is_empty());
    }
}
