//! `gantry-shim DIRECTORY`: the first process of a job container.
//!
//! Starts processes for the runner, keeps their output and exit codes in DIRECTORY, and outlives
//! the runner. Uses `std` only and links statically, so it runs in any image. Does not know what a
//! step is. Invariant: only a connection that knows the token is served, and the token is in no
//! file, argument or environment that a job process can read.

mod file_wire;
mod files;
mod forward;
mod forward_udp;
mod link;
mod processes;
mod system;
mod users;
#[expect(dead_code, reason = "the runner uses the other half")]
mod wire;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use link::Link;
use processes::Processes;
use wire::{Answer, Message, Request};

/// A connection that has not shown the token by then is closed.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Names within DIRECTORY; the runner knows them too.
const TOKEN_FILE: &str = "token";
const SOCKET_FILE: &str = "socket";

/// `gantry-shim --empty DIRECTORY` removes what is in it and ends: a runner that is not root cannot
/// remove what a job's root has made.
const EMPTY: &str = "--empty";

/// `gantry-shim --files PORT` serves the job's files to the runner, which listens there.
const FILES: &str = "--files";

static LINK: Link = Link::new();
static SHIM: OnceLock<Shim> = OnceLock::new();

struct Shim {
    token: String,
    processes: Processes,
}

fn main() {
    if let Err(error) = run() {
        eprintln!("gantry-shim: {error}");
        std::process::exit(70);
    }
}

fn run() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (first, second) = (arguments.next(), arguments.next().unwrap_or_default());
    if first.as_ref().is_some_and(|argument| argument == EMPTY) {
        return empty(second.as_ref());
    }
    if first.as_ref().is_some_and(|argument| argument == FILES) {
        return files::serve(&second.to_string_lossy());
    }
    let directory = PathBuf::from(first.unwrap_or_else(|| "/gantry".into()));
    system::protect_and_adopt();
    system::stop_ignoring_signals();
    let token = fs::read_to_string(directory.join(TOKEN_FILE))?;
    fs::remove_file(directory.join(TOKEN_FILE))?;
    // The path of a socket may have 107 bytes only; a relative one always fits.
    std::env::set_current_dir(&directory)?;
    let listener = UnixListener::bind(SOCKET_FILE)?;
    give_to_owner(SOCKET_FILE)?;
    // The runner may move the directory, so nothing remembers where it was.
    let processes = Processes::new(PathBuf::from("."), &LINK);
    let shim = SHIM.get_or_init(|| Shim { token, processes });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || shim.serve(stream));
        }
    });
    shim.processes.reap()
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// The runner need not be root; its directory says who it is.
fn give_to_owner(path: &str) -> io::Result<()> {
    let owner = fs::metadata(".")?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    lchown(path, Some(owner.uid()), Some(owner.gid()))
}

impl Shim {
    fn serve(&'static self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_read_timeout(Some(HELLO_TIMEOUT))?;
        let Some(hello) = wire::read_frame(&mut stream)? else { return Ok(()) };
        if !matches!(wire::decode_request(&hello)?, (_, Request::Hello { token }) if self.knows(&token))
        {
            return Ok(());
        }
        stream.set_read_timeout(None)?;
        LINK.replace(&stream)?;
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        LINK.send(&Message::Welcome { environment });
        while let Some(frame) = wire::read_frame(&mut stream)? {
            let (request, body) = wire::decode_request(&frame)?;
            LINK.send(&Message::Reply { request, answer: self.answer(body) });
        }
        Ok(())
    }

    /// Compares without telling by the time how much was right.
    fn knows(&self, token: &str) -> bool {
        let (ours, theirs) = (self.token.as_bytes(), token.as_bytes());
        ours.len() == theirs.len()
            && ours.iter().zip(theirs).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    fn answer(&'static self, request: Request) -> Answer {
        match request {
            Request::Hello { .. } => Answer::Failed("said hello twice".to_owned()),
            Request::Prepare { user, directories } => {
                prepare(&user, &directories).unwrap_or_else(Answer::Failed)
            }
            Request::Start(start) => self.processes.start(&start),
            Request::Signal { process, signal } => self.processes.signal(&process, signal),
            Request::Watch { process, seen } => self.processes.watch(&process, seen),
            Request::ReadFiles { paths, max_bytes } => read_files(&paths, max_bytes),
            Request::Forward { port, is_udp, target } => match listen(is_udp, port, &target) {
                Ok(port) => Answer::Listening { port },
                Err(message) => Answer::Failed(message),
            },
            Request::Lead { path, socket } => match forward::lead(&path, &socket) {
                Ok(()) => Answer::Listening { port: 0 },
                Err(message) => Answer::Failed(message),
            },
            Request::ShutDown => std::process::exit(0),
        }
    }
}

fn listen(is_udp: bool, port: u16, target: &str) -> Result<u16, String> {
    if is_udp { forward_udp::listen(port, target) } else { forward::listen(port, target) }
}

fn prepare(user: &str, directories: &[String]) -> Result<Answer, String> {
    let user = users::resolve(user)?;
    for directory in directories {
        let done = fs::create_dir_all(directory).and_then(|()| match &user {
            Some(user) => lchown(directory, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        });
        done.map_err(|error| format!("making `{directory}`: {error}"))?;
    }
    let (uid, gid) = user.map_or((0, 0), |user| (user.uid, user.gid));
    Ok(Answer::Prepared { uid, gid })
}

fn read_files(paths: &[String], max_bytes: u64) -> Answer {
    let mut files = Vec::new();
    for path in paths {
        files.push(match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Answer::Failed(format!("reading `{path}`: {error}")),
            Ok(about) if !about.is_file() => {
                return Answer::Failed(format!("reading `{path}`: it is not a file"));
            }
            Ok(about) if about.len() > max_bytes => {
                return Answer::Failed(format!(
                    "reading `{path}`: it has {} bytes, more than {max_bytes}",
                    about.len()
                ));
            }
            Ok(_) => match read_up_to(path, max_bytes) {
                Ok(contents) => Some(contents),
                Err(error) => return Answer::Failed(format!("reading `{path}`: {error}")),
            },
        });
    }
    Answer::Files(files)
}

/// The file may still grow, and some files of the kernel never end.
fn read_up_to(path: &str, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    fs::File::open(path)?.take(max_bytes).read_to_end(&mut contents)?;
    Ok(contents)
}
