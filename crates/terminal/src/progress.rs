//! Shows running work. A thread of its own polls the work's counters and is the only one that writes; events reach it over
//! a bounded channel that never makes the work wait.
//!
//! The alternative, writing from where the work happens, would let a slow terminal or a full pipe stop it.
//!
//! What is shown is a [`Subject`]'s business, how it is shown is decided here, by [`Style`].

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use indicatif::ProgressDrawTarget;

use crate::{quantity, redact};

mod bar;
mod meter;
mod paced;

use bar::Bar;
pub use meter::{Meter, Rate, millis};
use paced::Paced;

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Events that may wait for a slow reader; what comes on top is counted and left out.
const WAITING: usize = 1024;

/// Time between two lines in a log: work that is over sooner says nothing but its result.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Time between two JSON lines with counters.
const BETWEEN_RECORDS: Duration = Duration::from_secs(1);

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

/// One kind of work, in the words and records that it is shown in. Lives on the thread that writes.
pub trait Subject: Send + 'static {
    /// What can happen.
    type Event: Send + 'static;
    /// Its counters.
    type Moment: Moment;

    /// The counters as they stand.
    fn look(&mut self) -> Self::Moment;

    /// An event in words, where it deserves some now.
    fn words(&mut self, event: &Self::Event, now: Instant) -> Option<Words>;

    /// Writes an event as a JSON line, where it is one.
    ///
    /// # Errors
    /// What `to` says.
    fn write_event(&self, event: &Self::Event, to: &mut dyn Write) -> io::Result<()>;

    /// The event that says a text.
    fn note(text: String) -> Self::Event;
}

/// The counters of some work at one moment.
pub trait Moment {
    /// How far it is.
    fn meter(&self) -> &Meter;

    /// All of it in one line.
    fn line(&self) -> String;

    /// Writes it as a JSON line.
    ///
    /// # Errors
    /// What `to` says.
    fn write_json(&self, to: &mut dyn Write) -> io::Result<()>;
}

/// What is said of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// A line of its own.
    Line(String),
    /// What stands beside the bar from now on, in place of the counters.
    Standing(&'static str),
}

/// One way of showing one work. What fails to be written is lost: progress is no reason to stop.
pub struct Show<S> {
    subject: S,
    voice: Voice,
}

enum Voice {
    Bar(Bar),
    Lines(Paced),
    Json(Paced),
    Quiet,
}

impl<S: Subject> Show<S> {
    /// Shows `subject` like this.
    #[must_use]
    pub fn new(style: Style, subject: S) -> Self {
        let voice = match style {
            Style::Bar(target) => Voice::Bar(Bar::new(target)),
            Style::Lines(to) => Voice::Lines(Paced::new(to, BETWEEN_LINES)),
            Style::Json(to) => Voice::Json(Paced::new(to, BETWEEN_RECORDS)),
            Style::Quiet => Voice::Quiet,
        };
        Self { subject, voice }
    }

    /// Something happened.
    pub fn event(&mut self, event: &S::Event) {
        let subject = &mut self.subject;
        let mut words = || subject.words(event, Instant::now());
        match &mut self.voice {
            Voice::Bar(bar) => match words() {
                Some(Words::Line(line)) => bar.say(&one_line(&line)),
                Some(Words::Standing(text)) => bar.stand(text),
                None => {}
            },
            Voice::Lines(lines) => {
                if let Some(Words::Line(line)) = words() {
                    lines.write(|to| write_line(to, &one_line(&line)));
                }
            }
            Voice::Json(records) => records.write(|to| subject.write_event(event, to)),
            Voice::Quiet => {}
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, moment: &S::Moment) {
        let elapsed = moment.meter().elapsed;
        match &mut self.voice {
            Voice::Bar(bar) => bar.tick(moment),
            Voice::Lines(lines) => {
                lines.write_if_due(elapsed, |to| write_line(to, &moment.line()));
            }
            Voice::Json(records) => records.write_if_due(elapsed, |to| moment.write_json(to)),
            Voice::Quiet => {}
        }
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Voice::Bar(bar) = &self.voice {
            bar.end();
        }
    }

    /// Passes events and ticks on until the sender is gone.
    fn run(&mut self, receiver: &Receiver<S::Event>) {
        let mut next = Instant::now() + TICK;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            match receiver.recv_timeout(left) {
                Ok(event) => self.event(&event),
                Err(RecvTimeoutError::Timeout) => {
                    next = Instant::now() + TICK;
                    let moment = self.subject.look();
                    self.tick(&moment);
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// One write for the whole line, so that lines of several writers do not mix.
fn write_line(to: &mut dyn Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

fn one_line(text: &str) -> String {
    redact(text).lines().collect::<Vec<_>>().join(" ")
}

/// Running work's progress, shown until [`finish`](Self::finish) or drop.
#[derive(Debug)]
pub struct Progress<E> {
    teller: Arc<Teller<E>>,
    thread: Option<JoinHandle<()>>,
}

/// Takes events from the threads that work, and never makes them wait.
pub struct Teller<E> {
    sender: Mutex<Option<SyncSender<E>>>,
    lost: AtomicU64,
    said: Mutex<BTreeSet<String>>,
}

impl<E: Send + 'static> Progress<E> {
    /// Begins to show `subject`.
    #[must_use]
    pub fn start<S: Subject<Event = E>>(style: Style, subject: S) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let teller = Arc::new(Teller {
            sender: Mutex::new(Some(sender)),
            lost: AtomicU64::new(0),
            said: Mutex::default(),
        });
        let mut show = Show::new(style, subject);
        let shared = Arc::clone(&teller);
        let started = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                show.run(&receiver);
                if let Some(text) = shared.confession() {
                    show.event(&S::note(text));
                }
                show.end();
            });
        // A system that has no thread left for us gets no progress.
        Self {
            teller,
            thread: started.ok(),
        }
    }

    /// What the work tells its events to.
    #[must_use]
    pub fn teller(&self) -> &Arc<Teller<E>> {
        &self.teller
    }
}

impl<E> Progress<E> {
    /// Shows what is still waiting and takes the bar away.
    pub fn finish(&mut self) {
        held(&self.teller.sender).take();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the panic hook, and the work does not care.
            drop(thread.join());
        }
    }
}

impl<E> Drop for Progress<E> {
    fn drop(&mut self) {
        self.finish();
    }
}

impl<E> Teller<E> {
    /// Passes an event on, or counts it as lost.
    pub fn tell(&self, event: E) {
        if let Some(sender) = held(&self.sender).as_ref()
            && sender.try_send(event).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether this note comes for the first time.
    pub fn is_new(&self, note: &str) -> bool {
        held(&self.said).insert(note.to_owned())
    }

    /// Whether this note was said already.
    #[must_use]
    pub fn has_said(&self, note: &str) -> bool {
        held(&self.said).contains(note)
    }

    fn confession(&self) -> Option<String> {
        let lost = self.lost.load(Ordering::Relaxed);
        let messages = quantity::count(lost, "message");
        (lost > 0).then(|| format!("{messages} not shown: the output was too slow"))
    }
}

impl<E> fmt::Debug for Teller<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").finish_non_exhaustive()
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "progress/tests.rs"]
mod tests;
