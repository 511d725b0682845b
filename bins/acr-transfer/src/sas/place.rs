//! Where the account is, and the URL of what a SAS is for.

use blobferry_acr::cloud::Cloud;
use blobferry_azure_blob::SasToken;
use blobferry_azure_blob::sas::Grant;
use blobferry_terminal::Failure;
use url::Url;

use crate::cli::sas::MintArgs;
use crate::cli::shared::CloudArgs;
use crate::context;
use crate::failure::Explained as _;

/// The account's URL without any login; a cloud that must be discovered is asked for its metadata.
pub(super) async fn offline(args: &MintArgs, shared: &CloudArgs) -> Result<Url, Failure> {
    let cloud = match (&args.endpoint, Cloud::by_name(&shared.cloud)) {
        (Some(text), _) => return given(text),
        (None, Some(cloud)) => cloud,
        (None, None) => {
            let network = context::network(shared)?;
            Cloud::find(&shared.cloud, &network).await.explained()?
        }
    };
    endpoint(args, &cloud)
}

/// The account's URL: as given, else by the cloud's suffix.
pub(super) fn endpoint(args: &MintArgs, cloud: &Cloud) -> Result<Url, Failure> {
    match &args.endpoint {
        Some(text) => given(text),
        None => given(&format!(
            "https://{}.blob.{}",
            args.account, cloud.storage_suffix
        )),
    }
}

/// Refused without repeating it: it may hold a SAS.
fn given(text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        Err(Failure::usage(format!("--endpoint: {why}")).hint(
            "wanted the account's own URL, e.g. https://ACCOUNT.blob.core.windows.net, or https://127.0.0.1:PORT/ACCOUNT of a lab",
        ))
    };
    match Url::parse(text.trim()) {
        Err(_) => wrong("this is not a URL"),
        Ok(url) if url.scheme() != "https" => {
            wrong("the SAS is for https only, so the URL must be https")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("it has a user or password in it")
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            wrong("it has a query or a fragment")
        }
        Ok(url) => Ok(url),
    }
}

/// The container's or blob's URL with the SAS.
pub(super) fn signed(endpoint: &Url, grant: &Grant, sas: &SasToken) -> Result<String, Failure> {
    let blob = grant.blob.as_deref();
    let names: Vec<&str> = blob.into_iter().flat_map(|name| name.split('/')).collect();
    if names.iter().any(|name| matches!(*name, "." | "..")) {
        return Err(
            Failure::usage("--blob: a URL cannot hold . or .. between slashes")
                .hint("without --url the SAS alone is printed"),
        );
    }
    let mut url = endpoint.clone();
    let Ok(mut path) = url.path_segments_mut() else {
        return Err(Failure::usage("--endpoint: this URL takes no path"));
    };
    path.pop_if_empty().push(&grant.container).extend(names);
    drop(path);
    url.set_query(Some(sas.expose()));
    Ok(url.into())
}
