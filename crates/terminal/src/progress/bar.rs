//! A bar on a terminal; a spinner where the length is unknown. Notes go above it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Moment;

const WITH_LENGTH: &str = "{wide_bar} {msg}";
const WITHOUT_LENGTH: &str = "{spinner} {msg}";
/// Before the counters were looked at for the first time.
const NOT_YET: &str = "{msg}";

pub(super) struct Bar {
    drawn: ProgressBar,
    ticked: bool,
    stands: bool,
}

impl Bar {
    pub(super) fn new(target: ProgressDrawTarget) -> Self {
        let drawn = ProgressBar::with_draw_target(None, target);
        set_style(&drawn, NOT_YET);
        Self {
            drawn,
            ticked: false,
            stands: false,
        }
    }

    pub(super) fn say(&self, line: &str) {
        self.drawn.println(line);
    }

    pub(super) fn stand(&mut self, text: &'static str) {
        self.stands = true;
        self.drawn.set_message(text);
    }

    pub(super) fn tick(&mut self, moment: &impl Moment) {
        let meter = moment.meter();
        if !self.ticked || self.drawn.length() != meter.total {
            self.ticked = true;
            if let Some(total) = meter.total {
                self.drawn.set_length(total);
                set_style(&self.drawn, WITH_LENGTH);
            } else {
                self.drawn.unset_length();
                set_style(&self.drawn, WITHOUT_LENGTH);
            }
        }
        self.drawn.set_position(meter.done);
        if !self.stands {
            self.drawn.set_message(moment.line());
        }
        self.drawn.tick();
    }

    pub(super) fn end(&self) {
        self.drawn.finish_and_clear();
    }
}

/// The templates are constants; a broken one would leave indicatif's own style.
fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
