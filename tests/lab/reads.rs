//! Get Blob and its kin: ranges, their checksums, HEAD, what every answer carries.

use std::net::TcpStream;

use blobferry_integrity::{Crc64, Md5Digest};
use blobferry_lab::Fill;

use crate::ground::{GIB, Ground, MIB};
use crate::wire::{Answer, End, exchange};

const DIGITS: &str = "0123456789";

fn ranged(ground: &Ground, blob: &str, headers: &[(&str, &str)]) -> Answer {
    let ask = ground.ask("GET", blob);
    headers
        .iter()
        .fold(ask, |ask, (name, value)| ask.header(name, value))
        .send()
}

#[test]
fn a_range_is_a_part_with_its_place() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    for (range, bytes, place) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=3-5", "345", "bytes 3-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        for name in ["range", "x-ms-range"] {
            let part = ranged(&ground, &blob, &[(name, range)]).expect(206);
            assert_eq!(
                (part.text().as_str(), part.told("content-range")),
                (bytes, place)
            );
            assert_eq!(part.told("content-length"), bytes.len().to_string());
            // The whole blob's MD5 is not the part's.
            assert_eq!(part.header("content-md5"), None);
            assert_eq!(
                part.told("x-ms-blob-content-md5"),
                Md5Digest::of(DIGITS.as_bytes()).to_base64()
            );
        }
    }
}

#[test]
fn the_services_own_range_wins() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    let part = ranged(
        &ground,
        &blob,
        &[("range", "bytes=0-0"), ("x-ms-range", "bytes=5-6")],
    );
    assert_eq!(part.expect(206).text(), "56");
}

#[test]
fn a_range_past_the_end_says_how_long_the_blob_is() {
    let ground = Ground::new();
    let (blob, empty) = (ground.name(), ground.name());
    ground.put(&blob, DIGITS);
    ground.put(&empty, "");
    let refused = ranged(&ground, &blob, &[("range", "bytes=10-")]).refused(416, "InvalidRange");
    assert_eq!(refused.told("content-range"), "bytes */10");
    let refused = ranged(&ground, &empty, &[("range", "bytes=0-")]).refused(416, "InvalidRange");
    assert_eq!(refused.told("content-range"), "bytes */0");
}

#[test]
fn a_range_that_is_none_is_passed_over_or_refused() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    // The service knows no suffixes: RFC 9110 lets a server pass over what it does not know.
    for range in [
        "bytes=-3",
        "bytes=5-3",
        "lines=1-2",
        "bytes=1-2,4-5",
        "bytes=99999999999999999999-",
    ] {
        assert_eq!(
            ranged(&ground, &blob, &[("range", range)])
                .expect(200)
                .text(),
            DIGITS
        );
        ranged(&ground, &blob, &[("x-ms-range", range)]).refused(400, "InvalidHeaderValue");
    }
}

#[test]
fn a_range_of_up_to_4_mib_comes_with_its_checksum() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.synthetic(&blob, 9 * MIB, Fill::Pattern);
    let (md5, crc) = ("x-ms-range-get-content-md5", "x-ms-range-get-content-crc64");
    let most = format!("bytes={}-{}", MIB, 5 * MIB - 1);
    let part = ranged(&ground, &blob, &[("x-ms-range", &most), (md5, "true")]).expect(206);
    assert_eq!(
        part.told("content-md5"),
        Md5Digest::of(&part.body).to_base64()
    );
    let part = ranged(&ground, &blob, &[("x-ms-range", &most), (crc, "true")]).expect(206);
    assert_eq!(
        part.told("x-ms-content-crc64"),
        Crc64::of(&part.body).to_base64()
    );
    let more = format!("bytes={}-{}", MIB, 5 * MIB);
    for name in [md5, crc] {
        ranged(&ground, &blob, &[("x-ms-range", &more), (name, "true")]).expect(400);
        ranged(&ground, &blob, &[("x-ms-range", &more), (name, "false")]).expect(206);
        // A checksum of a part wants a part.
        ranged(&ground, &blob, &[(name, "true")]).expect(400);
    }
    ranged(
        &ground,
        &blob,
        &[("x-ms-range", &most), (md5, "true"), (crc, "true")],
    )
    .expect(400);
}

#[test]
fn a_range_far_into_a_sparse_blob_is_as_quick_as_any() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.synthetic(&blob, 100 * GIB, Fill::Zeros);
    let far = format!("bytes={}-{}", 90 * GIB, 90 * GIB + 9);
    assert_eq!(
        ranged(&ground, &blob, &[("range", &far)]).expect(206).body,
        [0; 10]
    );
    assert_eq!(
        ground.ask("HEAD", &blob).send().told("content-length"),
        (100 * GIB).to_string()
    );
}

#[test]
fn every_answer_says_who_asked_and_in_which_version() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    let mut ids = Vec::new();
    for (method, what, status) in [
        ("GET", blob.as_str(), 200),
        ("HEAD", &blob, 200),
        ("GET", "source/box/none", 404),
        ("HEAD", "source/box/none", 404),
        ("GET", "source/box?restype=container&comp=list", 200),
        ("PUT", "source/box?comp=lease&restype=container", 501),
    ] {
        let answer = ground
            .ask(method, what)
            .header("x-ms-client-request-id", "mine")
            .send()
            .expect(status);
        assert_eq!(answer.told("x-ms-client-request-id"), "mine");
        assert_eq!(answer.told("x-ms-version"), "2024-08-04");
        assert!(answer.header("date").is_some() && answer.header("server").is_some());
        ids.push(answer.told("x-ms-request-id").to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "each request has an id of its own");
}

#[test]
fn an_error_is_xml_with_the_headers_code_and_the_request() {
    let ground = Ground::new();
    let refused = ground.get("source/box/none").refused(404, "BlobNotFound");
    let id = refused.told("x-ms-request-id");
    assert_eq!(refused.told("content-type"), "application/xml");
    assert!(refused.text().starts_with(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code><Message>"
    ));
    assert!(
        refused.text().contains(&format!("\nRequestId:{id}\nTime:")),
        "{}",
        refused.text()
    );
    assert!(refused.text().ends_with("</Error>"));
    // What was asked is escaped: nobody's name becomes an element.
    let refused = ground.bare("GET", "nobody%3Cb%3E/box/b").send().expect(404);
    assert!(!refused.text().contains("<b>"), "{}", refused.text());
}

#[test]
fn an_error_to_a_head_has_its_code_and_no_body() {
    let ground = Ground::new();
    let refused = ground
        .ask("HEAD", "source/box/none")
        .send()
        .refused(404, "BlobNotFound");
    assert!(refused.body.is_empty());
    ground
        .ask("HEAD", "source/none?restype=container")
        .send()
        .refused(404, "ContainerNotFound");
}

#[test]
fn a_sas_may_say_what_reads_answer() {
    let ground = Ground::new();
    let blob = ground.name();
    ground
        .ask("PUT", &blob)
        .header("x-ms-blob-type", "BlockBlob")
        .header("content-type", "text/plain")
        .body("x")
        .send()
        .expect(201);
    assert_eq!(ground.get(&blob).told("content-type"), "text/plain");
    ground
        .ask("PUT", &format!("{blob}?comp=properties"))
        .header("x-ms-blob-cache-control", "no-store")
        .send()
        .expect(200);
    let now = ground.get(&blob);
    assert_eq!(now.told("cache-control"), "no-store");
    // Set Blob Properties takes away what it does not name.
    assert_eq!(now.told("content-type"), "application/octet-stream");
}

#[test]
fn an_archived_blob_has_properties_and_no_bytes() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    let tier = |tier: &str| {
        ground
            .ask("PUT", &format!("{blob}?comp=tier"))
            .header("x-ms-access-tier", tier)
            .send()
    };
    tier("Archive").expect(200);
    ground.get(&blob).refused(409, "BlobArchived");
    assert_eq!(
        ground
            .ask("HEAD", &blob)
            .send()
            .expect(200)
            .told("x-ms-access-tier"),
        "Archive"
    );
    let copy = ground
        .ask("PUT", "target/box/copy")
        .header("x-ms-blob-type", "BlockBlob")
        .header("x-ms-copy-source", ground.url(&blob));
    let refused = copy.send().expect(409);
    assert_eq!(refused.told("x-ms-copy-source-error-code"), "BlobArchived");
    tier("Lukewarm").refused(400, "InvalidHeaderValue");
    tier("Hot").expect(202);
    assert_eq!(ground.get(&blob).expect(200).text(), DIGITS);
}

#[test]
fn tags_come_back_as_they_were_set() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, DIGITS);
    let tags = |tags: &str| {
        let xml = format!("<?xml version=\"1.0\"?><Tags><TagSet>{tags}</TagSet></Tags>");
        ground
            .ask("PUT", &format!("{blob}?comp=tags"))
            .body(xml)
            .send()
    };
    let tag =
        |name: &str, value: &str| format!("<Tag><Key>{name}</Key><Value>{value}</Value></Tag>");
    tags(&(tag("project", "a+b/c") + &tag("run", "42"))).expect(204);
    let got = ground.get(&format!("{blob}?comp=tags")).expect(200).text();
    assert!(
        got.ends_with(&format!(
            "<Tags><TagSet>{}{}</TagSet></Tags>",
            tag("project", "a+b/c"),
            tag("run", "42")
        )),
        "{got}"
    );
    tags(&tag("a", "&lt;")).refused(400, "InvalidTag");
    let eleven: String = (0..11)
        .map(|number| tag(&format!("t{number}"), "x"))
        .collect();
    tags(&eleven).refused(400, "InvalidTag");
    let put = ground
        .ask("PUT", &blob)
        .header("x-ms-blob-type", "BlockBlob")
        .header("x-ms-tags", "k=v%20w&n=2")
        .body("x");
    put.send().expect(201);
    let got = ground.get(&format!("{blob}?comp=tags")).text();
    assert!(got.contains(&tag("k", "v w")), "{got}");
}

#[test]
fn a_refusal_leaves_the_connection_as_it_was() {
    let ground = Ground::new();
    let mut bytes = Vec::new();
    for (what, close) in [
        ("source/box?comp=list&restype=none", false),
        ("source/box/none", false),
        ("source/box/b?comp=tags", true),
    ] {
        let ask = ground.ask("PUT", what).body("no XML, and no kind of blob");
        let mut text = String::from_utf8(ask.bytes()).unwrap();
        if !close {
            text = text.replace("connection: close\r\n", "");
        }
        bytes.extend(text.into_bytes());
    }
    let stream = TcpStream::connect(ground.authority()).unwrap();
    let answer = exchange(&stream, &bytes, false).refused(501, "NotImplemented");
    let rest = answer.text();
    let heads: Vec<&str> = rest
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|head| &head[..3])
        .collect();
    assert_eq!(heads, ["400", "400"], "{rest}");
    assert_eq!(answer.end, End::Closed);
}
