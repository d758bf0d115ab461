//! The frames between runner and shim, for both sides: the shim compiles this file as its own
//! module, the runner includes it. Only `std`, no sockets and no files.
//!
//! A frame is a `u32` length (little-endian) and that many bytes. Invariant: decoding never panics
//! and never allocates more than the frame is long.

use std::io::{self, Read, Write};

/// Largest frame either side accepts; scripts and command files travel whole.
pub(crate) const MAX_FRAME_BYTES: usize = 64 << 20;

/// As the first argument of a process: the shim's own program, wherever it is.
pub(crate) const OWN_PROGRAM: &str = "gantry-shim:self";

/// From the runner. The first frame of a connection is `Hello`; nothing else is answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Hello {
        token: String,
    },
    /// Makes the directories and gives them to `user`.
    Prepare {
        user: String,
        directories: Vec<String>,
    },
    Start(Start),
    /// To the whole process group of a process that has not ended.
    Signal {
        process: String,
        signal: i32,
    },
    /// Asks for one `Output` as soon as the spool is longer than `seen`, and for `Exited`. A start
    /// asks for the first one.
    Watch {
        process: String,
        seen: u64,
    },
    ReadFiles {
        paths: Vec<String>,
        max_bytes: u64,
    },
    /// Listens on 127.0.0.1:`port` (0: any) and passes connections or datagrams on to `target`, instead of
    /// where they went before; to an empty one ends it.
    Forward {
        port: u16,
        is_udp: bool,
        target: String,
    },
    ShutDown,
    /// Listens on the socket `path` and passes connections on to `socket` in the shim's directory.
    Lead {
        path: String,
        socket: String,
    },
}

/// Starts a process once: a second start of the same name is answered and does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// Also the stem of its spool's name.
    pub process: String,
    /// The program first. Without a slash in it, it is looked up in the `PATH` of `environment`.
    pub arguments: Vec<String>,
    /// The program if that is not found; empty for none.
    pub fallback: String,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(String, String)>,
    pub directory: String,
    /// `name`, `uid`, `name:group` or `uid:gid`; empty for the shim's own user.
    pub user: String,
    /// Written before the start, owned by `user`. [`Exited`] tells whether empty ones were written.
    pub files: Vec<NewFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    pub path: String,
    pub contents: Vec<u8>,
}

/// From the shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// The answer to `Hello`, with the image's environment.
    Welcome {
        environment: Vec<(String, String)>,
    },
    Reply {
        request: u32,
        answer: Answer,
    },
    /// The spool of the process has `length` bytes now.
    Output {
        process: String,
        length: u64,
    },
    Exited(Exited),
}

/// A process ended and its output is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exited {
    pub process: String,
    /// As a shell shows it: 128+n for signal n.
    pub code: i32,
    /// Bytes of the spool that belong to the process.
    pub length: u64,
    /// Why output is missing, if some is; else empty.
    pub note: String,
    /// One of the files that were empty at the start is not empty now.
    pub wrote_files: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Prepared {
        uid: u32,
        gid: u32,
    },
    Started {
        already: bool,
        /// The program's path as it was found.
        program: String,
    },
    /// In the order asked for; `None` for a file that does not exist.
    Files(Vec<Option<Vec<u8>>>),
    Listening {
        port: u16,
    },
    Failed(String),
}

/// Reads one frame; `None` at the end of the stream.
pub(crate) fn read_frame(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    if stream.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut head[1..])?;
    let length = frame_length(head)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Writes one frame with a single call, so that frames of several threads do not mix.
pub(crate) fn write_frame(stream: &mut impl Write, body: &[u8]) -> io::Result<()> {
    stream.write_all(&frame(body))
}

/// `body` with its length in front.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.bytes(body);
    encoder.0
}

/// The length in a frame's head, if it is acceptable.
pub(crate) fn frame_length(head: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    if length > MAX_FRAME_BYTES { Err(malformed("frame too long")) } else { Ok(length) }
}

/// A request with the number its reply will carry.
pub(crate) fn encode_request(number: u32, request: &Request) -> Vec<u8> {
    let mut e = Encoder::default();
    e.u32(number);
    match request {
        Request::Hello { token } => e.u8(0).text(token),
        Request::Prepare { user, directories } => e.u8(1).text(user).texts(directories),
        Request::Start(start) => e.u8(2).start(start),
        Request::Signal { process, signal } => e.u8(3).text(process).u32(signal.cast_unsigned()),
        Request::Watch { process, seen } => e.u8(4).text(process).u64(*seen),
        Request::ReadFiles { paths, max_bytes } => e.u8(5).texts(paths).u64(*max_bytes),
        Request::Forward { port, is_udp, target } => {
            e.u8(6).u32(u32::from(*port)).flag(*is_udp).text(target)
        }
        Request::ShutDown => e.u8(7),
        Request::Lead { path, socket } => e.u8(8).text(path).text(socket),
    };
    e.0
}

pub(crate) fn decode_request(body: &[u8]) -> io::Result<(u32, Request)> {
    let mut d = Decoder(body);
    let number = d.u32()?;
    let request = match d.u8()? {
        0 => Request::Hello { token: d.text()? },
        1 => Request::Prepare { user: d.text()?, directories: d.list(Decoder::text)? },
        2 => Request::Start(d.start()?),
        3 => Request::Signal { process: d.text()?, signal: d.u32()?.cast_signed() },
        4 => Request::Watch { process: d.text()?, seen: d.u64()? },
        5 => Request::ReadFiles { paths: d.list(Decoder::text)?, max_bytes: d.u64()? },
        6 => Request::Forward { port: d.port()?, is_udp: d.flag()?, target: d.text()? },
        7 => Request::ShutDown,
        8 => Request::Lead { path: d.text()?, socket: d.text()? },
        _ => return Err(malformed("unknown request")),
    };
    Ok((number, request))
}

pub(crate) fn encode_message(message: &Message) -> Vec<u8> {
    let mut e = Encoder::default();
    match message {
        Message::Welcome { environment } => e.u8(0).pairs(environment),
        Message::Reply { request, answer } => e.u8(1).u32(*request).answer(answer),
        Message::Output { process, length } => e.u8(2).text(process).u64(*length),
        Message::Exited(x) => {
            e.u8(3).text(&x.process).u32(x.code.cast_unsigned()).u64(x.length).text(&x.note);
            e.flag(x.wrote_files)
        }
    };
    e.0
}

pub(crate) fn decode_message(body: &[u8]) -> io::Result<Message> {
    let mut d = Decoder(body);
    Ok(match d.u8()? {
        0 => Message::Welcome { environment: d.list(Decoder::pair)? },
        1 => Message::Reply { request: d.u32()?, answer: d.answer()? },
        2 => Message::Output { process: d.text()?, length: d.u64()? },
        3 => Message::Exited(Exited {
            process: d.text()?,
            code: d.u32()?.cast_signed(),
            length: d.u64()?,
            note: d.text()?,
            wrote_files: d.flag()?,
        }),
        _ => return Err(malformed("unknown message")),
    })
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Appends fields; a text or list is preceded by its length.
#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn flag(&mut self, value: bool) -> &mut Self {
        self.u8(u8::from(value))
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn bytes(&mut self, value: &[u8]) -> &mut Self {
        // Longer values make a frame that the other side refuses, so the cut cannot go unnoticed.
        self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(value);
        self
    }

    fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            each(self, item);
        }
        self
    }

    fn texts(&mut self, items: &[String]) -> &mut Self {
        self.list(items, |e, item| {
            e.text(item);
        })
    }

    fn pairs(&mut self, items: &[(String, String)]) -> &mut Self {
        self.list(items, |e, (name, value)| {
            e.text(name).text(value);
        })
    }

    fn start(&mut self, start: &Start) -> &mut Self {
        self.text(&start.process)
            .texts(&start.arguments)
            .text(&start.fallback)
            .pairs(&start.environment)
            .text(&start.directory)
            .text(&start.user)
            .list(&start.files, |e, file| {
                e.text(&file.path).bytes(&file.contents);
            })
    }

    fn answer(&mut self, answer: &Answer) -> &mut Self {
        match answer {
            Answer::Done => self.u8(0),
            Answer::Prepared { uid, gid } => self.u8(1).u32(*uid).u32(*gid),
            Answer::Started { already, program } => self.u8(2).flag(*already).text(program),
            Answer::Files(files) => self.u8(3).list(files, |e, file| match file {
                Some(contents) => {
                    e.u8(1).bytes(contents);
                }
                None => {
                    e.u8(0);
                }
            }),
            Answer::Listening { port } => self.u8(4).u32(u32::from(*port)),
            Answer::Failed(message) => self.u8(5).text(message),
        }
    }
}

/// Takes fields off the front.
struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    fn take(&mut self, length: usize) -> io::Result<&[u8]> {
        let (head, tail) =
            self.0.split_at_checked(length).ok_or_else(|| malformed("short frame"))?;
        self.0 = tail;
        Ok(head)
    }

    fn u8(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn flag(&mut self) -> io::Result<bool> {
        Ok(self.u8()? == 1)
    }

    fn u32(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    fn u64(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn port(&mut self) -> io::Result<u16> {
        u16::try_from(self.u32()?).map_err(|_| malformed("not a port"))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let length = self.u32()? as usize;
        Ok(self.take(length)?.to_vec())
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| malformed("text is not UTF-8"))
    }

    fn pair(&mut self) -> io::Result<(String, String)> {
        Ok((self.text()?, self.text()?))
    }

    fn list<T>(&mut self, mut each: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        let count = self.u32()?;
        // Not `with_capacity(count)`: the count comes from the other side.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    fn start(&mut self) -> io::Result<Start> {
        Ok(Start {
            process: self.text()?,
            arguments: self.list(Decoder::text)?,
            fallback: self.text()?,
            environment: self.list(Decoder::pair)?,
            directory: self.text()?,
            user: self.text()?,
            files: self.list(|d| Ok(NewFile { path: d.text()?, contents: d.bytes()? }))?,
        })
    }

    fn answer(&mut self) -> io::Result<Answer> {
        Ok(match self.u8()? {
            0 => Answer::Done,
            1 => Answer::Prepared { uid: self.u32()?, gid: self.u32()? },
            2 => Answer::Started { already: self.flag()?, program: self.text()? },
            3 => Answer::Files(self.list(|d| match d.u8()? {
                1 => Ok(Some(d.bytes()?)),
                _ => Ok(None),
            })?),
            4 => Answer::Listening { port: self.port()? },
            5 => Answer::Failed(self.text()?),
            _ => return Err(malformed("unknown answer")),
        })
    }
}
