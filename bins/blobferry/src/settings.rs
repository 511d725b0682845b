//! From flags to the engine's options.

use blobferry_console::Failure;
use blobferry_transfer::{
    CheckMd5, CopyOptions, Overwrite, PropertyChanges, RetryPolicy, Via, Way,
};

use crate::cli::{
    CheckMd5Word, CopyArgs, DigestWord, EffortArgs, OverwriteWord, PropertyArgs, TouchArgs,
    VerifyArgs, ViaWord,
};
use crate::{journal_dir, memory, value};

/// Reads the value of a flag; the error names the flag.
pub(crate) fn flag<T>(name: &str, read: Result<T, String>) -> Result<T, Failure> {
    read.map_err(|reason| Failure::usage(format!("{name}: {reason}")))
}

/// The same for a flag that may be absent.
pub(crate) fn flag_if<T>(
    name: &str,
    text: Option<&String>,
    read: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    text.map(|text| flag(name, read(text))).transpose()
}

/// The options of a copy, with notes for the user.
pub(crate) fn copy(args: &CopyArgs) -> Result<(CopyOptions, Vec<String>), Failure> {
    let proof = &args.proof;
    let expect = flag("--expect-digest", value::expect(&proof.expect_digest))?;
    if proof.digest == DigestWord::None && !expect.is_empty() {
        return Err(Failure::usage("--digest none contradicts --expect-digest")
            .hint("leave out `--digest none`: what is expected must be computed"));
    }
    let mut notes = Vec::new();
    let journal_dir = journal_dir::choose(args).unwrap_or_else(|note| {
        notes.push(note);
        None
    });
    let mut options = effort(&args.effort)?;
    options.expect = expect;
    options.sha256 = proof.digest == DigestWord::Sha256;
    options.check_md5 = proof.check_md5.map(CheckMd5::from);
    options.via = match args.via {
        ViaWord::Auto => Via::Auto,
        ViaWord::Relay => Via::Only(Way::Relay),
        ViaWord::Server => Via::Only(Way::Server),
    };
    options.overwrite = match args.overwrite {
        // Asking comes after the plan, which must not refuse before.
        OverwriteWord::True | OverwriteWord::Prompt => Overwrite::Always,
        OverwriteWord::False => Overwrite::Never,
        OverwriteWord::IfSourceNewer => Overwrite::IfSourceNewer,
    };
    options.journal_dir = journal_dir;
    options.restart = args.resume.restart;
    options.properties = properties(&args.properties)?;
    Ok((options, notes))
}

/// The options of a verification.
pub(crate) fn verify(args: &VerifyArgs) -> Result<CopyOptions, Failure> {
    let mut options = effort(&args.effort)?;
    options.expect = flag("--expect-digest", value::expect(&args.expect_digest))?;
    options.check_md5 = args.check_md5.map(CheckMd5::from);
    Ok(options)
}

/// What `touch` is to do.
#[derive(Debug)]
pub(crate) struct Touch {
    pub(crate) metadata: value::Pairs,
    pub(crate) category: bool,
    pub(crate) put_md5: bool,
    /// For reading the blob, where its MD5 is wanted.
    pub(crate) options: CopyOptions,
}

/// The wishes of a touch.
pub(crate) fn touch(args: &TouchArgs) -> Result<Touch, Failure> {
    let mut options = effort(&args.effort)?;
    options.sha256 = false;
    options.properties.put_md5 = true;
    let metadata = flag_if("--metadata", args.metadata.as_ref(), value::metadata)?;
    Ok(Touch {
        metadata: metadata.unwrap_or_default(),
        category: args.category,
        put_md5: args.put_md5,
        options,
    })
}

fn effort(args: &EffortArgs) -> Result<CopyOptions, Failure> {
    let retries = flag_if("--max-retries", args.max_retries.as_ref(), value::retries)?;
    let mut retry = RetryPolicy::default();
    retry.max_retries = retries.unwrap_or(retry.max_retries);
    Ok(CopyOptions {
        memory: flag_if("--memory", args.memory.as_ref(), value::memory)?
            .unwrap_or_else(memory::default),
        concurrency: flag_if(
            "--concurrency",
            args.concurrency.as_ref(),
            value::concurrency,
        )?,
        cap: flag_if("--cap-mbps", args.cap_mbps.as_ref(), value::cap)?.flatten(),
        block_size: flag_if(
            "--block-size-mb",
            args.block_size_mb.as_ref(),
            value::block_size,
        )?,
        retry,
        ..CopyOptions::default()
    })
}

fn properties(args: &PropertyArgs) -> Result<PropertyChanges, Failure> {
    let header = |name, text: &Option<String>| flag_if(name, text.as_ref(), value::header);
    let tier = header("--block-blob-tier", &args.block_blob_tier)?;
    if tier.is_some() && args.preserve_tier {
        return Err(Failure::usage(
            "--block-blob-tier and --preserve-tier contradict each other",
        ));
    }
    if args.blob_tags.is_some() && args.s2s_preserve_blob_tags {
        return Err(Failure::usage(
            "--blob-tags and --s2s-preserve-blob-tags contradict each other",
        ));
    }
    Ok(PropertyChanges {
        content_type: header("--content-type", &args.content_type)?,
        content_encoding: header("--content-encoding", &args.content_encoding)?,
        content_language: header("--content-language", &args.content_language)?,
        content_disposition: header("--content-disposition", &args.content_disposition)?,
        cache_control: header("--cache-control", &args.cache_control)?,
        metadata: flag_if("--metadata", args.metadata.as_ref(), value::metadata)?
            .unwrap_or_default(),
        tags: flag_if("--blob-tags", args.blob_tags.as_ref(), value::tags)?,
        // azcopy's word for the account's default.
        tier: tier.filter(|tier| !tier.eq_ignore_ascii_case("none")),
        put_md5: args.put_md5,
        keep_tier: args.preserve_tier,
    })
}

/// Whether anything is asked for that only a blob can keep.
pub(crate) fn changes_properties(changes: &PropertyChanges) -> bool {
    let PropertyChanges {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        ..
    } = changes;
    let texts = [
        content_type,
        content_encoding,
        content_language,
        content_disposition,
    ];
    texts
        .into_iter()
        .chain([&changes.cache_control, &changes.tier])
        .any(Option::is_some)
        || !changes.metadata.is_empty()
        || changes.tags.is_some()
        || changes.put_md5
}

impl From<CheckMd5Word> for CheckMd5 {
    fn from(word: CheckMd5Word) -> Self {
        match word {
            CheckMd5Word::NoCheck => Self::NoCheck,
            CheckMd5Word::LogOnly => Self::LogOnly,
            CheckMd5Word::FailIfDifferent => Self::FailIfDifferent,
            CheckMd5Word::FailIfDifferentOrMissing => Self::FailIfDifferentOrMissing,
        }
    }
}
