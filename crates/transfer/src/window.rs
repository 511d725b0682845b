//! A ring that takes things out of order, gives them in order, and says what it accepts now.
//!
//! Backpressure is the accepting range: whoever pushes keeps inside it. A duplicate or a gap is an
//! error, and the end is stated by [`ReorderWindow::finish`], never guessed from silence.

use std::collections::VecDeque;
use std::ops::Range;

/// Puts numbered things in order within a bounded window.
#[derive(Debug)]
pub struct ReorderWindow<T> {
    next: u64,
    slots: VecDeque<Option<T>>,
    capacity: usize,
}

/// A number that the window cannot take, or an end that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The number came before.
    #[error("number {number} came twice (next is {next})")]
    Duplicate {
        /// The number.
        number: u64,
        /// The next number to be given out.
        next: u64,
    },
    /// The number is too far ahead.
    #[error("number {number} is outside the window {start}..{end}")]
    Outside {
        /// The number.
        number: u64,
        /// The window's start.
        start: u64,
        /// The window's end.
        end: u64,
    },
    /// The end was stated before everything had come out.
    #[error("the sequence ended at {next} of {total}, with {held} held back behind a gap")]
    Incomplete {
        /// The next number to be given out.
        next: u64,
        /// How many there should be.
        total: u64,
        /// How many wait behind a gap.
        held: usize,
    },
}

impl<T> ReorderWindow<T> {
    /// A window that starts at number 0 and holds at most `capacity` (at least 1) things.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            next: 0,
            slots: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    /// The numbers it takes now.
    #[must_use]
    pub fn accepting(&self) -> Range<u64> {
        self.next
            ..self
                .next
                .saturating_add(u64::try_from(self.capacity).unwrap_or(u64::MAX))
    }

    /// Takes thing number `number`.
    ///
    /// # Errors
    /// When the number came before or lies outside [`accepting`](Self::accepting).
    pub fn push(&mut self, number: u64, thing: T) -> Result<(), WindowError> {
        let Range { start, end } = self.accepting();
        if number < start {
            return Err(WindowError::Duplicate {
                number,
                next: self.next,
            });
        }
        if number >= end {
            return Err(WindowError::Outside { number, start, end });
        }
        let at = usize::try_from(number - start).unwrap_or(usize::MAX);
        while self.slots.len() <= at {
            self.slots.push_back(None);
        }
        match self.slots.get_mut(at) {
            Some(slot @ None) => *slot = Some(thing),
            _ => {
                return Err(WindowError::Duplicate {
                    number,
                    next: self.next,
                });
            }
        }
        Ok(())
    }

    /// Gives the next thing in order, if it is here.
    pub fn pop(&mut self) -> Option<T> {
        let thing = self.slots.front_mut()?.take()?;
        self.slots.pop_front();
        self.next += 1;
        Some(thing)
    }

    /// States the end.
    ///
    /// # Errors
    /// When not exactly `total` things have come out.
    pub fn finish(self, total: u64) -> Result<(), WindowError> {
        let held = self.slots.iter().filter(|slot| slot.is_some()).count();
        if self.next == total && held == 0 {
            return Ok(());
        }
        Err(WindowError::Incomplete {
            next: self.next,
            total,
            held,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn duplicates_strays_and_early_ends_are_errors() {
        let mut window = ReorderWindow::new(2);
        window.push(1, 'b').unwrap();
        assert_eq!(
            window.push(1, 'b'),
            Err(WindowError::Duplicate { number: 1, next: 0 })
        );
        assert!(matches!(
            window.push(2, 'c'),
            Err(WindowError::Outside { .. })
        ));
        assert_eq!(window.pop(), None, "a gap is waited for");
        window.push(0, 'a').unwrap();
        assert_eq!(
            (window.pop(), window.pop(), window.pop()),
            (Some('a'), Some('b'), None)
        );
        assert!(matches!(
            window.push(0, 'a'),
            Err(WindowError::Duplicate { .. })
        ));
        assert!(matches!(
            window.finish(3),
            Err(WindowError::Incomplete {
                next: 2,
                total: 3,
                held: 0
            })
        ));
    }

    proptest! {
        #[test]
        fn any_order_within_the_window_comes_out_in_order(
            picks in proptest::collection::vec(any::<usize>(), 1..200), capacity in 1_usize..20
        ) {
            let total = u64::try_from(picks.len()).unwrap();
            let mut waiting: Vec<u64> = (0..total).collect();
            let mut window = ReorderWindow::new(capacity);
            let mut out = Vec::new();
            for pick in picks {
                let open = waiting.iter().filter(|n| window.accepting().contains(n)).count();
                let number = waiting.remove(pick % open);
                window.push(number, number).unwrap();
                while let Some(number) = window.pop() {
                    out.push(number);
                }
            }
            prop_assert_eq!(out, (0..total).collect::<Vec<_>>());
            prop_assert_eq!(window.finish(total), Ok(()));
        }
    }
}
