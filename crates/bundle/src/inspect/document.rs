//! JSON documents of an archive, reduced to what the listing needs. They are hostile until proven:
//! weighed before they are parsed, every descriptor checked, every text escaped.

use std::collections::BTreeSet;

use serde_json::Value;

/// A JSON document that something is kept of.
#[derive(Debug)]
pub(super) enum Document {
    /// An index of manifests (`index.json`, an image for several platforms).
    Index(Node),
    /// A manifest of layers.
    Manifest(Node),
    /// An image's configuration.
    Config(Config),
    /// `oci-layout`, with its version.
    Layout(String),
    /// `manifest.json` of a docker-archive.
    Saved(Vec<Saved>),
    /// What cannot be used, and why.
    Broken(&'static str),
}

/// An index or a manifest.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub media_type: String,
    pub artifact_type: Option<String>,
    pub subject: Option<String>,
    pub config: Option<Descriptor>,
    /// The manifests of an index, the layers of a manifest.
    pub children: Vec<Descriptor>,
}

/// A descriptor (image-spec `descriptor.md`) with a valid digest.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub digest: String,
    pub size: u64,
    pub media_type: String,
    pub artifact_type: Option<String>,
    pub platform: Option<String>,
    pub names: Vec<String>,
    /// It has `urls`.
    pub elsewhere: bool,
}

/// An image's configuration.
#[derive(Debug)]
pub(super) struct Config {
    pub platform: Option<String>,
    /// Digests of the layers, uncompressed.
    pub diff_ids: Vec<String>,
}

/// An image of a docker-archive.
#[derive(Debug)]
pub(super) struct Saved {
    pub config: String,
    pub tags: Vec<String>,
    pub layers: Vec<String>,
    /// Layers, by the digest of what they unpack to, that are to be fetched from elsewhere.
    pub foreign: BTreeSet<String>,
}

impl Document {
    /// Most values and most objects in a document: as text they are small, in memory they are not.
    const MOST_VALUES: usize = 1 << 20;
    const MOST_OBJECTS: usize = 1 << 17;

    /// Reads a document; none where it is of no kind known here.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        let count = |of: &[u8]| json.iter().filter(|byte| of.contains(byte)).count();
        if count(b",:[{") > Self::MOST_VALUES || count(b"{") > Self::MOST_OBJECTS {
            return Some(Self::Broken("it has too many values"));
        }
        let Ok(value) = serde_json::from_slice::<Value>(json) else {
            return Some(Self::Broken("it is no JSON, or nested too deeply"));
        };
        let list = |key| value.get(key).and_then(Value::as_array);
        let layers = list("layers").or_else(|| list("blobs"));
        let read = match (list("manifests"), layers) {
            (Some(_), Some(_)) => {
                return Some(Self::Broken("it is an index and a manifest at once"));
            }
            (Some(manifests), None) => Node::parse(&value, manifests).map(Self::Index),
            (None, Some(layers)) => Node::parse(&value, layers).map(Self::Manifest),
            (None, None) if value.is_array() => saved(&value).map(Self::Saved),
            (None, None) if value.get("rootfs").is_some() => return Some(config(&value)),
            (None, None) => return text(&value, "imageLayoutVersion").map(Self::Layout),
        };
        Some(read.unwrap_or(Self::Broken(
            "a descriptor lacks a valid digest, size or path",
        )))
    }

    /// How many descriptors and the like are kept of it.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Index(node) | Self::Manifest(node) => node.children.len() + 1,
            Self::Config(config) => config.diff_ids.len(),
            Self::Saved(saved) => saved.iter().fold(0, |sum, saved| {
                sum + 1 + saved.layers.len() + saved.tags.len() + saved.foreign.len()
            }),
            Self::Layout(_) | Self::Broken(_) => 0,
        }
    }
}

impl Node {
    fn parse(value: &Value, children: &[Value]) -> Option<Self> {
        let part = |key| match value.get(key) {
            None | Some(Value::Null) => Some(None),
            Some(descriptor) => Descriptor::parse(descriptor).map(Some),
        };
        let config = part("config")?;
        let of_config = config.as_ref().map(|config| &config.media_type);
        let special = of_config.filter(|kind| !kind.is_empty() && !is_image_config(kind));
        Some(Self {
            media_type: text(value, "mediaType").unwrap_or_default(),
            artifact_type: text(value, "artifactType").or_else(|| special.cloned()),
            subject: part("subject")?.map(|subject| subject.digest),
            children: children
                .iter()
                .map(Descriptor::parse)
                .collect::<Option<_>>()?,
            config,
        })
    }
}

impl Descriptor {
    fn parse(value: &Value) -> Option<Self> {
        let annotation = |key| text(value.get("annotations")?, key);
        let mut names: Vec<_> = [
            "io.containerd.image.name",
            "org.opencontainers.image.ref.name",
        ]
        .into_iter()
        .filter_map(annotation)
        .collect();
        names.dedup();
        let urls = value.get("urls").and_then(Value::as_array);
        Some(Self {
            digest: digest(value, "digest")?,
            size: value.get("size")?.as_u64()?,
            media_type: text(value, "mediaType").unwrap_or_default(),
            artifact_type: text(value, "artifactType"),
            platform: value.get("platform").and_then(platform),
            names,
            elsewhere: urls.is_some_and(|urls| !urls.is_empty()),
        })
    }

    /// Its blob's path in a layout.
    pub(super) fn path(&self) -> String {
        blob_path(&self.digest)
    }

    /// A layer that is to be fetched from elsewhere.
    pub(super) fn is_foreign(&self) -> bool {
        let kind = &self.media_type;
        self.elsewhere || kind.contains("nondistributable") || kind.contains("foreign")
    }

    /// It must lead to an index or a manifest.
    pub(super) fn is_manifest(&self) -> bool {
        let kind = &self.media_type;
        kind.contains("manifest") || kind.contains(".image.index.")
    }
}

/// The path of a digest's blob in a layout.
pub(super) fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// Text from a blob, with what could play tricks on a terminal escaped.
pub(super) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                clean.extend(letter.escape_unicode());
            }
            _ if letter.is_control() => clean.extend(letter.escape_default()),
            _ => clean.push(letter),
        }
    }
    clean
}

/// `sha256` with 64 lower-case digits, or another algorithm (image-spec `descriptor.md`, Digests).
pub(super) fn is_digest(digest: &str) -> bool {
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match digest.split_once(':') {
        Some(("sha256", hash)) => hash.len() == 64 && hash.as_bytes().iter().all(hex),
        Some((algorithm, hash)) => {
            let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            (1..=32).contains(&algorithm.len())
                && (1..=128).contains(&hash.len())
                && algorithm
                    .bytes()
                    .all(|byte| small(byte) || b"+._-".contains(&byte))
                && hash
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte))
        }
        None => false,
    }
}

/// A path from the archive's top, without `.` and with `..` resolved; none where it leads out.
pub(super) fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_image_config(kind: &str) -> bool {
    matches!(
        kind,
        "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
    )
}

fn config(value: &Value) -> Document {
    let ids = value
        .get("rootfs")
        .and_then(|rootfs| rootfs.get("diff_ids"));
    let ids = ids
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    Document::Config(Config {
        platform: platform(value),
        diff_ids: ids.iter().filter_map(valid).collect(),
    })
}

/// `os/architecture[/variant]`; an attestation's `unknown/unknown` is none.
fn platform(value: &Value) -> Option<String> {
    let (os, architecture) = (text(value, "os")?, text(value, "architecture")?);
    let variant = text(value, "variant").filter(|variant| !variant.is_empty());
    match (os.as_str(), variant) {
        ("unknown" | "", _) => None,
        (_, Some(variant)) => Some(format!("{os}/{architecture}/{variant}")),
        (_, None) => Some(format!("{os}/{architecture}")),
    }
}

fn saved(value: &Value) -> Option<Vec<Saved>> {
    let path = |value: &Value| resolve("", &printable(value.as_str()?));
    let tags = |value: &Value| short(value.as_str()?);
    let one = |image: &Value| {
        let list = |key| match image.get(key) {
            None | Some(Value::Null) => Some([].as_slice()),
            Some(list) => list.as_array().map(Vec::as_slice),
        };
        let sources = image.get("LayerSources").and_then(Value::as_object);
        let foreign = sources.into_iter().flatten().filter_map(|(id, source)| {
            let foreign = Descriptor::parse(source)?.is_foreign();
            (foreign && is_digest(id)).then(|| id.clone())
        });
        Some(Saved {
            config: path(image.get("Config")?)?,
            tags: list("RepoTags")?.iter().map(tags).collect::<Option<_>>()?,
            layers: list("Layers")?.iter().map(path).collect::<Option<_>>()?,
            foreign: foreign.collect(),
        })
    };
    value.as_array()?.iter().map(one).collect()
}

fn valid(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| is_digest(text))
        .map(str::to_owned)
}

fn digest(value: &Value, key: &str) -> Option<String> {
    valid(value.get(key)?)
}

fn text(value: &Value, key: &str) -> Option<String> {
    short(value.get(key)?.as_str()?)
}

/// Names and media types are short: a longer one is none.
fn short(text: &str) -> Option<String> {
    (text.len() <= 512).then(|| printable(text))
}
