//! The times of a SAS, kept as written: the signature covers the text, not the instant.
//!
//! Azure allows `YYYY-MM-DD`, `YYYY-MM-DDThh:mmZ` and `YYYY-MM-DDThh:mm:ssZ`, with `Z` or an offset
//! ("Create a service SAS", the section on UTC values).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::error::SasError;

/// A time in a SAS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SasTime {
    text: String,
    at: Timestamp,
}

impl SasTime {
    /// Reads the text of the field called `field`; a bare date is its midnight in UTC.
    ///
    /// # Errors
    /// [`SasError::BadTime`] naming the field.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, SasError> {
        let bad = || SasError::BadTime { field };
        // A bracketed time zone, a lower-case `t` or a sign before the year are jiff's, not Azure's.
        let azures = |byte: u8| byte.is_ascii_digit() || b"-+:.TZ".contains(&byte);
        if !text.bytes().all(azures) || !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad());
        }
        let at = if text.len() <= "2027-01-01".len() {
            let date: Date = text.parse().map_err(|_| bad())?;
            date.to_zoned(TimeZone::UTC).map_err(|_| bad())?.timestamp()
        } else {
            text.parse().map_err(|_| bad())?
        };
        Ok(Self {
            text: text.to_owned(),
            at,
        })
    }

    /// The instant.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The text as it stands in the SAS.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Timestamp> for SasTime {
    /// Whole seconds: what Azure's tools write, and the finest the service documents.
    fn from(at: Timestamp) -> Self {
        let text = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { text, at }
    }
}

impl fmt::Display for SasTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_azure_allows_is_read() {
        for (text, at) in [
            ("2027-01-01", "2027-01-01T00:00:00Z"),
            ("2027-01-01T10:30Z", "2027-01-01T10:30:00Z"),
            ("2027-01-01T10:30:15Z", "2027-01-01T10:30:15Z"),
            (
                "2027-01-01T10:30:15.1234567Z",
                "2027-01-01T10:30:15.1234567Z",
            ),
            ("2027-01-01T10:30:15+02:00", "2027-01-01T08:30:15Z"),
        ] {
            let time = SasTime::parse("se", text).unwrap();
            assert_eq!(time.at(), at.parse().unwrap(), "{text}");
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn anything_else_names_the_field() {
        for text in [
            "",
            "soon",
            "2027-13-01",
            "2027-01-01T10:30",
            "2027-01-01T10:30:15Z[UTC]",
        ] {
            let error = SasTime::parse("st", text).unwrap_err().to_string();
            assert!(error.contains("`st`"), "{error}");
        }
    }

    #[test]
    fn a_timestamp_is_written_in_whole_seconds() {
        let at: Timestamp = "2027-01-01T10:30:15.9Z".parse().unwrap();
        assert_eq!(SasTime::from(at).as_str(), "2027-01-01T10:30:15Z");
    }
}
