//! What the runner and `gantry-shim --files` say to each other about files of the job, for both sides: the
//! shim compiles this file as its own module, the runner includes it. Only `std`.
//!
//! A frame is a kind, a `u32` length (little-endian) and that many bytes. Invariant: no frame is longer
//! than [`MAX_FRAME_BYTES`], so neither side can make the other hold more.

use std::io::{self, Read, Write};

/// Contents of files travel in pieces of at most [`DATA_BYTES`]; nothing else comes near.
pub(crate) const MAX_FRAME_BYTES: usize = 1 << 20;
pub(crate) const DATA_BYTES: usize = 256 * 1024;

/// Where the shim finds out with which token it shows who it is.
pub(crate) const TOKEN_VARIABLE: &str = "GANTRY_FILES_TOKEN";

/// What kind of thing an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Directory,
    Symlink,
    /// To an entry that came before.
    Hardlink,
}

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    /// As it was asked for, or relative to what was asked for.
    pub(crate) path: Vec<u8>,
    /// Of links.
    pub(crate) target: Vec<u8>,
    pub(crate) size: u64,
    /// Seconds since 1970; negative for no time.
    pub(crate) modified_at: i64,
    /// Permissions; 0 for the usual ones.
    pub(crate) mode: u32,
    /// User and group; only a root of the container can give them.
    pub(crate) owner: Option<(u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The first one, from the shim.
    Hello(Vec<u8>),
    /// Answered by all entries below `root`, or by itself if it is no directory, and `End`.
    List {
        root: Vec<u8>,
        with_hidden: bool,
    },
    /// Answered by the entry at this path, if there is one, and `End`.
    Look(Vec<u8>),
    /// Followed by `Path`s and `End`; answered by an entry, each file with exactly as many bytes of `Data`
    /// as it says, and `End`. Paths are relative to `base`. With `follow`, links are what they lead to;
    /// without, whole directories are packed.
    Pack {
        base: Vec<u8>,
        follow: bool,
    },
    Path(Vec<u8>),
    /// Followed by entries as in an answer to `Pack`, and `End`; answered by `End`.
    Unpack {
        base: Vec<u8>,
    },
    Entry(Entry),
    Data(Vec<u8>),
    End,
    /// Instead of the rest of an answer.
    Failed(String),
}

impl Frame {
    pub(crate) fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let mut body = Vec::new();
        let kind = match self {
            Self::Data(bytes) => return write_data(stream, bytes),
            Self::Hello(token) => put(&mut body, 0, token),
            Self::List { root, with_hidden } => {
                body.push(u8::from(*with_hidden));
                put(&mut body, 1, root)
            }
            Self::Pack { base, follow } => {
                body.push(u8::from(*follow));
                put(&mut body, 2, base)
            }
            Self::Path(path) => put(&mut body, 3, path),
            Self::Unpack { base } => put(&mut body, 4, base),
            Self::Entry(entry) => {
                entry.encode(&mut body);
                5
            }
            Self::End => 7,
            Self::Failed(message) => put(&mut body, 8, message.as_bytes()),
            Self::Look(path) => put(&mut body, 9, path),
        };
        write_frame(stream, kind, &body)
    }

    /// `None` at the end of the stream.
    pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut kind = [0];
        if stream.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_FRAME_BYTES {
            return Err(malformed());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let flag = body.first().is_some_and(|flag| *flag != 0);
        let rest = |body: &[u8]| body.get(1..).map(<[u8]>::to_vec).ok_or_else(malformed);
        Ok(Some(match kind[0] {
            0 => Self::Hello(body),
            1 => Self::List { root: rest(&body)?, with_hidden: flag },
            2 => Self::Pack { base: rest(&body)?, follow: flag },
            3 => Self::Path(body),
            4 => Self::Unpack { base: rest(&body)? },
            5 => Self::Entry(Entry::decode(&body)?),
            6 => Self::Data(body),
            7 => Self::End,
            8 => Self::Failed(String::from_utf8_lossy(&body).into_owned()),
            9 => Self::Look(body),
            _ => return Err(malformed()),
        }))
    }
}

/// Bytes of a file, without a copy of them.
pub(crate) fn write_data(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    bytes.chunks(DATA_BYTES).try_for_each(|bytes| write_frame(stream, 6, bytes))
}

fn put(body: &mut Vec<u8>, kind: u8, bytes: &[u8]) -> u8 {
    body.extend_from_slice(bytes);
    kind
}

fn write_frame(stream: &mut impl Write, kind: u8, body: &[u8]) -> io::Result<()> {
    if body.len() > MAX_FRAME_BYTES {
        return Err(malformed());
    }
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    stream.write_all(&[kind])?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(body)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame that nobody can have sent")
}

/// Bytes of an entry before its path: kind, whether it has an owner, size, time, mode, owner, length of
/// the target.
const HEAD_BYTES: usize = 2 + 8 + 8 + 4 + 8 + 4;

impl Entry {
    fn encode(&self, body: &mut Vec<u8>) {
        let (uid, gid) = self.owner.unwrap_or_default();
        body.push(match self.kind {
            EntryKind::File => 0,
            EntryKind::Directory => 1,
            EntryKind::Symlink => 2,
            EntryKind::Hardlink => 3,
        });
        body.push(u8::from(self.owner.is_some()));
        body.extend_from_slice(&self.size.to_le_bytes());
        body.extend_from_slice(&self.modified_at.to_le_bytes());
        for number in [self.mode, uid, gid, u32::try_from(self.target.len()).unwrap_or(u32::MAX)] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        body.extend_from_slice(&self.target);
        body.extend_from_slice(&self.path);
    }

    fn decode(body: &[u8]) -> io::Result<Self> {
        let (head, rest) = body.split_at_checked(HEAD_BYTES).ok_or_else(malformed)?;
        let long = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let short =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (target, path) = rest.split_at_checked(short(30) as usize).ok_or_else(malformed)?;
        Ok(Self {
            kind: match head[0] {
                0 => EntryKind::File,
                1 => EntryKind::Directory,
                2 => EntryKind::Symlink,
                3 => EntryKind::Hardlink,
                _ => return Err(malformed()),
            },
            owner: (head[1] != 0).then(|| (short(22), short(26))),
            size: long(2),
            modified_at: long(10).cast_signed(),
            mode: short(18),
            target: target.to_vec(),
            path: path.to_vec(),
        })
    }
}
