//! The service's limits, applied to what was read. Knows no network.

use std::collections::{HashMap, HashSet};

use super::read::{Found, Read};
use super::{Checked, Finding, LARGEST_LAYER, Many, findings};
use crate::artifact::Artifact;
use crate::registry::{Layer, Manifest, ManifestKind, Referrer};
use crate::run::MOST_ARTIFACTS;

/// Repository and digest: where a manifest is.
type Place = (String, String);

/// Everything known so far.
#[derive(Default)]
pub(super) struct Judge {
    checked: Vec<Checked>,
    /// With the artifact's number in the list, by which they are sorted.
    findings: Vec<(usize, Finding)>,
    /// Digests whose bytes are counted already.
    counted: HashSet<String>,
    bytes: u64,
    /// Every manifest that is carried.
    carried: HashSet<Place>,
    /// The name that a manifest had first.
    first: HashMap<Place, String>,
    /// Judged at the end, when all that is carried is known.
    referrers: Vec<(usize, Artifact, Vec<Referrer>)>,
}

impl Judge {
    pub(super) fn unmatched(&mut self, pattern: &str) {
        self.find(findings::nothing_matched(pattern));
    }

    pub(super) fn artifact(&mut self, read: Read) {
        let artifact = read.artifact;
        let mut checked = Checked {
            artifact: artifact.to_string(),
            digest: None,
            kind: None,
            bytes: 0,
            layers: 0,
        };
        match read.found {
            Found::Missing => self.find(findings::missing(&artifact)),
            Found::Unreadable(reason) => {
                self.find(findings::unreadable(&checked.artifact, &reason));
            }
            Found::Manifest {
                manifest,
                referrers,
            } => {
                self.manifest(&artifact, &manifest, &mut checked);
                match referrers {
                    Ok(found) => self.referrers.push((self.checked.len(), artifact, found)),
                    Err(reason) => {
                        self.find(findings::referrers_unread(&checked.artifact, &reason));
                    }
                }
            }
        }
        self.checked.push(checked);
    }

    pub(super) fn count(&mut self, artifacts: usize, runs: usize, many: Many) {
        if artifacts > MOST_ARTIFACTS {
            self.find(findings::too_many(artifacts, runs, many));
        }
    }

    /// Artifacts, findings in their order, bytes of all.
    pub(super) fn finish(mut self) -> (Vec<Checked>, Vec<Finding>, u64) {
        for (number, artifact, mut left) in std::mem::take(&mut self.referrers) {
            left.retain(|referrer| {
                let place = (artifact.repository.clone(), referrer.digest.clone());
                !self.carried.contains(&place)
            });
            if !left.is_empty() {
                let finding = findings::left_behind(&artifact, &left);
                self.findings.push((number, finding));
            }
        }
        self.findings.sort_by_key(|(number, _)| *number);
        let findings = self.findings.into_iter().map(|(_, finding)| finding);
        (self.checked, findings.collect(), self.bytes)
    }

    fn find(&mut self, finding: Finding) {
        self.findings.push((self.checked.len(), finding));
    }

    /// An artifact's manifest with all below it.
    fn manifest(&mut self, artifact: &Artifact, top: &Manifest, checked: &mut Checked) {
        let name = checked.artifact.clone();
        checked.digest = Some(top.digest.clone());
        checked.kind = Some(top.kind.word());
        self.duplicate((artifact.repository.clone(), top.digest.clone()), &name);
        let mut known = HashSet::new();
        let mut layers: Vec<&Layer> = Vec::new();
        let mut open = vec![top];
        while let Some(manifest) = open.pop() {
            open.extend(manifest.children.iter().rev());
            let place = (artifact.repository.clone(), manifest.digest.clone());
            self.carried.insert(place);
            self.add(&manifest.digest, manifest.size, checked);
            if manifest.kind == ManifestKind::Schema1 {
                self.find(findings::schema1(&name));
            }
            if !manifest.missing.is_empty() {
                self.find(findings::missing_below(&name, manifest));
            }
            let new = manifest.layers.iter();
            layers.extend(new.filter(|layer| known.insert(layer.digest.as_str())));
        }
        checked.layers = layers.len();
        self.layers(&name, &layers, checked);
    }

    /// Each of an artifact's layers once.
    fn layers(&mut self, name: &str, layers: &[&Layer], checked: &mut Checked) {
        let (foreign, own): (Vec<&Layer>, Vec<&Layer>) =
            layers.iter().partition(|layer| layer.foreign);
        for layer in &own {
            self.add(&layer.digest, layer.size, checked);
            if layer.size > LARGEST_LAYER {
                self.find(findings::too_large(name, layer));
            }
        }
        if !foreign.is_empty() {
            self.find(findings::foreign(name, &foreign));
        }
        let zstd = own
            .iter()
            .filter(|layer| layer.media_type.ends_with("zstd"));
        match zstd.count() {
            0 => {}
            count => self.find(findings::zstd(name, count)),
        }
    }

    /// Bytes of an artifact, and once over all.
    fn add(&mut self, digest: &str, size: u64, checked: &mut Checked) {
        checked.bytes = checked.bytes.saturating_add(size);
        if self.counted.insert(digest.to_owned()) {
            self.bytes = self.bytes.saturating_add(size);
        }
    }

    fn duplicate(&mut self, place: Place, name: &str) {
        if let Some(first) = self.first.get(&place) {
            self.find(findings::duplicate(name, first, &place.1));
        } else {
            self.first.insert(place, name.to_owned());
        }
    }
}
