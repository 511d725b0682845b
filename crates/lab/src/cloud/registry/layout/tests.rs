//! What happens to the names in a layout, and that writers do not lose each other's.

use std::thread;

use super::*;
use crate::cloud::scene::{image, index};

fn names(layout: &Layout) -> Vec<String> {
    let names = layout.names().unwrap();
    names.iter().map(|(name, _)| name.to_string()).collect()
}

#[test]
fn a_tag_moves_and_what_lost_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let untagged = image(&layout, "app@", &[b"one"]);
    assert_eq!(names(&layout), [format!("app@{}", untagged.digest)]);
    let manifest = layout.read(&untagged).unwrap().unwrap();
    let put = |name: &str| {
        layout
            .put_manifest(&Name::parse(name).unwrap(), &manifest)
            .unwrap();
    };
    put("app:1");
    put(&format!("app@{}", untagged.digest));
    put("app:1");
    put("app:old");
    assert_eq!(names(&layout), ["app:1", "app:old"]);
    image(&layout, "app:1", &[b"two"]);
    assert_eq!(names(&layout), ["app:1", "app:old"]);
    image(&layout, "app:old", &[b"three"]);
    let last = format!("app@{}", untagged.digest);
    assert_eq!(names(&layout), ["app:1", "app:old", &last]);
    let wrong = Name::parse(&format!("app@{}", Digest::of(b""))).unwrap();
    assert!(layout.put_manifest(&wrong, &manifest).is_err());
}

#[test]
fn a_digest_is_bound_to_its_repository_and_found_below_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open(folder.path()).unwrap();
    let child = image(&layout, "parts@", &[b"one"]);
    let nested = index(&layout, "parts@", std::slice::from_ref(&child));
    index(&layout, "app:1", &[nested]);
    let found = |repository: &str| {
        let name = Name::new(repository, Which::Digest(child.digest));
        layout.find(&name).unwrap().is_some()
    };
    assert!(found("app") && found("parts") && !found("other"));
}

#[test]
fn writers_at_a_time_do_not_lose_names() {
    let folder = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                let layout = Layout::open(folder).unwrap();
                for tag in 0..10 {
                    image(&layout, &format!("app{writer}:{tag}"), &[b"same"]);
                }
            });
        }
    });
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(names(&layout).len(), 40);
    let mut left = fs_err::read_dir(folder.path()).unwrap();
    assert!(!left.any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".new")
    }));
}
