//! A request's query, decoded once.

use percent_encoding::percent_decode_str;

/// Name and value pairs, decoded; of a name that comes twice the first counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Takes a raw query apart; `+` stays a plus, as the service has it.
    pub(super) fn parse(raw: &str) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The value of `name`; `None` when it is absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of `name`; empty when it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All pairs, in order.
    pub(super) fn pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Whether a comma-separated list, as `include`, holds `word`.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        self.text(name).split(',').any(|listed| listed == word)
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn decoded_once_and_the_first_counts() {
        let query = Query::parse("comp=block&blockid=QUJD%2B%3D&blockid=x&flag&a=1%2525");
        assert_eq!(query.text("blockid"), "QUJD+=");
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.text("a"), "1%25");
        assert_eq!(query.get("b"), None);
        assert!(Query::parse("include=metadata,tags").lists("include", "tags"));
    }
}
