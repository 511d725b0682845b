//! What a rehearsal makes go wrong: reads scripts, and decides which request they act upon.
//!
#![doc = include_str!("../FAULTS.md")]
//! # The module
//! The script is data; what it does to a connection is in the service, which asks [`Faults::decide`] once per request.

mod action;
mod fields;
mod glob;
mod rule;
mod script;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

pub use self::script::{Script, ScriptError};
use crate::{Address, Operation};

/// One thing to do to one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Refuse without doing the work (the body is read first).
    Answer {
        /// 400 to 599.
        status: u16,
        /// `x-ms-error-code`: letters and digits.
        code: String,
        /// `<Message>`.
        message: String,
        /// For `Retry-After` or, with a fraction of a second, `x-ms-retry-after-ms`.
        retry_after: Option<Duration>,
    },
    /// Close the connection with a TCP reset before the body is read or sent.
    ResetBefore,
    /// … after this many bytes of the body (of the request where it has one, of the answer otherwise).
    ResetAfter(u64),
    /// … after the body has been read and before anything is done or answered.
    ResetAtEnd,
    /// Do the work, then reset instead of answering.
    LoseAnswer,
    /// Wait before reading or sending the body.
    Stall(Duration),
    /// Wait after this many bytes of the body.
    StallAfter(u64, Duration),
    /// Carry the body at this many bytes a second.
    Slow(u64),
    /// Send only this many bytes of the body that the head promised, then close.
    Truncate(u64),
    /// Invert one bit of an answer's body, at this byte of it (clamped to its last).
    FlipBit(u64),
    /// Answer with another `x-ms-content-crc64` than the true one.
    LieCrc,
    /// Give the blob asked for another `ETag` (same bytes) before the work is done.
    ChangeEtag,
    /// Refuse the SAS of this request from now on as expired.
    ExpireSas,
    /// Refuse the SAS of this request from now on as wrongly signed (a rotated key).
    RevokeSas,
    /// Drop the blob's uncommitted blocks before the work is done.
    ForgetBlocks,
    /// Wait this long before the request is looked at, on top of the line's latency.
    Latency(Duration),
}

/// The script in force, and what it has counted.
#[derive(Debug, Default)]
pub struct Faults {
    /// There are rules. Without any, requests do not meet here.
    armed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    /// One for each rule.
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    matches: u64,
    acted: u64,
}

/// What became of a rule so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleReport {
    /// The rule, as it was written.
    pub rule: Value,
    /// Requests it is about (`on`, `account`, `path`).
    pub matches: u64,
    /// Requests it acted upon.
    pub acted: u64,
}

impl Faults {
    /// Puts a script in force; its counters and its random sequence start anew.
    pub fn set(&self, script: Script) {
        let mut state = self.state();
        state.tallies = vec![Tally::default(); script.rules.len()];
        self.armed
            .store(!script.rules.is_empty(), Ordering::Relaxed);
        state.script = script;
    }

    /// No faults and no line, as in the beginning.
    pub fn clear(&self) {
        self.set(Script::default());
    }

    /// What shall be done to this request, in the script's order. Counts it.
    pub fn decide(&self, operation: Operation, address: &Address) -> Vec<Action> {
        // Relaxed: a request that races with `set` may meet the old script or the new one.
        if !self.armed.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let path = address.path();
        let mut actions = Vec::new();
        let mut state = self.state();
        let State { script, tallies } = &mut *state;
        for ((number, rule), tally) in (1_u64..).zip(&script.rules).zip(tallies) {
            if !rule.matches(operation, address, &path) {
                continue;
            }
            tally.matches = tally.matches.saturating_add(1);
            let chance = |count| chance(script.seed, number, count);
            if rule.acts(tally.matches, tally.acted, chance) {
                tally.acted = tally.acted.saturating_add(1);
                actions.push(rule.action.clone());
            }
        }
        actions
    }

    /// Latency to add to each request, bandwidth per connection and in total in bytes per second.
    pub fn line(&self) -> LineLimits {
        self.state().script.line
    }

    /// Each rule with what it has counted, in the script's order.
    #[must_use]
    pub fn report(&self) -> Vec<RuleReport> {
        let state = self.state();
        let rules = state.script.rules.iter().zip(&state.tallies);
        rules
            .map(|(rule, tally)| RuleReport {
                rule: rule.written.clone(),
                matches: tally.matches,
                acted: tally.acted,
            })
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number in 0..1 that belongs to the match `count` of the rule `number` and to nothing else, so that neither other
/// rules nor the order of requests change it. `SplitMix64` (Steele, Lea, Flood 2014), once for each input.
fn chance(seed: u64, number: u64, count: u64) -> f64 {
    let mix = |state: u64, input: u64| {
        let mut z = (state ^ input).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let random = mix(mix(mix(0, seed), number), count);
    u32::try_from(random >> 32).map_or(0.0, |high| f64::from(high) / 4_294_967_296.0)
}

/// The line that a rehearsal pretends to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineLimits {
    /// Before each answer.
    pub latency: Duration,
    /// Bytes a second and direction of one connection.
    pub per_connection: Option<u64>,
    /// Bytes a second and direction of all connections together.
    pub in_total: Option<u64>,
}
