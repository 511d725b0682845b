//! Bodies that are being received: into memory, or into a data file, with stretches of zeros kept as such.

use std::sync::Arc;

use super::names;
use super::segments::Segments;
use crate::content::data_file::DataFile;
use crate::content::piece::{Piece, ZEROS};
use crate::content::size;
use crate::{Content, Refusal};

/// Stretches of zeros are looked for in steps of so many bytes from the body's beginning on.
const STEP: usize = 64 * 1024;

/// Bytes gathered in one buffer of memory at most, whatever length was announced.
const MEMORY_BUFFER: u64 = 8 << 20;

/// Bytes gathered before they are written.
const FILE_BUFFER: u64 = 1 << 20;

/// Bytes reserved in a data file at a time at most.
const RESERVED: u64 = 256 << 20;

/// A body that is being received: into memory, or into a data file, with stretches of zeros kept as such. One that is
/// dropped instead of finished gives its room back.
#[derive(Debug)]
pub struct Intake {
    to: Destination,
    expected: u64,
    /// Bytes taken, in `pieces` and in `buffer`.
    taken: u64,
    pieces: Vec<Piece>,
    /// What is not yet a piece; it begins a whole number of steps from the body's beginning.
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Destination {
    /// Bytes are counted, and the pattern stands for them.
    Nowhere,
    Memory,
    /// With the room reserved: file, where it goes on, and how much is left.
    Files(Arc<Segments>, Option<(Arc<DataFile>, u64, u64)>),
}

impl Intake {
    pub(super) fn nowhere() -> Self {
        Self::new(Destination::Nowhere, 0)
    }

    pub(super) fn into_memory(expected: u64) -> Self {
        Self::new(Destination::Memory, expected)
    }

    pub(super) fn into_files(segments: Arc<Segments>, expected: u64) -> Self {
        Self::new(Destination::Files(segments, None), expected)
    }

    fn new(to: Destination, expected: u64) -> Self {
        let (pieces, buffer) = (Vec::new(), Vec::new());
        Self {
            to,
            expected,
            taken: 0,
            pieces,
            buffer,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// 507 when the data directory is full, 500 for its other troubles.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        if matches!(self.to, Destination::Nowhere) {
            self.taken += size(bytes.len());
            return Ok(());
        }
        while !bytes.is_empty() {
            let begun = self.buffer.len() % STEP;
            let (step, rest) = bytes.split_at((STEP - begun).min(bytes.len()));
            bytes = rest;
            if step.len() == STEP && is_zero(step) {
                // Whole steps of zeros, as of a sparse file, are not even copied.
                self.seal()?;
                Piece::join(&mut self.pieces, Piece::Zeros(size(STEP)));
            } else {
                self.make_room()?;
                self.buffer.extend_from_slice(step);
                if self.buffer.len().is_multiple_of(STEP) {
                    self.cut_zeros()?;
                }
            }
            self.taken += size(step.len());
        }
        Ok(())
    }

    /// The bytes taken.
    ///
    /// # Errors
    /// As [`Intake::push`].
    pub fn finish(mut self) -> Result<Content, Refusal> {
        if matches!(self.to, Destination::Nowhere) {
            return Ok(Content::pattern(0, self.taken));
        }
        self.cut_zeros()?;
        self.seal()?;
        Ok(std::mem::take(&mut self.pieces).into())
    }

    /// The last step of the buffer becomes a piece of its own if it is all zeros.
    fn cut_zeros(&mut self) -> Result<(), Refusal> {
        let from = self.buffer.len().saturating_sub(1) / STEP * STEP;
        let zeros = self.buffer.get(from..).filter(|step| is_zero(step));
        let Some(len) = zeros.map(<[u8]>::len).filter(|len| *len > 0) else {
            return Ok(());
        };
        self.buffer.truncate(from);
        self.seal()?;
        Piece::join(&mut self.pieces, Piece::Zeros(size(len)));
        Ok(())
    }

    /// A buffer with room for a step, or for the end of what was announced.
    fn make_room(&mut self) -> Result<(), Refusal> {
        let most = match self.to {
            Destination::Files(..) => FILE_BUFFER,
            _ => MEMORY_BUFFER,
        };
        if size(self.buffer.len()) >= most {
            self.seal()?;
        }
        if self.buffer.capacity() == 0 {
            let announced = self.expected.saturating_sub(self.taken);
            let wanted = if announced == 0 {
                self.taken.max(size(STEP)).next_multiple_of(size(STEP))
            } else {
                announced
            };
            let capacity = usize::try_from(wanted.min(most)).unwrap_or(STEP);
            self.buffer.reserve_exact(capacity);
        }
        Ok(())
    }

    /// What is in the buffer becomes a piece.
    fn seal(&mut self) -> Result<(), Refusal> {
        let len = size(self.buffer.len());
        if len == 0 {
            return Ok(());
        }
        let Destination::Files(segments, room) = &mut self.to else {
            let mut bytes = std::mem::take(&mut self.buffer);
            bytes.shrink_to_fit();
            self.pieces.push(Piece::Memory(bytes.into()));
            return Ok(());
        };
        let trouble = |error| names::trouble(&error);
        if room.as_ref().is_none_or(|(_, _, left)| *left < len) {
            // What is left of the body, the buffer included.
            let announced = self
                .expected
                .saturating_sub(self.taken - len.min(self.taken));
            let wanted = announced
                .min(RESERVED)
                .max(len)
                .max(FILE_BUFFER.min(self.taken));
            let (file, at) = segments.reserve(wanted).map_err(trouble)?;
            *room = Some((file, at, wanted));
        }
        let Some((file, at, left)) = room else {
            return Err(names::internal());
        };
        file.write(*at, &self.buffer).map_err(trouble)?;
        let piece = Piece::File {
            file: Arc::clone(file),
            at: *at,
            len,
        };
        Piece::join(&mut self.pieces, piece);
        (*at, *left) = (*at + len, *left - len);
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        for piece in &self.pieces {
            if let Piece::File { file, at, len } = piece {
                file.give_back(*at, *len);
            }
        }
    }
}

/// Whether all bytes are zero, at the speed of comparing memory. At most a step.
fn is_zero(bytes: &[u8]) -> bool {
    ZEROS.get(..bytes.len()) == Some(bytes)
}
