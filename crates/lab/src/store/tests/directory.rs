//! Directories: what is there again, and what is refused.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::store::log;
use crate::store::segments::Found;

/// Everything a directory's log makes, as text.
fn dump(directory: &Path) -> std::io::Result<String> {
    let mut found = Found::new(&directory.join("data"));
    let state = log::read(directory, &mut found)?;
    let mut text = String::new();
    state.retell(|change| -> std::io::Result<()> {
        text.push_str(&serde_json::to_string(&change)?);
        text.push('\n');
        Ok(())
    })?;
    Ok(text)
}

fn taken(store: &Store, body: &[u8]) -> Content {
    let mut intake = store.intake(0);
    intake.push(body).unwrap();
    intake.finish().unwrap()
}

fn work(store: &Store, step: usize) {
    let name = ["a", "b"][step % 2];
    match step % 5 {
        0 => drop(put(store, name, "memory")),
        1 => store
            .stage(&at(name), "AAAA", taken(store, &vec![7; 70_000]))
            .unwrap(),
        2 => store
            .stage(&at(name), "BBBB", Content::zeros(1 << 40).slice(0..99))
            .unwrap(),
        3 => drop(commit(store, name, &[(Place::Latest, "AAAA")])),
        _ => assert!(!store.touch(&at("none")) && (store.touch(&at(name)) || step < 10)),
    }
}

#[test]
fn any_prefix_of_the_log_is_the_store_of_that_moment() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log.jsonl");
    let mut moments = Vec::new();
    let store = Store::open(home.path(), Clock::default()).unwrap();
    fill(&store);
    for step in 0..40 {
        work(&store, step);
        let len = usize::try_from(fs_err::metadata(&log).unwrap().len()).unwrap();
        moments.push((len, dump(home.path()).unwrap()));
    }
    drop(store);
    let whole = fs_err::read(&log).unwrap();
    let mut before: Option<(usize, &String)> = None;
    for (len, truth) in &moments {
        fs_err::write(&log, &whole[..*len]).unwrap();
        assert_eq!(dump(home.path()).unwrap(), *truth);
        // A record that was not written whole is as if it had not been begun.
        if let Some((earlier, truth)) = before.filter(|(earlier, _)| earlier < len) {
            fs_err::write(&log, &whole[..usize::midpoint(earlier, *len)]).unwrap();
            assert_eq!(dump(home.path()).unwrap(), *truth);
        }
        before = Some((*len, truth));
    }
    fs_err::write(&log, &whole).unwrap();
    let store = Store::open(home.path(), Clock::default()).unwrap();
    assert_eq!(dump(home.path()).unwrap(), moments.last().unwrap().1);
    assert_eq!(store.key("acc"), Some(key()));
    assert_eq!(
        read(&store.blob(&at("a")).unwrap().content).first(),
        Some(&7)
    );
}

#[test]
fn a_directory_in_use_damaged_or_newer_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lab");
    let store = Store::open(&path, Clock::default()).unwrap();
    fill(&store);
    let open = || {
        Store::open(&path, Clock::default())
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert!(open().ends_with("is in use by another lab"));
    put(&store, "a", "some bytes");
    drop(store);
    let log = path.join("log.jsonl");
    let good = fs_err::read_to_string(&log).unwrap();
    fs_err::write(&log, good.replacen("\"etag\"", "\"etga\"", 1)).unwrap();
    assert!(open().contains("log.jsonl, line 3: the record is damaged"));
    fs_err::write(&log, good.replacen("log\":1", "log\":2", 1)).unwrap();
    assert!(open().contains("newer lab"));
    fs_err::write(&log, good).unwrap();
    let store = Store::open(&path, Clock::default()).unwrap();
    assert_eq!(read(&store.blob(&at("a")).unwrap().content), b"some bytes");
    let mode = |path: &Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&log)), (0o700, 0o600));
}

#[test]
fn room_that_nothing_refers_to_is_given_back() {
    let home = tempfile::tempdir().unwrap();
    let files = || fs_err::read_dir(home.path().join("data")).unwrap().count();
    let store = Store::open(home.path(), Clock::default()).unwrap();
    fill(&store);
    put(&store, "a", "some bytes");
    let held = store.blob(&at("a")).unwrap();
    store.delete_blob(&at("a"), &Conditions::default()).unwrap();
    assert_eq!(read(&held.content), b"some bytes");
    drop(held);
    put(&store, "b", "others");
    assert_eq!(files(), 1);
    for number in 10_000..13_000_u32 {
        store
            .stage(
                &at("many"),
                &format!("{number}AAA"),
                taken(&store, b"block"),
            )
            .unwrap();
    }
    assert_eq!(files(), 1);
    store
        .delete_container(&at(""), &Conditions::default())
        .unwrap();
    drop(store);
    let store = Store::open(home.path(), Clock::default()).unwrap();
    assert_eq!(files(), 0);
    drop(store);
}
