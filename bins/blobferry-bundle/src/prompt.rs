//! Asks for a passphrase on the terminal itself, without showing it: standard input may be the blob.

use std::io::{self, Read, Write as _};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// Longest passphrase in bytes.
const LONGEST: usize = 1024;

/// Puts the terminal back as it was.
struct Restored<'a>(&'a fs_err::File, Termios);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// What the person typed; `None` where there is no terminal, or they pressed ^C.
pub(crate) fn passphrase(question: &str) -> Option<String> {
    ask(question).ok().flatten()
}

fn ask(question: &str) -> io::Result<Option<String>> {
    let mut options = fs_err::OpenOptions::new();
    let terminal = options.read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    // Byte by byte and without signals, so that no way out leaves the terminal mute.
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
    quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    let restored = Restored(&terminal, before);
    (&terminal).write_all(question.as_bytes())?;
    let typed = line(&mut &terminal);
    drop(restored);
    (&terminal).write_all(b"\n")?;
    typed
}

/// Reads up to the end of the line; `None` after ^C.
fn line(from: &mut impl Read) -> io::Result<Option<String>> {
    let mut typed = Vec::new();
    let mut key = [0];
    while from.read(&mut key)? > 0 {
        let [byte] = key;
        match byte {
            b'\r' | b'\n' | 4 => break,
            3 => return Ok(None),
            8 | 127 => {
                // A character may be several bytes: all that continue one, then its first.
                while typed.pop().is_some_and(|byte: u8| byte & 0xC0 == 0x80) {}
            }
            21 => typed.clear(),
            byte if typed.len() < LONGEST => typed.push(byte),
            _ => {}
        }
    }
    Ok(String::from_utf8(typed).ok())
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_usual_keys_work() {
        let typed = |keys: &str| line(&mut keys.as_bytes()).unwrap();
        assert_eq!(typed("secret\nrest"), Some("secret".to_owned()));
        assert_eq!(typed("secre\u{e9}\u{7f}t\r"), Some("secret".to_owned()));
        assert_eq!(typed("wrong\u{15}right\n"), Some("right".to_owned()));
        assert_eq!(typed("secr\u{3}et\n"), None);
        assert_eq!(typed("\u{7f}\u{4}"), Some(String::new()));
    }
}
