//! Tests of the lanes' end, when a copy is given up with blocks still under way.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;
use crate::payload::{Meter, Rope};
use crate::store::{Existing, Partial, Proven};

#[derive(Debug, Clone, Default)]
struct Fate {
    written: Arc<AtomicU32>,
    discarded: Arc<AtomicBool>,
}

impl StreamSink for Fate {
    fn name(&self) -> String {
        "fate".to_owned()
    }

    fn existing(&self) -> Result<Option<Existing>, StoreError> {
        Ok(None)
    }

    fn left_over(&self, _key: &str) -> u64 {
        0
    }

    fn begin(&mut self, _key: &str, _keep: bool) -> Result<Option<Partial>, StoreError> {
        Ok(None)
    }

    fn write(&mut self, _offset: u64, _chunk: &[u8]) -> Result<(), StoreError> {
        self.written.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn publish(&mut self, _: &Proven) -> Result<(), StoreError> {
        unreachable!("nothing here is proven")
    }

    fn resumes(&self) -> bool {
        true
    }

    fn discard(&mut self) -> Result<(), StoreError> {
        self.discarded.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_writer_whose_reports_nobody_reads_still_drops_what_it_wrote() {
    let fate = Fate::default();
    let sink: Box<dyn StreamSink> = Box::new(fate.clone());
    // Room for three reports: the writer waits with its fourth, and the fifth block behind it.
    let mut lanes = Lanes::start(Vec::new(), Some(sink), 1, false).unwrap();
    for offset in 0..5 {
        while !lanes.have_room() {
            tokio::task::yield_now().await;
        }
        let mut rope = Rope::new(Meter::default());
        rope.push(vec![1].into());
        let payload = rope.finish(None);
        assert!(lanes.feed(&Feed {
            offset,
            payload,
            write: true,
            ends: None
        }));
    }
    while fate.written.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    lanes.discard().await;
    lanes.close().await;
    assert!(fate.discarded.load(Ordering::SeqCst));
    assert_eq!(
        fate.written.load(Ordering::SeqCst),
        4,
        "what waited was not worth doing"
    );
}
