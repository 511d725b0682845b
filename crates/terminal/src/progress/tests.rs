//! Progress of a made-up work, on writers that tests can read or block.

use super::*;

/// Work that does nothing; its events are texts.
struct Idle;

struct Still(Meter);

impl Moment for Still {
    fn meter(&self) -> &Meter {
        &self.0
    }

    fn line(&self) -> String {
        self.0.line(None)
    }

    fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{{}}")
    }
}

impl Subject for Idle {
    type Event = String;
    type Moment = Still;

    fn look(&mut self) -> Still {
        Still(Meter::default())
    }

    fn words(&mut self, event: &String, _now: Instant) -> Option<Words> {
        Some(Words::Line(event.clone()))
    }

    fn write_event(&self, event: &String, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{event:?}")
    }

    fn note(text: String) -> String {
        text
    }
}

#[test]
fn a_reader_that_does_not_read_makes_nobody_wait() {
    struct Stuck(Arc<Mutex<()>>);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.0.lock());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let gate = Arc::new(Mutex::new(()));
    let stuck = gate.lock().unwrap();
    let progress = Progress::start(Style::Json(Box::new(Stuck(Arc::clone(&gate)))), Idle);
    for _ in 0..3 * WAITING {
        progress.teller().tell("an event".to_owned());
    }
    let confession = progress.teller().confession().unwrap();
    assert!(confession.contains("messages not shown"), "{confession}");
    drop(stuck);
}

#[test]
fn a_bar_draws_without_a_terminal_to_draw_on() {
    let mut show = Show::new(Style::Bar(ProgressDrawTarget::hidden()), Idle);
    show.event(&"seen by nobody".to_owned());
    for total in [None, Some(10), Some(20)] {
        show.tick(&Still(Meter {
            total,
            ..Meter::default()
        }));
    }
    show.end();
}

#[test]
fn the_rate_is_that_of_the_last_seconds() {
    let mut rate = Rate::default();
    assert_eq!(rate.sample(Duration::ZERO, 0), None);
    assert_eq!(rate.sample(Duration::from_secs(1), 100), Some(100));
    assert_eq!(rate.sample(Duration::from_secs(20), 200), None);
    assert_eq!(rate.sample(Duration::from_secs(21), 1200), Some(1000));
}
