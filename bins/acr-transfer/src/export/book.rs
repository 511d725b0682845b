//! The receipt while it is written: what an earlier export left in it, and what this one adds, on disk after each run.

use std::path::Path;

use blobferry_acr::receipt::{ArtifactReceipt, Receipt, RunReceipt, VERSION, writable};
use blobferry_terminal::Failure;
use jiff::Timestamp;

use crate::failure::Explained as _;

/// A receipt and its file.
pub(crate) struct Book<'a> {
    file: Option<&'a Path>,
    receipt: Receipt,
    /// Blobs of this export, in order.
    order: Vec<String>,
}

impl<'a> Book<'a> {
    /// The receipt that is there already, or an empty one; nothing is written yet, but it is known that it can be: hours
    /// later would be too late.
    pub(crate) fn open(file: Option<&'a Path>, pipeline: &str) -> Result<Self, Failure> {
        if let Some(path) = file {
            writable(path).explained()?;
        }
        let receipt = match file.filter(|path| path.exists()) {
            Some(path) => Receipt::read(path).explained()?,
            None => Receipt {
                receipt_version: VERSION,
                tool: concat!("acr-transfer ", env!("CARGO_PKG_VERSION")).to_owned(),
                created: Timestamp::now(),
                registry: String::new(),
                pipeline: pipeline.to_owned(),
                runs: Vec::new(),
            },
        };
        if !receipt.pipeline.eq_ignore_ascii_case(pipeline) {
            let path = file.map(|path| path.display().to_string());
            return Err(Failure::usage(format!(
                "{} is the receipt of another pipeline: {}",
                path.unwrap_or_default(),
                receipt.pipeline
            ))
            .hint("name another file with --receipt"));
        }
        Ok(Self {
            file,
            receipt,
            order: Vec::new(),
        })
    }

    /// Which registry the artifacts are of.
    pub(crate) fn carries(&mut self, registry: &str) {
        registry.clone_into(&mut self.receipt.registry);
    }

    /// The blobs of this export, in order. Entries of others leave the receipt, and are named.
    ///
    /// # Errors
    /// 2 where the receipt knows none of these blobs: it is what is known of another export.
    pub(crate) fn expects(&mut self, blobs: Vec<String>) -> Result<Vec<String>, Failure> {
        let written = self.receipt.runs.iter().filter_map(|run| run.blob.as_ref());
        let (kept, dropped): (Vec<String>, Vec<String>) = written
            .map(|blob| blob.name.clone())
            .partition(|name| blobs.contains(name));
        if let (Some(path), Some(one), true) = (self.file, dropped.first(), kept.is_empty()) {
            let text = format!(
                "{} is the receipt of another export: of {one}",
                path.display()
            );
            return Err(
                Failure::usage(text).hint("name another file with --receipt, or move it away")
            );
        }
        self.receipt
            .runs
            .retain(|run| run.blob.as_ref().is_some_and(|at| kept.contains(&at.name)));
        self.order = blobs;
        Ok(dropped)
    }

    /// Names the runs that are to come, so that the receipt of an export that breaks off is seen to be incomplete.
    pub(crate) fn announce(
        &mut self,
        runs: impl Iterator<Item = (String, Vec<ArtifactReceipt>)>,
    ) -> Result<(), Failure> {
        for (name, artifacts) in runs {
            self.receipt.runs.retain(|old| old.run != name);
            self.receipt.runs.push(RunReceipt {
                run: name,
                status: "Pending".to_owned(),
                artifacts,
                blob: None,
                catalog_digest: None,
                error: None,
                started: None,
                finished: None,
                correlation: None,
            });
        }
        self.save()
    }

    /// What is written of a blob whose run Succeeded with exactly these artifacts.
    pub(crate) fn done(&self, blob: &str, artifacts: &[ArtifactReceipt]) -> Option<&RunReceipt> {
        let mut runs = self.receipt.runs.iter();
        runs.find(|run| {
            run.blob.as_ref().is_some_and(|at| at.name == blob)
                && run.status == "Succeeded"
                && run.artifacts == artifacts
        })
    }

    /// Writes a run down, in place of what stood there of its blob, and the file with it.
    pub(crate) fn write(&mut self, blob: &str, run: RunReceipt) -> Result<(), Failure> {
        let runs = &mut self.receipt.runs;
        runs.retain(|old| old.run != run.run && old.blob.as_ref().is_none_or(|at| at.name != blob));
        runs.push(run);
        let place = |run: &RunReceipt| {
            let name = run.blob.as_ref().map(|at| at.name.as_str());
            self.order
                .iter()
                .position(|blob| Some(blob.as_str()) == name)
        };
        // Runs without a blob come last, in the order in which they ended.
        runs.sort_by_key(|run| place(run).unwrap_or(usize::MAX));
        self.save()
    }

    fn save(&mut self) -> Result<(), Failure> {
        self.receipt.created = Timestamp::now();
        match self.file {
            Some(path) => self.receipt.write(path).explained(),
            None => Ok(()),
        }
    }

    /// The file, where there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file
    }
}
