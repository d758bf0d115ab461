//! Every command, flag and variable is in `docs/configuration.md`.

use clap::{Command, CommandFactory};

use crate::Arguments;

const PAGE: &str = include_str!("../../../docs/configuration.md");

/// The part of the page under a heading, up to the next heading of any level.
fn section(heading: &str) -> Option<&'static str> {
    let start = PAGE.find(&format!("# {heading}\n"))?;
    let text = PAGE.get(start + 2..)?;
    Some(text.find("\n#").and_then(|end| text.get(..end)).unwrap_or(text))
}

fn missing(command: &Command, path: &str, found: &mut Vec<String>) {
    let mut n_commands = 0;
    for subcommand in command.get_subcommands().filter(|it| it.get_name() != "help") {
        n_commands += 1;
        missing(subcommand, &format!("{path} {}", subcommand.get_name()), found);
    }
    let has_own =
        command.get_arguments().any(|it| !matches!(it.get_id().as_str(), "help" | "version"));
    if n_commands > 0 && !has_own {
        return;
    }
    let Some(own) = section(&format!("`{path}`")) else {
        found.push(format!("a section `{path}`"));
        return;
    };
    let shared = section("Talking to a server").unwrap_or_default();
    let is_known = |word: &str| {
        let quoted = format!("`{word}`");
        own.contains(&quoted) || shared.contains(&quoted)
    };
    for argument in
        command.get_arguments().filter(|it| !matches!(it.get_id().as_str(), "help" | "version"))
    {
        let flag = argument.get_long().map(|flag| format!("--{flag}"));
        let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
        found.extend(
            flag.into_iter()
                .chain(variable)
                .filter(|word| !is_known(word))
                .map(|word| format!("{word} of `{path}`")),
        );
    }
}

#[test]
fn the_page_names_every_flag_and_variable() {
    let mut found = Vec::new();
    missing(&Arguments::command(), "gantry", &mut found);
    assert!(found.is_empty(), "docs/configuration.md lacks: {}", found.join(", "));
}

#[test]
fn the_commands_are_well_formed() {
    Arguments::command().debug_assert();
}
