//! Headers that only describe the next one: pax records (POSIX.1-2001) and GNU's long names.

/// What such headers say of the next member.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
    /// Which headers came: pax, long path, long link. One of each is enough for a member.
    seen: [bool; 3],
}

impl Extension {
    /// Takes a pax header. Its word outweighs GNU's.
    pub(super) fn pax(&mut self, records: &[u8]) -> Result<(), &'static str> {
        self.once(0)?;
        self.records(records).ok_or("a pax header is malformed")
    }

    /// Takes GNU's long path, which ends with a zero.
    pub(super) fn long_path(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.once(1)?;
        self.path.get_or_insert_with(|| until_zero(bytes));
        Ok(())
    }

    /// Takes GNU's long link target.
    pub(super) fn long_link(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.once(2)?;
        self.link.get_or_insert_with(|| until_zero(bytes));
        Ok(())
    }

    fn once(&mut self, which: usize) -> Result<(), &'static str> {
        match self.seen.get_mut(which) {
            Some(seen) if !*seen => {
                *seen = true;
                Ok(())
            }
            _ => Err("two headers of one kind describe one member"),
        }
    }

    /// Takes records `length key=value\n`, the length being that of the whole record.
    fn records(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let digits = bytes.iter().position(|byte| *byte == b' ')?;
            let length = usize::try_from(number(bytes.get(..digits)?)?).ok()?;
            let record = bytes.get(digits + 1..length)?.strip_suffix(b"\n")?;
            bytes = bytes.get(length..)?;
            let key = record.iter().position(|byte| *byte == b'=')?;
            let value = record.get(key + 1..)?;
            match record.get(..key)? {
                b"path" | b"linkpath" if value.contains(&0) => return None,
                b"path" if !value.is_empty() => self.path = Some(value.to_vec()),
                b"linkpath" if !value.is_empty() => self.link = Some(value.to_vec()),
                b"size" => self.size = Some(number(value)?),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Some(())
    }
}

/// Decimal digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn until_zero(bytes: &[u8]) -> Vec<u8> {
    bytes
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_by_their_length_and_not_by_their_newlines() {
        let mut extension = Extension::default();
        let records = b"23 comment=x\n9 size=99\n12 path=a/b\n";
        assert_eq!(extension.pax(records), Ok(()));
        assert_eq!(extension.size, None);
        assert_eq!(extension.path.as_deref(), Some(&b"a/b"[..]));
    }

    #[test]
    fn malformed_records_are_refused() {
        for records in [
            &b"5"[..],
            b"5 a=b\n",
            b"7 a=b\n",
            b"3 a=b\n",
            b"0 a=b\n",
            b"+6 a=b\n",
            b"6 a=bc",
            b"99999999999999999999 a=b\n",
            b"5 ab\n",
            b"11 size=-1\n",
            b"31 size=18446744073709551616000\n",
            b"10 path=\0\n",
        ] {
            assert!(Extension::default().pax(records).is_err(), "{records:?}");
        }
    }

    #[test]
    fn a_member_is_described_once() {
        let mut extension = Extension::default();
        assert_eq!(extension.long_path(b"a\0"), Ok(()));
        assert_eq!(extension.pax(b"9 path=b\n"), Ok(()));
        assert_eq!(extension.path.as_deref(), Some(&b"b"[..]));
        assert!(extension.long_path(b"c\0").is_err());
    }
}
