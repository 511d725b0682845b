//! Shows a running copy. A thread of its own polls the engine's counters and is the only one that
//! writes; the engine's events reach it over a bounded channel that never makes the engine wait.
//!
//! The alternative, writing from the observer, would let a slow terminal or a full pipe stop the
//! transfer: the observer is called from the tasks that move bytes.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use blobferry_transfer::{Event, Observer, Stats};
pub use indicatif::ProgressDrawTarget;

use crate::quantity;

mod bar;
mod json;
mod lines;
mod prose;
mod snapshot;

use snapshot::{Meters, Snapshot};

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Events that may wait for a slow reader; what comes on top is counted and left out.
const WAITING: usize = 1024;

/// How progress is shown.
pub enum Style {
    /// A bar on a terminal, with notes above it.
    Bar(ProgressDrawTarget),
    /// A line every few seconds, and notes.
    Lines(Box<dyn Write + Send>),
    /// JSON lines.
    Json(Box<dyn Write + Send>),
    /// Nothing.
    Quiet,
}

/// One way of showing. What fails to be written is lost: progress is no reason to stop a copy.
trait Voice: Send {
    fn event(&mut self, event: &Event);
    fn tick(&mut self, snapshot: &Snapshot);
    fn end(&mut self) {}
}

struct Mute;

impl Voice for Mute {
    fn event(&mut self, _event: &Event) {}
    fn tick(&mut self, _snapshot: &Snapshot) {}
}

/// A copy's progress, shown until [`finish`](Self::finish) or drop.
#[derive(Debug)]
pub struct Progress {
    reporter: Arc<Reporter>,
    thread: Option<JoinHandle<()>>,
}

/// The engine's observer: passes on what is worth showing, and never waits.
#[derive(Debug)]
struct Reporter {
    sender: Mutex<Option<SyncSender<Event>>>,
    lost: AtomicU64,
    said: Mutex<BTreeSet<String>>,
}

impl Progress {
    /// Begins to show a copy of `total` bytes (`None`: unknown) whose counters are `stats`.
    #[must_use]
    pub fn start(style: Style, total: Option<u64>, stats: Arc<Stats>) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let reporter = Arc::new(Reporter {
            sender: Mutex::new(Some(sender)),
            lost: AtomicU64::new(0),
            said: Mutex::default(),
        });
        let mut voice: Box<dyn Voice> = match style {
            Style::Bar(target) => Box::new(bar::Bar::new(target, total)),
            Style::Lines(to) => Box::new(lines::Lines::new(to)),
            Style::Json(to) => Box::new(json::Json::new(to)),
            Style::Quiet => Box::new(Mute),
        };
        let shared = Arc::clone(&reporter);
        let started = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                show(voice.as_mut(), &receiver, &Meters::new(total, stats));
                shared.confess(voice.as_mut());
                voice.end();
            });
        // A system that has no thread left for us gets no progress.
        Self {
            reporter,
            thread: started.ok(),
        }
    }

    /// The observer to give to the engine.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::<Reporter>::clone(&self.reporter)
    }

    /// Says something that stops nothing, once.
    pub fn note(&self, text: &str) {
        self.reporter.on(&Event::Note {
            text: text.to_owned(),
        });
    }

    /// Whether this note was said already.
    #[must_use]
    pub fn has_said(&self, note: &str) -> bool {
        self.reporter
            .said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(note)
    }

    /// Shows what is still waiting and takes the bar away.
    pub fn finish(&mut self) {
        self.reporter
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the panic hook, and the copy does not care.
            drop(thread.join());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Observer for Reporter {
    fn on(&self, event: &Event) {
        match event {
            // The counters say it.
            Event::BlockDone { .. } => return,
            Event::Note { text } => {
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                if !said.insert(text.clone()) {
                    return;
                }
            }
            _ => {}
        }
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref()
            && sender.try_send(event.clone()).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Reporter {
    fn confess(&self, voice: &mut dyn Voice) {
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            let text = format!(
                "{} not shown: the output was too slow",
                quantity::count(lost, "message")
            );
            voice.event(&Event::Note { text });
        }
    }
}

/// Passes events and ticks to the voice until the sender is gone.
fn show(voice: &mut dyn Voice, receiver: &Receiver<Event>, meters: &Meters) {
    let mut rate = snapshot::Rate::default();
    let mut next = Instant::now() + TICK;
    loop {
        let left = next.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(left) {
            Ok(event) => voice.event(&event),
            Err(RecvTimeoutError::Timeout) => {
                next = Instant::now() + TICK;
                voice.tick(&meters.look(&mut rate));
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
#[path = "progress/tests.rs"]
mod tests;
