//! What the blobs must be and what must arrive: from a receipt, or from a digest alone.

use blobferry_acr::receipt::{ArtifactReceipt, BlobReceipt, Receipt, RunReceipt};
use blobferry_integrity::Expect;
use blobferry_terminal::Failure;
use jiff::Timestamp;

use crate::cli::import::ImportArgs;
use crate::failure::Explained as _;

/// One blob to import.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Its name in the target's container.
    pub(super) blob: String,
    /// SHA-256 of its bytes.
    pub(super) digest: Expect,
    /// Its length in bytes, where known.
    pub(super) size: Option<u64>,
    /// What must arrive; empty where only a digest was given.
    pub(super) artifacts: Vec<ArtifactReceipt>,
    /// When its export ended, or began.
    pub(super) exported: Option<Timestamp>,
    /// What the service is told to find: what it reported itself, or what the user gave.
    pub(super) catalog_digest: Option<String>,
}

/// All blobs that the command line means.
pub(super) fn read(args: &ImportArgs) -> Result<Vec<Expected>, Failure> {
    if let Some(path) = &args.receipt {
        return select(&Receipt::read(path).explained()?, args.blob.as_deref());
    }
    let digest = args.catalog_digest.as_deref().unwrap_or_default();
    let expect: Expect = digest
        .parse()
        .map_err(|error| Failure::usage("--catalog-digest").because(&error))?;
    let (Some(sha256), Some(blob)) = (expect.sha256, &args.blob) else {
        return Err(Failure::usage("--catalog-digest takes a SHA-256: sha256:…"));
    };
    Ok(vec![Expected {
        blob: blob.clone(),
        digest: expect,
        size: None,
        artifacts: Vec::new(),
        exported: None,
        catalog_digest: Some(format!("sha256:{sha256}")),
    }])
}

/// One blob of a receipt, or all.
fn select(receipt: &Receipt, blob: Option<&str>) -> Result<Vec<Expected>, Failure> {
    let whole = |run: &&RunReceipt| run.status == "Succeeded" && run.blob.is_some();
    let bad = receipt.runs.iter().filter(|run| !whole(run));
    let bad: Vec<&str> = bad.map(|run| run.run.as_str()).collect();
    let mut all = Vec::new();
    for run in receipt.runs.iter().filter(whole) {
        if let Some(at) = &run.blob {
            all.push(expected(run, at)?);
        }
    }
    match (blob, all.as_mut_slice()) {
        (_, []) => Err(
            Failure::usage("the receipt names no blob that was exported and looked at")
                .hint("run the export again with --receipt and a SAS that may read its blob"),
        ),
        // The only one may have got another name on its way.
        (Some(blob), [one]) => {
            blob.clone_into(&mut one.blob);
            Ok(all)
        }
        (Some(blob), _) => {
            let names: Vec<String> = all.iter().map(|one| one.blob.clone()).collect();
            all.retain(|one| one.blob == blob);
            if all.is_empty() {
                let text = format!("the receipt knows no blob {blob}");
                return Err(Failure::usage(text).hint(format!("it knows {}", names.join(", "))));
            }
            Ok(all)
        }
        (None, _) if bad.is_empty() => Ok(all),
        (None, _) => Err(Failure::usage(format!(
            "the receipt is of an export that is not complete: {}",
            bad.join(", ")
        ))
        .hint("run the export again, or import single blobs with --blob")),
    }
}

fn expected(run: &RunReceipt, at: &BlobReceipt) -> Result<Expected, Failure> {
    let digest = at.sha256.parse().map_err(|error| {
        Failure::usage(format!("the receipt's digest of {}", at.name)).because(&error)
    })?;
    Ok(Expected {
        blob: at.name.clone(),
        digest,
        size: Some(at.size),
        artifacts: run.artifacts.clone(),
        exported: run.finished.or(run.started),
        // What an import would not take is no reason to import nothing: the bytes are proven by their own digest.
        catalog_digest: run.catalog_digest.clone().filter(|text| {
            let own = text.parse::<Expect>().ok();
            text.starts_with("sha256:") && own.is_some_and(|own| own.sha256.is_some())
        }),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn run(name: &str, status: &str) -> RunReceipt {
        let blob = BlobReceipt {
            name: name.to_owned(),
            url: format!("https://a.example/c/{name}"),
            size: 3,
            sha256: format!("sha256:{}", "0".repeat(64)),
            content_md5: None,
            metadata: BTreeMap::new(),
            etag: "\"1\"".to_owned(),
        };
        RunReceipt {
            run: format!("run{name}"),
            status: status.to_owned(),
            artifacts: Vec::new(),
            blob: (status == "Succeeded").then_some(blob),
            catalog_digest: None,
            error: None,
            started: None,
            finished: None,
            correlation: None,
        }
    }

    fn receipt(runs: Vec<RunReceipt>) -> Receipt {
        Receipt {
            receipt_version: 1,
            tool: "t".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            registry: "r".to_owned(),
            pipeline: "p".to_owned(),
            runs,
        }
    }

    fn names(receipt: &Receipt, blob: Option<&str>) -> Result<Vec<String>, u8> {
        let all = select(receipt, blob).map_err(|failure| failure.exit().code())?;
        Ok(all.into_iter().map(|one| one.blob).collect())
    }

    #[test]
    fn a_receipt_gives_one_blob_or_all() {
        let two = receipt(vec![run("a", "Succeeded"), run("b", "Succeeded")]);
        assert_eq!(names(&two, None).unwrap(), ["a", "b"]);
        assert_eq!(names(&two, Some("b")).unwrap(), ["b"]);
        assert_eq!(names(&two, Some("c")), Err(2));
        let one = receipt(vec![run("a", "Succeeded")]);
        assert_eq!(names(&one, Some("renamed")).unwrap(), ["renamed"]);
    }

    #[test]
    fn an_incomplete_export_is_no_whole_import() {
        let some = receipt(vec![run("a", "Succeeded"), run("b", "Failed")]);
        assert_eq!(names(&some, None), Err(2));
        assert_eq!(names(&some, Some("a")).unwrap(), ["a"]);
        assert_eq!(names(&receipt(vec![run("b", "Failed")]), None), Err(2));
    }
}
