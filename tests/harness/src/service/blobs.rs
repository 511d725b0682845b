//! The calls by name: containers, blobs, blocks and their lists.

use anyhow::{Context as _, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Answer;
use crate::azurite::Azurite;

/// What stays as it is in a path; `/` too, because blob names may hold it.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// A block that was staged or committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The block id as on the wire, base64.
    pub id: String,
    /// Bytes.
    pub size: u64,
}

impl Azurite {
    /// Path-style URL of a blob, percent-encoded, without a SAS.
    #[must_use]
    pub fn blob_url(&self, account: &str, container: &str, blob: &str) -> String {
        format!(
            "{}/{account}/{container}/{}",
            self.endpoint(),
            utf8_percent_encode(blob, PATH)
        )
    }

    /// Path-style URL of a container, without a SAS.
    #[must_use]
    pub fn container_url(&self, account: &str, container: &str) -> String {
        format!("{}/{account}/{container}", self.endpoint())
    }

    /// Creates a container.
    ///
    /// # Errors
    /// When the service refuses, also because it exists.
    pub fn create_container(&self, account: &str, container: &str) -> Result<()> {
        let url = self.container_url(account, container);
        self.ask("PUT", account, &url, "restype=container", &[], &[])?
            .success("creating a container")?;
        Ok(())
    }

    /// Puts a block blob in one call. `headers` are as in the REST page of Put Blob: `content-type`, `content-md5`,
    /// `x-ms-blob-content-md5`, `x-ms-meta-category`, …
    ///
    /// # Errors
    /// When the service refuses.
    pub fn put_blob(
        &self,
        account: &str,
        container: &str,
        blob: &str,
        bytes: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut headers = headers.to_vec();
        headers.push(("x-ms-blob-type", "BlockBlob"));
        self.ask(
            "PUT",
            account,
            &self.blob_url(account, container, blob),
            "",
            &headers,
            bytes,
        )?
        .success("putting a blob")
    }

    /// Stages one block without committing it; `id` is base64 as on the wire.
    ///
    /// # Errors
    /// When the service refuses.
    pub fn put_block(
        &self,
        account: &str,
        container: &str,
        blob: &str,
        id: &str,
        bytes: &[u8],
    ) -> Result<Answer> {
        let query = format!(
            "comp=block&blockid={}",
            utf8_percent_encode(id, NON_ALPHANUMERIC)
        );
        self.ask(
            "PUT",
            account,
            &self.blob_url(account, container, blob),
            &query,
            &[],
            bytes,
        )?
        .success("staging a block")
    }

    /// Content and headers of a blob.
    ///
    /// # Errors
    /// When it is not there, or the service refuses.
    pub fn get_blob(&self, account: &str, container: &str, blob: &str) -> Result<Answer> {
        self.ask(
            "GET",
            account,
            &self.blob_url(account, container, blob),
            "",
            &[],
            &[],
        )?
        .success("getting a blob")
    }

    /// Headers of a blob; `None` when there is no such blob.
    ///
    /// # Errors
    /// When the service answers neither.
    pub fn head(&self, account: &str, container: &str, blob: &str) -> Result<Option<Answer>> {
        let answer = self.ask(
            "HEAD",
            account,
            &self.blob_url(account, container, blob),
            "",
            &[],
            &[],
        )?;
        if answer.status == 404 {
            Ok(None)
        } else {
            answer.success("asking for a blob's properties").map(Some)
        }
    }

    /// Deletes a blob.
    ///
    /// # Errors
    /// When it is not there, or the service refuses.
    pub fn delete(&self, account: &str, container: &str, blob: &str) -> Result<()> {
        self.ask(
            "DELETE",
            account,
            &self.blob_url(account, container, blob),
            "",
            &[],
            &[],
        )?
        .success("deleting a blob")?;
        Ok(())
    }

    /// Blocks that were staged and not committed, in the service's order; empty when there is nothing at all.
    ///
    /// # Errors
    /// When the service refuses.
    pub fn uncommitted_blocks(
        &self,
        account: &str,
        container: &str,
        blob: &str,
    ) -> Result<Vec<Block>> {
        self.blocks(account, container, blob, "uncommitted")
    }

    /// Blocks that the blob is made of; empty also for a blob that was put in one call.
    ///
    /// # Errors
    /// When the service refuses.
    pub fn committed_blocks(
        &self,
        account: &str,
        container: &str,
        blob: &str,
    ) -> Result<Vec<Block>> {
        self.blocks(account, container, blob, "committed")
    }

    /// Names of the blobs in a container.
    ///
    /// # Errors
    /// When the service refuses.
    pub fn list(&self, account: &str, container: &str) -> Result<Vec<String>> {
        let url = self.container_url(account, container);
        let answer = self
            .ask(
                "GET",
                account,
                &url,
                "restype=container&comp=list",
                &[],
                &[],
            )?
            .success("listing")?;
        let xml = String::from_utf8(answer.body)?;
        Ok(elements(&xml, "Name").map(str::to_owned).collect())
    }

    fn blocks(&self, account: &str, container: &str, blob: &str, kind: &str) -> Result<Vec<Block>> {
        let query = format!("comp=blocklist&blocklisttype={kind}");
        let answer = self.ask(
            "GET",
            account,
            &self.blob_url(account, container, blob),
            &query,
            &[],
            &[],
        )?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let xml = String::from_utf8(answer.success("asking for the block list")?.body)?;
        elements(&xml, "Block")
            .map(|block| {
                let id = elements(block, "Name")
                    .next()
                    .context("a block without a name")?;
                let size = elements(block, "Size")
                    .next()
                    .context("a block without a size")?;
                Ok(Block {
                    id: id.to_owned(),
                    size: size.parse()?,
                })
            })
            .collect()
    }
}

/// The content of every `<name>…</name>`, in order. Enough for the flat answers that are asked for here.
fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (content, left) = after.split_once(&close)?;
        rest = left;
        Some(content)
    })
}
