//! Reads the values of flags. An error says what is accepted.

use std::net::SocketAddr;
use std::time::Duration;

use blobferry_console::{Decimal, Failure, Size};
use blobferry_lab::auth::AccountKey;
use blobferry_lab::{Address, Fill};

/// `127.0.0.1:10000`.
pub(crate) fn listen(flag: &str, text: &str) -> Result<SocketAddr, Failure> {
    let parsed: Result<SocketAddr, _> = text.parse();
    let address = parsed.map_err(|_| {
        Failure::usage(format!(
            "{flag} {text}: an address is an IP address and a port, e.g. 127.0.0.1:10000"
        ))
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(Failure::usage(format!("{flag} {text}: the lab serves this machine only"))
        .hint("its keys are for rehearsal and its control endpoint asks for none: listen on 127.0.0.1 or [::1]"))
}

/// `NAME` or `NAME=KEY`. The key is not repeated in errors.
pub(crate) fn account(text: &str) -> Result<(String, Option<AccountKey>), Failure> {
    let (name, key) = match text.split_once('=') {
        None => (text, None),
        Some((name, key)) => (name, Some(key)),
    };
    let well_formed = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !well_formed || !(3..=24).contains(&name.len()) {
        // What is that long may be a key in the wrong place.
        let shown = if name.len() > 24 { "…" } else { name };
        return Err(Failure::usage(format!(
            "--account {shown}: an account's name is 3 to 24 lower-case letters and digits"
        )));
    }
    let key =
        match key {
            None => None,
            Some(key) => Some(AccountKey::from_base64(key).ok_or_else(|| {
                Failure::usage(format!("--account {name}=…: the key is not base64"))
            })?),
        };
    Ok((name.to_owned(), key))
}

/// `ACCOUNT/CONTAINER`.
pub(crate) fn container(text: &str) -> Result<Address, Failure> {
    let (account, container) = text
        .split_once('/')
        .filter(|(account, container)| !account.is_empty() && !container.contains('/'))
        .ok_or_else(|| Failure::usage(format!("--container {text}: give ACCOUNT/CONTAINER")))?;
    Ok(Address {
        account: account.to_owned(),
        container: container.to_owned(),
        blob: String::new(),
    })
}

/// `ACCOUNT/CONTAINER/NAME=SIZE[:zeros|pattern]`.
pub(crate) fn blob(text: &str) -> Result<(Address, u64, Fill), Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--blob {text}: give ACCOUNT/CONTAINER/NAME=SIZE, e.g. source/transfer/run42.tar=1TiB"
        ))
        .hint("add :pattern for bytes that do not compress; zeros are the default")
    };
    let (path, size) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (size, fill) = match size.rsplit_once(':') {
        None | Some((_, "zeros")) => (size.trim_end_matches(":zeros"), Fill::Zeros),
        Some((size, "pattern")) => (size, Fill::Pattern),
        Some(_) => return Err(wrong()),
    };
    let mut segments = path.splitn(3, '/').map(str::to_owned);
    let mut next = || {
        segments
            .next()
            .filter(|segment| !segment.is_empty())
            .ok_or_else(wrong)
    };
    let (account, container, blob) = (next()?, next()?, next()?);
    let Size(bytes) = size.parse().map_err(|_| wrong())?;
    Ok((
        Address {
            account,
            container,
            blob,
        },
        bytes,
        fill,
    ))
}

/// `50ms`, `1.5s`.
pub(crate) fn latency(text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--latency {text}: a time is a number with ms or s, e.g. 50ms"
        ))
    };
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1_000),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1_000_000),
    };
    let decimal: Decimal = number.trim().parse().map_err(|()| wrong())?;
    decimal
        .times(unit)
        .map(Duration::from_micros)
        .ok_or_else(wrong)
}

/// Megabits a second.
pub(crate) fn cap(text: &str) -> Result<f64, Failure> {
    text.trim()
        .parse()
        .ok()
        .filter(|cap: &f64| cap.is_finite() && *cap > 0.0)
        .ok_or_else(|| {
            Failure::usage(format!(
                "--cap-mbps {text}: a number of megabits a second above 0"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_by_size() {
        let (at, size, fill) = blob("source/transfer/dir/a=b.tar=1TiB").unwrap();
        assert_eq!(
            (at.account.as_str(), at.path().as_str()),
            ("source", "transfer/dir/a=b.tar")
        );
        assert_eq!((size, fill), (1 << 40, Fill::Zeros));
        assert_eq!(blob("a/b/c=5:pattern").unwrap().2, Fill::Pattern);
        for bad in ["a/b/c", "a/b=5", "a/b/c=x", "a/b/c=5:ones", "/b/c=5"] {
            assert!(blob(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn accounts_addresses_and_times() {
        assert_eq!(account("source").unwrap().0, "source");
        assert!(account("Source").is_err());
        let refused = account("source=not base64").unwrap_err();
        let mut said = Vec::new();
        refused.write_text(&mut said).unwrap();
        assert!(
            !String::from_utf8(said).unwrap().contains("not base64="),
            "the key is not repeated"
        );
        assert!(listen("--listen", "127.0.0.1:0").is_ok());
        assert!(listen("--listen", "0.0.0.0:80").is_err());
        assert_eq!(latency("50ms").unwrap(), Duration::from_millis(50));
        assert_eq!(latency("1.5s").unwrap(), Duration::from_millis(1500));
        assert!(latency("soon").is_err());
        assert!(cap("0").is_err());
    }
}
