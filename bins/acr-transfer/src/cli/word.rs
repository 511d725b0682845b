//! Words on the command line that clap's own parsers do not know: the az CLI's booleans and its forms of output.

use std::time::Duration;

use super::shared::OutputWord;

/// `true` or `false` in any case, as the az CLI takes them, with their usual synonyms.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

/// A form of output. The az CLI's others are known by name, so that its users read what to do instead.
pub(crate) fn output(text: &str) -> Result<OutputWord, String> {
    match text.to_ascii_lowercase().as_str() {
        "text" => Ok(OutputWord::Text),
        "table" => Ok(OutputWord::Table),
        "json" | "jsonc" => Ok(OutputWord::Json),
        "tsv" | "yaml" | "yamlc" | "none" => Err(
            "this form of the az CLI is not offered: take `-o json` and pick fields with jq"
                .to_owned(),
        ),
        _ => Err("write text, table or json".to_owned()),
    }
}

/// A length of time: a number of seconds, or with `s`, `m` or `h`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err(TIME.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| TIME.to_owned())?;
    let seconds = number.checked_mul(factor).filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| TIME.to_owned())
}

const TIME: &str = "write a number of seconds above 0, or a number with s, m or h, e.g. 30m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_az_cli_are_understood_or_refused_with_what_to_do() {
        assert_eq!(boolean("False"), Ok(false));
        assert_eq!(boolean("TRUE"), Ok(true));
        assert!(boolean("maybe").is_err());
        assert_eq!(output("JSON"), Ok(OutputWord::Json));
        assert!(output("tsv").unwrap_err().contains("jq"));
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("2h"), Ok(Duration::from_secs(7200)));
        for text in [
            "",
            "0",
            "-1",
            "h",
            "1d",
            "99999999999999999999",
            "18446744073709551615h",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
