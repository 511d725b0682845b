//! Progress as a user or a program sees it, on a writer that tests can read.

use std::sync::Mutex;
use std::time::Duration;

use blobferry_terminal::progress::{Meter, Show};
use blobferry_transfer::{End, ErrorClass, Way};
use insta::assert_snapshot;

use super::*;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn snapshot(seconds: u64) -> Snapshot {
    Snapshot {
        meter: Meter {
            total: Some(4 << 30),
            done: 1 << 30,
            rate: Some(100 << 20),
            elapsed: Duration::from_secs(seconds),
        },
        resumed: 512 << 20,
        received: 600 << 20,
        sent: 512 << 20,
        retries: 2,
    }
}

fn copy() -> Copy {
    Copy::new(None, Arc::default())
}

fn retry() -> Event {
    Event::Retrying {
        end: End::Destination,
        doing: "staging block 3".to_owned(),
        class: ErrorClass::Throttled,
        message: "503 ServerBusy at https://h/c/b?sig=SECRET".to_owned(),
        attempt: 1,
        wait: Duration::from_millis(1500),
    }
}

fn events() -> [Event; 5] {
    [
        retry(),
        retry(),
        Event::FellBack {
            to: Way::Relay,
            reason: "the service cannot reach the source".to_owned(),
        },
        Event::Note {
            text: "a note\nin two lines".to_owned(),
        },
        Event::Committing,
    ]
}

#[test]
fn a_log_gets_a_line_every_five_seconds_and_no_flood_of_retries() {
    let out = Shared::default();
    let mut voice = Show::new(Style::Lines(Box::new(out.clone())), copy());
    for event in events() {
        voice.event(&event);
    }
    for seconds in [1, 5, 6, 9, 10] {
        voice.tick(&snapshot(seconds));
    }
    let mut waiting = snapshot(15);
    waiting.meter.total = None;
    waiting.meter.rate = Some(0);
    voice.tick(&waiting);
    assert_snapshot!(out.text(), @"
    retrying in 1.5 s (attempt 1, destination): staging block 3: 503 ServerBusy at https://h/c/b?sig=REDACTED
    going by relay instead: the service cannot reach the source
    note: a note in two lines
    1.00 GiB of 4.00 GiB (25 %), 100 MiB/s, 31 s left, 2 retries, 512 MiB resumed
    1.00 GiB of 4.00 GiB (25 %), 100 MiB/s, 31 s left, 2 retries, 512 MiB resumed
    1.00 GiB, waiting, 2 retries, 512 MiB resumed
    ");
}

#[test]
fn a_program_gets_every_event_as_a_line() {
    let out = Shared::default();
    let mut voice = Show::new(Style::Json(Box::new(out.clone())), copy());
    for event in events() {
        voice.event(&event);
    }
    voice.tick(&snapshot(1));
    assert_snapshot!(out.text(), @r#"
    {"type":"retry","end":"destination","doing":"staging block 3","class":"throttled","message":"503 ServerBusy at https://h/c/b?sig=REDACTED","attempt":1,"wait_seconds":1.5}
    {"type":"retry","end":"destination","doing":"staging block 3","class":"throttled","message":"503 ServerBusy at https://h/c/b?sig=REDACTED","attempt":1,"wait_seconds":1.5}
    {"type":"fallback","to":"relay","reason":"the service cannot reach the source"}
    {"type":"note","text":"a note\nin two lines"}
    {"type":"committing"}
    {"type":"progress","bytes":1073741824,"total":4294967296,"bytes_resumed":536870912,"bytes_received":629145600,"bytes_sent":536870912,"retries":2,"bytes_per_second":104857600,"seconds":1.0,"seconds_left":31}
    "#);
}

#[test]
fn a_note_is_said_once_and_everything_is_out_when_it_finishes() {
    let out = Shared::default();
    let mut progress = Progress::start(
        Style::Lines(Box::new(out.clone())),
        None,
        Arc::new(Stats::default()),
    );
    progress.note("once");
    progress.observer().on(&Event::Note {
        text: "once".to_owned(),
    });
    progress.note("twice");
    progress.finish();
    assert!(progress.has_said("once") && !progress.has_said("never"));
    assert_eq!(out.text(), "note: once\nnote: twice\n");
}
