//! What no honest client sends: nothing panics, nothing hangs, and all of it is answered with 4xx.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use blobferry_lab::Options;

use crate::ground::{GIB, Ground, block_list};
use crate::wire::{Answer, End, exchange};

/// Bytes as they are, on a connection of their own.
fn raw(ground: &Ground, bytes: &[u8]) -> Answer {
    exchange(
        &TcpStream::connect(ground.authority()).unwrap(),
        bytes,
        false,
    )
}

/// Alive and whole after all that.
fn serves(ground: &Ground) {
    ground.put("source/box/after", "x");
    ground.get("source/box/after").expect(200);
}

#[test]
fn what_is_no_http_is_refused() {
    let ground = Ground::new();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /a b c HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
        b"PUT /source/box/b HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"PUT /source/box/b HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcde",
        b"PUT /source/box/b HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    ] {
        let answer = raw(&ground, bytes);
        assert!((400..500).contains(&answer.status), "{bytes:?}: {answer:?}");
    }
    serves(&ground);
}

#[test]
fn heads_have_a_limit() {
    let ground = Ground::new();
    let long = ground
        .ask("GET", "source/box/b")
        .header("x-ms-meta-a", "x".repeat(1 << 20))
        .send();
    assert!(
        (400..500).contains(&long.status) || long.end == End::Reset,
        "{long:?}"
    );
    let ask = ground.ask("GET", "source/box/b");
    let many = (0..1000)
        .fold(ask, |ask, number| ask.header(&format!("x-h-{number}"), "x"))
        .send();
    assert_eq!(many.status, 431, "{many:?}");
    let long = ground.bare("GET", &"x".repeat(70_000)).send();
    assert!((400..500).contains(&long.status), "{long:?}");
    let metadata = ground
        .ask("PUT", "source/box/b")
        .header("x-ms-blob-type", "BlockBlob");
    metadata
        .header("x-ms-meta-a", "x".repeat(9000))
        .body("x")
        .send()
        .refused(400, "MetadataTooLarge");
    serves(&ground);
}

#[test]
fn names_that_are_no_text_are_refused() {
    let ground = Ground::new();
    for bad in ["%FF%FE", "%C3", "%ED%A0%80", "%", "%zz", "100%2"] {
        for what in [
            format!("source/box/{bad}"),
            format!("source/{bad}/b"),
            format!("{bad}/box/b"),
        ] {
            let sas = ground.account_sas("source");
            let put = ground
                .bare("PUT", &format!("{what}?{sas}"))
                .header("x-ms-blob-type", "BlockBlob");
            put.body("x").send().refused(400, "InvalidUri");
        }
    }
    let long = "n".repeat(1025);
    let put = ground
        .ask("PUT", &format!("source/box/{long}"))
        .header("x-ms-blob-type", "BlockBlob");
    put.body("x").send().expect(400);
    assert!(
        ground
            .get("source/box?restype=container&comp=list")
            .text()
            .contains("<Blobs></Blobs>")
    );
}

#[test]
fn queries_of_all_sorts_are_survived() {
    let ground = Ground::new();
    for query in [
        "%",
        "=&&=&%FF=%FF",
        "comp=%00",
        "comp=block&blockid=%FF",
        "restype=container&comp=list&marker=%FF&include=,,,",
    ] {
        let answer = ground.ask("GET", &format!("source/box?{query}")).send();
        assert!(
            answer.status == 200 || answer.status >= 400,
            "{query}: {answer:?}"
        );
    }
    let many = "a=b&".repeat(4000);
    ground
        .ask("GET", &format!("source/box/b?{many}"))
        .send()
        .refused(404, "BlobNotFound");
    serves(&ground);
}

#[test]
fn xml_that_is_none_is_refused() {
    let ground = Ground::new();
    let deep = "<a>".repeat(1_000_000);
    let bomb =
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">]><BlockList><Latest>&a;</Latest></BlockList>";
    let open = "<BlockList><Latest>".to_owned() + &"A".repeat(1_000_000);
    for xml in [
        "",
        "<",
        "{}",
        "<BlockList>",
        "<BlockList><Latest>QQ==</BlockList>",
        "\u{feff}",
        &deep,
        bomb,
        &open,
    ] {
        for what in [
            "source/box/b?comp=blocklist",
            "source/box/b?comp=tags",
            "source?restype=service&comp=properties",
        ] {
            ground.put("source/box/b", "x");
            ground
                .ask("PUT", what)
                .body(xml)
                .send()
                .refused(400, "InvalidXmlDocument");
        }
    }
    let binary = ground
        .ask("PUT", "source/box/b?comp=blocklist")
        .body([0xff; 100]);
    binary.send().refused(400, "InvalidXmlDocument");
    serves(&ground);
}

#[test]
fn an_xml_body_has_a_limit() {
    let ground = Ground::new();
    let list = ground
        .ask("PUT", "source/box/b?comp=blocklist")
        .body(vec![b' '; 17 << 20]);
    list.send().refused(413, "RequestBodyTooLarge");
    // The longest list that there may be is within it.
    let ids = vec!["QUJDREVGR0g="; 50_000];
    let list = ground
        .ask("PUT", "source/box/b?comp=blocklist")
        .body(block_list(&ids));
    list.send().refused(400, "InvalidBlockList");
    let ids = vec!["QUJDREVGR0g="; 50_001];
    ground
        .commit("source/box/b", &ids)
        .refused(400, "BlockListTooLong");
}

#[test]
fn a_put_without_a_length_is_refused() {
    let ground = Ground::new();
    for what in ["source/box/b", "source/box/b?comp=block&blockid=QQ%3D%3D"] {
        let ask = ground
            .ask("PUT", what)
            .header("x-ms-blob-type", "BlockBlob");
        let chunked = ask
            .header("transfer-encoding", "chunked")
            .body("5\r\nabcde\r\n0\r\n\r\n");
        chunked.send().refused(411, "MissingContentLengthHeader");
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_is_sent() {
    let ground = Ground::new();
    for (what, length) in [
        ("source/box/b", 5001 << 20),
        ("source/box/b?comp=block&blockid=QQ%3D%3D", 4001 << 20),
        ("source/box/b", u64::MAX - 5),
    ] {
        let ask = ground
            .ask("PUT", what)
            .header("x-ms-blob-type", "BlockBlob");
        for expects in [false, true] {
            let ask = ask.clone().header("content-length", length.to_string());
            let ask = if expects {
                ask.header("expect", "100-continue")
            } else {
                ask
            };
            let answer = ask.send().refused(413, "RequestBodyTooLarge");
            assert!(answer.took < Duration::from_secs(10), "{answer:?}");
        }
    }
    // Who may not put is not listened to for long, either.
    let put = ground
        .bare("PUT", "source/box/b")
        .header("x-ms-blob-type", "BlockBlob");
    let refused = put
        .header("content-length", (4 * GIB).to_string())
        .header("expect", "100-continue");
    refused.send().expect(401);
    serves(&ground);
}

#[test]
fn a_body_that_does_not_end_does_not_hold_up_anything() {
    let ground = Ground::new();
    let ask = ground
        .ask("GET", "source/box/b")
        .header("transfer-encoding", "chunked");
    let mut stream = TcpStream::connect(ground.authority()).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(&ask.bytes()).unwrap();
    let mut chunk = b"100000\r\n".to_vec();
    chunk.extend(vec![b'x'; 1 << 20]);
    chunk.extend(b"\r\n");
    // The lab stops listening after some of it.
    let refused = (0..2048).find(|_| stream.write_all(&chunk).is_err());
    assert!(
        refused.is_some(),
        "2 GiB of a body that nobody wanted were taken"
    );
    serves(&ground);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let ground = Ground::new();
    let ask = ground
        .ask("PUT", "source/box/gone")
        .header("x-ms-blob-type", "BlockBlob");
    let bytes = ask
        .header("content-length", "1000000")
        .body("only this")
        .bytes();
    TcpStream::connect(ground.authority())
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    drop(TcpStream::connect(ground.authority()).unwrap());
    serves(&ground);
    ground.get("source/box/gone").refused(404, "BlobNotFound");
}

#[test]
fn null_mode_takes_everything_and_checks_nothing() {
    let ground = Ground::with(Options {
        null: true,
        ..Options::default()
    });
    let put = ground
        .bare("PUT", "source/box/b")
        .header("x-ms-blob-type", "BlockBlob")
        .body("x");
    put.header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
        .send()
        .expect(201);
}
