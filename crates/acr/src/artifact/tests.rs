//! References good and bad, patterns against a naive matcher, shares of any list.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn artifact(text: &str) -> Artifact {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<Selection>().unwrap_err().reason
}

#[test]
fn references_mean_what_the_service_means() {
    for (text, shown) in [
        ("app", "app:latest".to_owned()),
        ("app:1.0", "app:1.0".to_owned()),
        ("team/sub/app:V_1", "team/sub/app:V_1".to_owned()),
        ("a--b/c__d/e.f:x", "a--b/c__d/e.f:x".to_owned()),
        (
            "docker.io/library/nginx:1",
            "docker.io/library/nginx:1".to_owned(),
        ),
        (&format!("app@sha256:{HEX}"), format!("app@sha256:{HEX}")),
    ] {
        assert_eq!(artifact(text).to_string(), shown);
    }
}

#[test]
fn a_registry_in_front_is_to_be_left_away() {
    for text in [
        "myreg.azurecr.io/app:1",
        "MyReg.azurecr.us/app",
        "127.0.0.1:5000/app:1",
        "myreg.azurecr.io/team/*",
    ] {
        let reason = refusal(text);
        assert!(reason.starts_with("leave the registry"), "{text}: {reason}");
        assert!(reason.contains(text.split_once('/').unwrap().1), "{reason}");
    }
    let listed = Artifact::listed("myreg.azurecr.io/app:1").unwrap();
    assert_eq!(listed.repository, "myreg.azurecr.io/app");
    assert!(Artifact::listed("127.0.0.1:5000/app").is_err());
    assert!(refusal("https://myreg.azurecr.io/app").contains("without scheme"));
}

#[test]
fn refusals_name_the_rule() {
    let long = "a".repeat(256);
    let tag = format!("app:{}", "t".repeat(129));
    let digest = format!("app@sha256:{}", HEX.to_uppercase());
    let both = format!("app:1@sha256:{HEX}");
    let glob = format!("app*@sha256:{HEX}");
    for (text, words) in [
        ("", "repository is missing"),
        (":1", "repository is missing"),
        ("App:1", "lower case"),
        ("Team/*", "lower case"),
        ("a//b", "no repository"),
        ("-a", "no repository"),
        ("a.", "no repository"),
        ("a._b", "no repository"),
        ("a___b", "no repository"),
        ("a b", "no repository"),
        ("ä", "no repository"),
        ("a ä*", "pattern of repositories"),
        ("app:", "no tag"),
        ("app:.x", "no tag"),
        ("app:a b", "no tag"),
        ("app:1:2", "no tag"),
        ("app:*ü", "pattern of tags"),
        ("app@sha256:12", "no digest"),
        ("app@sha512:12", "no digest"),
        (&long, "at most 255"),
        (&tag, "no tag"),
        (&digest, "no digest"),
        (&both, "not both"),
        (&glob, "no pattern"),
    ] {
        let reason = refusal(text);
        assert!(reason.contains(words), "{text:?}: {reason}");
    }
}

#[test]
fn patterns_reach_over_repositories_and_tags() {
    for (pattern, shown, yes, no) in [
        ("team/*", "team/*:*", "team/a/b:1", "teams/a:1"),
        ("app:1.*", "app:1.*", "app:1.2", "app:2.1"),
        ("*:latest", "*:latest", "a/b:latest", "a/b:1"),
        ("a?p", "a?p:*", "app:x", "aapp:x"),
        ("*", "*:*", "a:b", "a@sha256:"),
    ] {
        let selection: Selection = pattern.parse().unwrap();
        assert_eq!(selection.to_string(), shown);
        assert!(selection.matches(&artifact(yes)), "{pattern} {yes}");
        let no = no.replace("@sha256:", &format!("@sha256:{HEX}"));
        assert!(!selection.matches(&artifact(&no)), "{pattern} {no}");
    }
    let one: Selection = "app".parse().unwrap();
    assert!(one.matches(&artifact("app:latest")));
    assert!(!one.matches(&artifact("app:1")));
}

#[test]
fn a_hostile_pattern_takes_no_exponential_time() {
    let pattern = "*a".repeat(100) + "b";
    assert!(!glob::matches(&pattern, &"a".repeat(100_000)));
}

#[test]
fn blobs_are_numbered_before_their_extension() {
    let names = |blob: &str, count: usize, most| {
        let list: Vec<_> = (0..count).map(|n| artifact(&format!("a:{n}"))).collect();
        let made = batches(&list, blob, most);
        (made[0].blob.clone(), made.last().unwrap().blob.clone())
    };
    let of = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    assert_eq!(names("x.tar", 50, 50), of("x.tar", "x.tar"));
    assert_eq!(names("x", 51, 50), of("x-001", "x-002"));
    assert_eq!(names("x.tar", 51, 50), of("x-001.tar", "x-002.tar"));
    assert_eq!(
        names("d.e/x.tar.gz", 3, 1),
        of("d.e/x-001.tar.gz", "d.e/x-003.tar.gz")
    );
    assert_eq!(names("app-1.2", 2, 1), of("app-1.2-001", "app-1.2-002"));
    assert_eq!(
        names("d.tar/.tar", 2, 1),
        of("d.tar/.tar-001", "d.tar/.tar-002")
    );
    assert_eq!(names("x", 1000, 1), of("x-0001", "x-1000"));
    assert!(batches(&[], "x", 50).is_empty());
}

/// What a glob means, said in the shortest way: slow, but plain.
fn naive(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            naive(rest, name) || (!name.is_empty() && naive(pattern, &name[1..]))
        }
        (Some((want, rest)), Some((have, more))) => {
            (*want == b'?' || want == have) && naive(rest, more)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(
        repository in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,8}){0,3}",
        tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
        hex in "[0-9a-f]{64}",
        tagged: bool,
    ) {
        let which = if tagged { Which::Tag(tag) } else { Which::Digest(format!("sha256:{hex}")) };
        let made = Artifact { repository, which };
        prop_assert_eq!(made.to_string().parse::<Selection>().unwrap(), Selection::One(made));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}") {
        if let Ok(selection) = text.parse::<Selection>() {
            prop_assert_eq!(selection.to_string().parse::<Selection>().unwrap(), selection);
        }
    }

    #[test]
    fn globs_match_as_the_naive_ones(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
        prop_assert_eq!(glob::matches(&pattern, &name), naive(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn shares_hold_everything_once(
        numbers in proptest::collection::vec(0_u16..300, 0..400),
        most in 0_usize..60,
    ) {
        let list: Vec<_> = numbers.iter().map(|n| artifact(&format!("a:{n}"))).collect();
        let made = batches(&list, "blob.tar", most);
        let mut seen = HashSet::new();
        let expected: Vec<_> = list.iter().filter(|one| seen.insert(*one)).cloned().collect();
        let names: HashSet<_> = made.iter().map(|batch| &batch.blob).collect();
        prop_assert_eq!(names.len(), made.len());
        prop_assert!(made.iter().all(|b| (1..=most.max(1)).contains(&b.artifacts.len())));
        let dealt: Vec<_> = made.into_iter().flat_map(|batch| batch.artifacts).collect();
        prop_assert_eq!(dealt, expected);
    }
}
