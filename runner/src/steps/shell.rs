//! The shell of a `run` step (`semantics` 5.4). Pure.
//!
//! Invariant: a shell that is accepted has exactly one place for the script.

use crate::words::split_words;

const INVALID: &str = "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, \
                       powershell, pwsh) or a format string containing '{0}'";

/// How a script is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shell {
    pub(crate) program: String,
    /// Runs where that is not found; empty for none.
    pub(crate) fallback: &'static str,
    /// Holds `{0}` where the script's path goes; also what the log shows.
    arguments: String,
    pub(crate) extension: &'static str,
    is_powershell: bool,
}

impl Shell {
    /// The `shell` value as written.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (program, arguments) = text.split_once(' ').unwrap_or((text, ""));
        let known = match program.to_ascii_lowercase().as_str() {
            "bash" => Some(("--noprofile --norc -e -o pipefail {0}", "sh")),
            "sh" => Some(("-e {0}", "sh")),
            "pwsh" | "powershell" => Some(("-command \". '{0}'\"", "ps1")),
            "python" => Some(("{0}", "py")),
            _ => None,
        };
        let extension = known.map_or("", |(_, extension)| extension);
        let arguments = match known {
            Some((arguments, _)) if program == text => arguments,
            _ => arguments,
        };
        if !arguments.contains("{0}") {
            return Err(INVALID.to_owned());
        }
        Ok(Self {
            program: program.to_owned(),
            fallback: "",
            arguments: arguments.trim().to_owned(),
            extension,
            is_powershell: extension == "ps1",
        })
    }

    /// The shell of a step that names none. On a machine without bash, and in every job with a
    /// `container`, it is `sh`.
    pub(crate) fn unset(has_container: bool) -> Self {
        Self {
            program: if has_container { "sh" } else { "bash" }.to_owned(),
            fallback: "sh",
            arguments: "-e {0}".to_owned(),
            extension: "sh",
            is_powershell: false,
        }
    }

    /// The line under `shell:` in the step's log.
    pub(crate) fn display(&self, program_path: &str) -> String {
        format!("{program_path} {}", self.arguments)
    }

    /// Arguments for the script at `path`.
    pub(crate) fn arguments(&self, path: &str) -> Result<Vec<String>, String> {
        let words = split_words(&self.arguments).ok_or(INVALID)?;
        Ok(words.into_iter().map(|word| word.replace("{0}", path)).collect())
    }

    /// The script as it is written to its file.
    pub(crate) fn script(&self, text: &str) -> String {
        if self.is_powershell {
            return format!(
                "$ErrorActionPreference = 'stop'\n{text}\nif ((Test-Path -LiteralPath \
                 variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}"
            );
        }
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(shell: &str) -> String {
        let shell = Shell::parse(shell).unwrap();
        let mut words = vec![shell.program.clone()];
        words.extend(shell.arguments("/t/x").unwrap());
        words.join(" ")
    }

    #[test]
    fn known_names_have_githubs_arguments() {
        assert_eq!(command("bash"), "bash --noprofile --norc -e -o pipefail /t/x");
        assert_eq!(command("sh"), "sh -e /t/x");
        assert_eq!(command("python"), "python /t/x");
        assert_eq!(command("pwsh"), "pwsh -command . '/t/x'");
    }

    #[test]
    fn a_template_replaces_the_arguments_also_of_known_names() {
        assert_eq!(command("bash {0}"), "bash /t/x");
        assert_eq!(command("perl -w {0} end"), "perl -w /t/x end");
    }

    #[test]
    fn a_shell_without_a_place_for_the_script_is_refused() {
        for shell in ["bash -l", "perl", "node -e"] {
            assert_eq!(Shell::parse(shell).unwrap_err(), INVALID, "{shell}");
        }
    }

    #[test]
    fn an_unset_shell_has_no_pipefail() {
        for (shell, program) in [(Shell::unset(false), "bash"), (Shell::unset(true), "sh")] {
            assert_eq!((shell.program.as_str(), shell.fallback), (program, "sh"));
            assert_eq!(shell.display("/bin/sh"), "/bin/sh -e {0}");
        }
    }
}
