//! Whose word counts, and opening a bundle by it.

use blobferry_bundle::{AllowedSigners, Bundle, BundleError, Trust};
use blobferry_terminal::Failure;
use jiff::Timestamp;

use crate::cli::BundleArgs;
use crate::explain::explain;
use crate::streams::Streams;
use crate::{chain, found, place};

/// Longest file of allowed signers in bytes.
const LONGEST_ALLOWED: u64 = 1 << 20;

/// Nobody's: signatures are only reported.
pub(crate) fn none() -> Trust {
    Trust {
        allowed: None,
        required: 0,
        at: Timestamp::now(),
        previous: None,
    }
}

/// Opens a bundle as the command line asks. Programs get all that is wrong with it line by line.
pub(crate) fn open(args: &BundleArgs, streams: &Streams) -> Result<Bundle, Failure> {
    let mut trust = none();
    if let Some(path) = &args.allowed_signers {
        let text = place::small_text("--allowed-signers", path, LONGEST_ALLOWED)?;
        let allowed = AllowedSigners::parse(&text).map_err(|error| {
            let message = format!("--allowed-signers {}: cannot be used", path.display());
            Failure::usage(message).because(&error)
        })?;
        trust.allowed = Some(allowed);
        trust.required = usize::from(args.require_signatures.unwrap_or(1));
    }
    if let Some(path) = &args.previous {
        trust.previous = Some(chain::manifest_at(path)?);
    }
    Bundle::open(place::existing(&args.dir)?, &trust).or_else(|error| {
        if let (BundleError::Damaged { problems, .. }, true) = (&error, streams.is_json()) {
            found::show(problems, streams)?;
        }
        Err(explain(&error))
    })
}
