//! Registries as they lie on the disk (OCI image layouts), looked into past every tool and past the lab itself.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use blobferry_integrity::Sha256Digest;
use serde_json::{Value, json};

/// The annotation by which a layout tells repositories and tags.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Bytes of `samples/data:1.0`: enough for several parts of a bundle, and done in no time.
const DATA: usize = 5 << 20;

/// Bytes that the layer of `samples/huge:1.0` says it has: 9 GB, where the service takes 8.
const HUGE: u64 = 9_000_000_000;

/// Indexes within indexes.
const DEEPEST: usize = 4;

/// An artifact of the source registry, and whether the target has it.
#[derive(Debug)]
pub(crate) struct Compared {
    /// `repo:tag` or `repo@sha256:…`.
    pub(crate) name: String,
    /// In the source.
    pub(crate) digest: String,
    /// In the target.
    pub(crate) arrived: Option<String>,
    /// Manifests, then configs and layers, whose bytes in the target were hashed.
    pub(crate) manifests: usize,
    pub(crate) blobs: usize,
    /// What is wrong with one of those.
    pub(crate) wrong: Option<String>,
    /// Digests of those manifests.
    below: Vec<String>,
}

impl Compared {
    pub(crate) fn is_same(&self) -> bool {
        self.arrived.as_ref() == Some(&self.digest) && self.wrong.is_none()
    }
}

/// Adds `samples/data:1.0`: an artifact of one file, as ORAS pushes them, whose bytes do not compress.
pub(crate) fn add_data(layout: &Path) -> io::Result<()> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(DATA);
    while bytes.len() < DATA {
        // xorshift64 (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    let mut layer = add_blob(layout, "application/octet-stream", &bytes)?;
    if let Some(layer) = layer.as_object_mut() {
        let title = json!({"org.opencontainers.image.title": "data.bin"});
        layer.insert("annotations".to_owned(), title);
    }
    add_artifact(layout, "samples/data:1.0", &layer)
}

/// Adds `samples/huge:1.0`: a manifest only, of a layer that no export takes.
pub(crate) fn add_huge(layout: &Path) -> io::Result<()> {
    let layer = json!({
        "mediaType": "application/octet-stream",
        "digest": format!("sha256:{}", Sha256Digest::of(b"nobody has it")),
        "size": HUGE,
    });
    add_artifact(layout, "samples/huge:1.0", &layer)
}

fn add_artifact(layout: &Path, name: &str, layer: &Value) -> io::Result<()> {
    let empty = add_blob(layout, "application/vnd.oci.empty.v1+json", b"{}")?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/octet-stream",
        "config": empty,
        "layers": [layer],
    });
    let mut entry = add_blob(layout, MANIFEST, manifest.to_string().as_bytes())?;
    let mut index = document(&layout.join("index.json"))?;
    if let (Some(entry), Some(manifests)) = (
        entry.as_object_mut(),
        index.get_mut("manifests").and_then(Value::as_array_mut),
    ) {
        entry.insert("annotations".to_owned(), json!({REF_NAME: name}));
        manifests.push(json!(entry));
    }
    fs_err::write(layout.join("index.json"), index.to_string())
}

/// Its descriptor.
fn add_blob(layout: &Path, media_type: &str, bytes: &[u8]) -> io::Result<Value> {
    let digest = Sha256Digest::of(bytes).to_string();
    fs_err::write(layout.join("blobs/sha256").join(&digest), bytes)?;
    Ok(json!({
        "mediaType": media_type,
        "digest": format!("sha256:{digest}"),
        "size": bytes.len(),
    }))
}

/// Every artifact of `source`, but those that are `left` there, with what became of it in `target`; and what `target` has
/// beyond them.
pub(crate) fn compare(
    source: &Path,
    target: &Path,
    left: &[&str],
) -> io::Result<(Vec<Compared>, Vec<String>)> {
    let (wanted, mut there) = (names(source)?, names(target)?);
    let mut compared = Vec::new();
    for (name, digest) in wanted {
        if left.contains(&name.as_str()) {
            continue;
        }
        let arrived = there.remove(&name);
        let mut one = Compared {
            name,
            digest,
            arrived,
            manifests: 0,
            blobs: 0,
            wrong: None,
            below: Vec::new(),
        };
        if let Some(digest) = one.arrived.clone() {
            let walked = walk(target, &digest, DEEPEST, &mut one);
            one.wrong = walked.err().map(|error| error.to_string());
        }
        compared.push(one);
    }
    // A registry also names the platforms of an index, by their digests.
    let is_below = |digest: &String| compared.iter().any(|one| one.below.contains(digest));
    let more = there.into_iter().filter(|(_, digest)| !is_below(digest));
    let more = more.map(|(name, _)| name).collect();
    Ok((compared, more))
}

/// Names and digests of a layout; none where there is no layout yet.
pub(crate) fn names(layout: &Path) -> io::Result<BTreeMap<String, String>> {
    let file = layout.join("index.json");
    if !file.try_exists()? {
        return Ok(BTreeMap::new());
    }
    let index = document(&file)?;
    let name = |entry: &Value| {
        let name = entry.get("annotations")?.get(REF_NAME)?.as_str()?;
        let digest = entry.get("digest")?.as_str()?;
        Some((name.to_owned(), digest.to_owned()))
    };
    Ok(list(&index, "manifests").filter_map(name).collect())
}

/// Hashes a manifest and all below it.
fn walk(layout: &Path, digest: &str, deep: usize, count: &mut Compared) -> io::Result<()> {
    let Some(deeper) = deep.checked_sub(1) else {
        return Err(io::Error::other(format!("{digest}: indexes too deep")));
    };
    let manifest: Value = serde_json::from_slice(&proven(layout, digest, None)?)?;
    count.manifests += 1;
    count.below.push(digest.to_owned());
    for child in list(&manifest, "manifests") {
        walk(layout, &of(child, "digest"), deeper, count)?;
    }
    for part in list(&manifest, "layers").chain(manifest.get("config")) {
        let size = part.get("size").and_then(Value::as_u64);
        proven(layout, &of(part, "digest"), size)?;
        count.blobs += 1;
    }
    Ok(())
}

/// The bytes of a blob that are what its name says.
fn proven(layout: &Path, digest: &str, size: Option<u64>) -> io::Result<Vec<u8>> {
    let name: Sha256Digest = digest
        .parse()
        .map_err(|error| io::Error::other(format!("{digest}: {error}")))?;
    let bytes = fs_err::read(layout.join("blobs/sha256").join(name.to_string()))?;
    let is_size = size.is_none_or(|size| u64::try_from(bytes.len()) == Ok(size));
    if is_size && Sha256Digest::of(&bytes) == name {
        return Ok(bytes);
    }
    Err(io::Error::other(format!("{digest}: holds other bytes")))
}

fn document(file: &Path) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs_err::read(file)?)?)
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn of(value: &Value, field: &str) -> String {
    let text = value.get(field).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn layout() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        samples::unpack(folder.path()).unwrap();
        folder
    }

    #[test]
    fn the_samples_are_whole() {
        let (one, other) = (layout(), layout());
        let (compared, more) = compare(one.path(), other.path(), &[]).unwrap();
        assert!(compared.len() >= 5 && more.is_empty(), "{compared:?}");
        for one in &compared {
            assert!(one.is_same() && one.blobs > 0, "{one:?}");
        }
    }

    #[test]
    fn what_is_missing_or_changed_or_too_much_shows() {
        let (one, other) = (layout(), layout());
        add_data(one.path()).unwrap();
        add_huge(one.path()).unwrap();
        add_huge(other.path()).unwrap();
        let changed = names(other.path()).unwrap()["charts/hello:0.1.0"].clone();
        let file = changed.replace("sha256:", "blobs/sha256/");
        fs_err::write(other.path().join(file), "{}").unwrap();
        let (compared, more) = compare(one.path(), other.path(), &["samples/huge:1.0"]).unwrap();
        assert_eq!(more, ["samples/huge:1.0"]);
        let not: Vec<&str> = compared
            .iter()
            .filter(|one| !one.is_same())
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(not, ["charts/hello:0.1.0", "samples/data:1.0"]);
    }
}
