//! `blobferry-bundle pack`.

use std::time::Instant;

use blobferry_bundle::{
    BundleError, DEFAULT_BLOCK_SIZE, PackOptions, ReadBack, ResendCode, Sealed, Signer, pack,
};
use blobferry_integrity::Expect;
use blobferry_terminal::{ExitStatus, Failure, Size, quantity};
use jiff::Timestamp;

use crate::cli::PackArgs;
use crate::explain::{command, explain};
use crate::facts::Facts;
use crate::receipt::{self, Receipt};
use crate::stop::Stop;
use crate::streams::Streams;
use crate::watcher::Watcher;
use crate::{chain, key, place, source, value};

/// What the manifest says packed it.
const TOOL: &str = concat!("blobferry-bundle ", env!("CARGO_PKG_VERSION"));

pub(crate) fn run(args: &PackArgs, streams: &Streams, stop: &Stop) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let part_size = value::flag("--part-size", value::part_size(&args.part_size))?;
    let parity = value::flag("--parity", value::parity(&args.parity))?;
    let resend = args.resend.as_deref().map(ResendCode::parse).transpose();
    let resend = resend.map_err(|error| Failure::usage("--resend").because(&error))?;
    let receipt = match &args.metadata_from {
        Some(path) => receipt::read(path)?,
        None => Receipt::default(),
    };
    let expect = expected(args, &receipt)?;
    let chain = chain::next(args)?;
    let source = source::open(args, part_size)?;
    // Asked for now: nobody waits before the terminal for hours.
    let signers: Vec<Signer> = args
        .sign
        .iter()
        .map(|path| key::read("--sign", path))
        .collect::<Result<_, _>>()?;
    let dir = place::made(&args.out)?;
    let options = PackOptions {
        name: source.name,
        part_size,
        block_size: DEFAULT_BLOCK_SIZE,
        parity,
        chain,
        created: quantity::time(Timestamp::now()),
        tool: TOOL.to_owned(),
        properties: receipt.properties,
        only: resend.as_ref().map(|code| code.pieces().clone()),
    };
    let mut watcher = Watcher::start(streams, stop);
    let (input, key) = (source.input, source.key);
    let sealed = pack(input, dir, &key, options, &expect, &signers, &watcher);
    watcher.finish();
    let sealed = sealed.map_err(|error| failed(&error, args))?;
    if let Some(code) = &resend {
        check_resend(code, &sealed, args)?;
    }
    place::settle(&args.out)?;
    let signed = signers.iter().map(Signer::fingerprint).collect();
    facts(args, &sealed, signed, began).show(streams)?;
    Ok(ExitStatus::Done)
}

/// What the flags and the receipt say the bytes must be.
fn expected(args: &PackArgs, receipt: &Receipt) -> Result<Expect, Failure> {
    let expect = value::flag("--expect-digest", value::expect(&args.expect_digest))?;
    expect.merge(receipt.expect).map_err(|error| {
        Failure::usage("--expect-digest and --metadata-from contradict each other").because(&error)
    })
}

fn failed(error: &BundleError, args: &PackArgs) -> Failure {
    let failure = explain(error);
    match error {
        BundleError::Mismatch { .. } => failure
            .hint("nothing got its name: this blob is not the one that was meant")
            .hint("check the digest, or fetch the blob again"),
        BundleError::Exists { .. } => {
            failure.hint(command("verify", &args.out) + " says whether it is a whole bundle")
        }
        BundleError::Interrupted if args.source == "-" => failure.hint(
            "a stream begins again from its start; what is on the disk is compared, not written twice",
        ),
        BundleError::Interrupted => failure.hint(format!(
            "what is written to {} is kept",
            args.out.display()
        )),
        _ => failure,
    }
}

/// Parts of another blob or cut would be taken for the wanted ones by their names: they are removed.
fn check_resend(code: &ResendCode, sealed: &Sealed, args: &PackArgs) -> Result<(), Failure> {
    if code.is_for(&sealed.manifest) {
        return Ok(());
    }
    for piece in code.pieces() {
        // Written by this very run: what was there before would have been an error.
        drop(fs_err::remove_file(args.out.join(piece.to_string())));
    }
    Err(Failure::new(
        ExitStatus::Verification,
        "the resend code is for another blob, or for another cut of it",
    )
    .hint("give the same file, --part-size and --parity as when the bundle was packed"))
}

fn facts(args: &PackArgs, sealed: &Sealed, signed: Vec<String>, began: Instant) -> Facts {
    let (manifest, cut) = (&sealed.manifest, &sealed.manifest.geometry);
    let mut facts = Facts::new("packed", cut.blob_size(), began);
    facts.add("name", &manifest.blob.name);
    facts.add("bundle", &args.out.display());
    facts.field("parts", cut.parts());
    facts.field("parity", cut.parity());
    facts.field("part_size", cut.part_size());
    facts.row(
        "parts",
        format!(
            "{} of {}, {} of parity",
            quantity::count(cut.parts().into(), "part"),
            Size(cut.part_size()).exact(),
            cut.parity()
        ),
    );
    facts.add("sha256", &manifest.blob.sha256);
    facts.add("md5", &manifest.blob.md5);
    facts.add("manifest", &sealed.manifest_sha256);
    if let Some(chain) = &manifest.chain {
        facts.field("channel", chain.channel.as_str());
        facts.field("sequence", chain.sequence);
        facts.row(
            "channel",
            format!("{} number {}", chain.channel, chain.sequence),
        );
    }
    for fingerprint in &signed {
        facts.row("signed by", fingerprint);
    }
    facts.field("signed_by", signed);
    facts.field("bytes_resumed", sealed.resumed);
    if sealed.resumed > 0 {
        facts.row("resumed", Size(sealed.resumed).exact());
    }
    facts.add("read back", &sealed.read_back);
    facts.time(cut.blob_size());
    facts.field("safe_to_unplug", true);
    let dir = args.out.display();
    if let Some(code) = &args.resend {
        facts.field("resend", code.as_str());
        facts.below(format!(
            "{dir} holds what was asked for again and is safe to unplug"
        ));
    } else {
        facts.below(format!("{dir} is complete and safe to unplug"));
    }
    if sealed.read_back == ReadBack::Cached {
        facts.below("it could not be read back past memory: plug it in again and run verify");
    }
    facts
}
