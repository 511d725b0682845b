//! The blobs in a pipeline's container, as this machine can see them: by which SAS, what the service says of one, and the
//! digests of every byte.

use std::path::Path;
use std::sync::Arc;

use blobferry_acr::pipeline::{Pipeline, StorageAccessMode};
use blobferry_acr::receipt::BlobReceipt;
use blobferry_acr::vault::SecretId;
use blobferry_azure_blob::{
    AzureBlob, Plaintext, Role, SasSource, SasToken, SasUrl, Service, ServiceOptions,
};
use blobferry_console::Progress;
use blobferry_integrity::Expect;
use blobferry_terminal::{ExitStatus, Failure, Style};
use blobferry_transfer::store::{BlobSource as _, SourceInfo};
use blobferry_transfer::{
    Cancel, CheckMd5, CopyOptions, Destination, ErrorClass, Source, Stats, StoreError, plan,
};
use url::Url;

use crate::context::Context;
use crate::streams::Streams;

/// Memory for the blocks of a blob that is read, bytes.
const MEMORY: u64 = 64 << 20;

/// The environment variable with the SAS.
pub(crate) const VARIABLE: &str = "ACR_TRANSFER_SAS";

/// A container and the SAS to read it.
pub(crate) struct Store {
    container: Url,
    sas: SasSource,
    service: Service,
    /// The SAS came from the pipeline's secret: the user did not promise that it would do.
    lent: bool,
}

/// Whether blobs can be looked at.
pub(crate) enum Access {
    /// They can.
    Open(Store),
    /// They cannot, and why.
    Closed(String),
}

/// A blob that was read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Proven {
    pub(crate) receipt: BlobReceipt,
    pub(crate) info: SourceInfo,
}

/// What came of looking at a blob.
#[derive(Debug)]
pub(crate) enum Look {
    /// There.
    There(Box<SourceInfo>),
    /// Not there.
    Absent,
    /// It cannot be known, and why.
    Hidden(StoreError),
}

impl Access {
    /// Finds the SAS: flag, environment, the pipeline's own secret. What the user named must do; the secret may not be ours
    /// to read.
    pub(crate) async fn find(
        context: &Context,
        sas_file: Option<&Path>,
        pipeline: &Pipeline,
    ) -> Result<Self, Failure> {
        let Some(container) = pipeline.container.as_deref().and_then(container) else {
            return Ok(Self::Closed(
                "the pipeline names no container that can be reached".to_owned(),
            ));
        };
        let (sas, lent) = match own_sas(sas_file)? {
            Some(own) => (own, false),
            None => match secret(context, pipeline).await {
                Ok(token) => (SasSource::fixed(Some(token)), true),
                Err(why) => return Ok(Self::Closed(why)),
            },
        };
        let options = ServiceOptions {
            ca_certs: context.network.options().ca_certs.clone(),
            ..ServiceOptions::default()
        };
        let service = Service::new(options).map_err(|error| {
            Failure::usage("no way to the storage account can be set up").because(&error)
        })?;
        Ok(Self::Open(Store {
            container,
            sas,
            service,
            lent,
        }))
    }

    /// The store, where it can be looked at.
    pub(crate) fn store(&self) -> Option<&Store> {
        match self {
            Self::Open(store) => Some(store),
            Self::Closed(_) => None,
        }
    }
}

/// The container's URL, where it is one that this tool may ask.
pub(crate) fn container(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (url.query().is_none() && !url.cannot_be_a_base()).then_some(url)
}

/// The URL of a blob in a container; `/` in its name stays.
pub(crate) fn blob_url(container: &Url, blob: &str) -> Url {
    let mut url = container.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(blob.split('/'));
    }
    url
}

/// The SAS that the user named.
pub(crate) fn own_sas(file: Option<&Path>) -> Result<Option<SasSource>, Failure> {
    let refused = |error: &blobferry_azure_blob::sas::SasError| {
        let failure = Failure::new(ExitStatus::Denied, "the SAS cannot be used").because(error);
        error.hint().into_iter().fold(failure, Failure::hint)
    };
    if let Some(path) = file {
        return SasSource::file(path)
            .map(Some)
            .map_err(|error| refused(&error));
    }
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text
        .into_string()
        .map_err(|_| Failure::new(ExitStatus::Denied, format!("{VARIABLE} is not UTF-8")))?;
    let token = SasToken::parse(&text).map_err(|error| {
        refused(&error).hint(format!("see the environment variable {VARIABLE}"))
    })?;
    Ok(Some(SasSource::fixed(Some(token))))
}

/// The SAS in the pipeline's secret, or why it cannot be had.
async fn secret(context: &Context, pipeline: &Pipeline) -> Result<SasToken, String> {
    if pipeline.mode == StorageAccessMode::ManagedIdentity {
        return Err("the pipeline uses its managed identity, which this machine is not".to_owned());
    }
    let id = pipeline
        .secret
        .as_deref()
        .ok_or("the pipeline names no secret")?;
    let id = SecretId::parse(id).map_err(|error| error.to_string())?;
    let state = context.vaults().get(&id).await;
    let state = state.map_err(|error| error.to_string())?;
    SasToken::parse(state.value.expose())
        .map_err(|error| format!("the pipeline's secret holds no SAS: {error}"))
}

impl Store {
    /// Where a blob is, without a SAS.
    pub(crate) fn address(&self, blob: &str) -> String {
        blob_url(&self.container, blob).to_string()
    }

    /// Whether the SAS is the pipeline's own, not one that the user gave.
    pub(crate) fn is_lent(&self) -> bool {
        self.lent
    }

    fn blob(&self, blob: &str) -> Result<AzureBlob, StoreError> {
        let url = SasUrl::parse(
            blob_url(&self.container, blob).as_str(),
            Plaintext::LoopbackOnly,
        )
        .map_err(|error| StoreError::new(ErrorClass::Rejected, error.to_string()))?;
        AzureBlob::connect(url, self.sas.clone(), Role::Source, &self.service)
    }

    /// What the service says of a blob; no byte of it is read.
    pub(crate) async fn look(&self, blob: &str) -> Look {
        let seen = match self.blob(blob) {
            Ok(source) => source.open().await,
            Err(error) => Err(error),
        };
        match seen {
            Ok(info) => Look::There(Box::new(info)),
            Err(error) if error.class == ErrorClass::NotFound => Look::Absent,
            Err(error) => Look::Hidden(error),
        }
    }

    /// Reads every byte of one version, in bounded memory, and compares with what is expected and with its Content-MD5.
    /// `alone`: nothing else is shown meanwhile, so that a bar can be.
    pub(crate) async fn prove(
        &self,
        blob: &str,
        expect: Expect,
        streams: &Streams,
        alone: bool,
    ) -> Result<Proven, Failure> {
        let store = |error: StoreError| blobferry_console::failure::of_store(&error);
        let source = Arc::new(self.blob(blob).map_err(store)?);
        let before = source.open().await.map_err(store)?;
        let options = CopyOptions {
            expect,
            check_md5: Some(CheckMd5::FailIfDifferent),
            memory: MEMORY,
            ..CopyOptions::default()
        };
        let copy = |error| blobferry_console::failure::of_copy(&error);
        let ranged = Source::Ranged(Arc::<AzureBlob>::clone(&source));
        let planned = plan(ranged, Destination::Nowhere, options)
            .await
            .map_err(copy)?;
        let stats = Arc::new(Stats::default());
        let style = if alone { streams.style() } else { Style::Quiet };
        let mut progress = Progress::start(style, planned.outline().length, Arc::clone(&stats));
        let running = planned.run(progress.observer(), stats, Cancel::never());
        let ended = Box::pin(running).await;
        progress.finish();
        let summary = ended.map_err(copy)?;
        // The reads were all of one version; the same before and after says which.
        let info = source.open().await.map_err(store)?;
        let digest = match summary.sha256 {
            Some(digest) if info.pin == before.pin => digest,
            _ => {
                let text = format!("{} changed while it was read", self.address(blob));
                return Err(Failure::new(ExitStatus::SourceChanged, text)
                    .hint("run the same command again when nobody writes to it"));
            }
        };
        let receipt = BlobReceipt {
            name: blob.to_owned(),
            url: self.address(blob),
            size: summary.bytes,
            sha256: format!("sha256:{digest}"),
            content_md5: info.properties.content_md5.map(|md5| md5.to_base64()),
            metadata: info.properties.metadata.clone(),
            etag: etag(&info),
        };
        Ok(Proven { receipt, info })
    }
}

/// What the export writes on every blob, and what a source trigger looks for.
pub(crate) const CATEGORY: (&str, &str) = ("category", "acr-transfer-blob");

/// Whether a blob carries it. Names of metadata have no case.
pub(crate) fn has_category(info: &SourceInfo) -> bool {
    let mut metadata = info.properties.metadata.iter();
    metadata.any(|(name, value)| name.eq_ignore_ascii_case(CATEGORY.0) && value == CATEGORY.1)
}

/// The version that the service says.
pub(crate) fn etag(info: &SourceInfo) -> String {
    info.pin
        .as_ref()
        .map(|pin| pin.0.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_named_below_its_container() {
        let url = container("https://a.blob.core.windows.net/Transfer/").unwrap();
        assert_eq!(
            blob_url(&url, "week 1/app%.tar").as_str(),
            "https://a.blob.core.windows.net/Transfer/week%201/app%25.tar"
        );
        assert!(container("https://a.blob.core.windows.net/c?sig=x").is_none());
        assert!(container("a/b").is_none());
    }
}
