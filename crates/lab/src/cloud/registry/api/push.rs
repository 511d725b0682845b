//! What is written: blobs by uploads of one or several requests, and manifests. Uploads that have not ended lie in the
//! layout's directory `.uploads`, so that this code has no memory.

use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE};
use hyper::{Method, Response};
use tokio::io::AsyncWriteExt as _;

use super::super::layout::Layout;
use super::super::manifest::{MANIFEST_LIMIT, Manifest};
use super::super::name::{Digest, Name, Which};
use super::answers::{Refused, reply};
use super::{AnswerBody, Call, digest_of};
use crate::content::size;

/// The next piece of a body.
async fn next<B>(body: &mut B) -> io::Result<Option<Bytes>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

/// A body that has to fit into memory, or as much of it as may: what is cut off cannot be read as JSON or form.
pub(super) async fn small<B>(body: &mut B) -> io::Result<Bytes>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut bytes = BytesMut::new();
    while let Some(piece) = next(body).await? {
        if size(bytes.len()) <= MANIFEST_LIMIT {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes.freeze())
}

pub(super) async fn manifest<B>(
    call: &Call<'_>,
    repository: &str,
    which: &str,
    body: &mut B,
) -> Result<Response<AnswerBody>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let bytes = small(body).await?;
    let header = call.parts.headers.get(CONTENT_TYPE);
    let media_type = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let manifest = Manifest::new(media_type, bytes)?;
    let wrong = || {
        Refused::new(
            400,
            "TAG_INVALID",
            format!("{which} is neither tag nor digest"),
        )
    };
    let name = Name::new(repository, Which::parse(which).ok_or_else(wrong)?);
    if let Which::Digest(digest) = name.which
        && digest != manifest.digest
    {
        let message = format!("the digest of the manifest is {}", manifest.digest);
        return Err(Refused::new(400, "DIGEST_INVALID", message));
    }
    let (digest, links) = (manifest.digest.to_string(), manifest.links()?);
    let at = format!("/v2/{repository}/manifests/{digest}");
    let repository = repository.to_owned();
    let missing = call
        .off(move |layout| {
            for blob in links.blobs.iter().filter(|blob| !blob.is_foreign()) {
                if layout.blob(blob.digest)?.is_none() {
                    return Ok(Some(blob.digest));
                }
            }
            for child in &links.manifests {
                let name = Name::new(&repository, Which::Digest(child.digest));
                if layout.find(&name)?.is_none() {
                    return Ok(Some(child.digest));
                }
            }
            layout.put_manifest(&name, &manifest)?;
            Ok(None)
        })
        .await?;
    if let Some(missing) = missing {
        let message = format!("{missing}, which the manifest names, is unknown");
        return Err(Refused::new(400, "MANIFEST_BLOB_UNKNOWN", message));
    }
    let subject = links.subject.map(|subject| subject.to_string());
    let mut headers = vec![
        ("location", at.as_str()),
        ("docker-content-digest", &digest),
    ];
    headers.extend(subject.as_deref().map(|subject| ("oci-subject", subject)));
    Ok(reply(201, &headers, ""))
}

/// POST begins (or does it all, with `digest`; or finds the blob, with `mount`), PATCH adds, PUT ends, GET asks how far
/// it is, DELETE gives up.
pub(super) async fn upload<B>(
    call: &Call<'_>,
    repository: &str,
    id: &str,
    body: &mut B,
) -> Result<Response<AnswerBody>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let digest = call.query("digest").map(digest_of).transpose()?;
    if call.parts.method == Method::POST && id.is_empty() {
        let mount = call.query("mount").and_then(Digest::parse);
        if let Some(digest) = mount
            && call.off(move |layout| layout.blob(digest)).await?.is_some()
        {
            return Ok(created(repository, digest));
        }
        let upload = Upload::begin(&call.layout).await?;
        return match digest {
            None => Ok(upload.state(202, repository, 0)),
            Some(digest) => {
                upload.append(None, body).await?;
                upload.end(call, repository, digest).await
            }
        };
    }
    let upload = Upload::find(&call.layout, id).await?;
    match (&call.parts.method, digest) {
        (&Method::GET, _) => Ok(upload.state(204, repository, upload.length().await?)),
        (&Method::PATCH, _) => {
            let range = call.parts.headers.get(CONTENT_RANGE);
            let range = range.and_then(|range| range.to_str().ok());
            let length = upload.append(range, body).await?;
            Ok(upload.state(202, repository, length))
        }
        (&Method::PUT, Some(digest)) => {
            upload.append(None, body).await?;
            upload.end(call, repository, digest).await
        }
        (&Method::DELETE, _) => {
            tokio::fs::remove_file(&upload.file).await?;
            Ok(reply(204, &[], ""))
        }
        (&Method::PUT, None) => Err(Refused::new(400, "DIGEST_INVALID", "a digest is wanted")),
        _ => Err(Refused::unsupported()),
    }
}

fn created(repository: &str, digest: Digest) -> Response<AnswerBody> {
    let digest = digest.to_string();
    let at = format!("/v2/{repository}/blobs/{digest}");
    let headers = [
        ("location", at.as_str()),
        ("docker-content-digest", &digest),
    ];
    reply(201, &headers, "")
}

/// An upload that has begun.
struct Upload {
    id: String,
    file: PathBuf,
}

impl Upload {
    fn of(layout: &Layout, id: String) -> Self {
        let file = layout.root().join(".uploads").join(&id);
        Self { id, file }
    }

    async fn begin(layout: &Layout) -> io::Result<Self> {
        let upload = Self::of(layout, format!("{:032x}", rand::random::<u128>()));
        tokio::fs::create_dir_all(layout.root().join(".uploads")).await?;
        tokio::fs::File::create_new(&upload.file).await?;
        Ok(upload)
    }

    async fn find(layout: &Layout, id: &str) -> Result<Self, Refused> {
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let upload = Self::of(layout, id.to_owned());
        if is_id && tokio::fs::try_exists(&upload.file).await? {
            return Ok(upload);
        }
        Err(Refused::new(
            404,
            "BLOB_UPLOAD_UNKNOWN",
            "there is no such upload",
        ))
    }

    async fn length(&self) -> io::Result<u64> {
        Ok(tokio::fs::metadata(&self.file).await?.len())
    }

    /// Adds a body at the end, where `range` (`FIRST-LAST`) has to begin. The length that it makes.
    async fn append<B>(&self, range: Option<&str>, body: &mut B) -> Result<u64, Refused>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut length = self.length().await?;
        let first = range.and_then(|range| range.split_once('-')?.0.parse().ok());
        if range.is_some() && first != Some(length) {
            let message = format!("the upload goes on at {length}");
            return Err(Refused::new(416, "BLOB_UPLOAD_INVALID", message));
        }
        let mut file = tokio::fs::OpenOptions::new()
            .append(true)
            .open(&self.file)
            .await?;
        while let Some(piece) = next(body).await? {
            file.write_all(&piece).await?;
            length += size(piece.len());
        }
        file.flush().await?;
        Ok(length)
    }

    fn state(&self, status: u16, repository: &str, length: u64) -> Response<AnswerBody> {
        let at = format!("/v2/{repository}/blobs/uploads/{}", self.id);
        let range = format!("0-{}", length.saturating_sub(1));
        let headers = [
            ("location", at.as_str()),
            ("range", &range),
            ("docker-upload-uuid", &self.id),
        ];
        reply(status, &headers, "")
    }

    async fn end(
        self,
        call: &Call<'_>,
        repository: &str,
        digest: Digest,
    ) -> Result<Response<AnswerBody>, Refused> {
        let ended = call
            .off(move |layout| {
                let file = fs_err::File::open(&self.file)?;
                let len = file.metadata()?.len();
                let part = super::super::FilePart::new(file.into(), 0, len);
                let put = layout.put_blob(digest, part);
                fs_err::remove_file(&self.file)?;
                put
            })
            .await;
        match ended {
            Ok(()) => Ok(created(repository, digest)),
            Err(refused) => Err(refused.instead("MANIFEST_INVALID", "DIGEST_INVALID")),
        }
    }
}
