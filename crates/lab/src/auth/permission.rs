//! Which letters of `sp` each operation wants, and of which resource type it is.
//!
//! Source: the tables of "Create a service SAS" and "Create an account SAS". Where Azurite differs (it wants `w` for Put
//! Block), the service's documentation counts.

use crate::Operation;

/// `srt` of an account SAS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceType {
    /// `s`
    Service,
    /// `c`
    Container,
    /// `o`
    Object,
    /// Every one of them will do.
    Any,
}

/// What an operation asks of a SAS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// What it is about.
    pub(super) on: ResourceType,
    /// One of these letters.
    pub(super) one_of: &'static str,
    /// Also an SAS of one container or blob (service or user delegation) may.
    pub(super) service_sas: bool,
}

/// Any letter at all: Get Account Information takes every valid SAS.
const ANY: &str = "racwdxyltfmeopi";

/// What `operation` wants; `None`: no SAS may.
pub(super) fn needs(operation: Operation, blob_exists: bool) -> Option<Needs> {
    use Operation as Op;
    use ResourceType::{Any, Container, Object, Service};
    let create = if blob_exists { "w" } else { "cw" };
    let (on, one_of, service_sas) = match operation {
        Op::GetUserDelegationKey | Op::GetContainerAcl | Op::SetContainerAcl => return None,
        Op::ListContainers => (Service, "l", false),
        Op::GetServiceProperties => (Service, "r", false),
        Op::SetServiceProperties => (Service, "w", false),
        Op::CreateContainer => (Container, "cw", false),
        Op::GetContainerProperties => (Container, "r", false),
        Op::SetContainerMetadata => (Container, "w", false),
        Op::DeleteContainer => (Container, "d", false),
        Op::ListBlobs => (Container, "l", true),
        Op::GetBlob | Op::GetBlobProperties | Op::GetBlobMetadata | Op::GetBlockList => {
            (Object, "r", true)
        }
        Op::PutBlob | Op::PutBlobFromUrl | Op::PutBlockList | Op::CopyBlob => {
            (Object, create, true)
        }
        Op::PutBlock | Op::PutBlockFromUrl => (Object, "cw", true),
        Op::SetBlobProperties | Op::SetBlobMetadata | Op::SetBlobTier | Op::AbortCopyBlob => {
            (Object, "w", true)
        }
        Op::GetBlobTags | Op::SetBlobTags => (Object, "t", true),
        Op::DeleteBlob => (Object, "d", true),
        // The service refuses what it does not support; that answer is the more helpful one.
        Op::GetAccountInformation | Op::Unsupported => (Any, ANY, true),
    };
    Some(Needs {
        on,
        one_of,
        service_sas,
    })
}
