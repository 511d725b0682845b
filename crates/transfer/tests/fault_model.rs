//! A seeded fault model: the engine against stores that fail, stall, lie, lose answers and forget
//! blocks, and against kills at any moment — compared with an in-memory truth. The destination is
//! either what it was or exactly the source, and a run that says "done" is done.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use blobferry_integrity::{Crc64, Expect, Sha256Digest};
use blobferry_transfer::store::memory::MemoryBlob;
use blobferry_transfer::store::{
    BlobSource, BlockSink, Commit, CopySource, Existing, Limits, ListedBlock, Pin, SourceInfo,
};
use blobferry_transfer::{
    BlockId, ByteRange, Cancel, CopyError, CopyOptions, Destination, ErrorClass, Meter, Overwrite,
    Payload, RetryPolicy, Rope, Silent, Source, Stats, StoreError, Summary, Via, Way, plan,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How often things go wrong, in percent of operations.
#[derive(Debug, Clone, Copy, Default)]
struct Odds {
    transient: u32,
    throttled: u32,
    short_read: u32,
    damaged: u32,
    lost_answer: u32,
    blocks_lost: u32,
    crc_lie: u32,
    unsupported: u32,
    delay: u32,
}

#[derive(Debug)]
struct Faulty {
    blob: Arc<MemoryBlob>,
    /// For server-side copies: where the service fetches from.
    origin: Option<Arc<MemoryBlob>>,
    odds: Odds,
    rng: Mutex<StdRng>,
    staged_bytes: AtomicU64,
}

impl Faulty {
    fn new(
        blob: &Arc<MemoryBlob>,
        origin: Option<&Arc<MemoryBlob>>,
        odds: Odds,
        seed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            blob: Arc::clone(blob),
            origin: origin.map(Arc::clone),
            odds,
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            staged_bytes: AtomicU64::new(0),
        })
    }

    fn roll(&self, percent: u32) -> bool {
        percent > 0 && self.rng.lock().unwrap().random_range(0..100) < percent
    }

    fn pick(&self, below: u64) -> u64 {
        self.rng.lock().unwrap().random_range(0..below.max(1))
    }

    async fn trouble(&self) -> Result<(), StoreError> {
        if self.roll(self.odds.delay) {
            let pause = Duration::from_micros(self.pick(2000));
            tokio::time::sleep(pause).await;
        }
        if self.roll(self.odds.transient) {
            return Err(StoreError::new(ErrorClass::Transient, "injected reset"));
        }
        if self.roll(self.odds.throttled) {
            return Err(StoreError::new(ErrorClass::Throttled, "injected 503"));
        }
        Ok(())
    }
}

#[async_trait]
impl BlobSource for Faulty {
    fn name(&self) -> String {
        "faulty source".to_owned()
    }

    async fn open(&self) -> Result<SourceInfo, StoreError> {
        self.trouble().await?;
        self.blob.open().await
    }

    async fn read(&self, range: ByteRange, pin: &Pin, rope: &mut Rope) -> Result<(), StoreError> {
        self.trouble().await?;
        if self.roll(self.odds.short_read) {
            let part = ByteRange::new(range.start, self.pick(range.len));
            self.blob.read(part, pin, rope).await?;
            return Err(StoreError::new(
                ErrorClass::Transient,
                "injected short body",
            ));
        }
        self.blob.read(range, pin, rope).await
    }

    fn copy_source(&self) -> Option<CopySource> {
        Some(CopySource {
            url: "memory:".to_owned(),
            display: "memory:".to_owned(),
        })
    }
}

#[async_trait]
impl BlockSink for Faulty {
    fn name(&self) -> String {
        "faulty sink".to_owned()
    }

    fn limits(&self) -> Limits {
        BlockSink::limits(self.blob.as_ref())
    }

    async fn existing(&self) -> Result<Option<Existing>, StoreError> {
        self.trouble().await?;
        self.blob.existing().await
    }

    async fn staged(&self) -> Result<Vec<ListedBlock>, StoreError> {
        self.trouble().await?;
        self.blob.staged().await
    }

    async fn committed(&self) -> Result<Vec<ListedBlock>, StoreError> {
        self.blob.committed().await
    }

    async fn stage(&self, id: &BlockId, payload: &Payload, sent: &Meter) -> Result<(), StoreError> {
        self.trouble().await?;
        if self.roll(self.odds.damaged) {
            return Err(StoreError::new(
                ErrorClass::Damaged,
                "injected Crc64Mismatch",
            ));
        }
        self.blob.stage(id, payload, sent).await?;
        self.staged_bytes
            .fetch_add(payload.len(), Ordering::Relaxed);
        if self.roll(self.odds.lost_answer) {
            return Err(StoreError::new(
                ErrorClass::Transient,
                "injected lost answer",
            ));
        }
        Ok(())
    }

    async fn stage_from(
        &self,
        id: &BlockId,
        _source: &CopySource,
        range: ByteRange,
        pin: &Pin,
        _crc: Option<Crc64>,
    ) -> Result<Option<Crc64>, StoreError> {
        self.trouble().await?;
        if self.roll(self.odds.unsupported) {
            return Err(StoreError::new(
                ErrorClass::Unsupported,
                "injected CannotVerifyCopySource",
            ));
        }
        let origin = self
            .origin
            .as_ref()
            .expect("an origin for server-side copies");
        let mut rope = Rope::new(Meter::default());
        origin.read(range, pin, &mut rope).await?;
        if self.roll(self.odds.crc_lie) {
            // The service fetched something else and says so honestly.
            let mut other = Rope::new(Meter::default());
            other.push(vec![7; usize::try_from(range.len).unwrap()].into());
            let wrong = other.finish(None);
            self.blob.stage(id, &wrong, &Meter::default()).await?;
            return Ok(Some(wrong.crc64()));
        }
        let payload = rope.finish(None);
        self.blob.stage(id, &payload, &Meter::default()).await?;
        Ok(Some(payload.crc64()))
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<Existing, StoreError> {
        self.trouble().await?;
        if self.roll(self.odds.blocks_lost) {
            self.blob.forget_staged();
        }
        let done = self.blob.commit(commit).await?;
        if self.roll(self.odds.lost_answer) {
            return Err(StoreError::new(
                ErrorClass::Transient,
                "injected lost answer",
            ));
        }
        Ok(done)
    }
}

const BLOCK: u64 = 1000;

/// A run that takes longer hangs: undisturbed ones take milliseconds.
const HANG: Duration = Duration::from_secs(60);

/// The real policy with pauses a thousand times shorter: hashing threads run in real time, so the
/// clock cannot be stopped for these tests.
fn quick(max_retries: u32) -> RetryPolicy {
    let (base, cap) = (Duration::from_micros(500), Duration::from_millis(30));
    RetryPolicy {
        max_retries,
        base,
        cap,
        ..RetryPolicy::default()
    }
}

fn content(rng: &mut StdRng) -> Vec<u8> {
    let blocks = rng.random_range(0..40_u64);
    let len = match rng.random_range(0..4) {
        0 => blocks * BLOCK,
        1 => 1,
        _ => blocks * BLOCK + rng.random_range(0..BLOCK),
    };
    (0..len).map(|_| rng.random()).collect()
}

fn options(
    rng: &mut StdRng,
    digest: Sha256Digest,
    journal: Option<&std::path::Path>,
) -> CopyOptions {
    CopyOptions {
        expect: Expect {
            sha256: Some(digest),
            md5: None,
        },
        block_size: Some(BLOCK),
        memory: BLOCK * rng.random_range(1..12),
        retry: quick(8),
        overwrite: if rng.random() {
            Overwrite::Always
        } else {
            Overwrite::Confirmed
        },
        journal_dir: journal.map(ToOwned::to_owned),
        ..CopyOptions::default()
    }
}

async fn copy(
    source: Source,
    sink: &Arc<Faulty>,
    options: CopyOptions,
) -> Result<Summary, CopyError> {
    let blocks: Arc<dyn BlockSink> = sink.clone();
    let destination = Destination::Blocks(blocks);
    let planned = plan(source, destination, options).await?;
    planned
        .run(
            Arc::new(Silent),
            Arc::new(Stats::default()),
            Cancel::never(),
        )
        .await
}

/// One life of a blob: runs that are killed after a random time and started again, until one ends by
/// itself; then the truth is compared.
async fn one_case(seed: u64, odds: Odds, via: Via) {
    let mut rng = StdRng::seed_from_u64(seed);
    let bytes = content(&mut rng);
    let digest = Sha256Digest::of(&bytes);
    let origin = Arc::new(MemoryBlob::holding(bytes.clone()));
    let old: Option<Vec<u8>> = rng.random::<bool>().then(|| b"what stood there".to_vec());
    let target = Arc::new(
        old.clone()
            .map_or_else(MemoryBlob::default, MemoryBlob::holding),
    );
    let dir = tempfile::tempdir().unwrap();
    let journal = rng.random::<bool>().then(|| dir.path());
    let mut ended = None;
    for life in 0..6_u64 {
        let source = Faulty::new(&origin, None, odds, seed ^ (life << 32));
        let sink = Faulty::new(&target, Some(&origin), odds, seed ^ (life << 40) ^ 1);
        let mut options = options(&mut rng, digest, journal);
        options.via = via;
        let run = copy(Source::Ranged(source), &sink, options);
        let last = life == 5;
        let patience = if last {
            HANG
        } else {
            Duration::from_micros(rng.random_range(0..20_000))
        };
        match tokio::time::timeout(patience, run).await {
            Ok(result) => {
                ended = Some(result);
                break;
            }
            // Killed. Nothing may have become visible, or all of it (the answer was lost with us).
            Err(_) => check(seed, &target, old.as_deref(), &bytes, false),
        }
    }
    match ended {
        Some(Ok(summary)) => {
            check(seed, &target, Some(&bytes), &bytes, true);
            assert_eq!(summary.sha256, Some(digest), "seed {seed}");
            assert!(summary.proven, "seed {seed}");
            assert_eq!(summary.crc64, Some(Crc64::of(&bytes)), "seed {seed}");
        }
        Some(Err(error)) => {
            let hopeless = matches!(
                error.class(),
                ErrorClass::Transient
                    | ErrorClass::Throttled
                    | ErrorClass::Exists
                    | ErrorClass::Damaged
                    | ErrorClass::BlocksLost
                    | ErrorClass::Corrupt
            );
            assert!(hopeless, "seed {seed}: {error:?}");
            check(seed, &target, old.as_deref(), &bytes, false);
        }
        None => panic!("seed {seed}: no run ended within its time: a hang"),
    }
}

/// Many cases, a few at a time: most of each is waiting.
async fn many(seeds: std::ops::Range<u64>, odds: Odds, via: Via) {
    use futures::StreamExt as _;
    let cases = futures::stream::iter(seeds).map(|seed| one_case(seed, odds, via));
    cases.buffer_unordered(8).collect::<Vec<()>>().await;
}

fn check(seed: u64, target: &MemoryBlob, old: Option<&[u8]>, new: &[u8], done: bool) {
    let now = target.content().map(|content| content.bytes);
    let now = now.as_deref();
    if done {
        assert!(
            now == Some(new),
            "seed {seed}: said done, but the destination differs"
        );
    } else {
        assert!(
            now == old || now == Some(new),
            "seed {seed}: the destination is neither old nor new"
        );
    }
}

const ROUGH: Odds = Odds {
    transient: 6,
    throttled: 4,
    short_read: 8,
    damaged: 3,
    lost_answer: 5,
    blocks_lost: 10,
    crc_lie: 2,
    unsupported: 0,
    delay: 60,
};

#[tokio::test]
async fn relay_survives_a_rough_line() {
    many(0..300, ROUGH, Via::Only(Way::Relay)).await;
}

#[tokio::test]
async fn server_side_survives_a_rough_line() {
    many(1000..1300, ROUGH, Via::Only(Way::Server)).await;
}

#[tokio::test]
async fn auto_falls_back_in_the_middle_and_still_arrives() {
    let odds = Odds {
        unsupported: 10,
        delay: 50,
        ..Odds::default()
    };
    many(2000..2100, odds, Via::Auto).await;
}

#[tokio::test]
async fn a_wrong_digest_commits_nothing_whatever_the_way() {
    for via in [Via::Only(Way::Relay), Via::Only(Way::Server), Via::Auto] {
        let origin = Arc::new(MemoryBlob::holding(vec![1; 5000]));
        let target = Arc::new(MemoryBlob::default());
        let source = Faulty::new(&origin, None, Odds::default(), 1);
        let sink = Faulty::new(&target, Some(&origin), Odds::default(), 2);
        let options = CopyOptions {
            expect: Expect {
                sha256: Some(Sha256Digest::of(b"else")),
                md5: None,
            },
            block_size: Some(BLOCK),
            via,
            ..CopyOptions::default()
        };
        let error = copy(Source::Ranged(source), &sink, options)
            .await
            .unwrap_err();
        assert!(matches!(error, CopyError::Verification { .. }), "{error:?}");
        assert!(target.content().is_none(), "{via:?}");
    }
}

#[tokio::test]
async fn what_was_staged_is_not_sent_again() {
    for with_journal in [true, false] {
        let bytes: Vec<u8> = (0..50_000_u32)
            .map(|i| u8::try_from(i % 251).unwrap())
            .collect();
        let origin = Arc::new(MemoryBlob::holding(bytes.clone()));
        let target = Arc::new(MemoryBlob::default());
        let dir = tempfile::tempdir().unwrap();
        let slow = Odds {
            delay: 100,
            ..Odds::default()
        };
        let window = 4 * BLOCK;
        let options = CopyOptions {
            block_size: Some(BLOCK),
            memory: window,
            journal_dir: with_journal.then(|| dir.path().to_owned()),
            via: Via::Only(Way::Relay),
            ..CopyOptions::default()
        };
        let sink = Faulty::new(&target, None, slow, 5);
        let source = Faulty::new(&origin, None, Odds::default(), 6);
        let first = copy(Source::Ranged(source), &sink, options.clone());
        let enough = async {
            while target.staged_bytes() < 20_000 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            result = first => panic!("ended before it was killed: {result:?}"),
            () = enough => {}
        }
        let kept = target.staged_bytes();
        assert!(
            kept > 5000 && kept < 45_000,
            "{kept} bytes were staged at the kill"
        );

        let sink = Faulty::new(&target, None, Odds::default(), 7);
        let source = Faulty::new(&origin, None, Odds::default(), 8);
        let summary = copy(Source::Ranged(source), &sink, options).await.unwrap();
        assert_eq!(target.content().unwrap().bytes, bytes);
        let sent = summary.bytes_sent;
        assert_eq!(
            sent,
            50_000 - u64::try_from(kept).unwrap(),
            "only what was missing was sent"
        );
        if with_journal {
            assert!(
                summary.bytes_received <= sent + 2 * window,
                "{} read again",
                summary.bytes_received
            );
        } else {
            assert_eq!(
                summary.bytes_received, 50_000,
                "without a journal all is read, to be hashed"
            );
        }
    }
}

/// Runs a copy, and kills it once `bytes` are staged.
async fn killed_at(target: &MemoryBlob, bytes: usize, run: impl Future<Output = Failed>) {
    let enough = async {
        while target.staged_bytes() < bytes {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = run => panic!("ended before it was killed: {result:?}"),
        () = enough => {}
    }
}

type Failed = Result<Summary, CopyError>;

/// The service loses compared blocks, stages other bytes in their place, and we are killed before we
/// can object: the journal of the first run must not vouch for them (found as seed 1044 above).
#[tokio::test]
async fn a_block_that_was_lost_is_compared_again() {
    let bytes: Vec<u8> = (0..50_u8).flat_map(|block| [block; 1000]).collect();
    let origin = Arc::new(MemoryBlob::holding(bytes.clone()));
    let target = Arc::new(MemoryBlob::default());
    let dir = tempfile::tempdir().unwrap();
    let run = |odds| {
        let sink = Faulty::new(&target, Some(&origin), odds, 3);
        let source = Faulty::new(&origin, None, Odds::default(), 4);
        let options = CopyOptions {
            block_size: Some(BLOCK),
            memory: 4 * BLOCK,
            journal_dir: Some(dir.path().to_owned()),
            via: Via::Only(Way::Server),
            ..CopyOptions::default()
        };
        async move { copy(Source::Ranged(source), &sink, options).await }
    };
    let slow = Odds {
        delay: 100,
        ..Odds::default()
    };
    let lying = Odds {
        crc_lie: 100,
        ..slow
    };
    Box::pin(killed_at(&target, 20_000, run(slow))).await;
    target.forget_staged();
    Box::pin(killed_at(&target, 1000, run(lying))).await;
    run(Odds::default()).await.unwrap();
    assert_eq!(target.content().unwrap().bytes, bytes);
}

#[tokio::test]
async fn a_source_that_changes_in_the_middle_is_never_blended() {
    for via in [Via::Only(Way::Relay), Via::Only(Way::Server)] {
        let origin = Arc::new(MemoryBlob::holding(vec![1; 30_000]));
        let target = Arc::new(MemoryBlob::holding(b"old".to_vec()));
        let slow = Odds {
            delay: 100,
            ..Odds::default()
        };
        let source = Faulty::new(&origin, None, Odds::default(), 1);
        let sink = Faulty::new(&target, Some(&origin), slow, 2);
        let options = CopyOptions {
            block_size: Some(BLOCK),
            memory: 4 * BLOCK,
            via,
            ..CopyOptions::default()
        };
        let change = async {
            while target.staged_bytes() < 5000 {
                tokio::task::yield_now().await;
            }
            origin.replace(vec![2; 30_000]);
            std::future::pending::<()>().await;
        };
        let error = tokio::select! {
            result = copy(Source::Ranged(source), &sink, options) => result.unwrap_err(),
            () = change => unreachable!(),
        };
        assert!(
            matches!(error, CopyError::SourceChanged { .. }),
            "{error:?}"
        );
        assert_eq!(target.content().unwrap().bytes, b"old".as_slice());
    }
}
