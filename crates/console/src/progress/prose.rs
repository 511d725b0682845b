//! The engine's events in words, with floods of retries held back.

use std::time::{Duration, Instant};

use blobferry_transfer::Event;

use crate::quantity::{count, duration};

/// Retries are told at most this often: sixteen blocks that break together are one event to a person.
const BETWEEN_RETRIES: Duration = Duration::from_secs(2);

/// Turns events into lines.
#[derive(Debug, Default)]
pub(super) struct Prose {
    last: Option<Instant>,
    held: u64,
}

impl Prose {
    /// The line for this event, if it deserves one now.
    pub(super) fn line(&mut self, event: &Event, now: Instant) -> Option<String> {
        match event {
            Event::Retrying { .. } => self.retry(event, now),
            Event::FellBack { to, reason } => {
                Some(format!("going by {} instead: {reason}", to.word()))
            }
            Event::Note { text } => Some(format!("note: {text}")),
            _ => None,
        }
    }

    fn retry(&mut self, event: &Event, now: Instant) -> Option<String> {
        let Event::Retrying {
            end,
            doing,
            message,
            attempt,
            wait,
            ..
        } = event
        else {
            return None;
        };
        if self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < BETWEEN_RETRIES)
        {
            self.held = self.held.saturating_add(1);
            return None;
        }
        self.last = Some(now);
        let held = match std::mem::take(&mut self.held) {
            0 => String::new(),
            more => format!(" ({} more since the last message)", count(more, "retry")),
        };
        let wait = duration(*wait);
        Some(format!(
            "retrying in {wait} (attempt {attempt}, {end}): {doing}: {message}{held}"
        ))
    }
}
