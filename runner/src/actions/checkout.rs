//! `actions/checkout`, built in: no network but the repository's own, no node in the job's image.
//!
//! The host's git works in a staging directory; the finished files are then moved into the
//! workspace. Invariant: git never runs on the host inside a directory that the job can write to.

use std::fs;
use std::path::{Path, PathBuf};

use gantry_workflow::expr::Value;
use indexmap::IndexMap;

use super::checkout_plan::{CheckoutPlan, EventRef, Target, plan};
use super::elsewhere;
use super::git::{Remote, git, git_with, server};
use super::lfs;
use super::place::{self, Destination};
use super::ssh_key::KeyFiles;
use super::submodules::{self, Fetching, Submodules};
use crate::background::blocking;
use crate::execution::RunningJob;
use crate::output::StepLog;
use crate::remove_tree::remove_tree;

/// Checks the repository out into the workspace; `process` and `key` name the step. Answers the action's
/// outputs, or what to tell the author of the workflow.
pub(crate) async fn check_out(
    job: &RunningJob,
    inputs: &IndexMap<String, String>,
    (process, key): (&str, &str),
    log: &mut StepLog,
) -> Result<IndexMap<String, String>, String> {
    let message = &job.state.message;
    if !matches!(message.contexts.github, Value::Object(_)) {
        return Err("the job has no `github` context".to_owned());
    }
    let text = |name: &str| job.github_text(name);
    let (server_url, full_ref, sha) = (text("server_url"), text("ref"), text("sha"));
    let event = EventRef {
        server: &server_url,
        repository: &message.repository.full_name,
        full_ref: &full_ref,
        sha: &sha,
    };
    let mut plan = plan(inputs, event)?;
    plan.warnings.iter().for_each(|warning| log.warning(warning));
    let name = plan.other.as_ref().unwrap_or(&message.repository.full_name);
    log.line(&format!("Syncing repository: {name}"));
    log.send().await;
    let stage = stage(job, process)?;
    let mut staged = Staged {
        directory: stage.join("new"),
        remote: remote(job, &plan, &server_url),
        settings: match &plan.server {
            Some(url) => elsewhere::permit(&format!("{url}/"), &job.host.config.checkout.hosts)
                .await
                .map_err(|why| format!("input `github-server-url` names {url}: {why}"))?,
            None => Vec::new(),
        },
        hosts: job.host.config.checkout.hosts.clone(),
    };
    let files = match &plan.ssh {
        Some(ssh) => {
            let files = KeyFiles::write(stage.join("ssh"), ssh)
                .map_err(|error| format!("writing the key: {error}"))?;
            let at = plan.server.as_ref().unwrap_or(&server_url);
            let url = ssh_url(&job.host.config.checkout.ssh_source, (at, name), &ssh.user);
            staged.remote = staged.remote.over_ssh(url, files.command());
            Some(files)
        }
        None => None,
    };
    if plan.lfs {
        lfs::check(&stage, &staged.remote).await?;
    }
    if plan.target == Target::DefaultBranch {
        plan.target = Target::Named(staged.default_branch().await?);
    }
    staged.fetch(&plan, log).await?;
    let commit = staged.switch(&plan, log).await?;
    if plan.lfs {
        lfs::pull(&staged.directory, &staged.remote, log).await?;
    }
    let mut configured = vec![staged.directory.join(".git/config")];
    if plan.submodules != Submodules::None {
        configured.extend(staged.check_out_submodules(&plan, log).await?);
    }
    staged.keep_credentials(&plan, &configured)?;
    if let Some(files) = files {
        keep_key(job, (&plan, key), files, &configured)
            .map_err(|error| format!("keeping the key: {error}"))?;
    }
    blocking(|| put_into_workspace(job, &stage, &plan))
        .map_err(|error| format!("moving the files: {error}"))?;
    log.line(&format!("HEAD is now at {commit}"));
    let reference = match &plan.target {
        Target::RefAt { full_ref, .. } => full_ref.clone(),
        Target::Named(name) => name.clone(),
        Target::Commit(sha) => sha.clone(),
        Target::DefaultBranch => String::new(),
    };
    Ok([("ref".to_owned(), reference), ("commit".to_owned(), commit)].into())
}

/// The repository and its token by HTTP. Where it is on the job's server, is not the workflow's to say.
fn remote(job: &RunningJob, plan: &CheckoutPlan, server_url: &str) -> Remote {
    let own = &job.state.message.repository;
    match (&plan.other, &plan.server) {
        (None, _) if plan.token.is_empty() => Remote::new(&own.clone_url, &own.clone_token),
        (None, _) => Remote::new(&own.clone_url, &plan.token),
        (Some(name), other) => {
            let server = other.as_deref().unwrap_or(server_url);
            Remote::new(&format!("{server}/{name}"), &plan.token)
        }
    }
}

fn ssh_url(template: &str, (at, name): (&str, &str), user: &str) -> String {
    let host = server(at).and_then(|server| server.split_once("://")).map_or(at, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let (owner, repository) = name.split_once('/').unwrap_or(("", name));
    template
        .replace("{user}", user)
        .replace("{host}", host)
        .replace("{owner}", owner)
        .replace("{repo}", repository)
}

/// Lets later git commands of the job use the key, if it is to be kept.
fn keep_key(
    job: &RunningJob,
    (plan, key): (&CheckoutPlan, &str),
    files: KeyFiles,
    configured: &[PathBuf],
) -> std::io::Result<()> {
    if !plan.persist_credentials {
        return Ok(());
    }
    // That the file is not there any more is no error for git.
    let include = format!("[include]\n\tpath = {}\n", files.keep(job, key)?);
    configured.iter().try_for_each(|path| {
        let config = fs::read_to_string(path)?;
        fs::write(path, config + &include)
    })
}

/// An empty staging directory for one step.
fn stage(job: &RunningJob, process: &str) -> Result<PathBuf, String> {
    let stage = job.directory.stage().join(process);
    let made = remove_tree(&stage)
        .and_then(|()| fs::create_dir_all(stage.join("new")))
        .and_then(|()| fs::create_dir(stage.join("trash")));
    made.map(|()| stage).map_err(|error| format!("making the staging directory: {error}"))
}

fn put_into_workspace(job: &RunningJob, stage: &Path, plan: &CheckoutPlan) -> std::io::Result<()> {
    let new = stage.join("new");
    if let Some((uid, gid)) = job.foreign_user() {
        place::give_to(&new, uid, gid)?;
    }
    let repository = job.repository().to_owned();
    let mut path = vec![repository.clone(), repository];
    path.extend(plan.path.iter().cloned());
    let work = job.directory.work();
    let trash = stage.join("trash");
    place::put(&new, Destination { root: &work, path: &path, trash: &trash }, plan.clean)?;
    // A process of the job may still write into what was replaced; the rest goes with the job.
    if let Err(error) = remove_tree(stage) {
        tracing::debug!(%error, "the replaced workspace goes with the job");
    }
    Ok(())
}

/// The repository in its staging directory.
struct Staged {
    directory: PathBuf,
    remote: Remote,
    /// What git needs where the repository is not on the job's server.
    settings: elsewhere::Settings,
    /// Servers that submodules may be on although they are not public.
    hosts: Vec<String>,
}

impl Staged {
    async fn git(&self, arguments: &[&str]) -> Result<String, String> {
        git_with(&self.directory, (&self.remote, &self.settings), arguments).await
    }

    /// The full name of the branch that the repository's `HEAD` means.
    async fn default_branch(&self) -> Result<String, String> {
        let listed = self.git(&["ls-remote", "--symref", &self.remote.url, "HEAD"]).await?;
        let line = listed.lines().find_map(|line| line.strip_prefix("ref: "));
        let branch = line.and_then(|line| line.split_whitespace().next()).map(str::to_owned);
        branch.ok_or_else(|| "the repository has no default branch".to_owned())
    }

    async fn fetch(&self, plan: &CheckoutPlan, log: &mut StepLog) -> Result<(), String> {
        log.line("##[group]Fetching the repository");
        log.send().await;
        self.git(&["init", "--quiet", "--initial-branch=gantry-none"]).await?;
        self.git(&["remote", "add", "origin", &self.remote.url]).await?;
        self.git(&["config", "--local", "gc.auto", "0"]).await?;
        let mut arguments = vec!["fetch", "--quiet", "--no-recurse-submodules"];
        let depth = format!("--depth={}", plan.depth);
        if plan.depth > 0 {
            arguments.push(&depth);
        }
        if !plan.tags {
            arguments.push("--no-tags");
        }
        let filter = plan.filter.as_ref().map(|filter| format!("--filter={filter}"));
        arguments.extend(filter.as_deref());
        arguments.push("origin");
        let refspecs = refspecs(plan);
        arguments.extend(refspecs.iter().map(String::as_str));
        log.line(&format!("[command]git {}", arguments.join(" ")));
        log.send().await;
        self.git(&arguments).await?;
        log.line("##[endgroup]");
        Ok(())
    }

    /// Checks out; answers the commit.
    async fn switch(&self, plan: &CheckoutPlan, log: &mut StepLog) -> Result<String, String> {
        if let Some(sparse) = &plan.sparse {
            log.line("##[group]Setting up sparse checkout");
            let mode = if sparse.cone { "--cone" } else { "--no-cone" };
            let mut arguments = vec!["sparse-checkout", "set", mode, "--end-of-options"];
            arguments.extend(sparse.patterns.iter().map(String::as_str));
            self.git(&arguments).await?;
            log.line("##[endgroup]");
        }
        log.line("##[group]Checking out the ref");
        let switch = self.switch_arguments(plan).await?;
        let mut arguments = vec!["checkout", "--quiet", "--force"];
        arguments.extend(switch.iter().map(String::as_str));
        log.line(&format!("[command]git {}", arguments.join(" ")));
        self.git(&arguments).await?;
        log.line("##[endgroup]");
        self.git(&["rev-parse", "HEAD"]).await
    }

    async fn switch_arguments(&self, plan: &CheckoutPlan) -> Result<Vec<String>, String> {
        let name = match &plan.target {
            Target::Commit(sha) => return Ok(vec![sha.clone()]),
            Target::RefAt { full_ref, sha } => {
                return Ok(match full_ref.strip_prefix("refs/heads/") {
                    Some(branch) => vec!["-B".to_owned(), branch.to_owned(), sha.clone()],
                    None => vec![sha.clone()],
                });
            }
            Target::Named(name) => name,
            Target::DefaultBranch => return Ok(Vec::new()),
        };
        let branch = name.strip_prefix("refs/heads/").unwrap_or(name);
        let tracking = format!("refs/remotes/origin/{branch}");
        if self.exists(&tracking).await {
            return Ok(vec!["-B".to_owned(), branch.to_owned(), tracking]);
        }
        let tag = format!("refs/tags/{}", name.strip_prefix("refs/tags/").unwrap_or(name));
        let other = name.replacen("refs/", "refs/remotes/", 1);
        for candidate in [tag, other] {
            if self.exists(&candidate).await {
                return Ok(vec![candidate]);
            }
        }
        Err(format!("A branch or tag with the name '{name}' could not be found"))
    }

    async fn exists(&self, reference: &str) -> bool {
        self.git(&["rev-parse", "--verify", "--quiet", reference]).await.is_ok()
    }

    /// Lets later git commands of the job reach the repository, as the original does.
    fn keep_credentials(&self, plan: &CheckoutPlan, configured: &[PathBuf]) -> Result<(), String> {
        let Some((key, value)) = self.remote.setting().filter(|_| plan.persist_credentials) else {
            return Ok(());
        };
        // Written by us and not through an argument, which every process of the machine can read.
        let section = key.trim_end_matches(".extraheader").trim_start_matches("http.");
        let text = format!("[http \"{section}\"]\n\textraheader = {value}\n");
        for path in configured {
            let config = fs::read_to_string(path).map(|config| config + &text);
            config
                .and_then(|config| fs::write(path, config))
                .map_err(|error| format!("keeping the credentials: {error}"))?;
        }
        Ok(())
    }

    /// Answers the submodules' files of configuration.
    async fn check_out_submodules(
        &self,
        plan: &CheckoutPlan,
        log: &mut StepLog,
    ) -> Result<Vec<PathBuf>, String> {
        let recursive = plan.submodules == Submodules::All;
        let fetching =
            Fetching { remote: &self.remote, depth: plan.depth, recursive, hosts: &self.hosts };
        let directories = submodules::check_out(&self.directory, fetching, log).await?;
        let mut configured = Vec::new();
        for directory in directories {
            let git_directory =
                git(&directory, &self.remote, &["rev-parse", "--absolute-git-dir"]).await?;
            configured.push(Path::new(&git_directory).join("config"));
        }
        Ok(configured)
    }
}

fn refspecs(plan: &CheckoutPlan) -> Vec<String> {
    const TAGS: &str = "+refs/tags/*:refs/tags/*";
    let mut refspecs = Vec::new();
    if plan.depth == 0 {
        refspecs.push("+refs/heads/*:refs/remotes/origin/*".to_owned());
    }
    if plan.depth == 0 || plan.tags {
        refspecs.push(TAGS.to_owned());
    }
    let has_all = |full_ref: &str| {
        plan.depth == 0 && full_ref.starts_with("refs/heads/")
            || refspecs.iter().any(|spec| spec == TAGS) && full_ref.starts_with("refs/tags/")
    };
    match &plan.target {
        Target::Commit(sha) => refspecs.push(sha.clone()),
        // Its ref comes with the others, and git refuses two sources for one of them.
        Target::RefAt { full_ref, sha } if has_all(full_ref) => refspecs.push(sha.clone()),
        Target::RefAt { full_ref, sha } => {
            let local = match full_ref.strip_prefix("refs/heads/") {
                Some(branch) => format!("refs/remotes/origin/{branch}"),
                None if full_ref.starts_with("refs/tags/") => full_ref.clone(),
                None => full_ref.replacen("refs/", "refs/remotes/", 1),
            };
            refspecs.push(format!("+{sha}:{local}"));
        }
        Target::Named(name) if name.starts_with("refs/") => {
            let local = if let Some(branch) = name.strip_prefix("refs/heads/") {
                format!("refs/remotes/origin/{branch}")
            } else if name.starts_with("refs/tags/") {
                name.clone()
            } else {
                name.replacen("refs/", "refs/remotes/", 1)
            };
            refspecs.push(format!("+{name}:{local}"));
        }
        // The pattern also matches nothing, where a plain refspec of a missing ref is an error.
        Target::Named(name) if plan.depth > 0 => {
            refspecs.push(format!("+refs/heads/{name}*:refs/remotes/origin/{name}*"));
            refspecs.push(format!("+refs/tags/{name}*:refs/tags/{name}*"));
        }
        Target::Named(_) | Target::DefaultBranch => {}
    }
    refspecs
}
