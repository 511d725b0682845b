//! How a cloud behaves, by script.

use serde::{Deserialize, Serialize};

/// By script: how the service answers. Times are the lab's clock only where they are dates; delays are real time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// How a PUT of a pipeline or run is answered.
    pub put: PutAnswer,
    /// How a DELETE is answered: 200, 202 or 204.
    pub delete: u16,
    /// A run stays in Running for at least so long, milliseconds.
    pub run_milliseconds: u64,
    /// Runs fail with this message (where set) without touching a blob; `{pipeline}` and `{run}` are filled in.
    pub fail_runs: Option<String>,
    /// So many of the next requests to ARM are answered 429 with this Retry-After in seconds.
    pub throttle: u32,
    /// Retry-After of answers that have one, seconds (0 is allowed).
    pub retry_after: u64,
    /// Entries in a page of a list.
    pub page: usize,
    /// Tokens are valid for so long, seconds of the lab's clock.
    pub token_seconds: u64,
    /// Layers above so many bytes fail a run (8 GB; less where a test has no 8 GB).
    pub largest_layer: u64,
    /// How often a source trigger looks, milliseconds.
    pub trigger_milliseconds: u64,
}

/// How a PUT is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PutAnswer {
    /// 200 at once with `Succeeded`, as real traffic shows for pipelines; a run is Running and goes on.
    Done,
    /// 201 with `Creating` and Azure-AsyncOperation.
    Created,
    /// 200 when the run has ended, as recorded: a Failed run in a 200.
    Ended,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            put: PutAnswer::Done,
            delete: 200,
            run_milliseconds: 0,
            fail_runs: None,
            throttle: 0,
            retry_after: 0,
            page: 100,
            token_seconds: 3600,
            largest_layer: 8_000_000_000,
            trigger_milliseconds: 200,
        }
    }
}

impl Behaviour {
    /// From JSON; what is left out is as it is by default.
    ///
    /// # Errors
    /// In words for the user, when it is no such JSON, has a field that is none, or a value that will not do.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        match read.delete {
            200 | 202 | 204 => Ok(read),
            other => Err(format!("delete: {other} is none of 200, 202, 204")),
        }
    }
}
