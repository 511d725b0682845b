//! `WWW-Authenticate` (RFC 9110, 11.6.1), one challenge a header, as registries write it.

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Bearer(Bearer),
    Basic,
}

/// Where tokens are had, and for what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) realm: String,
    pub(super) service: Option<String>,
    pub(super) scope: Option<String>,
}

/// The best of several: a token rather than a password each time.
pub(super) fn challenges<'a>(values: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut found: Vec<_> = values.filter_map(challenge).collect();
    found.sort_by_key(|challenge| *challenge == Challenge::Basic);
    found.into_iter().next()
}

fn challenge(value: &str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut bearer = Bearer::default();
    for (name, value) in parameters(rest) {
        match name.to_ascii_lowercase().as_str() {
            "realm" => bearer.realm = value,
            "service" => bearer.service = Some(value),
            "scope" => bearer.scope = Some(value),
            _ => {}
        }
    }
    (!bearer.realm.is_empty()).then_some(Challenge::Bearer(bearer))
}

/// `name=value` and `name="value"`, with commas between; ends at what is neither.
fn parameters(mut rest: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    while let Some((name, behind)) = rest.trim_start_matches([' ', '\t', ',']).split_once('=') {
        let (value, behind) = if let Some(quoted) = behind.strip_prefix('"') {
            unquote(quoted)
        } else {
            let end = behind.find(',').unwrap_or(behind.len());
            let (value, behind) = behind.split_at(end);
            (value.trim().to_owned(), behind)
        };
        found.push((name.trim(), value));
        rest = behind;
    }
    found
}

/// Up to the closing quote, backslashes resolved; and what follows it.
fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_real_registries() {
        let acr = "Bearer realm=\"https://r.azurecr.io/oauth2/token\",service=\"r.azurecr.io\",\
                   scope=\"repository:a:pull,push\",error=\"insufficient_scope\"";
        let expected = Challenge::Bearer(Bearer {
            realm: "https://r.azurecr.io/oauth2/token".to_owned(),
            service: Some("r.azurecr.io".to_owned()),
            scope: Some("repository:a:pull,push".to_owned()),
        });
        assert_eq!(
            challenges(["Basic realm=x", acr].into_iter()),
            Some(expected)
        );
        let basic = challenges(["basic realm=\"Registry Realm\""].into_iter());
        assert_eq!(basic, Some(Challenge::Basic));
    }

    #[test]
    fn strange_challenges_end() {
        for text in [
            "",
            "Bearer",
            "Bearer realm",
            "Bearer realm=\"",
            "Digest a=b",
            "Bearer =,=,",
        ] {
            assert_eq!(challenges([text].into_iter()), None, "{text:?}");
        }
        let odd = "bearer Realm=\"a\\\"b\" , service=x , junk";
        let expected = Challenge::Bearer(Bearer {
            realm: "a\"b".to_owned(),
            service: Some("x".to_owned()),
            scope: None,
        });
        assert_eq!(challenges([odd].into_iter()), Some(expected));
    }
}
