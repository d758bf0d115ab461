//! Something whose speed is measured in rounds: a function of ours, or a program around a peer.
//!
//! Does not know what the things are that a round counts.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::peers;

/// How long a round lasts; long enough that starting and ending it costs nothing.
pub(super) const ROUND: Duration = Duration::from_millis(400);

/// Rounds before those that count: compilers at run time need some seconds.
const N_WARM_UP: usize = 8;

/// Rounds that count.
const N_ROUNDS: usize = 11;

/// Things per second, of each round.
pub(super) type Rates = Vec<f64>;

pub(super) struct Contender<'a> {
    pub(super) name: &'static str,
    pub(super) kind: Kind<'a>,
}

pub(super) enum Kind<'a> {
    /// Does everything once, and says how many things that were.
    Function(Box<dyn FnMut() -> Result<usize> + 'a>),
    Program(Program),
}

/// All contenders take turns; one list of rates for each.
pub(super) fn race(contenders: &mut [Contender<'_>]) -> Result<Vec<Rates>> {
    let mut rates = vec![Rates::new(); contenders.len()];
    for round in 0..N_WARM_UP + N_ROUNDS {
        for (contender, rates) in contenders.iter_mut().zip(&mut rates) {
            let rate = contender.round().with_context(|| contender.name)?;
            if round >= N_WARM_UP {
                rates.push(rate);
            }
        }
    }
    Ok(rates)
}

impl Contender<'_> {
    fn round(&mut self) -> Result<f64> {
        match &mut self.kind {
            Kind::Program(program) => program.round(),
            Kind::Function(work) => {
                let (started, mut count) = (Instant::now(), 0);
                while started.elapsed() < ROUND {
                    count += work()?;
                }
                Ok(rate(count, started.elapsed()))
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// A program that answers each line with "count nanoseconds" of one round.
pub(super) struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// A script of the npm packages' folder.
    pub(super) fn script(name: &str, arguments: &[String]) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(peers::folder().join(name));
        Self::start(command, arguments)
    }

    /// Starts a program whose first argument is how long a round lasts.
    pub(super) fn start(mut command: Command, arguments: &[String]) -> Result<Self> {
        command
            .arg(ROUND.as_millis().to_string())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let input = child.stdin.take().context("the input of a peer")?;
        let output = child.stdout.take().context("the output of a peer")?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn round(&mut self) -> Result<f64> {
        writeln!(self.input, "go")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let (count, nanoseconds) =
            line.trim().split_once(' ').with_context(|| format!("a peer answered {line:?}"))?;
        Ok(rate(count.parse()?, Duration::from_nanos(nanoseconds.parse()?)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
