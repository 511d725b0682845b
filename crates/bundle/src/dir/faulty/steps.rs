//! A run of something, disturbed at every one of its operations in turn.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Fault, Faults, FaultyDir, Op};

/// How many of the many things that a crash can leave are tried at each operation.
const SURVIVALS: u64 = 4;

/// Where a run was disturbed, and how.
#[derive(Debug, Clone)]
pub struct Step {
    /// Seed of all chance in it.
    pub seed: u64,
    /// Number of the operation, from 1.
    pub number: u64,
    /// The operation, as it was in the run without a fault.
    pub op: Op,
    /// The file it was about, or nothing.
    pub name: String,
    /// What befell it.
    pub fault: Fault,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fault, number, op, name) = (self.fault, self.number, self.op, &self.name);
        write!(
            f,
            "{fault:?} at operation {number} ({op:?} {name:?}), seed {}",
            self.seed
        )
    }
}

/// Runs `run` on a copy of `start`: once undisturbed, to count its operations, and then with every
/// fault at every operation that it can befall. After each run `check` gets the directory as the next
/// run finds it, without faults: after a crash what survived (four guesses by different seeds, the
/// lock free), else the same directory. It gets what `run` gave, too. Gives how often it checked.
///
/// What `run` does should not depend on chance or on threads taking turns; where it does, an operation
/// may not be the one that [`Step`] names, and nothing else is lost.
///
/// # Panics
/// When `check` does; the message then names the step. `run` must not panic whatever happens to it.
pub fn every_step<T>(
    seed: u64,
    start: &FaultyDir,
    faults: &[Fault],
    run: impl Fn(&FaultyDir) -> T,
    check: impl Fn(&FaultyDir, &T, &Step),
) -> usize {
    let undisturbed = start.with(Faults {
        seed,
        ..Faults::default()
    });
    run(&undisturbed);
    let mut checks = 0;
    for (number, (op, name)) in (1..).zip(undisturbed.trace()) {
        for fault in faults.iter().copied().filter(|fault| fault.befalls(op)) {
            let (at, name) = ([(number, fault)].into(), name.clone());
            let mut step = Step {
                seed,
                number,
                op,
                name,
                fault,
            };
            let dir = start.with(Faults {
                seed,
                at,
                ..Faults::default()
            });
            let given = watched(&step, || run(&dir));
            let crashed = dir.crashed();
            for survival in 0..if crashed { SURVIVALS } else { 1 } {
                step.seed = seed.wrapping_add(survival);
                let next = if crashed {
                    dir.after_crash(step.seed)
                } else {
                    dir.with(Faults::default())
                };
                watched(&step, || check(&next, &given, &step));
                checks += 1;
            }
        }
    }
    checks
}

fn watched<T>(step: &Step, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|panic| panic!("{step}: {}", message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}
