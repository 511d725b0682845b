//! Names that may stand in a bundle or be restored from one.

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be a blob's name in a bundle: {reason}")]
pub struct NameError {
    name: String,
    reason: &'static str,
}

/// The blob's name: its last component, UTF-8, 1 to 255 bytes, no separators (`/`, `\`), no control
/// characters, not `.` or `..`. It becomes a file's name only where the user asks for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobName(String);

impl BlobName {
    /// Takes a name that follows the rules.
    ///
    /// # Errors
    /// [`NameError`] says which rule it breaks.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let refuse = |reason| NameError {
            name: name.chars().take(80).collect(),
            reason,
        };
        match name {
            "" => Err(refuse("it is empty")),
            "." | ".." => Err(refuse("it names a directory")),
            _ if name.len() > 255 => Err(refuse("it is longer than 255 bytes")),
            _ if name.contains(['/', '\\']) => Err(refuse("it holds a separator")),
            _ if name.chars().any(char::is_control) => Err(refuse("it holds a control character")),
            _ => Ok(Self(name.to_owned())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_one_component() {
        for name in [
            "run42.tar",
            "...",
            "a b",
            "ü.tar",
            &"x".repeat(255),
            "-rf",
            "part-0000",
        ] {
            assert_eq!(BlobName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_are_not() {
        let long = "x".repeat(256);
        for (name, reason) in [
            ("", "empty"),
            (".", "directory"),
            ("..", "directory"),
            ("../etc/passwd", "separator"),
            ("a\\b", "separator"),
            ("a\0b", "control character"),
            ("a\u{9b}b", "control character"),
            (&long, "longer than 255"),
        ] {
            let error = BlobName::new(name).unwrap_err().to_string();
            assert!(error.contains(reason) && error.len() < 200, "{error}");
        }
    }
}
