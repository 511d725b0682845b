//! What a store goes through, one change at a time: each is made in memory, and in a directory it is a line of the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Block, Container, NewBlob};
use crate::Address;
use crate::auth::AccountKey;

/// A change. `C` is a [`crate::Content`], or what a log says of one.
#[derive(Serialize, Deserialize)]
pub(super) enum Change<C> {
    /// There is an account.
    Account {
        name: String,
        #[serde(with = "key_as_text")]
        key: AccountKey,
    },
    /// A container is now like this.
    Container {
        #[serde(with = "AddressAsFields")]
        at: Address,
        container: Container,
    },
    /// A container went, with everything in it.
    ContainerGone {
        #[serde(with = "AddressAsFields")]
        at: Address,
    },
    /// A blob was written; its uncommitted blocks went.
    Blob {
        #[serde(with = "AddressAsFields")]
        at: Address,
        content: C,
        blocks: Vec<Block>,
        about: Box<NewBlob>,
        etag: String,
        created: Timestamp,
        modified: Timestamp,
    },
    /// What is said about a blob changed, or only its `ETag`.
    About {
        #[serde(with = "AddressAsFields")]
        at: Address,
        about: Box<NewBlob>,
        etag: String,
        modified: Timestamp,
    },
    /// A blob went, with its uncommitted blocks.
    BlobGone {
        #[serde(with = "AddressAsFields")]
        at: Address,
    },
    /// A block was staged.
    Block {
        #[serde(with = "AddressAsFields")]
        at: Address,
        id: String,
        content: C,
        staged: Timestamp,
    },
    /// A blob's uncommitted blocks went.
    BlocksGone {
        #[serde(with = "AddressAsFields")]
        at: Address,
    },
}

impl<C> Change<C> {
    /// The same with another kind of content.
    pub(super) fn with_content<D, E>(
        self,
        convert: impl FnOnce(C) -> Result<D, E>,
    ) -> Result<Change<D>, E> {
        Ok(match self {
            Self::Account { name, key } => Change::Account { name, key },
            Self::Container { at, container } => Change::Container { at, container },
            Self::ContainerGone { at } => Change::ContainerGone { at },
            Self::Blob {
                at,
                content,
                blocks,
                about,
                etag,
                created,
                modified,
            } => {
                let content = convert(content)?;
                Change::Blob {
                    at,
                    content,
                    blocks,
                    about,
                    etag,
                    created,
                    modified,
                }
            }
            Self::About {
                at,
                about,
                etag,
                modified,
            } => Change::About {
                at,
                about,
                etag,
                modified,
            },
            Self::BlobGone { at } => Change::BlobGone { at },
            Self::Block {
                at,
                id,
                content,
                staged,
            } => Change::Block {
                at,
                id,
                content: convert(content)?,
                staged,
            },
            Self::BlocksGone { at } => Change::BlocksGone { at },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Address")]
struct AddressAsFields {
    account: String,
    container: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    blob: String,
}

mod key_as_text {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::auth::AccountKey;

    pub(super) fn serialize<S: Serializer>(key: &AccountKey, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&key.to_base64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<AccountKey, D::Error> {
        let text = String::deserialize(from)?;
        // The text itself is a secret.
        AccountKey::from_base64(&text).ok_or_else(|| D::Error::custom("not an account's key"))
    }
}
