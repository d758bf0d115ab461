//! `volumes:` of containers and services, against what the operator allows
//! (`reliability-security` S14).
//!
//! Invariant: a volume that is neither anonymous nor named by the operator is an error that says so.

use std::path::{Component, Path, PathBuf};

/// A volume or a directory of the machine in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    pub source: VolumeSource,
    pub target: String,
    pub read_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    /// Empty, and gone with the container.
    Anonymous,
    /// Of the engine; outlives the job.
    Named(String),
    Directory(PathBuf),
}

/// What the runner and its shim have their own places for.
const RESERVED: [&str; 9] =
    ["/", "/__w", "/__t", "/__e", "/github", "/gantry", "/gantry-shim", "/proc", "/sys"];
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];

/// Reads `target`, `name:target` or `/source:target`, each with `:ro` or `:rw`. `allowed` are the
/// operator's names of volumes and paths of directories.
pub(crate) fn parse_volume(text: &str, allowed: &[String]) -> Result<VolumeMount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts.as_slice() {
        [target] => ("", *target, "rw"),
        [source, target] if target.starts_with('/') => (*source, *target, "rw"),
        [target, mode] => ("", *target, *mode),
        [source, target, mode] => (*source, *target, *mode),
        _ => return Err(format!("volume `{text}` has too many parts")),
    };
    let read_only = match mode {
        "rw" => false,
        "ro" => true,
        _ => return Err(format!("volume `{text}`: `{mode}` is neither `ro` nor `rw`")),
    };
    check_target(text, target)?;
    let source = read_source(text, source, allowed)?;
    Ok(VolumeMount { source, target: target.to_owned(), read_only })
}

fn check_target(text: &str, target: &str) -> Result<(), String> {
    let path = Path::new(target);
    if !is_plain(path) {
        return Err(format!("volume `{text}`: `{target}` is not an absolute path without `..`"));
    }
    let below = |reserved: &str| {
        path == Path::new(reserved) || { reserved != "/" && path.starts_with(reserved) }
    };
    if RESERVED.into_iter().chain(SOCKETS).any(below) {
        return Err(format!("volume `{text}`: `{target}` is the runner's own place"));
    }
    Ok(())
}

fn read_source(text: &str, source: &str, allowed: &[String]) -> Result<VolumeSource, String> {
    if source.is_empty() {
        return Ok(VolumeSource::Anonymous);
    }
    let refused = || {
        format!(
            "volume `{text}` is not allowed on this runner; its operator can allow `{source}` with --volume"
        )
    };
    if !source.starts_with('/') {
        let is_allowed = allowed.iter().any(|name| name == source);
        return is_allowed.then(|| VolumeSource::Named(source.to_owned())).ok_or_else(refused);
    }
    let path = Path::new(source);
    let is_below = |root: &String| root.starts_with('/') && path.starts_with(root);
    if !is_plain(path) || !allowed.iter().any(is_below) {
        return Err(refused());
    }
    Ok(VolumeSource::Directory(path.to_owned()))
}

fn is_plain(path: &Path) -> bool {
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.all(|component| matches!(component, Component::Normal(_)))
}

/// Where the directory really is, if no link leads it out of what is allowed.
pub(crate) fn real_directory(path: &Path, allowed: &[String]) -> Result<PathBuf, String> {
    let shown = path.display();
    let real = path.canonicalize().map_err(|error| format!("volume `{shown}`: {error}"))?;
    let roots = allowed.iter().filter_map(|root| Path::new(root).canonicalize().ok());
    match roots.into_iter().any(|root| real.starts_with(root)) {
        true if real.is_dir() => Ok(real),
        true => Err(format!("volume `{shown}` is not a directory")),
        false => Err(format!("volume `{shown}` leads out of what the runner's operator allows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<VolumeMount, String> {
        let allowed = ["cache", "/srv/data"].map(str::to_owned);
        parse_volume(text, &allowed)
    }

    #[test]
    fn what_the_operator_allows_is_mounted() {
        let named = VolumeSource::Named("cache".to_owned());
        let directory = VolumeSource::Directory("/srv/data/x".into());
        for (text, source, target, read_only) in [
            ("/tmp/empty", VolumeSource::Anonymous, "/tmp/empty", false),
            ("/tmp/empty:ro", VolumeSource::Anonymous, "/tmp/empty", true),
            ("cache:/cache", named.clone(), "/cache", false),
            ("cache:/cache:ro", named, "/cache", true),
            ("/srv/data/x:/data:rw", directory, "/data", false),
        ] {
            let target = target.to_owned();
            assert_eq!(parse(text), Ok(VolumeMount { source, target, read_only }), "{text}");
        }
    }

    #[test]
    fn everything_else_is_an_error_that_names_it() {
        for text in [
            "/:/host",
            "/srv:/data",
            "/srv/data/../..:/data",
            "/srv/database:/data",
            "other:/x",
            "./relative:/x",
            "/var/run/docker.sock:/x",
            "cache:/__w/app",
            "cache:/github/home",
            "cache:/",
            "cache:relative",
            "cache:/x/../proc",
            "cache:/x:exec",
            "a:b:c:d",
            "cache:/var/run/docker.sock",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn a_link_out_of_what_is_allowed_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let allowed = [root.path().display().to_string()];
        std::fs::create_dir(root.path().join("in")).unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("out")).unwrap();
        assert!(real_directory(&root.path().join("in"), &allowed).is_ok());
        assert!(
            real_directory(&root.path().join("out"), &allowed).unwrap_err().contains("leads out")
        );
        assert!(real_directory(&root.path().join("missing"), &allowed).is_err());
    }
}
