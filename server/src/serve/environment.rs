//! Refuses variables with our prefix that nobody reads: most likely they are misspelt.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::{Command, CommandFactory as _};

/// Every variable of ours begins with it.
const PREFIX: &str = "GANTRY_";

/// Checks `names` against what the commands of this program and of the runner read.
pub(super) fn check(names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    collect(&crate::Arguments::command(), &mut known);
    collect(&gantry_runner::config::Arguments::command(), &mut known);
    let unknown: Vec<String> =
        names.filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    bail!("unknown environment variable `{}`: see `gantry serve --help`", unknown.join("`, `"))
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|argument| argument.get_env());
    known.extend(names.map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|subcommand| collect(subcommand, known));
}

#[cfg(test)]
mod tests {
    use super::check;

    fn check_names(names: &[&str]) -> Result<(), String> {
        check(names.iter().map(|name| (*name).to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn misspelt_variables_are_refused_and_others_are_not_ours() {
        assert_eq!(check_names(&["PATH", "GANTRY_DATA_DIR", "GANTRY_SERVER_URL"]), Ok(()));
        let refused = check_names(&["GANTRY_DATADIR"]);
        assert!(refused.is_err_and(|text| text.contains("`GANTRY_DATADIR`")));
    }
}
