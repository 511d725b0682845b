//! Containers, listings, and the account.

use crate::ground::Ground;
use crate::wire::{element, elements};

#[test]
fn a_container_is_made_described_and_deleted() {
    let ground = Ground::new();
    let container = "source/other?restype=container";
    ground
        .ask("PUT", container)
        .header("x-ms-meta-run", "42")
        .send()
        .expect(201);
    ground
        .ask("PUT", container)
        .send()
        .refused(409, "ContainerAlreadyExists");
    for method in ["GET", "HEAD"] {
        let told = ground.ask(method, container).send().expect(200);
        assert_eq!(
            (told.told("x-ms-meta-run"), told.told("x-ms-lease-state")),
            ("42", "available")
        );
    }
    ground
        .ask("PUT", &format!("{container}&comp=metadata"))
        .header("x-ms-meta-b", "2")
        .send()
        .expect(200);
    let told = ground
        .ask("HEAD", &format!("{container}&comp=metadata"))
        .send()
        .expect(200);
    assert_eq!(
        (told.header("x-ms-meta-run"), told.told("x-ms-meta-b")),
        (None, "2")
    );
    ground.ask("DELETE", container).send().expect(202);
    ground
        .ask("DELETE", container)
        .send()
        .refused(404, "ContainerNotFound");
    ground
        .get("source/other/blob")
        .refused(404, "ContainerNotFound");
    for bad in ["ab", "UPPER", "two--hyphens", "-x-", &"x".repeat(64)] {
        ground
            .ask("PUT", &format!("source/{bad}?restype=container"))
            .send()
            .refused(400, "InvalidResourceName");
    }
}

#[test]
fn a_listing_comes_in_pages_in_the_order_of_names() {
    let ground = Ground::new();
    for number in [3, 1, 5, 2, 4] {
        ground.put(&format!("source/box/run{number}"), "x");
    }
    let (mut names, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let list = ground
            .get(&format!(
                "source/box?restype=container&comp=list&maxresults=2&marker={marker}"
            ))
            .expect(200)
            .text();
        names.extend(elements(&list, "Name").into_iter().map(str::to_owned));
        element(&list, "NextMarker")
            .unwrap()
            .clone_into(&mut marker);
        pages += 1;
        if marker.is_empty() {
            break;
        }
        marker = crate::ground::escaped(&marker);
    }
    assert_eq!(
        (names.join(" ").as_str(), pages),
        ("run1 run2 run3 run4 run5", 3)
    );
    ground
        .get("source/box?restype=container&comp=list&marker=none")
        .expect(400);
    for bad in ["0", "-1", "many"] {
        ground
            .get(&format!(
                "source/box?restype=container&comp=list&maxresults={bad}"
            ))
            .refused(400, "OutOfRangeQueryParameterValue");
    }
}

#[test]
fn a_delimiter_makes_folders_of_names() {
    let ground = Ground::new();
    for name in ["a/1", "a/2", "b/c/3", "top"] {
        ground.put(&format!("source/box/{name}"), "x");
    }
    let list = |query: &str| {
        ground
            .get(&format!(
                "source/box?restype=container&comp=list&delimiter=/{query}"
            ))
            .expect(200)
            .text()
    };
    let top = list("");
    assert_eq!(
        elements(&top, "BlobPrefix"),
        ["<Name>a/</Name>", "<Name>b/</Name>"]
    );
    assert_eq!(elements(&top, "Name"), ["a/", "b/", "top"]);
    assert_eq!(elements(&list("&prefix=a/"), "Name"), ["a/1", "a/2"]);
    assert_eq!(elements(&list("&maxresults=1"), "Name"), ["a/"]);
}

#[test]
fn odd_names_are_kept_and_listed_so_that_xml_can_carry_them() {
    let ground = Ground::new();
    for (path, listed) in [
        ("a%20b%2Bc", "<Name>a b+c</Name>"),
        ("%3Ctag%3E%26%22", "<Name>&lt;tag&gt;&amp;&quot;</Name>"),
        ("%C3%A9%E2%82%AC%F0%9F%98%80", "<Name>é€😀</Name>"),
        ("100%2525", "<Name>100%25</Name>"),
        ("bell%07", "<Name Encoded=\"true\">bell%07</Name>"),
        (
            "not%EF%BF%BEa",
            "<Name Encoded=\"true\">not%EF%BF%BEa</Name>",
        ),
        // A parser would make a line feed of it.
        ("line%0D", "<Name Encoded=\"true\">line%0D</Name>"),
        ("a//b/./c", "<Name>a//b/./c</Name>"),
    ] {
        let blob = format!("source/box/{path}");
        ground.put(&blob, path);
        assert_eq!(ground.get(&blob).expect(200).text(), path);
        let list = ground
            .get("source/box?restype=container&comp=list")
            .expect(200)
            .text();
        assert!(list.contains(listed), "{listed} is not in {list}");
        ground.ask("DELETE", &blob).send().expect(202);
    }
    let list = ground
        .get("source/box?restype=container&comp=list&prefix=%07&delimiter=%0D")
        .expect(200)
        .text();
    assert!(!list.contains(['\u{7}', '\r']), "{list:?}");
}

#[test]
fn a_listing_shows_metadata_and_tags_where_asked() {
    let ground = Ground::new();
    let put = ground
        .ask("PUT", "source/box/blob")
        .header("x-ms-blob-type", "BlockBlob")
        .body("bytes");
    put.header("x-ms-meta-run", "a<b")
        .header("x-ms-tags", "k=v")
        .header("x-ms-access-tier", "Cool")
        .send()
        .expect(201);
    let list = |include: &str| {
        ground
            .get(&format!("source/box?restype=container&comp=list{include}"))
            .expect(200)
            .text()
    };
    let plain = list("");
    assert!(
        !plain.contains("<Metadata>") && !plain.contains("<Tags>"),
        "{plain}"
    );
    assert_eq!(elements(&plain, "Content-Length"), ["5"]);
    assert_eq!(elements(&plain, "AccessTier"), ["Cool"]);
    assert_eq!(elements(&plain, "TagCount"), ["1"]);
    let full = list("&include=metadata,tags");
    assert!(
        full.contains("<Metadata><run>a&lt;b</run></Metadata>"),
        "{full}"
    );
    assert!(
        full.contains("<Tag><Key>k</Key><Value>v</Value></Tag>"),
        "{full}"
    );
}

#[test]
fn containers_are_listed_by_prefix_and_page() {
    let ground = Ground::new();
    for name in ["run-1", "run-2", "run-3"] {
        ground
            .ask("PUT", &format!("source/{name}?restype=container"))
            .header("x-ms-meta-a", "1")
            .send()
            .expect(201);
    }
    let list = ground
        .get("source?comp=list&prefix=run&maxresults=2&include=metadata")
        .expect(200)
        .text();
    assert_eq!(elements(&list, "Name"), ["run-1", "run-2"]);
    assert_eq!(elements(&list, "Metadata"), ["<a>1</a>"; 2]);
    let marker = crate::ground::escaped(element(&list, "NextMarker").unwrap());
    let list = ground
        .get(&format!("source/?comp=list&prefix=run&marker={marker}"))
        .expect(200)
        .text();
    assert_eq!(elements(&list, "Name"), ["run-3"]);
}

#[test]
fn service_properties_come_back_as_they_were_set() {
    let ground = Ground::new();
    let what = "source?restype=service&comp=properties";
    let usual = ground.get(what).expect(200).text();
    assert!(usual.contains("<Cors />"), "{usual}");
    let logging = "<Logging><Version>1.0</Version><Delete>true</Delete><Read>true</Read><Write>true</Write>\
        <RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></Logging>";
    let sent = format!(
        "<?xml version=\"1.0\"?><StorageServiceProperties>{logging}</StorageServiceProperties>"
    );
    ground.ask("PUT", what).body(sent).send().expect(202);
    let now = ground.get(what).expect(200).text();
    assert!(now.contains(logging) && now.contains("<Cors />"), "{now}");
    let other = ground.get("target?restype=service&comp=properties").text();
    assert_eq!(other, usual, "the other account's stay");
    ground
        .ask("PUT", what)
        .body("<StorageServiceProperties>")
        .send()
        .refused(400, "InvalidXmlDocument");
}

#[test]
fn account_information_is_told_on_every_path() {
    let ground = Ground::new();
    for path in ["source", "source/", "source/box", "source/box/none"] {
        for method in ["GET", "HEAD"] {
            let told = ground
                .ask(method, &format!("{path}?restype=account&comp=properties"))
                .send()
                .expect(200);
            assert_eq!(told.told("x-ms-account-kind"), "StorageV2");
            assert_eq!(told.told("x-ms-sku-name"), "Standard_LRS");
        }
    }
}

#[test]
fn what_the_lab_does_not_do_it_says() {
    let ground = Ground::new();
    ground.put("source/box/blob", "x");
    for (method, what, kind) in [
        ("PUT", "source/box/blob?comp=lease", ""),
        ("PUT", "source/box/blob?comp=snapshot", ""),
        (
            "GET",
            "source/box/blob?snapshot=2024-01-01T00:00:00.0000000Z",
            "",
        ),
        (
            "GET",
            "source/box/blob?versionid=2024-01-01T00:00:00.0000000Z",
            "",
        ),
        ("PUT", "source/box/blob?comp=undelete", ""),
        ("PUT", "source/box/new?comp=appendblock", ""),
        ("PUT", "source/box/new?comp=page", ""),
        ("PUT", "source/box/new", "AppendBlob"),
        ("PUT", "source/box/new", "PageBlob"),
        ("POST", "source?comp=batch", ""),
        ("POST", "source/box/blob?comp=query", ""),
        ("GET", "source?comp=blobs&where=a", ""),
        ("GET", "source?restype=service&comp=stats", ""),
        ("OPTIONS", "source/box/blob", ""),
        ("PATCH", "source/box/blob", ""),
    ] {
        let ask = ground.ask(method, what);
        let ask = if kind.is_empty() {
            ask
        } else {
            ask.header("x-ms-blob-type", kind)
        };
        let refused = ask.body("some body").send().refused(501, "NotImplemented");
        assert!(refused.text().contains("block blobs only"), "{refused:?}");
    }
    ground
        .ask("PUT", "source/box/new")
        .header("x-ms-blob-type", "Blob")
        .body("x")
        .send()
        .refused(400, "InvalidHeaderValue");
}

#[test]
fn no_sas_reaches_the_policies() {
    let ground = Ground::new();
    let acl = "source/box?restype=container&comp=acl";
    ground.get(acl).expect(403);
    ground
        .ask("PUT", acl)
        .body("<SignedIdentifiers/>")
        .send()
        .expect(403);
}
