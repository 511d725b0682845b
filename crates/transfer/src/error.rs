//! What can go wrong at a store or in the engine, sorted by what can be done about it.

use std::time::Duration;

use blobferry_integrity::IntegrityError;

/// What kind of failure this is. Retry, fallback and exit status look at the class only, never at
/// texts or status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Worth repeating as it is: resets, stalls, 500, 502, 503, 504, 408.
    Transient,
    /// The service asked to slow down: 503 `ServerBusy`, 429. Repeat later, with less concurrency.
    Throttled,
    /// The host's name does not resolve. Fatal on first contact, transient once the host has answered.
    Unreachable,
    /// The credential is missing, expired, or lacks a permission: 401, 403.
    Denied,
    /// Nothing there: 404, or no such file.
    NotFound,
    /// A condition on the content failed: the source's `ETag` (or a file's size and time) moved on.
    Changed,
    /// The destination exists and must not be replaced, or was replaced while we copied.
    Exists,
    /// Bytes differ from what they were proven or expected to be.
    Corrupt,
    /// The service found that a request's bytes were damaged under way; sending again can help.
    Damaged,
    /// The service no longer holds blocks that were staged (`InvalidBlockList`).
    BlocksLost,
    /// This service (or this pair of services) does not offer the operation; another way may work.
    Unsupported,
    /// No room: disk full, quota, file too large for the file system.
    Full,
    /// Anything else: repeating will not help.
    Rejected,
    /// The user asked to stop.
    Interrupted,
}

/// Which end of the copy an error belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Where bytes are read.
    Source,
    /// Where bytes go.
    Destination,
    /// Neither: the engine, the journal, or the machine.
    Local,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Local => "local",
        })
    }
}

/// An error of a store: one operation at one end failed.
///
/// `message` names the operation and the cause, and holds no secret: a store redacts before it
/// makes one of these.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What can be done about it.
    pub class: ErrorClass,
    /// What failed, in words for the user.
    pub message: String,
    /// How long the service asked us to wait (`Retry-After`, `x-ms-retry-after-ms`).
    pub retry_after: Option<Duration>,
    /// What the user can do next, if the store knows.
    pub hint: Option<String>,
    /// The cause underneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error of this class with this message and nothing else known.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            retry_after: None,
            hint: None,
            source: None,
        }
    }

    /// Adds the cause underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Adds what the user can do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sorts an I/O error of a local file: `NotFound`, `Denied`, `Full`, else `Rejected`.
    pub fn from_io(message: impl Into<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let class = match error.kind() {
            ErrorKind::NotFound => ErrorClass::NotFound,
            ErrorKind::PermissionDenied => ErrorClass::Denied,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                ErrorClass::Full
            }
            ErrorKind::AlreadyExists => ErrorClass::Exists,
            _ => ErrorClass::Rejected,
        };
        // fs-err wraps the system's error in one that names the path, which `message` does already.
        let inner = error.get_ref().and_then(std::error::Error::source);
        let inner = inner.and_then(|inner| inner.downcast_ref::<std::io::Error>());
        let plain = inner.and_then(std::io::Error::raw_os_error);
        Self::new(class, message)
            .with_source(plain.map_or(error, std::io::Error::from_raw_os_error))
    }
}

/// Why a copy or a verification did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A store's operation failed for good.
    #[error("{doing}")]
    Store {
        /// Which end failed.
        end: End,
        /// What the engine was doing, e.g. `reading block 17 of the source`.
        doing: String,
        /// What the store said.
        source: StoreError,
        /// Whether work is staged that the same command can pick up.
        resumable: bool,
    },
    /// The bytes are not what was expected. Nothing was committed.
    #[error("verification failed: {name} is not what was expected")]
    Verification {
        /// The source's printable name.
        name: String,
        /// Which digest differed.
        source: IntegrityError,
    },
    /// Two views of the same bytes disagree. Nothing was committed.
    #[error("verification failed: {detail}")]
    Inconsistent {
        /// What disagreed with what.
        detail: String,
    },
    /// The source changed since the copy (or the interrupted copy that this one resumes) began.
    #[error("the source changed: {detail}")]
    SourceChanged {
        /// What was pinned and what is there now.
        detail: String,
        /// What the user can do next.
        hint: String,
    },
    /// The plan refused before any byte moved.
    #[error("{reason}")]
    Refused {
        /// The kind of refusal.
        class: ErrorClass,
        /// Why, in words for the user.
        reason: String,
        /// What the user can do next.
        hint: String,
    },
    /// The user stopped the copy; the journal is flushed.
    #[error("interrupted")]
    Interrupted {
        /// Whether the same command resumes.
        resumable: bool,
    },
    /// The engine broke its own rules: a bug.
    #[error("internal error: {what}")]
    Internal {
        /// Which rule.
        what: String,
    },
}

impl CopyError {
    /// The class that exit status and hints follow from.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store { source, .. } => source.class,
            Self::Verification { .. } | Self::Inconsistent { .. } => ErrorClass::Corrupt,
            Self::SourceChanged { .. } => ErrorClass::Changed,
            Self::Refused { class, .. } => *class,
            Self::Interrupted { .. } => ErrorClass::Interrupted,
            Self::Internal { .. } => ErrorClass::Rejected,
        }
    }

    /// What the user can do next, where the error knows.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Store { source, .. } => source.hint.as_deref(),
            Self::SourceChanged { hint, .. } | Self::Refused { hint, .. } => Some(hint),
            _ => None,
        }
    }

    /// Whether running the same command again continues where this one stopped.
    #[must_use]
    pub fn resumable(&self) -> bool {
        match self {
            Self::Store { resumable, .. } | Self::Interrupted { resumable } => *resumable,
            _ => false,
        }
    }
}
