//! `blobferry-bundle verify`.

use std::time::Instant;

use blobferry_bundle::{Bundle, ReadBack, Report};
use blobferry_terminal::{ExitStatus, Failure, quantity};

use crate::cli::VerifyArgs;
use crate::explain::{command, explain};
use crate::facts::Facts;
use crate::stop::Stop;
use crate::streams::Streams;
use crate::watcher::Watcher;
use crate::{found, trust};

pub(crate) fn run(
    args: &VerifyArgs,
    streams: &Streams,
    stop: &Stop,
) -> Result<ExitStatus, Failure> {
    let began = Instant::now();
    let bundle = trust::open(&args.bundle, streams)?;
    let mut watcher = Watcher::start(streams, stop);
    let report = bundle.verify(args.after_remount, &watcher);
    watcher.finish();
    let report = report.map_err(|error| explain(&error))?;
    found::show(&report.problems, streams)?;
    if report.problems.is_empty() {
        facts(&bundle, &report, args, began).show(streams)?;
        return Ok(ExitStatus::Done);
    }
    Err(damaged(&report, args))
}

fn damaged(report: &Report, args: &VerifyArgs) -> Failure {
    let dir = &args.bundle.dir;
    let found = quantity::count(
        u64::try_from(report.problems.len()).unwrap_or(u64::MAX),
        "problem",
    );
    let failure = Failure::new(
        ExitStatus::Verification,
        format!("{} does not verify: {found}", dir.display()),
    );
    if report.mendable {
        return failure.hint(command("repair", dir) + " mends it");
    }
    failure
        .cause("more is lost than the parity can mend")
        .hint(command("missing --code", dir) + " makes a code to ask for what is lost")
}

fn facts(bundle: &Bundle, report: &Report, args: &VerifyArgs, began: Instant) -> Facts {
    let manifest = bundle.manifest();
    let mut facts = Facts::new("verified", report.bytes, began);
    facts.add("name", &manifest.blob.name);
    facts.add("bundle", &args.bundle.dir.display());
    facts.add("sha256", &manifest.blob.sha256);
    facts.add("manifest", &bundle.manifest_sha256());
    crate::inspect::add_signers(&mut facts, bundle);
    facts.add("read", &report.read);
    facts.time(report.bytes);
    if args.after_remount && report.read != ReadBack::Direct {
        facts.below(format!(
            "not everything was read by O_DIRECT, but {}: it is only as good as new if the disk was unplugged before",
            report.read
        ));
    }
    facts
}
