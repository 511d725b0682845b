//! A bar on a terminal; a spinner where the length is unknown. Notes go above it.

use std::time::Instant;

use blobferry_transfer::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Voice;
use super::prose::Prose;
use super::snapshot::Snapshot;

const WITH_LENGTH: &str = "{wide_bar} {msg}";
const WITHOUT_LENGTH: &str = "{spinner} {msg}";

pub(super) struct Bar {
    drawn: ProgressBar,
    prose: Prose,
    committing: bool,
}

impl Bar {
    pub(super) fn new(target: ProgressDrawTarget, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() {
            WITH_LENGTH
        } else {
            WITHOUT_LENGTH
        };
        // The templates are constants; a broken one would leave indicatif's own style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            drawn: bar,
            prose: Prose::default(),
            committing: false,
        }
    }
}

impl Voice for Bar {
    fn event(&mut self, event: &Event) {
        if let Event::Committing = event {
            self.committing = true;
            self.drawn.set_message("verified; committing");
        } else if let Some(line) = self.prose.line(event, Instant::now()) {
            self.drawn.println(line);
        }
    }

    fn tick(&mut self, snapshot: &Snapshot) {
        self.drawn.set_position(snapshot.done);
        if !self.committing {
            self.drawn.set_message(snapshot.line());
        }
        self.drawn.tick();
    }

    fn end(&mut self) {
        self.drawn.finish_and_clear();
    }
}
