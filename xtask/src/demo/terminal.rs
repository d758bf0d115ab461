//! The person at the terminal: whether there is one, and their answer to the approval.

use std::io::{BufRead, IsTerminal, stdin, stdout};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};

use crate::command::say;

/// A reviewer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Approve,
    Reject,
}

/// Whether somebody can read and type.
pub(super) fn is_interactive() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// Asks for the approval; the page and the REST API can answer as well.
pub(super) fn ask(environment: &str) {
    if is_interactive() {
        say(&format!("\napprove the deployment to {environment}? [y/n] (or on the page)"));
    } else {
        say(&format!(
            "\nthe deployment to {environment} waits for an approval on the page or by REST"
        ));
    }
}

/// What was typed since the last call, if it was an answer.
pub(super) fn answer() -> Option<Answer> {
    if !is_interactive() {
        return None;
    }
    match next_line()?.trim().to_lowercase().as_str() {
        "y" | "yes" => Some(Answer::Approve),
        "n" | "no" => Some(Answer::Reject),
        _ => {
            say("please answer y or n");
            None
        }
    }
}

/// Waits for one line.
pub(super) fn wait_for_enter() {
    let received = lines().lock().map(|receiver| receiver.recv());
    drop(received);
}

fn next_line() -> Option<String> {
    lines().lock().ok()?.try_recv().ok()
}

/// Lines of standard input, read by a thread of their own.
fn lines() -> &'static Mutex<Receiver<String>> {
    static LINES: OnceLock<Mutex<Receiver<String>>> = OnceLock::new();
    LINES.get_or_init(|| {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in stdin().lock().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Mutex::new(receiver)
    })
}
