//! What each role's SAS may do, and what is said about one that does not fit.

use super::super::{AccountKey, SasTime, SasToken, UserDelegationKey};
use super::*;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn grant(role: SasRole, blob: Option<&str>) -> Grant {
    Grant {
        role,
        account: "account".to_owned(),
        container: "transfer".to_owned(),
        blob: blob.map(str::to_owned),
        start: None,
        expiry: SasTime::parse("se", "2026-11-27").unwrap(),
        ip_range: None,
    }
}

fn key() -> AccountKey {
    AccountKey::from_base64("a2V5IG9mIG5vYm9keQ==").unwrap()
}

fn fatal(role: SasRole, sas: &SasToken) -> Vec<String> {
    let fatal = |finding: &SasFinding| finding.severity == Severity::Fatal;
    let found = role.check(sas, now()).into_iter().filter(fatal);
    found.map(|finding| finding.message).collect()
}

const ROLES: [SasRole; 5] = [
    SasRole::Export,
    SasRole::Import { delete: false },
    SasRole::Import { delete: true },
    SasRole::CopyFrom,
    SasRole::CopyTo,
];

#[test]
fn what_is_made_for_a_role_suits_it_and_has_no_letter_more() {
    for role in ROLES {
        let grant = grant(role, None);
        assert_eq!(grant.check(now()).unwrap(), Vec::<String>::new());
        for sas in [
            grant.service(&key()).unwrap(),
            grant.account_wide(&key()).unwrap(),
        ] {
            assert_eq!(role.check(&sas, now()), [], "{role:?} {sas}");
            let own = sas.permissions().unwrap().as_str().to_owned();
            assert_eq!(own.len(), role.permissions(false).len());
            for letter in own.chars() {
                let less = sas.expose().replacen(
                    &format!("sp={own}"),
                    &format!("sp={}", own.replace(letter, "")),
                    1,
                );
                let less = SasToken::parse(&less).unwrap();
                assert_eq!(fatal(role, &less).len(), 1, "{role:?} without {letter}");
            }
            assert_eq!(sas.field("spr"), Some("https"));
            assert_eq!(sas.field("sv"), Some(VERSION));
        }
    }
    let letters = |role: SasRole| {
        let wide = grant(role, None).account_wide(&key()).unwrap();
        wide.permissions().unwrap().as_str().to_owned()
    };
    assert_eq!(letters(SasRole::Export), "rwla");
    assert_eq!(letters(SasRole::Import { delete: true }), "rdl");
}

#[test]
fn a_delegated_grant_names_who_delegated() {
    let time = |text| SasTime::parse("ske", text).unwrap();
    let key = UserDelegationKey {
        object_id: "oid".to_owned(),
        tenant_id: "tid".to_owned(),
        start: time("2026-11-20"),
        expiry: time("2026-11-27"),
        service: "b".to_owned(),
        version: VERSION.to_owned(),
        value: key(),
    };
    let sas = grant(SasRole::CopyFrom, Some("a b"))
        .delegated(key)
        .unwrap();
    assert_eq!(sas.kind(), SasKind::UserDelegation);
    assert_eq!(
        (sas.field("sr"), sas.field("skoid")),
        (Some("b"), Some("oid"))
    );
    assert_eq!(sas.permissions().unwrap().as_str(), "r");
}

#[test]
fn a_role_says_what_does_not_fit() {
    let sig = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D";
    let import = SasRole::Import { delete: false };
    for (rest, role, said) in [
        ("sr=c&sp=rl&se=2026-11-19", import, "expired"),
        ("sr=c&sp=r&se=2027-01-01", import, "lacks permission l"),
        (
            "sr=c&sp=rl&se=2027-01-01",
            SasRole::Import { delete: true },
            "permission d",
        ),
        ("sr=b&sp=rl&se=2027-01-01", import, "for the container"),
        (
            "ss=b&srt=o&sp=rl&se=2027-01-01",
            import,
            "containers and objects",
        ),
        ("ss=f&srt=sco&sp=rl&se=2027-01-01", import, "blob service"),
        ("sr=c&se=2027-01-01", import, "no permissions"),
        (
            "sr=c&sp=rl&se=2027-01-01",
            SasRole::Export,
            "lacks permission a",
        ),
    ] {
        let sas = SasToken::parse(&format!("sv=1&{rest}&sig={sig}")).unwrap();
        let all = fatal(role, &sas).join("\n");
        assert!(all.contains(said), "{rest}: {all}");
    }
    let policy = SasToken::parse(&format!("sv=1&sr=c&si=p&sig={sig}")).unwrap();
    assert_eq!(fatal(import, &policy), Vec::<String>::new());
    let notes = "sv=1&ss=b&srt=co&sp=rl&se=2027-01-01&sip=10.0.0.1";
    let notes = SasToken::parse(&format!("{notes}&sig={sig}")).unwrap();
    let notes = import.check(&notes, now());
    assert_eq!(notes.len(), 3, "{notes:?}");
}

#[test]
fn a_grant_that_cannot_or_should_not_be_made_is_refused() {
    let time = |text| SasTime::parse("se", text).unwrap();
    let refused = |change: &dyn Fn(&mut Grant)| {
        let mut grant = grant(SasRole::Export, None);
        change(&mut grant);
        grant.check(now()).map_err(|error| error.what)
    };
    assert_eq!(
        refused(&|grant| grant.account = "Account".to_owned()),
        Err("account")
    );
    assert_eq!(
        refused(&|grant| grant.account = "a/b".to_owned()),
        Err("account")
    );
    for name in ["ab", "a--b", "-ab", "a/b", "Ab1", "$x"] {
        assert_eq!(
            refused(&|grant| grant.container = name.to_owned()),
            Err("container")
        );
    }
    assert_eq!(
        refused(&|grant| grant.blob = Some("run".to_owned())),
        Err("blob")
    );
    for range in ["", "::1", "10.0.0.2-10.0.0.1", "10.0.0.1-"] {
        assert_eq!(
            refused(&|grant| grant.ip_range = Some(range.to_owned())),
            Err("ip")
        );
    }
    assert_eq!(
        refused(&|grant| grant.expiry = time("2026-11-20")),
        Err("expiry")
    );
    assert_eq!(
        refused(&|grant| grant.expiry = time("2028-01-01")),
        Err("expiry")
    );
    assert_eq!(
        refused(&|grant| grant.start = Some(time("2026-12-01"))),
        Err("start")
    );
    let notes = refused(&|grant| grant.expiry = time("2027-03-01")).unwrap();
    assert!(notes[0].contains("60 days"), "{notes:?}");
}
