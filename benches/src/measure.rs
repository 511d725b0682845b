//! What one child process costs: wall time, CPU seconds and peak memory, as the kernel counted them for it alone.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use wait4::Wait4 as _;

/// Far beyond any sound run; what is still going then hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// The cost of a run, or the median of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// From start to end.
    pub wall: Duration,
    /// User and system time of the process with all its threads.
    pub cpu: Duration,
    /// Peak resident set, bytes.
    pub peak_memory: u64,
}

/// Runs a command to its end and measures it; its output is kept for the error only.
///
/// # Errors
/// When it does not start, fails, or does not end within ten minutes (it is killed then).
pub fn measure(command: &mut Command) -> Result<Cost> {
    // Into a file, not a pipe: nobody has to wake up to read it while the clock runs.
    let mut said = tempfile::tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said.try_clone()?);
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {}", program(command)))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).ok_or_else(|| anyhow!("no pid"))?;
    let (ended, ending) = sync_channel::<()>(0);
    let watch = thread::spawn(move || {
        if ending.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    let used = child.wait4()?;
    let wall = began.elapsed();
    drop(ended);
    let _ = watch.join();
    if !used.status.success() {
        use std::io::Seek as _;
        let mut text = String::new();
        said.rewind()?;
        said.read_to_string(&mut text)?;
        bail!("{} failed ({}):\n{text}", program(command), used.status);
    }
    Ok(Cost {
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        peak_memory: used.rusage.maxrss,
    })
}

/// The median of each figure by itself; of an even number of runs the upper one. `None` without a run.
#[must_use]
pub fn median(costs: &[Cost]) -> Option<Cost> {
    Some(Cost {
        wall: middle(costs, |cost| cost.wall)?,
        cpu: middle(costs, |cost| cost.cpu)?,
        peak_memory: middle(costs, |cost| cost.peak_memory)?,
    })
}

fn middle<T: Ord + Copy>(costs: &[Cost], figure: impl Fn(&Cost) -> T) -> Option<T> {
    let mut all: Vec<T> = costs.iter().map(figure).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_own_median() {
        let cost = |wall, cpu, peak_memory| Cost {
            wall: Duration::from_secs(wall),
            cpu: Duration::from_secs(cpu),
            peak_memory,
        };
        let costs = [cost(1, 30, 7), cost(3, 10, 9), cost(2, 20, 8)];
        assert_eq!(median(&costs), Some(cost(2, 20, 8)));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_failure_tells_what_was_said() {
        let error = measure(Command::new("sh").args(["-c", "echo why; exit 7"])).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
    }

    #[test]
    fn cpu_time_of_the_child_is_seen() {
        let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let cost = measure(Command::new("sh").args(["-c", script])).unwrap();
        assert!(
            cost.cpu > Duration::ZERO && cost.peak_memory > 100_000,
            "{cost:?}"
        );
    }
}
