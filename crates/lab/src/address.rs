//! What a request is about (account, container, blob) and what it asks for, in the names of the REST pages.

use serde::{Deserialize, Serialize};

/// What a request is about. Names are decoded (no percent signs), as they are signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// The storage account.
    pub account: String,
    /// The container; empty for the account itself.
    pub container: String,
    /// The blob; empty for the container itself.
    pub blob: String,
}

impl Address {
    /// `container/blob`, or what there is of it, for messages and globs.
    #[must_use]
    pub fn path(&self) -> String {
        if self.blob.is_empty() {
            self.container.clone()
        } else {
            format!("{}/{}", self.container, self.blob)
        }
    }
}

/// The operations of the Blob service, as its REST pages call them. `Unsupported` ones are recognised and refused
/// politely; fault scripts name the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /?comp=list`
    ListContainers,
    /// `GET /?restype=service&comp=properties`
    GetServiceProperties,
    /// `PUT /?restype=service&comp=properties`
    SetServiceProperties,
    /// `GET|HEAD …?restype=account&comp=properties`
    GetAccountInformation,
    /// `POST /?restype=service&comp=userdelegationkey`
    GetUserDelegationKey,
    /// `PUT /c?restype=container`
    CreateContainer,
    /// `GET|HEAD /c?restype=container`
    GetContainerProperties,
    /// `PUT /c?restype=container&comp=metadata`
    SetContainerMetadata,
    /// `GET /c?restype=container&comp=acl`
    GetContainerAcl,
    /// `PUT /c?restype=container&comp=acl`
    SetContainerAcl,
    /// `DELETE /c?restype=container`
    DeleteContainer,
    /// `GET /c?restype=container&comp=list`
    ListBlobs,
    /// `PUT /c/b` with a body
    PutBlob,
    /// `PUT /c/b` with `x-ms-copy-source` and `x-ms-blob-type: BlockBlob`
    PutBlobFromUrl,
    /// `PUT /c/b?comp=block`
    PutBlock,
    /// `PUT /c/b?comp=block` with `x-ms-copy-source`
    PutBlockFromUrl,
    /// `PUT /c/b?comp=blocklist`
    PutBlockList,
    /// `GET /c/b?comp=blocklist`
    GetBlockList,
    /// `GET /c/b`
    GetBlob,
    /// `HEAD /c/b`
    GetBlobProperties,
    /// `PUT /c/b?comp=properties`
    SetBlobProperties,
    /// `GET|HEAD /c/b?comp=metadata`
    GetBlobMetadata,
    /// `PUT /c/b?comp=metadata`
    SetBlobMetadata,
    /// `GET /c/b?comp=tags`
    GetBlobTags,
    /// `PUT /c/b?comp=tags`
    SetBlobTags,
    /// `PUT /c/b?comp=tier`
    SetBlobTier,
    /// `PUT /c/b` with `x-ms-copy-source`; also with `x-ms-requires-sync` (Copy Blob From URL)
    CopyBlob,
    /// `PUT /c/b?comp=copy`
    AbortCopyBlob,
    /// `DELETE /c/b`
    DeleteBlob,
    /// Anything else: leases, snapshots, undelete, append and page blobs, batches, queries.
    Unsupported,
}
