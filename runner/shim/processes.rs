//! The processes the shim has started: their output, their end, and what is told about them.
//!
//! Knows nothing of connections except where to send a message. Invariant: the end of a process
//! is on disk before it is reported, and a name is started at most once.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{os, thread};

use crate::link::Link;
use crate::system::{self, User};
use crate::users;
use crate::wire::{Answer, Exited, Message, OWN_PROGRAM, Start};

/// How long after a process' end others may hold its output open before it counts as complete
/// (GitHub's runner waits as long).
const OUTPUT_GRACE: Duration = Duration::from_secs(5);

/// Steps are killed before anything else when memory runs out, as on GitHub's runner.
const OUT_OF_MEMORY_SCORE: &str = "500";

const COPY_BYTES: usize = 64 * 1024;

/// Name, exit code and bytes of output of every process that has ended, one a line.
const EXITS_FILE: &str = "exits";

/// An empty spool, made ahead while nobody waits; the next process gets it.
const SPARE_SPOOL: &str = "spare";

struct Process {
    pid: u32,
    program: String,
    /// Files that were empty at the start, through which the process may say something.
    empty_files: Vec<String>,
    length: u64,
    /// The runner wants to hear when there is more output than this. It reads the spool itself and may
    /// be ahead of `length`.
    watched_from: Option<u64>,
    code: Option<i32>,
    output_ended: bool,
    note: String,
    exited: Option<Exited>,
}

/// All processes of this container, by name.
pub struct Processes {
    directory: PathBuf,
    table: Mutex<HashMap<String, Process>>,
    /// Something in the table changed.
    changed: Condvar,
    link: &'static Link,
}

impl Processes {
    pub fn new(directory: PathBuf, link: &'static Link) -> Self {
        Self { directory, table: Mutex::default(), changed: Condvar::new(), link }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<String, Process>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn start(&'static self, start: &Start) -> Answer {
        // Held until the process is in the table, so that the reaper cannot collect it unseen.
        let mut table = self.table();
        if let Some(process) = table.get(&start.process) {
            return Answer::Started { already: true, program: process.program.clone() };
        }
        let program = find_program(start);
        match self.spawn(start, &program) {
            Ok((pid, output, spool)) => {
                table.insert(start.process.clone(), Process::new(pid, program.clone(), start));
                drop(table);
                self.changed.notify_all();
                let name = start.process.clone();
                thread::spawn(move || self.copy_output(&name, output, spool));
                Answer::Started { already: false, program }
            }
            Err(message) => Answer::Failed(message),
        }
    }

    fn spawn(&self, start: &Start, program: &str) -> Result<(u32, PipeReader, File), String> {
        let user = users::resolve(&start.user)?;
        for file in &start.files {
            write_file(Path::new(&file.path), &file.contents, user.as_ref())
                .map_err(|error| format!("writing `{}`: {error}", file.path))?;
        }
        // GitHub's words for both ways this fails.
        let refused = |reason: String| {
            format!(
                "An error occurred trying to start process '{program}' with working directory \
                 '{}'. {reason}",
                start.directory
            )
        };
        if !Path::new(&start.directory).is_dir() {
            return Err(refused("No such file or directory".to_owned()));
        }
        let (output, input, spool) = self
            .open_output(&start.process, user.as_ref())
            .map_err(|error| format!("opening the spool of `{}`: {error}", start.process))?;
        let mut command = Command::new(program);
        command
            .args(start.arguments.iter().skip(1))
            .env_clear()
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&start.directory)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(input.try_clone().map_err(|error| error.to_string())?)
            .stderr(input);
        if let Some(user) = user {
            system::run_as(&mut command, user);
        }
        let child = command.spawn().map_err(|error| refused(reason(&error)))?;
        // Refused where the container may not do it; the step runs all the same.
        let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), OUT_OF_MEMORY_SCORE);
        Ok((child.id(), output, spool))
    }

    /// A pipe for the process (a program may reopen `/dev/stdout`, which would truncate a file) and
    /// the spool that it is copied to.
    fn open_output(
        &self,
        process: &str,
        user: Option<&User>,
    ) -> io::Result<(PipeReader, io::PipeWriter, File)> {
        let path = self.directory.join(format!("{process}.out"));
        // There may be no spare one, which costs only time.
        let _ = fs::rename(self.directory.join(SPARE_SPOOL), &path);
        let spool = OpenOptions::new().create(true).append(true).open(path)?;
        let (output, input) = io::pipe()?;
        if let Some(user) = user {
            os::unix::fs::fchown(&input, Some(user.uid), Some(user.gid))?;
        }
        Ok((output, input, spool))
    }

    fn copy_output(&'static self, name: &str, mut output: PipeReader, mut spool: File) {
        let _ = File::create_new(self.directory.join(SPARE_SPOOL));
        let mut buffer = vec![0; COPY_BYTES];
        let mut note = String::new();
        loop {
            match output.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    if note.is_empty()
                        && let Err(error) = spool.write_all(&buffer[..n])
                    {
                        note = format!("the output could not be stored: {error}");
                    }
                    if note.is_empty() {
                        self.note_output(name, n as u64);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if let Some(process) = self.table().get_mut(name) {
            process.output_ended = true;
            process.note = note;
        }
        self.changed.notify_all();
        self.finish_if_complete(name, false);
    }

    fn note_output(&self, name: &str, bytes: u64) {
        let mut table = self.table();
        let Some(process) = table.get_mut(name) else { return };
        process.length += bytes;
        let length = process.length;
        if process.watched_from.is_some_and(|seen| length > seen) {
            process.watched_from = None;
            drop(table);
            self.link.send(&Message::Output { process: name.to_owned(), length });
        }
    }

    pub fn watch(&self, name: &str, seen: u64) -> Answer {
        let mut table = self.table();
        let Some(process) = table.get_mut(name) else {
            return Answer::Failed(format!("no process `{name}` was started"));
        };
        let message = if let Some(exited) = &process.exited {
            Some(Message::Exited(exited.clone()))
        } else if process.length > seen {
            Some(Message::Output { process: name.to_owned(), length: process.length })
        } else {
            process.watched_from = Some(seen);
            None
        };
        drop(table);
        if let Some(message) = message {
            self.link.send(&message);
        }
        Answer::Done
    }

    pub fn signal(&self, name: &str, signal: i32) -> Answer {
        let table = self.table();
        match table.get(name).filter(|process| process.exited.is_none()) {
            Some(process) => match system::signal_group(process.pid, signal) {
                Ok(()) => Answer::Done,
                Err(error) => Answer::Failed(error.to_string()),
            },
            // It ended while the signal was on its way.
            None => Answer::Done,
        }
    }

    /// Collects ended children for ever: our processes and the orphans that the kernel gives us.
    pub fn reap(&'static self) -> ! {
        loop {
            if !system::wait_for_a_child() {
                let table = self.table();
                let running = |table: &mut HashMap<String, Process>| {
                    table.values().all(|process| process.code.is_some())
                };
                drop(self.changed.wait_while(table, running));
                continue;
            }
            let mut ended = Vec::new();
            let mut table = self.table();
            while let Some((pid, code)) = system::collect_child() {
                let entry = table.iter_mut().find(|(_, p)| p.pid == pid && p.code.is_none());
                if let Some((name, process)) = entry {
                    process.code = Some(code);
                    ended.push(name.clone());
                }
            }
            drop(table);
            for name in ended {
                if !self.finish_if_complete(&name, false) {
                    thread::spawn(move || self.finish_after_grace(&name));
                }
            }
        }
    }

    fn finish_after_grace(&self, name: &str) {
        let open = |table: &mut HashMap<String, Process>| {
            table.get(name).is_some_and(|process| !process.output_ended)
        };
        drop(self.changed.wait_timeout_while(self.table(), OUTPUT_GRACE, open));
        self.finish_if_complete(name, true);
    }

    /// Reports the end of a process whose output is complete (or has had its time); true if it is
    /// reported now or was before.
    fn finish_if_complete(&self, name: &str, out_of_time: bool) -> bool {
        let mut table = self.table();
        let Some(process) = table.get_mut(name) else { return false };
        if process.exited.is_some() {
            return true;
        }
        let Some(code) = process.code.filter(|_| process.output_ended || out_of_time) else {
            return false;
        };
        let exited = Exited {
            process: name.to_owned(),
            code,
            length: process.length,
            note: process.note.clone(),
            wrote_files: process.empty_files.iter().any(|path| is_written(path)),
        };
        // The table stays locked: nobody may see the end before it is on disk.
        let _ = self.write_exit_line(&exited);
        process.exited = Some(exited.clone());
        drop(table);
        self.link.send(&Message::Exited(exited));
        true
    }

    /// One line at the end of one file: a new file for each process would cost a step most of a
    /// millisecond. A line without its end was cut short and does not count.
    fn write_exit_line(&self, exited: &Exited) -> io::Result<()> {
        let path = self.directory.join(EXITS_FILE);
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{} {} {}\n", exited.process, exited.code, exited.length).as_bytes())
    }
}

impl Process {
    fn new(pid: u32, program: String, start: &Start) -> Self {
        let empty = start.files.iter().filter(|file| file.contents.is_empty());
        Self {
            pid,
            program,
            empty_files: empty.map(|file| file.path.clone()).collect(),
            length: 0,
            watched_from: Some(0),
            code: None,
            output_ended: false,
            note: String::new(),
            exited: None,
        }
    }
}

/// Looks the program up as `execvp` would. One that is not found keeps its name, for the message.
fn find_program(start: &Start) -> String {
    let search_path = start.environment.iter().find(|(name, _)| name == "PATH");
    let directories = search_path.map_or("", |(_, path)| path);
    let find = |program: &str| {
        let mut paths = directories.split(':').map(|directory| Path::new(directory).join(program));
        paths.find(|path| path.is_file())?.into_os_string().into_string().ok()
    };
    let first = start.arguments.first().map_or("", String::as_str);
    if first == OWN_PROGRAM {
        return std::env::args().next().unwrap_or_default();
    }
    if first.contains('/') {
        return first.to_owned();
    }
    let fallback = Some(start.fallback.as_str()).filter(|fallback| !fallback.is_empty());
    find(first)
        .or_else(|| fallback.map(|program| find(program).unwrap_or_else(|| program.to_owned())))
        .unwrap_or_else(|| first.to_owned())
}

/// Whether there is anything to read, also when reading it will fail.
fn is_written(path: &str) -> bool {
    match fs::metadata(path) {
        Ok(about) => !about.is_file() || about.len() > 0,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn write_file(path: &Path, contents: &[u8], user: Option<&User>) -> io::Result<()> {
    // A symlink that an earlier step left here must not be written through.
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(contents)?;
    match user {
        Some(user) => os::unix::fs::lchown(path, Some(user.uid), Some(user.gid)),
        None => Ok(()),
    }
}

/// The kernel's words without Rust's `(os error 2)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
