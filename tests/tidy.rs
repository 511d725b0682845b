//! The tree's own rules: what stands where, what depends on what, and how long a file may be. Each failure names the
//! file and the line, so that it reads like a compiler's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how it fails"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// What the top level may hold beside dot-files.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "crates",
    "bins",
    "fixtures",
    "tests",
    "benches",
];

/// Lines. Tests and benches may be longer: a table of cases is one thing.
const LONGEST: usize = 400;

/// Names of rooms that everybody walks through.
const BANNED_NAMES: &[&str] = &["util", "utils", "common", "helpers", "misc", "types", "mod"];

/// Crates that must never come back, and why.
const BANNED_CRATES: &[(&str, &str)] = &[
    (
        "azure_storage",
        "superseded by azure_storage_blob 1.x; open advisories below it",
    ),
    (
        "azure_storage_blobs",
        "superseded by azure_storage_blob 1.x; never sends a block's hash",
    ),
    ("http-types", "unmaintained"),
    ("native-tls", "TLS is rustls"),
    (
        "openssl",
        "TLS is rustls: nothing to install beside the binary",
    ),
    (
        "openssl-sys",
        "TLS is rustls: nothing to install beside the binary",
    ),
];

/// Which packages of this workspace each may depend on. A package that is not here fails the test: decide its place.
const ARROWS: &[(&str, &[&str])] = &[
    ("blobferry-integrity", &[]),
    // One rule for every text that is shown, so below libraries and binaries alike.
    ("blobferry-redact", &[]),
    ("blobferry-transfer", &["blobferry-integrity"]),
    (
        "blobferry-azure-blob",
        &["blobferry-transfer", "blobferry-integrity"],
    ),
    // Manifest, parts and parity: no network, so neither the engine nor a service.
    ("blobferry-bundle", &["blobferry-integrity"]),
    // In a workspace of its own: nightly only.
    ("blobferry-bundle-fuzz", &["blobferry-bundle"]),
    (
        "blobferry-acr",
        &["blobferry-integrity", "blobferry-redact"],
    ),
    // How any binary talks; the bundle's, which links no network, uses this and not the console.
    ("blobferry-terminal", &["blobferry-redact"]),
    (
        "blobferry-console",
        &[
            "blobferry-terminal",
            "blobferry-transfer",
            "blobferry-integrity",
        ],
    ),
    ("blobferry-lab", &["blobferry-integrity"]),
    (
        "blobferry",
        &[
            "blobferry-console",
            "blobferry-terminal",
            "blobferry-azure-blob",
            "blobferry-bundle",
            "blobferry-transfer",
            "blobferry-integrity",
        ],
    ),
    // Named differently from its library by the folder it stands in: bins/blobferry-bundle.
    (
        "blobferry-bundle-bin",
        &[
            "blobferry-bundle",
            "blobferry-integrity",
            "blobferry-terminal",
        ],
    ),
    (
        "acr-transfer",
        &[
            "blobferry-acr",
            "blobferry-console",
            "blobferry-terminal",
            "blobferry-azure-blob",
            "blobferry-transfer",
            "blobferry-integrity",
        ],
    ),
    (
        "acr-lab",
        &[
            "blobferry-lab",
            "blobferry-console",
            "blobferry-terminal",
            "blobferry-integrity",
        ],
    ),
    // The harness checks the rest from outside: it knows none of it.
    ("blobferry-harness", &[]),
    (
        "blobferry-benches",
        &[
            "blobferry-harness",
            "blobferry-azure-blob",
            "blobferry-transfer",
            "blobferry-integrity",
            "blobferry-bundle",
        ],
    ),
];

/// What tests stand on, wherever they stand. No package links one of these into what it ships, but as ARROWS allows.
const FOR_TESTS: &[&str] = &["blobferry-harness", "blobferry-lab"];

/// What a library may not do: it has no terminal, no environment and no process of its own.
const NOT_IN_LIBRARIES: &[&str] = &[
    "println!",
    "print!(",
    "eprintln!",
    "eprint!(",
    "dbg!(",
    "std::env::",
    "use std::env",
    "process::exit",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every file under `folder`, without what is built or installed.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let name = entry.file_name();
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() && name != "target" && name != "node_modules" && name != ".git" {
            found.extend(files(&path));
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = root();
    files(&root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs_err::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        })
        .collect()
}

fn toml(path: &Path) -> Table {
    fs_err::read_to_string(path).unwrap().parse().unwrap()
}

#[track_caller]
fn none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}\n  {}", broken.join("\n  "));
}

#[test]
fn the_top_level_is_fixed() {
    let ignored = ["target"];
    let broken: Vec<String> = fs_err::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !ignored.contains(&name.as_str()))
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    none(
        &broken,
        "these do not belong on the top level (design.md, Layout):",
    );
}

#[test]
fn every_file_opens_with_its_purpose() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| {
            !text
                .lines()
                .next()
                .is_some_and(|line| line.len() > "//! ".len() && line.starts_with("//! "))
        })
        .map(|(path, _)| format!("{}:1", path.display()))
        .collect();
    none(
        &broken,
        "the first line says what the file is for (`//! …`):",
    );
}

#[test]
fn no_file_is_a_room_for_everything() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| {
            path.file_stem()
                .is_some_and(|stem| BANNED_NAMES.contains(&stem.to_string_lossy().as_ref()))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    none(
        &broken,
        "name the file after what it knows, and `name.rs`, not `name/mod.rs`:",
    );
}

#[test]
fn no_source_file_is_too_long() {
    let mut lengths: Vec<(usize, String)> = sources()
        .iter()
        .filter(|(path, _)| path.starts_with("crates") || path.starts_with("bins"))
        .map(|(path, text)| (text.lines().count(), path.display().to_string()))
        .collect();
    lengths.sort_unstable();
    if let Some((median, _)) = lengths.get(lengths.len() / 2) {
        println!(
            "{} source files; median {median} lines; longest:",
            lengths.len()
        );
    }
    for (lines, path) in lengths.iter().rev().take(10) {
        println!("{lines:5} {path}");
    }
    let broken: Vec<String> = lengths
        .iter()
        .filter(|(lines, path)| {
            *lines > LONGEST && !path.contains("/tests/") && !path.ends_with("tests.rs")
        })
        .map(|(lines, path)| format!("{path}:{lines}"))
        .collect();
    none(
        &broken,
        &format!("split these, they are past {LONGEST} lines:"),
    );
}

/// Names in every dependency table of a manifest, those for one target only included. Development dependencies count as
/// well: a test that needs a crate from above stands in the wrong place.
fn dependencies(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        let Value::Table(inner) = value else { continue };
        if key.ends_with("dependencies") {
            found.extend(inner.keys().cloned());
        } else if key != "workspace" {
            found.extend(dependencies(inner));
        }
    }
    found
}

#[test]
fn arrows_point_down_only() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let root = root();
    let mut broken = Vec::new();
    let mut seen = 0;
    for path in files(&root)
        .iter()
        .filter(|path| path.ends_with("Cargo.toml"))
    {
        let manifest = toml(path);
        let Some(name) = manifest
            .get("package")
            .and_then(|package| package.get("name")?.as_str())
        else {
            continue;
        };
        seen += 1;
        let shown = path.strip_prefix(&root).unwrap().display();
        let is_bundle_bin = name == "blobferry-bundle" && path.starts_with(root.join("bins"));
        let key = if is_bundle_bin {
            "blobferry-bundle-bin"
        } else {
            name
        };
        let Some(allowed) = arrows.get(key) else {
            broken.push(format!(
                "{shown}: {key} has no place in ARROWS of tests/tidy.rs"
            ));
            continue;
        };
        for dependency in dependencies(&manifest) {
            // A package's tests may want it again, with a feature.
            let ours = dependency != name
                && arrows.contains_key(dependency.as_str())
                && !FOR_TESTS.contains(&dependency.as_str());
            if ours && !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{shown}: {key} must not depend on {dependency}"));
            }
        }
    }
    assert!(seen > 5, "found only {seen} manifests");
    none(
        &broken,
        "an arrow points the wrong way (design.md, Layout):",
    );
}

#[test]
fn only_tests_depend_on_what_is_for_tests() {
    let root = root();
    let allowed = ["bins/acr-lab/Cargo.toml", "benches/Cargo.toml"];
    let broken: Vec<String> = files(&root)
        .iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter(|path| {
            toml(path)
                .get("dependencies")
                .is_some_and(|table| FOR_TESTS.iter().any(|name| table.get(*name).is_some()))
        })
        .map(|path| path.strip_prefix(&root).unwrap().display().to_string())
        .filter(|path| !allowed.contains(&path.as_str()))
        .collect();
    none(
        &broken,
        "the harness and the lab are development dependencies:",
    );
}

/// The lines of a source file that ship: no comments, and nothing from an inline test module on.
fn shipped(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let inline_tests = lines.windows(2).position(|pair| {
        pair[0].trim() == "#[cfg(test)]"
            && pair[1].trim_start().starts_with("mod ")
            && pair[1].ends_with('{')
    });
    let end = inline_tests.unwrap_or(lines.len());
    lines
        .into_iter()
        .take(end)
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn libraries_have_no_terminal_environment_or_exit() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let shown = path.display().to_string();
        let library = path.starts_with("crates") && shown.contains("/src/");
        if !library || shown.contains("tests/") || shown.ends_with("tests.rs") {
            continue;
        }
        for (number, line) in shipped(&text) {
            for word in NOT_IN_LIBRARIES.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{shown}:{}: {word}", number + 1));
            }
        }
    }
    none(
        &broken,
        "only bins/ prints, reads the environment or exits:",
    );
}

#[test]
fn banned_crates_are_absent() {
    let lock = toml(&root().join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap();
    let broken: Vec<String> = BANNED_CRATES
        .iter()
        .filter(|(name, _)| {
            packages
                .iter()
                .any(|package| package["name"].as_str() == Some(name))
        })
        .map(|(name, why)| {
            format!("Cargo.lock: {name}: {why} (`cargo tree -i {name}` shows who brings it)")
        })
        .collect();
    none(&broken, "these crates must not be linked:");
}

/// As in `.ci/deny-bundle.toml`, which CI runs; this finds it sooner.
#[test]
fn the_bundle_links_no_network() {
    let rules = toml(&root().join(".ci/deny-bundle.toml"));
    let banned: Vec<&str> = rules["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["crate"].as_str().unwrap())
        .collect();
    assert!(banned.contains(&"tokio") && banned.contains(&"hyper"));
    let words =
        "tree --offline --locked -p blobferry-bundle-bin -e normal --prefix none --format {p}";
    let tree = std::process::Command::new(env!("CARGO"))
        .args(words.split(' '))
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{said}");
    let linked = String::from_utf8(tree.stdout).unwrap();
    assert!(linked.contains("blobferry-bundle v"), "{linked}");
    let broken: Vec<String> = linked
        .lines()
        .filter(|line| {
            line.split(' ')
                .next()
                .is_some_and(|name| banned.contains(&name))
        })
        .map(str::to_owned)
        .collect();
    none(
        &broken,
        "blobferry-bundle must not link these (`cargo tree -p blobferry-bundle-bin -i …` shows who brings them):",
    );
}

#[test]
fn lock_files_of_npm_record_no_addresses() {
    let root = root();
    let mut broken = Vec::new();
    for path in files(&root)
        .iter()
        .filter(|path| path.ends_with("package-lock.json"))
    {
        let text = fs_err::read_to_string(path).unwrap();
        if let Some(line) = text
            .lines()
            .position(|line| line.trim_start().starts_with("\"resolved\""))
        {
            broken.push(format!(
                "{}:{}",
                path.strip_prefix(&root).unwrap().display(),
                line + 1
            ));
        }
    }
    none(
        &broken,
        "set npm's omit-lockfile-registry-resolved and write the lock again:",
    );
}

#[test]
fn every_fixture_has_its_origin() {
    let folder = root().join("fixtures");
    let origins = fs_err::read_to_string(folder.join("README.md")).unwrap();
    let broken: Vec<String> = files(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().display().to_string())
        .filter(|name| name != "README.md" && !origins.contains(&format!("`{name}`")))
        .collect();
    none(
        &broken,
        "fixtures/README.md does not say where these come from:",
    );
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let root = root();
    let readme = fs_err::read_to_string(root.join("README.md")).unwrap();
    let code: String = sources().into_iter().map(|(_, text)| text).collect();
    let promises = readme
        .lines()
        .skip_while(|line| !line.starts_with("## Seven promises"));
    let promises: Vec<&str> = promises
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .take(7)
        .collect();
    assert_eq!(promises.len(), 7, "README.md has seven promises");
    let named = promises
        .iter()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let missing: Vec<String> = named
        .filter_map(|name| name.split_once("::"))
        .filter(|(_, test)| !code.contains(&format!("fn {test}(")))
        .map(|(room, test)| format!("{room}::{test}"))
        .collect();
    none(&missing, "README.md promises by tests that do not exist:");
}
