//! `blobferry-bundle sign`.

use std::time::Instant;

use blobferry_bundle::{Bundle, Signer, add_signature};
use blobferry_terminal::{ExitStatus, Failure};

use crate::cli::SignArgs;
use crate::explain::explain;
use crate::facts::Facts;
use crate::streams::Streams;
use crate::{key, place, trust};

pub(crate) fn run(args: &SignArgs, streams: &Streams) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let dir = place::existing(&args.dir)?;
    // A manifest that cannot be believed is not signed.
    let opened = Bundle::open(dir.clone(), &trust::none());
    let bundle = opened.map_err(|error| explain(&error))?;
    let signer = key::read("--key", &args.key)?;
    check_new(&bundle, &signer)?;
    let file = add_signature(dir.as_ref(), &signer).map_err(|error| explain(&error))?;
    place::settle(&args.dir)?;
    let manifest = bundle.manifest();
    let mut facts = Facts::new("signed", manifest.geometry.blob_size(), began);
    facts.add("name", &manifest.blob.name);
    facts.add("bundle", &args.dir.display());
    facts.add("sha256", &manifest.blob.sha256);
    facts.add("manifest", &bundle.manifest_sha256());
    facts.add("signature", &file);
    facts.add("key", &signer.fingerprint());
    facts.show(streams)?;
    Ok(ExitStatus::Done)
}

fn check_new(bundle: &Bundle, signer: &Signer) -> Result<(), Failure> {
    let fingerprint = signer.fingerprint();
    let mut before = bundle.signed_by().iter();
    match before.find(|by| by.fingerprint == fingerprint) {
        Some(by) => Err(Failure::new(
            ExitStatus::Failed,
            format!("this key has signed already: {}", by.file),
        )),
        None => Ok(()),
    }
}
