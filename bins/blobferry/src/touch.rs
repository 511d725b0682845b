//! `blobferry touch`: renews a blob's Last-Modified by setting its metadata, all of which stays. An ACR import trigger looks
//! at blobs of the last 60 days only, and only at those with a Content-MD5 and the category of a transfer blob.

use std::collections::BTreeMap;
use std::sync::Arc;

use blobferry_azure_blob::{AzureBlob, Changed};
use blobferry_console::report::{Rows, line};
use blobferry_console::{ExitStatus, Failure, Progress, failure, quantity};
use blobferry_integrity::Md5Digest;
use blobferry_transfer::store::{BlobSource as _, Pin, SourceInfo};
use blobferry_transfer::{
    CopyOptions, Destination, ErrorClass, RetryPolicy, Source, Stats, StoreError, plan,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::azure::{Client, Connection};
use crate::block_on;
use crate::cli::TouchArgs;
use crate::settings::{self, Touch};
use crate::stop::Stop;
use crate::streams::{Streams, written};
use crate::value::Pairs;

/// What an import trigger looks for ("ACR Transfer troubleshooting").
const CATEGORY: (&str, &str) = ("category", "acr-transfer-blob");

/// What was done, for programs.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    url: &'a str,
    last_modified_before: Option<Timestamp>,
    last_modified: Option<Timestamp>,
    etag: &'a str,
    metadata: &'a Pairs,
    metadata_set: Vec<&'a str>,
    content_md5: Option<String>,
    content_md5_added: bool,
    notes: &'a [String],
}

/// A blob before and after.
struct Touched {
    url: String,
    before: SourceInfo,
    after: Changed,
    metadata: Pairs,
    added_md5: Option<Md5Digest>,
    notes: Vec<String>,
}

/// Touches.
pub(crate) fn run(args: &TouchArgs, streams: &Streams) -> Result<ExitStatus, Failure> {
    let wish = settings::touch(args)?;
    let client = Client::new(&args.remote, &args.effort.stall_timeout, false)?;
    let connection = Connection::touch(args, &client);
    let text = args.url.to_str();
    let text = text.ok_or_else(|| Failure::usage("a blob's URL is ASCII text"))?;
    let blob = connection.blob(text)?;
    let notes = blob.notes.clone();
    let touched = block_on(async {
        let blob = Arc::new(blob.open(&connection)?);
        touch(&blob, &wish, notes, streams).await
    })?;
    report(&touched, streams)?;
    Ok(ExitStatus::Done)
}

async fn touch(
    blob: &Arc<AzureBlob>,
    wish: &Touch,
    notes: Vec<String>,
    streams: &Streams,
) -> Result<Touched, Failure> {
    let mut stop = Stop::listen()?;
    let retry = wish.options.retry;
    let before = repeated(&mut stop, retry, async || blob.open().await).await?;
    let mut pin = before.pin.clone().ok_or_else(no_version)?;
    let mut added_md5 = None;
    if wish.put_md5 && before.properties.content_md5.is_none() {
        let md5 = read_md5(blob, &wish.options, &mut stop, streams).await?;
        let set = blob.set_content_md5(&before.properties, md5, &pin).await;
        pin = set.map_err(|error| explained(&error))?.pin;
        added_md5 = Some(md5);
    }
    let metadata = merged(&before.properties.metadata, wish);
    let url = blob.url().address();
    // Repeated as it is: should the answer alone have been lost, the next try says that the blob was changed, by us.
    let after = repeated(&mut stop, retry, async || {
        blob.set_metadata(&metadata, &pin).await
    })
    .await?;
    let has_md5 = before.properties.content_md5.is_some() || added_md5.is_some();
    let notes = notes
        .into_iter()
        .chain(trigger_notes(&metadata, has_md5))
        .collect();
    Ok(Touched {
        url,
        before,
        after,
        metadata,
        added_md5,
        notes,
    })
}

fn no_version() -> Failure {
    Failure::new(
        ExitStatus::Failed,
        "the service told no version of the blob",
    )
}

/// Repeats what may pass, with the engine's pauses.
async fn repeated<T>(
    stop: &mut Stop,
    retry: RetryPolicy,
    work: impl AsyncFn() -> Result<T, StoreError>,
) -> Result<T, Failure> {
    for attempt in 1_u32.. {
        let error = match stop.or_drop(work()).await? {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        // One request at a time: nothing to spread apart.
        let Some(pause) = retry.wait_first_contact(attempt, &error, 0.5) else {
            return Err(explained(&error));
        };
        stop.or_drop(tokio::time::sleep(pause)).await?;
    }
    Err(Failure::new(ExitStatus::Failed, "tried too often"))
}

fn explained(error: &StoreError) -> Failure {
    let failure = failure::of_store(error);
    match error.class {
        ErrorClass::Denied => failure.hint("touch needs the permissions r and w"),
        _ => failure,
    }
}

/// The MD5 of all bytes, read as `verify` reads them.
async fn read_md5(
    blob: &Arc<AzureBlob>,
    options: &CopyOptions,
    stop: &mut Stop,
    streams: &Streams,
) -> Result<Md5Digest, Failure> {
    let source = Source::Ranged(Arc::<AzureBlob>::clone(blob));
    let planned = stop
        .or_drop(plan(source, Destination::Nowhere, options.clone()))
        .await?;
    let planned = planned.map_err(|error| failure::of_copy(&error))?;
    let stats = Arc::new(Stats::default());
    let length = planned.outline().length;
    let mut progress = Progress::start(streams.style(), length, Arc::clone(&stats));
    let summary = stop.run(planned, stats, &mut progress).await;
    let summary = summary.map_err(|error| failure::of_copy(&error))?;
    summary
        .md5
        .ok_or_else(|| Failure::new(ExitStatus::Failed, "no MD5 was computed"))
}

/// What is there, with what is wished for in its place or beside it. Names are compared without case, as the service does.
fn merged(own: &BTreeMap<String, String>, wish: &Touch) -> Pairs {
    let mut all = own.clone();
    let category = wish
        .category
        .then(|| (CATEGORY.0.to_owned(), CATEGORY.1.to_owned()));
    for (name, value) in wish.metadata.clone().into_iter().chain(category) {
        all.retain(|known, _| !known.eq_ignore_ascii_case(&name));
        all.insert(name, value);
    }
    all
}

/// What keeps an import trigger from taking the blob, as far as one can see it here.
fn trigger_notes(metadata: &Pairs, has_md5: bool) -> Vec<String> {
    let category = metadata
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(CATEGORY.0));
    let mut notes = Vec::new();
    if category.is_none_or(|(_, value)| value != CATEGORY.1) {
        notes.push("without category=acr-transfer-blob an ACR import trigger ignores the blob: add --category".to_owned());
    }
    if !has_md5 {
        notes.push(
            "without Content-MD5 an ACR import trigger ignores the blob: add --put-md5".to_owned(),
        );
    }
    notes
}

fn report(touched: &Touched, streams: &Streams) -> Result<(), Failure> {
    let own = &touched.before.properties;
    let fresh = |(name, value): &(&String, &String)| own.metadata.get(*name) != Some(*value);
    let md5 = touched.added_md5.or(own.content_md5);
    let md5 = md5.map(|md5| md5.to_base64());
    let mut to = streams.results();
    if streams.is_json() {
        let Pin(etag) = &touched.after.pin;
        return written(line(
            &mut to,
            &Record {
                kind: "summary",
                status: "touched",
                url: &touched.url,
                last_modified_before: touched.before.last_modified,
                last_modified: touched.after.last_modified,
                etag,
                metadata: &touched.metadata,
                metadata_set: touched
                    .metadata
                    .iter()
                    .filter(fresh)
                    .map(|(name, _)| name.as_str())
                    .collect(),
                content_md5: md5,
                content_md5_added: touched.added_md5.is_some(),
                notes: &touched.notes,
            },
        ));
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "unknown".to_owned(), quantity::time);
    let mut rows = Rows::default();
    rows.add("touched", &touched.url);
    rows.add("modified", time(touched.after.last_modified));
    rows.add("before", time(touched.before.last_modified));
    for pair in &touched.metadata {
        let (name, value) = pair;
        let mark = if fresh(&pair) { " (set)" } else { "" };
        rows.add("metadata", format!("{name}={value}{mark}"));
    }
    let mark = if touched.added_md5.is_some() {
        " (added)"
    } else {
        ""
    };
    rows.add_some("md5", md5.map(|md5| format!("{md5}{mark}")));
    for note in &touched.notes {
        rows.add("note", note);
    }
    written(rows.write(&mut to))
}
