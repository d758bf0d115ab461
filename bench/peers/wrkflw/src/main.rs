//! Validates the workflow files that are named with wrkflw, as often as a round lasts; answers each
//! line on standard input with "count nanoseconds" of one round.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wrkflw_evaluator::evaluate_workflow_file;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let milliseconds = arguments.next().ok_or("how long does a round last?")?;
    let round = Duration::from_millis(milliseconds.parse()?);
    let paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    for line in std::io::stdin().lines() {
        line?;
        let (started, mut count) = (Instant::now(), 0);
        while started.elapsed() < round {
            for path in &paths {
                let result = evaluate_workflow_file(path, false)?;
                if !result.is_valid {
                    return Err(format!("{}: {:?}", path.display(), result.issues).into());
                }
            }
            count += paths.len();
        }
        writeln!(std::io::stdout(), "{count} {}", started.elapsed().as_nanos())?;
    }
    Ok(())
}
