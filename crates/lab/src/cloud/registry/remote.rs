//! A registry that runs elsewhere, by the distribution API: http or https, anonymous or with the user and password in
//! its URL. One redirect of a blob is followed, as large registries make it.

use std::io;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Body, Method, Response, StatusCode, Url};

use super::manifest::{MANIFEST_LIMIT, MANIFEST_TYPES, Manifest, invalid};
use super::name::{Digest, Name, Which};
use super::part::FilePart;

/// A registry by URL.
#[derive(Debug)]
pub(super) struct Remote<'a> {
    client: &'a reqwest::Client,
    base: Url,
}

impl<'a> Remote<'a> {
    pub(super) fn new(client: &'a reqwest::Client, base: &str) -> io::Result<Self> {
        let base = Url::parse(base).map_err(|_| invalid("the registry's URL is none"))?;
        Ok(Self { client, base })
    }

    fn url(&self, path: &str) -> io::Result<Url> {
        let joined = self.base.join(&format!("/v2/{path}"));
        joined.map_err(|_| invalid("the registry's URL is no base"))
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Body,
    ) -> io::Result<Response> {
        let request = self.client.request(method, url).headers(headers).body(body);
        // The URL may hold a password.
        let failed = |error: reqwest::Error| io::Error::other(error.without_url());
        request.send().await.map_err(failed)
    }

    async fn read(&self, method: Method, path: &str) -> io::Result<Option<Response>> {
        let mut headers = HeaderMap::new();
        for media_type in MANIFEST_TYPES {
            headers.append(ACCEPT, media_type.parse().map_err(io::Error::other)?);
        }
        let url = self.url(path)?;
        let answer = self
            .send(method.clone(), url.clone(), headers, Body::default())
            .await?;
        let answer = match location(&answer) {
            Some(elsewhere) if answer.status().is_redirection() => {
                let url = url.join(&elsewhere).map_err(io::Error::other)?;
                self.send(method, url, HeaderMap::new(), Body::default())
                    .await?
            }
            _ => answer,
        };
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => Ok(Some(answer)),
            status => Err(refused(status, path)),
        }
    }

    pub(super) async fn manifest(&self, name: &Name) -> io::Result<Option<Manifest>> {
        let path = format!("{}/manifests/{}", name.repository, name.which);
        let Some(mut answer) = self.read(Method::GET, &path).await? else {
            return Ok(None);
        };
        let header = answer.headers().get(CONTENT_TYPE);
        let media_type = header.and_then(|value| value.to_str().ok()).unwrap_or("");
        let media_type = media_type.split(';').next().unwrap_or("").trim().to_owned();
        let mut bytes = BytesMut::new();
        while let Some(piece) = piece(&mut answer).await? {
            if crate::content::size(bytes.len() + piece.len()) > MANIFEST_LIMIT {
                return Err(invalid("a manifest has 4 MiB at most"));
            }
            bytes.extend_from_slice(&piece);
        }
        let manifest = Manifest::new(&media_type, bytes.freeze())?;
        match name.which {
            Which::Digest(digest) if digest != manifest.digest => {
                Err(invalid("the registry answered with another manifest"))
            }
            _ => Ok(Some(manifest)),
        }
    }

    pub(super) async fn blob_size(
        &self,
        repository: &str,
        digest: Digest,
    ) -> io::Result<Option<u64>> {
        let path = format!("{repository}/blobs/{digest}");
        let answer = self.read(Method::HEAD, &path).await?;
        let length = answer.map(|answer| {
            let length = answer.headers().get("content-length")?;
            length.to_str().ok()?.parse().ok()
        });
        match length {
            Some(None) => Err(invalid("the registry does not say how large a blob is")),
            Some(size) => Ok(size),
            None => Ok(None),
        }
    }

    pub(super) async fn blob(
        &self,
        repository: &str,
        digest: Digest,
    ) -> io::Result<Option<Response>> {
        let path = format!("{repository}/blobs/{digest}");
        self.read(Method::GET, &path).await
    }

    /// One upload by POST and PUT (distribution spec, "POST then PUT").
    pub(super) async fn put_blob(
        &self,
        repository: &str,
        digest: Digest,
        from: FilePart,
    ) -> io::Result<()> {
        let path = format!("{repository}/blobs/uploads/");
        let begun = self
            .send(
                Method::POST,
                self.url(&path)?,
                HeaderMap::new(),
                Body::default(),
            )
            .await?;
        let (StatusCode::ACCEPTED, Some(at)) = (begun.status(), location(&begun)) else {
            return Err(refused(begun.status(), &path));
        };
        let mut at = self.base.join(&at).map_err(io::Error::other)?;
        if at.host() == self.base.host() && at.username().is_empty() {
            let _ = at.set_username(self.base.username());
            let _ = at.set_password(self.base.password());
        }
        at.query_pairs_mut()
            .append_pair("digest", &digest.to_string());
        let mut headers = HeaderMap::new();
        let media_type = "application/octet-stream".parse();
        headers.insert(CONTENT_TYPE, media_type.map_err(io::Error::other)?);
        let done = self
            .send(Method::PUT, at, headers, Body::wrap(from))
            .await?;
        created(&done, &path)
    }

    pub(super) async fn put_manifest(&self, name: &Name, manifest: &Manifest) -> io::Result<()> {
        let path = format!("{}/manifests/{}", name.repository, name.which);
        let mut headers = HeaderMap::new();
        let media_type = manifest.media_type.parse();
        headers.insert(CONTENT_TYPE, media_type.map_err(io::Error::other)?);
        let body = manifest.bytes.clone().into();
        let url = self.url(&path)?;
        created(&self.send(Method::PUT, url, headers, body).await?, &path)
    }
}

pub(super) async fn piece(answer: &mut Response) -> io::Result<Option<Bytes>> {
    let piece = answer.chunk().await;
    piece.map_err(|error| io::Error::other(error.without_url()))
}

fn location(answer: &Response) -> Option<String> {
    let location = answer.headers().get(LOCATION)?;
    location.to_str().ok().map(str::to_owned)
}

fn created(answer: &Response, path: &str) -> io::Result<()> {
    match answer.status() {
        StatusCode::CREATED | StatusCode::OK => Ok(()),
        status => Err(refused(status, path)),
    }
}

fn refused(status: StatusCode, path: &str) -> io::Error {
    io::Error::other(format!("the registry answered {status} for {path}"))
}
