//! Following a process' output from the first byte to the last, as it comes.
//!
//! Woken by the shim, never by a clock. Invariant: returns only when the process has ended and
//! every byte it wrote has been read.

use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::commands::OutputReader;
use super::lines::Lines;
use super::spool::Spool;
use super::step_log::StepLog;
use crate::infra_error::InfraError;
use crate::shim::{Exited, Shim, ShimError};

const READ_BYTES: usize = 64 * 1024;

/// A file of problem matchers has a few hundred bytes.
const LARGEST_FILE_BYTES: u64 = 1024 * 1024;

/// Reads the spool of `process`, which was started and not asked about yet, into `log` until the
/// process has ended.
pub(crate) async fn follow(
    (shim, directory): (&Shim, &Path),
    process: &str,
    reader: &mut OutputReader,
    log: &mut StepLog,
) -> Result<Exited, InfraError> {
    let path = directory.join(format!("{process}.out"));
    let mut spool = Spool::open(directory, process).map_err(InfraError::disk("opening", &path))?;
    let mut news = shim.news(process);
    let mut lines = Lines::new(log.masks().clone());
    let mut buffer = vec![0; READ_BYTES];
    let mut is_first = true;
    loop {
        let known = news.borrow_and_update().clone();
        let exited = known.exited;
        let limit = exited.as_ref().map(|exited| exited.length);
        loop {
            let n = spool.read(&mut buffer, limit).map_err(InfraError::disk("reading", &path))?;
            if n == 0 {
                break;
            }
            let mut rest = &buffer[..n];
            while !rest.is_empty() {
                rest = lines.push(rest, |line| reader.line(line, log));
                supply_file(shim, reader, log).await?;
            }
            if log.is_full() {
                log.send().await;
            }
        }
        if let Some(exited) = exited {
            lines.finish(|line| reader.line(line, log));
            supply_file(shim, reader, log).await?;
            log.send().await;
            return Ok(exited);
        }
        log.send().await;
        // The first news comes unasked, and may have come before anybody looked.
        if !std::mem::take(&mut is_first) || known.length > 0 {
            shim.ask_for_output(process, spool.offset()).await.map_err(lost)?;
        }
        // Any news will do. What it tells of may have been read already, because the spool is ahead of
        // the news, and then nobody tells of the next output before it is asked for.
        let changed = news.changed().await;
        let disconnected = {
            let news = news.borrow();
            news.disconnected && news.exited.is_none()
        };
        if changed.is_err() || disconnected {
            return Err(lost(ShimError::Disconnected));
        }
    }
}

/// Reads a container's output, which begins with its first byte, into `log` until it ends.
pub(crate) async fn follow_stream(
    shim: &Shim,
    mut output: BoxStream<'_, Result<Bytes, InfraError>>,
    reader: &mut OutputReader,
    log: &mut StepLog,
) -> Result<(), InfraError> {
    let mut lines = Lines::new(log.masks().clone());
    while let Some(bytes) = output.next().await {
        let bytes = bytes?;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            rest = lines.push(rest, |line| reader.line(line, log));
            supply_file(shim, reader, log).await?;
        }
        log.send().await;
    }
    lines.finish(|line| reader.line(line, log));
    supply_file(shim, reader, log).await?;
    log.send().await;
    Ok(())
}

/// Reads the file that the last line named, if it is to be read before the next line.
async fn supply_file(
    shim: &Shim,
    reader: &mut OutputReader,
    log: &mut StepLog,
) -> Result<(), InfraError> {
    let Some(path) = reader.wanted_file() else { return Ok(()) };
    let contents = match shim.read_files(vec![path.clone()], LARGEST_FILE_BYTES).await {
        Ok(files) => match files.into_iter().next().flatten() {
            Some(contents) => Ok(String::from_utf8_lossy(&contents).into_owned()),
            None => Err(format!("Could not find file '{path}'.")),
        },
        Err(ShimError::Refused(message)) => Err(message),
        Err(error) => return Err(lost(error)),
    };
    reader.supply(contents, log);
    Ok(())
}

fn lost(error: ShimError) -> InfraError {
    InfraError::Shim { reason: error.to_string() }
}
