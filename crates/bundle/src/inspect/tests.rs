//! Bounds that no real archive reaches, made small.

use super::*;

const SMALL: Limits = Limits {
    entries: 10,
    names: 2000,
    path: 100,
    pax: 200,
    document: 2000,
    documents: 5000,
    descriptors: 12,
    depth: 2,
};

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut to = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        to.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    to.into_inner().unwrap()
}

fn look(files: &[(String, Vec<u8>)]) -> (Contents, String) {
    let contents = inspect_within(&mut tar_of(files).as_slice(), &SMALL).unwrap();
    let said: Vec<_> = contents.findings.iter().map(Finding::to_string).collect();
    (contents, said.join("; "))
}

fn top(descriptors: usize) -> Vec<(String, Vec<u8>)> {
    let hash = |number| format!("{number:064x}");
    let list: Vec<_> = (0..descriptors)
        .map(|number| format!(r#"{{"digest":"sha256:{}","size":1}}"#, hash(number)))
        .collect();
    let index = format!(r#"{{"manifests":[{}]}}"#, list.join(","));
    let version = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
    vec![
        ("oci-layout".to_owned(), version),
        ("index.json".to_owned(), index.into_bytes()),
    ]
}

#[test]
fn members_are_counted() {
    let files = |count| -> Vec<_> { (0..count).map(|n| (format!("f{n}"), Vec::new())).collect() };
    assert_eq!(look(&files(10)).1, "");
    assert!(look(&files(11)).1.contains("more than 10 members"));
}

#[test]
fn names_are_weighed() {
    let name = |n: usize| format!("{}{n}", "d/".repeat(45));
    let files: Vec<_> = (0..10).map(|n| (name(n), Vec::new())).collect();
    assert_eq!(look(&files), (look(&files).0, String::new()));
    let dense = Limits {
        names: 1000,
        ..SMALL
    };
    let contents = inspect_within(&mut tar_of(&files).as_slice(), &dense).unwrap();
    assert!(
        contents.findings[0]
            .to_string()
            .contains("too many and too long")
    );
}

#[test]
fn a_name_is_no_longer_than_allowed() {
    let long = [("d/".repeat(60), Vec::new())];
    assert!(look(&long).1.contains("too long"));
}

#[test]
fn descriptors_are_counted_in_documents() {
    assert!(!look(&top(11)).1.contains("all that is looked at"));
    assert!(look(&top(12)).1.contains("all that is looked at"));
}

#[test]
fn documents_are_weighed() {
    let wide = Limits {
        documents: 4500,
        ..SMALL
    };
    let mut files = top(10);
    let config = format!(r#"{{"rootfs":{{}},"pad":"{}"}}"#, "x".repeat(1900));
    for number in 0..3 {
        files.insert(0, (format!("{number}.json"), config.clone().into_bytes()));
    }
    let contents = inspect_within(&mut tar_of(&files).as_slice(), &wide).unwrap();
    let said: Vec<_> = contents.findings.iter().map(Finding::to_string).collect();
    assert!(
        said.join("; ")
            .contains("index.json cannot be read: the documents before it"),
        "{said:?}"
    );
}

#[test]
fn a_document_is_no_longer_than_allowed() {
    let mut files = top(1);
    if let Some((_, index)) = files.last_mut() {
        index.extend([b' '; 2000]);
    }
    assert!(
        look(&files)
            .1
            .contains("index.json cannot be read: it is too long")
    );
}

#[test]
fn steps_are_counted_where_many_indexes_share_what_they_hold() {
    let mut files = Vec::new();
    let mut index = |children: &[String]| {
        let json = format!(r#"{{"manifests":[{}]}}"#, children.join(","));
        let hash = blobferry_integrity::Sha256Digest::of(json.as_bytes());
        let size = json.len();
        files.push((format!("blobs/sha256/{hash}"), json.into_bytes()));
        format!(r#"{{"digest":"sha256:{hash}","size":{size}}}"#)
    };
    let leaf = |number| format!(r#"{{"digest":"sha256:{number:064}","size":1}}"#);
    let shared = index(&[leaf(1), leaf(2), leaf(3)]);
    let tops: Vec<_> = (4..9)
        .map(|own| index(&[shared.clone(), leaf(own)]))
        .collect();
    let last = format!(r#"{{"manifests":[{}]}}"#, tops.join(","));
    files.push(("index.json".to_owned(), last.into_bytes()));
    let said = |descriptors| {
        let limits = Limits {
            descriptors,
            ..SMALL
        };
        let contents = inspect_within(&mut tar_of(&files).as_slice(), &limits).unwrap();
        let said: Vec<_> = contents.findings.iter().map(Finding::to_string).collect();
        said.join("; ")
    };
    // 4 descriptors in the shared index, 3 in each of five, 6 at the top; 6 steps for each of five.
    assert!(said(24).contains("index.json cannot be read: the documents before it"));
    assert!(said(25).contains("the first 25 descriptors on the way"));
    assert!(said(29).contains("the first 29 descriptors on the way"));
    assert!(!said(30).contains("on the way"));
}
