//! Lists a docker-archive (`manifest.json`, moby `image/spec/v1.3.md`).

use std::collections::BTreeSet;

use super::artifact::{Artifact, Layer};
use super::catalogue::Catalogue;
use super::document::{Config, Document, Saved};
use super::finding::{Finding, Findings};
use super::layout::too_many;

/// Lists the images that `manifest.json` names.
pub(super) fn artifacts(
    catalogue: &Catalogue<'_>,
    saved: &[Saved],
    findings: &mut Findings,
) -> Vec<Artifact> {
    too_many(
        saved.iter().map(|image| image.tags.len().max(1)).sum(),
        findings,
    );
    let images = saved.iter();
    images
        .map(|image| artifact(catalogue, image, findings))
        .collect()
}

fn artifact(catalogue: &Catalogue<'_>, saved: &Saved, findings: &mut Findings) -> Artifact {
    let mut artifact = Artifact {
        names: saved.tags.clone(),
        digest: saved.config.clone(),
        ..Artifact::default()
    };
    if let Some(file) = catalogue.file(&saved.config) {
        artifact.digest = file.digest();
        artifact.bytes = file.size;
        artifact.configs.push(artifact.digest.clone());
    } else {
        findings.add(missing(&saved.config, &artifact.digest));
    }
    let config = match catalogue.document(&saved.config) {
        Some(Document::Config(config)) => Some(config),
        Some(Document::Broken(reason)) => {
            findings.unreadable(&saved.config, reason);
            None
        }
        _ => None,
    };
    artifact
        .platforms
        .extend(config.and_then(|config| config.platform.clone()));
    let mut seen = BTreeSet::new();
    for (place, path) in saved.layers.iter().enumerate() {
        let id = config.and_then(|config: &Config| config.diff_ids.get(place));
        let layer = layer(catalogue, saved, path, id, findings);
        if !layer.present && !layer.foreign {
            findings.add(missing(path, &artifact.digest));
        }
        if seen.insert(layer.digest.clone()) {
            artifact.bytes = artifact.bytes.saturating_add(layer.size);
            artifact.layers.push(layer);
        }
    }
    artifact
}

fn layer(
    catalogue: &Catalogue<'_>,
    saved: &Saved,
    path: &str,
    id: Option<&String>,
    findings: &mut Findings,
) -> Layer {
    let foreign = id.is_some_and(|id| saved.foreign.contains(id));
    let mut layer = Layer {
        digest: path.to_owned(),
        foreign,
        ..Layer::default()
    };
    if let Some(file) = catalogue.file(path) {
        layer.digest = file.digest();
        layer.size = file.size;
        layer.present = true;
        let media = if file.compressed { ".tar.gzip" } else { ".tar" };
        layer.media_type = format!("application/vnd.docker.image.rootfs.diff{media}");
        match id {
            Some(id) if !file.compressed && *id != layer.digest => {
                findings.add(Finding::DigestMismatch {
                    digest: id.clone(),
                    actual: layer.digest.clone(),
                });
            }
            _ => {}
        }
        if file.size > Finding::LARGEST_LAYER {
            findings.add(Finding::LayerTooLarge {
                digest: layer.digest.clone(),
                size: file.size,
            });
        }
    }
    if foreign {
        findings.add(Finding::ForeignLayer {
            digest: layer.digest.clone(),
            present: layer.present,
        });
    }
    layer
}

fn missing(blob: &str, artifact: &str) -> Finding {
    Finding::MissingBlob {
        blob: blob.to_owned(),
        artifact: artifact.to_owned(),
    }
}
