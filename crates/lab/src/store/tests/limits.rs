//! What there is too much of, and what is kept as nothing.

use super::*;

#[test]
fn an_account_is_full_at_its_capacity() {
    let (store, _) = store();
    store.set_capacity("acc", Some(10));
    put(&store, "x", "12345678");
    assert_eq!(
        code(store.stage(&at("y"), "AAAA", bytes("123"))),
        is(507, "InsufficientStorage")
    );
    store
        .stage(&at("y"), "AAAA", Content::zeros(1 << 30))
        .unwrap();
    store.stage(&at("y"), "AAAA", bytes("12")).unwrap();
    commit(&store, "y", &[(Place::Latest, "AAAA")]).unwrap();
    put(&store, "x", "1234567");
    store.delete_blob(&at("x"), &Conditions::default()).unwrap();
    put(&store, "z", "12345678");
    store
        .delete_container(&at(""), &Conditions::default())
        .unwrap();
    store.create_container(&at(""), Metadata::new()).unwrap();
    put(&store, "z", "1234567890");
}

#[test]
fn metadata_and_names_have_limits() {
    let (store, _) = store();
    let with = |name: &str, value: &str| {
        let metadata = Metadata::from([(name.to_owned(), value.to_owned())]);
        let about = NewBlob {
            metadata,
            ..NewBlob::default()
        };
        store.put_blob(&at("x"), bytes(""), about, &Conditions::default())
    };
    with("Good_1", "x").unwrap();
    assert_eq!(code(with("a-b", "")), is(400, "InvalidMetadata"));
    assert_eq!(code(with("1a", "")), is(400, "InvalidMetadata"));
    assert_eq!(
        code(with("a", &"x".repeat(8192))),
        is(400, "MetadataTooLarge")
    );
    let long = at(&"é".repeat(1025));
    assert_eq!(
        code(store.stage(&long, "AAAA", bytes("x"))),
        is(400, "InvalidResourceName")
    );
    put(&store, &"é".repeat(1024), "x");
}

#[test]
fn intakes_keep_zeros_as_zeros() {
    let (store, _) = store();
    let mut body = vec![0; 1 << 20];
    body[300_000] = 1;
    for step in [1000, 65_536, 1 << 20] {
        let mut intake = store.intake(1 << 20);
        for part in body.chunks(step) {
            intake.push(part).unwrap();
        }
        let content = intake.finish().unwrap();
        assert_eq!(content.stored(), 65_536);
        assert!(read(&content) == body);
    }
}

#[test]
fn a_null_store_counts() {
    let store = Store::null(Clock::default());
    fill(&store);
    let mut intake = store.intake(9);
    intake.push(b"abc").unwrap();
    assert_eq!(
        read(&intake.finish().unwrap()),
        read(&Content::pattern(0, 3))
    );
    let source = Address {
        container: "src1".into(),
        ..at("1000")
    };
    assert_eq!(store.blob(&source).unwrap().content.len(), 1000);
    assert!(
        store
            .blob(&Address {
                blob: "+1".into(),
                ..source
            })
            .is_err()
    );
    assert!(store.blob(&at("1000")).is_err());
}
