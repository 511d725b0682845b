//! What a fault script does to the bytes of a body on their way, in or out.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::fault::Action;

/// The actions of one request that concern its body, or its answer's where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bend {
    reset_after: Option<u64>,
    truncate: Option<u64>,
    stall: Option<(u64, Duration)>,
    slow: Option<u64>,
    flip: Option<u64>,
}

/// What to do at this point of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Carry at most so many bytes.
    Carry(u64),
    /// Wait, then ask again.
    Wait(Duration),
    /// Cut the connection with a reset.
    Reset,
    /// Close the connection.
    Close,
}

impl Bend {
    pub(super) fn of(actions: &[Action]) -> Self {
        let mut bend = Self::default();
        for action in actions {
            match action {
                Action::ResetAfter(bytes) => bend.reset_after = Some(*bytes),
                Action::Truncate(bytes) => bend.truncate = Some(*bytes),
                Action::StallAfter(bytes, time) => bend.stall = Some((*bytes, *time)),
                Action::Slow(rate) => bend.slow = Some((*rate).max(1)),
                Action::FlipBit(byte) => bend.flip = Some(*byte),
                _ => {}
            }
        }
        bend
    }

    /// Whether it cuts the connection somewhere.
    pub(super) fn resets(&self) -> bool {
        self.reset_after.is_some()
    }

    /// The next step after `carried` bytes of a body of `length`.
    pub(super) fn step(&mut self, carried: u64, length: u64) -> Step {
        // A point past the end is before the last byte: with that, the body would be whole and the fault be none.
        let at = |point: u64| point.min(length.saturating_sub(1));
        if let Some((point, time)) = self.stall.take_if(|(point, _)| carried >= at(*point)) {
            let _ = point;
            return Step::Wait(time);
        }
        if self.reset_after.is_some_and(|point| carried >= at(point)) {
            return Step::Reset;
        }
        if self.truncate.is_some_and(|point| carried >= at(point)) {
            return Step::Close;
        }
        let stall = self.stall.map(|(point, _)| point);
        let points = [self.reset_after, self.truncate, stall];
        let next = points
            .into_iter()
            .flatten()
            .map(at)
            .min()
            .unwrap_or(u64::MAX);
        // A tenth of a second's worth at a time keeps a slow body slow evenly.
        let longest = self.slow.map_or(u64::MAX, |rate| (rate / 10).max(1));
        Step::Carry(next.saturating_sub(carried).max(1).min(longest))
    }

    /// How long `bytes` take on a slow line.
    pub(super) fn takes(&self, bytes: u64) -> Option<Duration> {
        self.slow
            .map(|rate| Duration::from_millis(bytes.saturating_mul(1000) / rate))
    }

    /// The piece that begins `at` of a body of `length`, with its bit inverted where that is asked for.
    pub(super) fn flipped(&self, piece: Bytes, at: u64, length: u64) -> Bytes {
        let place = self.flip.map(|byte| byte.min(length.saturating_sub(1)));
        let within = place
            .and_then(|place| place.checked_sub(at))
            .and_then(|place| usize::try_from(place).ok())
            .filter(|place| *place < piece.len());
        let Some(within) = within else { return piece };
        let mut copy = BytesMut::from(piece);
        if let Some(byte) = copy.get_mut(within) {
            *byte ^= 1;
        }
        copy.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_body_are_met_exactly() {
        let wait = Duration::from_secs(1);
        let mut bend = Bend::of(&[Action::StallAfter(10, wait), Action::ResetAfter(30)]);
        assert_eq!(bend.step(0, 100), Step::Carry(10));
        assert_eq!(bend.step(10, 100), Step::Wait(wait));
        assert_eq!(bend.step(10, 100), Step::Carry(20));
        assert_eq!(bend.step(30, 100), Step::Reset);
        // A point past the end is before the last byte: the fault happens all the same.
        let mut bend = Bend::of(&[Action::Truncate(500)]);
        assert_eq!(bend.step(0, 100), Step::Carry(99));
        assert_eq!(bend.step(99, 100), Step::Close);
        assert_eq!(Bend::default().step(0, 5), Step::Carry(u64::MAX));
    }

    #[test]
    fn one_bit_and_no_other() {
        let bend = Bend::of(&[Action::FlipBit(12)]);
        let body = Bytes::from_static(b"0123456789");
        assert_eq!(bend.flipped(body.clone(), 0, 20), body);
        assert_eq!(&bend.flipped(body.clone(), 10, 20)[..], b"0133456789");
        // Clamped to the last byte.
        assert_eq!(&bend.flipped(body, 0, 10)[..], b"0123456788");
    }
}
