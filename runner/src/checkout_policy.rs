//! Where the runner's own checkout may go besides the server of the job's repository.
//!
//! Git works on the runner's machine, which reaches more than the job does. Invariant: without
//! configuration it goes nowhere but to the repository's server and to public addresses.

/// The repository's own server, by SSH.
const DEFAULT_SSH_SOURCE: &str = "ssh://{user}@{host}/{owner}/{repo}.git";

/// What the operator says about checkouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutPolicy {
    /// `HOST` or `HOST:PORT` of servers that a checkout may go to although their addresses are not public.
    pub hosts: Vec<String>,
    /// URL of a repository for checkouts with `ssh-key`, with `{user}`, `{host}`, `{owner}` and `{repo}`.
    pub ssh_source: String,
}

impl Default for CheckoutPolicy {
    fn default() -> Self {
        Self { hosts: Vec::new(), ssh_source: DEFAULT_SSH_SOURCE.to_owned() }
    }
}

/// The same on a command line.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckoutArguments {
    /// Server of your own network that submodules and `github-server-url` may name
    #[arg(
        long = "checkout-host",
        env = "GANTRY_CHECKOUT_HOSTS",
        value_delimiter = ',',
        value_name = "HOST[:PORT]"
    )]
    checkout_hosts: Vec<String>,

    /// Git URL for checkouts with `ssh-key`, with `{user}`, `{host}`, `{owner}` and `{repo}`
    #[arg(long, env = "GANTRY_CHECKOUT_SSH", default_value = DEFAULT_SSH_SOURCE, value_parser = ssh_source, value_name = "URL")]
    checkout_ssh: String,
}

impl From<CheckoutArguments> for CheckoutPolicy {
    fn from(arguments: CheckoutArguments) -> Self {
        let CheckoutArguments { checkout_hosts, checkout_ssh } = arguments;
        Self { hosts: checkout_hosts, ssh_source: checkout_ssh }
    }
}

fn ssh_source(text: &str) -> Result<String, String> {
    let is_whole =
        text.starts_with("ssh://") && text.contains("{owner}") && text.contains("{repo}");
    is_whole.then(|| text.to_owned()).ok_or_else(|| {
        "expected an ssh:// URL with `{owner}` and `{repo}`, and `{user}` and `{host}` if need be"
            .to_owned()
    })
}
