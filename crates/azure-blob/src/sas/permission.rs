//! The letters of `sp` and what they mean.
//!
//! From "Create a service SAS" and "Create an account SAS"; the order Azure writes them in is
//! `racwdxyltfmeopi`, which a reader must not insist on.

use std::fmt;

/// The permissions of a SAS: letters in the order written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions(String);

impl Permissions {
    /// The permissions with these letters; unknown letters are kept.
    #[must_use]
    pub fn new(letters: &str) -> Self {
        Self(letters.to_owned())
    }

    /// Whether `letter` is among them.
    #[must_use]
    pub fn has(&self, letter: char) -> bool {
        self.0.contains(letter)
    }

    /// The letters as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each letter with its meaning.
    pub fn words(&self) -> impl Iterator<Item = (char, &'static str)> {
        self.0.chars().map(|letter| (letter, word(letter)))
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a letter of `sp` means for blobs.
fn word(letter: char) -> &'static str {
    match letter {
        'r' => "read",
        'a' => "add (append)",
        'c' => "create",
        'w' => "write",
        'd' => "delete",
        'x' => "delete version",
        'y' => "permanent delete",
        'l' => "list",
        't' => "tags",
        'f' => "find by tags",
        'm' => "move",
        'e' => "execute",
        'o' => "ownership",
        'p' => "permissions",
        'i' => "set immutability policy",
        'u' => "update",
        _ => "unknown",
    }
}
