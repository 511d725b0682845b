//! The requests we make, by the names of Azure's REST reference.

use std::fmt;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Get Blob Properties.
    Properties,
    /// Get Blob Tags.
    Tags,
    /// Get Blob.
    Get,
    /// Get Block List.
    BlockList,
    /// Put Block.
    Stage,
    /// Put Block From URL.
    StageFrom,
    /// Put Block List.
    Commit,
    /// Set Blob Metadata.
    SetMetadata,
    /// Set Blob Properties.
    SetProperties,
    /// Get User Delegation Key.
    DelegationKey,
}

impl Operation {
    /// Whether the service itself may need long before it says anything.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::StageFrom | Self::Commit)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Properties => "Get Blob Properties",
            Self::Tags => "Get Blob Tags",
            Self::Get => "Get Blob",
            Self::BlockList => "Get Block List",
            Self::Stage => "Put Block",
            Self::StageFrom => "Put Block From URL",
            Self::Commit => "Put Block List",
            Self::SetMetadata => "Set Blob Metadata",
            Self::SetProperties => "Set Blob Properties",
            Self::DelegationKey => "Get User Delegation Key",
        })
    }
}
