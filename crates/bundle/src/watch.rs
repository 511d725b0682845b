//! Who watches the work: progress out, a wish to stop in.

/// What is being done, for a progress bar's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The blob is read and written in parts.
    Pack,
    /// What was written is read back, and parity is made of it.
    ReadBack,
    /// Pieces are hashed and compared.
    Verify,
    /// Lost blocks are computed from the others.
    Mend,
    /// The blob is put together.
    Restore,
}

/// Gets told how far the work is. Called from several threads, often: it must be quick.
pub trait Watch: Send + Sync {
    /// A stage begins that will take `total` bytes, where that is known.
    fn begin(&self, stage: Stage, total: Option<u64>);

    /// So many more bytes of the stage are done.
    fn advance(&self, bytes: u64);

    /// Something that the user should know.
    fn note(&self, text: &str);

    /// Whether to stop. What was written so far stays and is found again.
    fn stop(&self) -> bool {
        false
    }
}

/// Watches nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&self, _stage: Stage, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn note(&self, _text: &str) {}
}
