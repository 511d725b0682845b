//! One check: what was looked at, how it stands, what to do.

use serde::Serialize;

use super::facts::{Asked, Trouble};

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Looked at, and good.
    Ok,
    /// This goes wrong.
    Problem,
    /// It was asked for and could not be seen, or cannot be seen from outside.
    Unknown,
    /// Nothing was given to look at, or it does not apply.
    Skipped,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Its number in the list of what is known to go wrong (facts of ACR Transfer); 0: beyond it.
    pub(super) point: u8,
    /// Its name.
    #[serde(rename = "check")]
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) finding: String,
    pub(super) todo: String,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

/// A check's number and name, to which a verdict is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct About(pub(super) u8, pub(super) &'static str);

impl About {
    fn so(self, state: State, finding: impl Into<String>, todo: impl Into<String>) -> Check {
        Check {
            point: self.0,
            name: self.1,
            state,
            finding: finding.into(),
            todo: todo.into(),
        }
    }

    /// Good.
    pub(super) fn ok(self, finding: impl Into<String>) -> Check {
        self.so(State::Ok, finding, "")
    }

    /// Wrong.
    pub(super) fn problem(self, finding: impl Into<String>, todo: impl Into<String>) -> Check {
        self.so(State::Problem, finding, todo)
    }

    /// Not to be seen.
    pub(super) fn unknown(self, finding: impl Into<String>, todo: impl Into<String>) -> Check {
        self.so(State::Unknown, finding, todo)
    }

    /// Not looked at.
    pub(super) fn skipped(self, why: impl Into<String>) -> Check {
        self.so(State::Skipped, why, "")
    }

    /// What follows from something that may not have been had.
    pub(super) fn of<T>(self, asked: &Asked<T>, judge: impl FnOnce(Self, &T) -> Check) -> Check {
        match asked {
            Asked::Not(why) => self.skipped(why.as_str()),
            Asked::Failed(trouble) => self.unknown(trouble.words(), ""),
            Asked::Got(thing) => judge(self, thing),
        }
    }
}

impl About {
    /// The same where another check, `first`, says already why it was not had.
    pub(super) fn after<T>(
        self,
        asked: &Asked<T>,
        first: &str,
        judge: impl FnOnce(Self, &T) -> Check,
    ) -> Check {
        match asked {
            Asked::Failed(_) => self.skipped(format!("see {first}")),
            Asked::Not(_) | Asked::Got(_) => self.of(asked, judge),
        }
    }

    /// The same where the resource manager may say that there is none.
    pub(super) fn found<T>(
        self,
        asked: &Asked<T>,
        todo: &str,
        judge: impl FnOnce(Self, &T) -> Check,
    ) -> Check {
        match asked {
            Asked::Failed(trouble) if trouble.status == Some(404) => {
                self.problem(trouble.words(), todo)
            }
            _ => self.of(asked, judge),
        }
    }
}

impl Trouble {
    /// `403 AuthorizationFailed: …`.
    pub(super) fn words(&self) -> String {
        let status = self.status.map(|status| status.to_string());
        let head: Vec<&str> = [status.as_deref(), self.code.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        match (head.is_empty(), self.message.is_empty()) {
            (true, _) => self.message.clone(),
            (false, true) => head.join(" "),
            (false, false) => format!("{}: {}", head.join(" "), self.message),
        }
    }
}
