//! Files and pipes as ends: what arrives, what resumes, and what is left alone on failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use blobferry_integrity::{Expect, Md5Digest, Sha256Digest};
use blobferry_transfer::store::file::{FileSink, FileSource};
use blobferry_transfer::store::memory::MemoryBlob;
use blobferry_transfer::store::stdio::StdinSource;
use blobferry_transfer::store::{BlobSource, BlockSink, Properties};
use blobferry_transfer::{
    Cancel, CheckMd5, CopyError, CopyOptions, Destination, ErrorClass, Overwrite, Silent, Source,
    Stats, Status, Summary, cancellation, plan,
};

const BLOCK: u64 = 1000;

fn options() -> CopyOptions {
    CopyOptions {
        block_size: Some(BLOCK),
        memory: 4 * BLOCK,
        ..CopyOptions::default()
    }
}

fn bytes(len: u32) -> Vec<u8> {
    (0..len)
        .map(|i| u8::try_from((i * 7 + i / 1000) % 251).unwrap())
        .collect()
}

fn expecting(content: &[u8]) -> Expect {
    Expect {
        sha256: Some(Sha256Digest::of(content)),
        md5: None,
    }
}

async fn copy(
    source: Source,
    destination: Destination,
    options: CopyOptions,
) -> Result<Summary, CopyError> {
    let planned = plan(source, destination, options).await?;
    planned
        .run(
            Arc::new(Silent),
            Arc::new(Stats::default()),
            Cancel::never(),
        )
        .await
}

fn file(path: &Path) -> Source {
    Source::Ranged(Arc::new(FileSource::new(path).unwrap()))
}

fn to_file(path: &Path) -> Destination {
    Destination::Stream(Box::new(FileSink::new(path)))
}

fn memory(blob: &Arc<MemoryBlob>) -> Source {
    let source: Arc<dyn BlobSource> = blob.clone();
    Source::Ranged(source)
}

fn to_memory(blob: &Arc<MemoryBlob>) -> Destination {
    let sink: Arc<dyn BlockSink> = blob.clone();
    Destination::Blocks(sink)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_length_arrives_whole_both_ways() {
    for len in [0, 1, 999, 1000, 1001, 4000, 12_345] {
        let dir = tempfile::tempdir().unwrap();
        let content = bytes(len);
        fs_err::write(dir.path().join("in"), &content).unwrap();
        let blob = Arc::new(MemoryBlob::default());
        let wanted = CopyOptions {
            expect: expecting(&content),
            ..options()
        };
        let up = copy(
            file(&dir.path().join("in")),
            to_memory(&blob),
            wanted.clone(),
        )
        .await
        .unwrap();
        assert_eq!(
            (up.status, up.bytes, up.proven),
            (Status::Copied, u64::from(len), true)
        );
        assert_eq!(blob.content().unwrap().bytes, content);
        let down = copy(memory(&blob), to_file(&dir.path().join("out")), wanted)
            .await
            .unwrap();
        assert_eq!(down.sha256, up.sha256);
        assert_eq!(fs_err::read(dir.path().join("out")).unwrap(), content);
        assert_eq!(names(dir.path()), ["in", "out"], "no partial file is left");
    }
}

fn pipe_of(content: Vec<u8>) -> (Source, std::thread::JoinHandle<()>) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let thread = std::thread::spawn(move || {
        // Odd pieces, as a producer writes them.
        for piece in content.chunks(777) {
            writer.write_all(piece).unwrap();
        }
    });
    (
        Source::Stream(Box::new(StdinSource::from_fd(OwnedFd::from(reader)))),
        thread,
    )
}

#[tokio::test]
async fn a_pipe_of_any_length_arrives_whole() {
    for len in [0, 1, 1000, 2000, 54_321] {
        let content = bytes(len);
        let blob = Arc::new(MemoryBlob::default());
        let (source, writer) = pipe_of(content.clone());
        let wanted = CopyOptions {
            expect: expecting(&content),
            ..options()
        };
        let summary = copy(source, to_memory(&blob), wanted).await.unwrap();
        writer.join().unwrap();
        assert_eq!(summary.bytes, u64::from(len));
        assert_eq!(blob.content().unwrap().bytes, content);
    }
}

#[tokio::test]
async fn a_pipe_that_is_produced_again_sends_only_what_is_missing() {
    let content = bytes(20_500);
    let blob = Arc::new(MemoryBlob::default());
    let wrong = CopyOptions {
        expect: expecting(b"typo"),
        ..options()
    };
    let (source, writer) = pipe_of(content.clone());
    let error = copy(source, to_memory(&blob), wrong).await.unwrap_err();
    writer.join().unwrap();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    assert!(blob.content().is_none());
    let (source, writer) = pipe_of(content.clone());
    let right = CopyOptions {
        expect: expecting(&content),
        ..options()
    };
    let summary = copy(source, to_memory(&blob), right).await.unwrap();
    writer.join().unwrap();
    assert_eq!((summary.bytes_sent, summary.blocks_resumed), (0, 21));
    assert_eq!(blob.content().unwrap().bytes, content);
}

#[tokio::test]
async fn a_wrong_digest_leaves_the_old_file_and_resumes_when_corrected() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("blob.tar");
    fs_err::write(&target, "precious").unwrap();
    let content = bytes(9_500);
    let blob = Arc::new(MemoryBlob::holding(content.clone()));
    let wrong = CopyOptions {
        expect: expecting(b"typo"),
        ..options()
    };
    let error = copy(memory(&blob), to_file(&target), wrong)
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    assert_eq!(fs_err::read(&target).unwrap(), b"precious");
    let right = CopyOptions {
        expect: expecting(&content),
        ..options()
    };
    let summary = copy(memory(&blob), to_file(&target), right).await.unwrap();
    assert_eq!(
        summary.blocks_resumed, 9,
        "whole blocks of the partial file were used again"
    );
    assert!(summary.bytes_received <= 9_500);
    assert_eq!(fs_err::read(&target).unwrap(), content);
    assert_eq!(names(dir.path()), ["blob.tar"]);
}

#[tokio::test]
async fn a_partial_file_is_not_believed_where_nothing_would_tell() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("blob.tar");
    let content = bytes(9_500);
    let blob = Arc::new(MemoryBlob::holding(content.clone()));
    let wrong = CopyOptions {
        expect: expecting(b"typo"),
        ..options()
    };
    copy(memory(&blob), to_file(&target), wrong)
        .await
        .unwrap_err();
    // A power cut put zeros into the partial file.
    let partial = names(dir.path()).pop().unwrap();
    assert!(partial.ends_with(".blobferry-partial"), "{partial}");
    fs_err::write(dir.path().join(&partial), vec![0; 9_500]).unwrap();
    let summary = copy(memory(&blob), to_file(&target), options())
        .await
        .unwrap();
    assert_eq!(summary.blocks_resumed, 0);
    assert_eq!(fs_err::read(&target).unwrap(), content);
}

#[tokio::test]
async fn a_damaged_partial_file_is_caught_by_the_journal_or_the_digest() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("blob.tar");
    let content = bytes(9_500);
    let blob = Arc::new(MemoryBlob::holding(content.clone()));
    let wrong = CopyOptions {
        expect: expecting(b"typo"),
        ..options()
    };
    copy(memory(&blob), to_file(&target), wrong)
        .await
        .unwrap_err();
    let partial = dir.path().join(names(dir.path()).pop().unwrap());
    fs_err::write(&partial, vec![0; 9_500]).unwrap();
    let right = CopyOptions {
        expect: expecting(&content),
        ..options()
    };
    let error = copy(memory(&blob), to_file(&target), right.clone())
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    assert!(!target.exists());
    // The partial file may have been the reason: the same command fetches everything again.
    copy(memory(&blob), to_file(&target), right).await.unwrap();
    assert_eq!(fs_err::read(&target).unwrap(), content);
}

#[tokio::test]
async fn a_stream_never_builds_on_another_streams_partial_file() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let (bad, good) = (vec![9; 9_500], bytes(9_500));
    let wanted = CopyOptions {
        expect: expecting(&good),
        ..options()
    };
    let (source, writer) = pipe_of(bad);
    let error = copy(source, to_file(&target), wanted.clone())
        .await
        .unwrap_err();
    writer.join().unwrap();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    let (source, writer) = pipe_of(good.clone());
    let summary = copy(source, to_file(&target), wanted).await.unwrap();
    writer.join().unwrap();
    assert_eq!(summary.blocks_resumed, 0);
    assert_eq!(fs_err::read(&target).unwrap(), good);
}

#[tokio::test]
async fn an_unproven_download_resumes_as_far_as_the_journal_knows() {
    let dir = tempfile::tempdir().unwrap();
    let (target, journals) = (dir.path().join("out"), dir.path().join("journals"));
    let blob = Arc::new(MemoryBlob::holding(bytes(50_000)));
    let plain = CopyOptions {
        sha256: false,
        journal_dir: Some(journals),
        ..options()
    };
    let error = stopped_in_the_middle(&blob, &target, plain.clone()).await;
    assert!(matches!(error, CopyError::Interrupted { resumable: true }));
    let summary = copy(memory(&blob), to_file(&target), plain).await.unwrap();
    assert!(summary.blocks_resumed >= 5, "{}", summary.blocks_resumed);
    assert_eq!(fs_err::read(&target).unwrap(), bytes(50_000));
}

#[tokio::test]
async fn a_dry_run_holds_no_later_copy_up() {
    let dir = tempfile::tempdir().unwrap();
    let blob = Arc::new(MemoryBlob::holding(bytes(5_000)));
    let target = Arc::new(MemoryBlob::default());
    let journaled = CopyOptions {
        journal_dir: Some(dir.path().join("journals")),
        ..options()
    };
    drop(
        plan(memory(&blob), to_memory(&target), journaled.clone())
            .await
            .unwrap(),
    );
    assert!(names(dir.path()).is_empty(), "a plan leaves nothing behind");
    blob.replace(bytes(6_000));
    copy(memory(&blob), to_memory(&target), journaled)
        .await
        .unwrap();
    assert_eq!(target.content().unwrap().bytes, bytes(6_000));
}

#[tokio::test]
async fn overwrite_modes_hold_at_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    fs_err::write(&target, "old").unwrap();
    let blob = Arc::new(MemoryBlob::holding(bytes(10)));
    let never = CopyOptions {
        overwrite: Overwrite::Never,
        ..options()
    };
    let error = copy(memory(&blob), to_file(&target), never.clone())
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Exists);
    // It appears while we copy.
    fs_err::remove_file(&target).unwrap();
    let planned = plan(memory(&blob), to_file(&target), never).await.unwrap();
    fs_err::write(&target, "somebody else's").unwrap();
    let run = planned.run(
        Arc::new(Silent),
        Arc::new(Stats::default()),
        Cancel::never(),
    );
    assert_eq!(run.await.unwrap_err().class(), ErrorClass::Exists);
    assert_eq!(fs_err::read(&target).unwrap(), b"somebody else's");
    // A person agreed to replace one version; now there is another.
    let mut planned = plan(memory(&blob), to_file(&target), options())
        .await
        .unwrap();
    planned.set_overwrite(Overwrite::Confirmed);
    fs_err::write(&target, "newer than what was shown").unwrap();
    let run = planned.run(
        Arc::new(Silent),
        Arc::new(Stats::default()),
        Cancel::never(),
    );
    assert_eq!(run.await.unwrap_err().class(), ErrorClass::Exists);
    // The source is older.
    let old = dir.path().join("old");
    fs_err::write(&old, "x").unwrap();
    let file_ = std::fs::File::options().write(true).open(&old).unwrap();
    file_
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let if_newer = CopyOptions {
        overwrite: Overwrite::IfSourceNewer,
        ..options()
    };
    let summary = copy(file(&old), to_file(&target), if_newer).await.unwrap();
    assert_eq!(summary.status, Status::Skipped);
    assert_eq!(fs_err::read(&target).unwrap(), b"newer than what was shown");
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    fs_err::write(&path, bytes(5000)).unwrap();
    let blob = Arc::new(MemoryBlob::default());
    let planned = plan(file(&path), to_memory(&blob), options())
        .await
        .unwrap();
    fs_err::write(&path, bytes(5001)).unwrap();
    let error = planned
        .run(
            Arc::new(Silent),
            Arc::new(Stats::default()),
            Cancel::never(),
        )
        .await
        .unwrap_err();
    assert!(
        matches!(error, CopyError::SourceChanged { .. }),
        "{error:?}"
    );
    assert!(blob.content().is_none());
}

fn source_with(content: &[u8], md5: Option<Md5Digest>) -> Arc<MemoryBlob> {
    let blob = Arc::new(MemoryBlob::holding(content.to_vec()));
    blob.set_properties(Properties {
        content_md5: md5,
        content_type: Some("a/b".into()),
        ..Properties::default()
    });
    blob
}

fn stored(blob: &MemoryBlob) -> Properties {
    blob.content().unwrap().properties
}

#[tokio::test]
async fn a_right_md5_is_checked_and_carried_with_the_other_properties() {
    let content = bytes(3000);
    let right = Md5Digest::of(&content);
    let (source, blob) = (source_with(&content, Some(right)), Arc::default());
    let summary = copy(memory(&source), to_memory(&blob), options())
        .await
        .unwrap();
    assert_eq!((summary.md5, summary.proven), (Some(right), true));
    assert_eq!(stored(&blob), stored(&source));
    let by_sha = CopyOptions {
        expect: expecting(&content),
        ..options()
    };
    let summary = copy(memory(&source), to_memory(&Arc::default()), by_sha)
        .await
        .unwrap();
    assert_eq!(
        summary.md5, None,
        "an expected SHA-256 makes the slower MD5 superfluous"
    );
}

#[tokio::test]
async fn a_wrong_md5_fails_or_is_only_told_as_asked() {
    let content = bytes(3000);
    let source = source_with(&content, Some(Md5Digest::of(b"else")));
    let error = copy(memory(&source), to_memory(&Arc::default()), options())
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    let only_look = CopyOptions {
        check_md5: Some(CheckMd5::LogOnly),
        ..options()
    };
    let blob = Arc::default();
    let summary = copy(memory(&source), to_memory(&blob), only_look)
        .await
        .unwrap();
    assert!(
        !summary.proven
            && summary
                .notes
                .iter()
                .any(|note| note.contains("Content-MD5"))
    );
    assert_eq!(
        stored(&blob).content_md5,
        Some(Md5Digest::of(&content)),
        "what is stored is true"
    );
}

#[tokio::test]
async fn a_missing_md5_fails_where_asked_and_is_computed_for_an_import_trigger() {
    let content = bytes(3000);
    let source = source_with(&content, None);
    let strict = CopyOptions {
        check_md5: Some(CheckMd5::FailIfDifferentOrMissing),
        ..options()
    };
    let error = copy(memory(&source), to_memory(&Arc::default()), strict)
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Corrupt);
    let mut transfer = stored(&source);
    transfer
        .metadata
        .insert("Category".into(), "acr-transfer-blob".into());
    source.set_properties(transfer);
    let blob = Arc::default();
    copy(memory(&source), to_memory(&blob), options())
        .await
        .unwrap();
    assert_eq!(stored(&blob).content_md5, Some(Md5Digest::of(&content)));
}

/// Starts a slow download and stops it when some blocks are written.
async fn stopped_in_the_middle(
    blob: &Arc<MemoryBlob>,
    target: &Path,
    options: CopyOptions,
) -> CopyError {
    let slow = CopyOptions {
        cap: Some(40_000),
        ..options
    };
    let planned = plan(memory(blob), to_file(target), slow).await.unwrap();
    let (canceller, cancel) = cancellation();
    let stats = Arc::new(Stats::default());
    let watched = Arc::clone(&stats);
    let stop = async move {
        while watched.done.get() < 5000 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        canceller.cancel();
    };
    let (result, ()) = tokio::join!(planned.run(Arc::new(Silent), stats, cancel), stop);
    result.unwrap_err()
}

#[tokio::test]
async fn a_stop_leaves_nothing_that_no_run_could_use() {
    let dir = tempfile::tempdir().unwrap();
    let blob = Arc::new(MemoryBlob::holding(bytes(50_000)));
    let target = dir.path().join("out");
    // Without a journal or a digest nothing vouches for the partial file: the next run starts anew,
    // and this one does not promise otherwise.
    let error = stopped_in_the_middle(&blob, &target, options()).await;
    assert!(matches!(error, CopyError::Interrupted { resumable: false }));
    assert_eq!(names(dir.path()).len(), 0, "so it leaves nothing");
}

#[tokio::test]
async fn verify_reads_and_compares_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    fs_err::write(&path, bytes(4321)).unwrap();
    let run = |expect| {
        copy(
            file(&path),
            Destination::Nowhere,
            CopyOptions {
                expect,
                ..options()
            },
        )
    };
    let summary = run(expecting(&bytes(4321))).await.unwrap();
    assert_eq!(
        (summary.status, summary.bytes, summary.proven),
        (Status::Verified, 4321, true)
    );
    assert_eq!(
        run(expecting(b"else")).await.unwrap_err().class(),
        ErrorClass::Corrupt
    );
    assert_eq!(names(dir.path()), ["in"]);
}
