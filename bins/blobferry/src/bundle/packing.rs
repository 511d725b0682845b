//! What a bundle that a copy makes is to be like.

use std::ffi::OsStr;
use std::path::PathBuf;

use blobferry_bundle::{
    AllowedSigners, BlobName, BlobProperties, DEFAULT_BLOCK_SIZE, DEFAULT_PART_SIZE, PackOptions,
    Parity,
};
use blobferry_console::{ExitStatus, Failure, Size};

use super::Trusted;
use crate::cli::BundleArgs;
use crate::settings::{flag, flag_if};
use crate::value;

fn part_size(text: &str) -> Result<u64, String> {
    let size = Size::difference(text).map_err(|error| error.to_string())?;
    Ok(size.0)
}

fn parity(text: &str) -> Result<Parity, String> {
    text.parse().map_err(str::to_owned)
}

/// How `bundle:DIR` is written.
#[derive(Debug, Clone)]
pub(crate) struct Packing {
    part_size: u64,
    parity: Parity,
}

impl Packing {
    /// From the flags.
    pub(crate) fn of(args: &BundleArgs) -> Result<Self, Failure> {
        Ok(Self {
            part_size: flag_if("--part-size", args.part_size.as_ref(), part_size)?
                .unwrap_or(DEFAULT_PART_SIZE),
            parity: flag_if("--parity", args.parity.as_ref(), parity)?.unwrap_or_default(),
        })
    }

    /// Everything that is known before the blob is read; what stands beside it comes at the end.
    pub(crate) fn options(&self, name: &OsStr) -> Result<PackOptions, Failure> {
        let name = name.to_str().map(BlobName::new);
        let name = name.ok_or_else(|| Failure::usage("the source's name is not UTF-8"))?;
        let name = name.map_err(|error| Failure::of(ExitStatus::Usage, &error))?;
        Ok(PackOptions {
            name: name.as_str().to_owned(),
            part_size: self.part_size,
            block_size: DEFAULT_BLOCK_SIZE,
            parity: self.parity,
            chain: None,
            created: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
            tool: concat!("blobferry ", env!("CARGO_PKG_VERSION")).to_owned(),
            properties: BlobProperties::default(),
            only: None,
        })
    }
}

impl Trusted {
    /// From the flags.
    pub(crate) fn of(args: &BundleArgs) -> Result<Self, Failure> {
        let required = flag_if(
            "--require-signatures",
            args.require_signatures.as_ref(),
            value::signatures,
        )?;
        let allowed = args.allowed_signers.as_ref().map(read);
        let allowed = allowed.transpose()?;
        // A file of people who may sign is given so that one of them must have.
        let required = required.unwrap_or(usize::from(allowed.is_some()));
        if required > 0 && allowed.is_none() {
            return Err(Failure::usage(
                "--require-signatures needs to know whose signatures count",
            )
            .hint("add `--allowed-signers FILE`"));
        }
        Ok(Self { allowed, required })
    }
}

fn read(path: &PathBuf) -> Result<AllowedSigners, Failure> {
    let text = fs_err::read_to_string(path).map_err(|error| {
        Failure::new(ExitStatus::Failed, "cannot read the allowed signers").because(&error)
    })?;
    flag(
        "--allowed-signers",
        AllowedSigners::parse(&text).map_err(|error| error.to_string()),
    )
}
