//! Whose word counts, and opening a bundle by it.

use blobferry_bundle::{AllowedSigners, Bundle, Trust};
use blobferry_terminal::Failure;
use jiff::Timestamp;

use crate::cli::BundleArgs;
use crate::explain::explain;
use crate::{chain, place};

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

/// Opens a bundle as the command line asks.
pub(crate) fn open(args: &BundleArgs) -> Result<Bundle, Failure> {
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
    Bundle::open(place::existing(&args.dir)?, &trust).map_err(|error| explain(&error))
}
