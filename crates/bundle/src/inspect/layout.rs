//! Walks an OCI image layout: index, nested indexes, manifests, layers. Bounded in depth and steps,
//! and no digest is followed twice for an artifact, so that cycles end.

use std::collections::{BTreeMap, BTreeSet};

use super::Limits;
use super::artifact::{Artifact, Layer, Referrer};
use super::catalogue::Catalogue;
use super::document::{Descriptor, Document, Node, Saved, blob_path, is_digest};
use super::finding::{Finding, Findings};

/// Lists the artifacts of `index.json`, each digest once. `saved` are names from a `manifest.json`
/// that stands in the same archive.
pub(super) fn artifacts(
    catalogue: &Catalogue<'_>,
    saved: &[Saved],
    findings: &mut Findings,
    limits: &Limits,
) -> Vec<Artifact> {
    match catalogue.document("oci-layout") {
        Some(Document::Layout(version)) if version.starts_with("1.") => {}
        Some(Document::Layout(_)) => findings.unreadable("oci-layout", "its version is unknown"),
        _ => findings.unreadable("oci-layout", "it is missing or no layout's version"),
    }
    let index = match catalogue.document("index.json") {
        Some(Document::Index(index)) => index,
        Some(Document::Broken(reason)) => {
            findings.unreadable("index.json", reason);
            return Vec::new();
        }
        _ => {
            findings.unreadable("index.json", "it is missing or no index");
            return Vec::new();
        }
    };
    let mut tags: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for image in saved {
        tags.entry(&image.config).or_default().extend(&image.tags);
    }
    let mut walk = Walk {
        catalogue,
        tags,
        referrers: referrers(catalogue, findings),
        findings,
        limits,
        steps: 0,
    };
    let mut tops: Vec<(&Descriptor, Vec<String>)> = Vec::new();
    let mut places = BTreeMap::new();
    for top in &index.children {
        let place = *places.entry(&top.digest).or_insert(tops.len());
        match tops.get_mut(place) {
            Some((_, names)) => names.extend(top.names.iter().cloned()),
            None => tops.push((top, top.names.clone())),
        }
    }
    let mut artifacts = Vec::new();
    for (top, names) in tops {
        artifacts.push(walk.artifact(top, names));
    }
    let bare = |artifact: &Artifact| artifact.subject.is_some() && artifact.names.is_empty();
    let referring = artifacts.iter().filter(|artifact| bare(artifact)).count();
    too_many(index.children.len().saturating_sub(referring), findings);
    artifacts
}

/// Reports more artifacts than fit in a run.
pub(super) fn too_many(count: usize, findings: &mut Findings) {
    if count > Finding::MOST_ARTIFACTS {
        findings.add(Finding::TooManyArtifacts { count });
    }
}

/// What refers to a digest, for every manifest in the archive, be it in the index or not.
fn referrers(
    catalogue: &Catalogue<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, Vec<Referrer>> {
    let mut referrers: BTreeMap<String, Vec<Referrer>> = BTreeMap::new();
    for (digest, document) in catalogue.blobs() {
        let (Document::Index(node) | Document::Manifest(node)) = document else {
            continue;
        };
        let Some(subject) = node.subject.clone() else {
            continue;
        };
        if !catalogue.has(&subject) {
            findings.add(Finding::MissingSubject {
                referrer: digest.clone(),
                subject: subject.clone(),
            });
        }
        referrers
            .entry(subject.clone())
            .or_default()
            .push(Referrer {
                digest,
                artifact_type: node.artifact_type.clone(),
                subject,
            });
    }
    referrers
}

struct Walk<'a> {
    catalogue: &'a Catalogue<'a>,
    referrers: BTreeMap<String, Vec<Referrer>>,
    /// Names from `manifest.json` by the paths of configurations.
    tags: BTreeMap<&'a str, Vec<&'a String>>,
    findings: &'a mut Findings,
    limits: &'a Limits,
    steps: usize,
}

impl<'a> Walk<'a> {
    fn artifact(&mut self, top: &'a Descriptor, names: Vec<String>) -> Artifact {
        let mut artifact = Artifact {
            names,
            digest: top.digest.clone(),
            media_type: top.media_type.clone(),
            artifact_type: top.artifact_type.clone(),
            ..Artifact::default()
        };
        let listed = self.fallback(&artifact.names);
        let mut seen = BTreeSet::new();
        let mut pending = vec![(top, 0)];
        while let Some((descriptor, depth)) = pending.pop() {
            if !seen.insert(descriptor.digest.as_str()) || !self.step() {
                continue;
            }
            artifact.bytes = artifact.bytes.saturating_add(descriptor.size);
            self.refer(&descriptor.digest, &mut artifact);
            let Some((node, is_index)) = self.node(descriptor, &artifact.digest, listed.as_deref())
            else {
                continue;
            };
            if depth == 0 {
                artifact.subject.clone_from(&node.subject);
                let kind = node.artifact_type.clone();
                artifact.artifact_type = artifact.artifact_type.take().or(kind);
                if artifact.media_type.is_empty() {
                    artifact.media_type.clone_from(&node.media_type);
                }
            }
            if !is_index {
                self.image(node, descriptor, &mut seen, &mut artifact);
            } else if depth < self.limits.depth {
                let children = node.children.iter().rev();
                pending.extend(children.map(|child| (child, depth + 1)));
            } else {
                let reason = "it lies under too many indexes";
                self.findings.unreadable(&descriptor.digest, reason);
            }
        }
        self.conclude(&mut artifact);
        artifact
    }

    /// Adds what refers to a digest. Counted, because many may refer to what many contain.
    fn refer(&mut self, digest: &str, artifact: &mut Artifact) {
        for referrer in self.referrers.get(digest).cloned().unwrap_or_default() {
            if self.step() {
                artifact.referrers.push(referrer);
            }
        }
    }

    /// One manifest's platform, configuration and layers.
    fn image(
        &mut self,
        node: &'a Node,
        descriptor: &Descriptor,
        seen: &mut BTreeSet<&'a str>,
        artifact: &mut Artifact,
    ) {
        let mut platform = descriptor.platform.clone();
        if let Some(config) = &node.config {
            if let Some(Document::Config(config)) = self.catalogue.document(&config.path()) {
                platform = platform.or_else(|| config.platform.clone());
            }
            if seen.insert(&config.digest) && self.step() {
                artifact.bytes = artifact.bytes.saturating_add(config.size);
                artifact.configs.push(config.digest.clone());
                self.present(config, &artifact.digest, false);
            }
        }
        artifact.platforms.extend(platform);
        for layer in &node.children {
            if !seen.insert(&layer.digest) || !self.step() {
                continue;
            }
            artifact.bytes = artifact.bytes.saturating_add(layer.size);
            let foreign = layer.is_foreign();
            let present = self.present(layer, &artifact.digest, foreign);
            let digest = layer.digest.clone();
            if foreign {
                let digest = digest.clone();
                self.findings.add(Finding::ForeignLayer { digest, present });
            }
            artifact.layers.push(Layer {
                digest,
                size: layer.size,
                media_type: layer.media_type.clone(),
                foreign,
                present,
                zstd: layer.media_type.contains("zstd"),
            });
        }
    }

    /// What an artifact's layers and names tell when all are known.
    fn conclude(&mut self, artifact: &mut Artifact) {
        for layer in &artifact.layers {
            if layer.size > Finding::LARGEST_LAYER {
                self.findings.add(Finding::LayerTooLarge {
                    digest: layer.digest.clone(),
                    size: layer.size,
                });
            }
        }
        let count = artifact.layers.iter().filter(|layer| layer.zstd).count();
        if count > 0 {
            let artifact = artifact.digest.clone();
            self.findings.add(Finding::ZstdLayers { artifact, count });
        }
        for config in &artifact.configs {
            for tag in self
                .tags
                .get(blob_path(config).as_str())
                .cloned()
                .unwrap_or_default()
            {
                if self.step() {
                    artifact.names.push(tag.clone());
                }
            }
        }
        let mut seen = BTreeSet::new();
        artifact.names.retain(|name| seen.insert(name.clone()));
        artifact.platforms.sort();
        artifact.platforms.dedup();
        artifact.referrers.sort();
        artifact.referrers.dedup();
    }

    /// The index or manifest behind a descriptor, and which of them it is.
    fn node(
        &mut self,
        descriptor: &Descriptor,
        artifact: &str,
        listed: Option<&str>,
    ) -> Option<(&'a Node, bool)> {
        let digest = &descriptor.digest;
        if let (Some(subject), false) = (listed, self.catalogue.has(digest)) {
            self.findings.add(Finding::MissingReferrers {
                subject: subject.to_owned(),
                referrer: digest.clone(),
            });
        } else if self.present(descriptor, artifact, false) {
            let reason = match self.catalogue.document(&descriptor.path()) {
                Some(Document::Index(node)) => return Some((node, true)),
                Some(Document::Manifest(node)) => return Some((node, false)),
                Some(Document::Broken(reason)) => reason,
                _ => "it is damaged, too long, or no manifest that is known here",
            };
            if descriptor.is_manifest() {
                self.findings.unreadable(digest, reason);
            }
        }
        None
    }

    /// Checks that a blob is there and as long as its descriptor says.
    fn present(&mut self, descriptor: &Descriptor, artifact: &str, foreign: bool) -> bool {
        match self.catalogue.file(&descriptor.path()) {
            Some(file) if file.size != descriptor.size => {
                self.findings.add(Finding::SizeMismatch {
                    digest: descriptor.digest.clone(),
                    size: file.size,
                    wanted: descriptor.size,
                });
                true
            }
            Some(_) => true,
            None if foreign => false,
            None => {
                self.findings.add(Finding::MissingBlob {
                    blob: descriptor.digest.clone(),
                    artifact: artifact.to_owned(),
                });
                false
            }
        }
    }

    /// The digest that a fallback tag is about (`sha256-…`, distribution-spec "Referrers Tag Schema";
    /// cosign adds `.sig`, `.att`, `.sbom`), if that tag is a list of referrers.
    fn fallback(&mut self, names: &[String]) -> Option<String> {
        let mut list = None;
        for name in names {
            let tag = name.rsplit_once(':').map_or(name.as_str(), |(_, tag)| tag);
            let (hash, rest) = match tag.strip_prefix("sha256-") {
                Some(tag) => tag
                    .split_once('.')
                    .map_or((tag, ""), |(hash, rest)| (hash, rest)),
                None => continue,
            };
            let subject = format!("sha256:{hash}");
            if !is_digest(&subject) {
                continue;
            }
            if !self.catalogue.has(&subject) {
                self.findings.add(Finding::MissingSubject {
                    referrer: name.clone(),
                    subject: subject.clone(),
                });
            }
            if rest.is_empty() {
                list = Some(subject);
            }
        }
        list
    }

    /// Counts a step; past the limit the rest is left, and said to be.
    fn step(&mut self) -> bool {
        self.steps += 1;
        let most = self.limits.descriptors;
        if self.steps == most + 1 {
            let reason =
                format!("the first {most} descriptors on the way are all that is looked at");
            self.findings.unreadable("index.json", &reason);
        }
        self.steps <= most
    }
}
