//! One HTTP/1.1 request on a connection of its own, and all that came back, to the connection's end.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// No answer of the lab takes longer, faults included.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A FIN.
    Closed,
    /// An RST.
    Reset,
    /// Neither within [`PATIENCE`].
    Open,
}

/// A request that is being put together.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) authority: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    /// 0: not even a head.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// As far as it came.
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
    /// From the first byte sent to the connection's end.
    pub(crate) took: Duration,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        body.as_ref().clone_into(&mut self.body);
        self
    }

    /// Head and body as they go over the wire. A length is announced where there is a body or the method wants one, and
    /// where the test has not said its own.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let said = |name: &str| {
            self.headers
                .iter()
                .any(|(said, _)| said.eq_ignore_ascii_case(name))
        };
        let mut lines = vec![
            format!("{} {} HTTP/1.1", self.method, self.target),
            "connection: close".to_owned(),
        ];
        if !said("host") {
            lines.push(format!("host: {}", self.authority));
        }
        let has_length = !self.body.is_empty() || self.method == "PUT" || self.method == "POST";
        if has_length && !said("content-length") && !said("transfer-encoding") {
            lines.push(format!("content-length: {}", self.body.len()));
        }
        let given = self.headers.iter();
        lines.extend(given.map(|(name, value)| format!("{name}: {value}")));
        let mut bytes = lines.join("\r\n").into_bytes();
        bytes.extend(b"\r\n\r\n");
        bytes.extend(&self.body);
        bytes
    }

    /// Sends it and takes in what comes back.
    pub(crate) fn send(self) -> Answer {
        let stream = TcpStream::connect(&self.authority).unwrap();
        exchange(&stream, &self.bytes(), self.method == "HEAD")
    }
}

/// Sends these bytes and reads to the end of the connection.
pub(crate) fn exchange(stream: &TcpStream, bytes: &[u8], is_head: bool) -> Answer {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let begun = Instant::now();
    let writer = stream.try_clone().unwrap();
    let (end, came) = std::thread::scope(|scope| {
        // A lab that has heard enough closes while this is still talking.
        let writing = scope.spawn(|| (&writer).write_all(bytes));
        let (end, came) = read_to_end(stream);
        let _ = stream.shutdown(Shutdown::Both);
        // The kernel tells of a reset once: to who reads, or to who writes.
        let written = writing.join().unwrap();
        let is_reset = written.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
        (if is_reset { End::Reset } else { end }, came)
    });
    Answer::parse(&came, end, begun.elapsed(), is_head)
}

pub(crate) fn read_to_end(mut stream: impl Read) -> (End, Vec<u8>) {
    let (mut came, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let end = loop {
        match stream.read(&mut piece) {
            Ok(0) => break End::Closed,
            Ok(count) => came.extend_from_slice(&piece[..count]),
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionReset => break End::Reset,
                io::ErrorKind::Interrupted => {}
                _ => break End::Open,
            },
        }
    };
    (end, came)
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            status,
            headers,
            end,
            took,
            ..
        } = self;
        let text: String = self.text().chars().take(600).collect();
        write!(f, "{status} ({end:?} after {took:?}) {headers:?}\n{text}")
    }
}

impl Answer {
    pub(crate) fn parse(came: &[u8], end: End, took: Duration, is_head: bool) -> Self {
        let split = came.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(split) = split else {
            return Self {
                status: 0,
                headers: Vec::new(),
                body: Vec::new(),
                end,
                took,
            };
        };
        let head = String::from_utf8_lossy(&came[..split]).into_owned();
        if head.starts_with("HTTP/1.1 100 ") {
            return Self::parse(&came[split + 4..], end, took, is_head);
        }
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let answer = Self {
            status,
            headers,
            body: came[split + 4..].to_vec(),
            end,
            took,
        };
        assert!(
            !is_head || answer.body.is_empty(),
            "a HEAD was answered with a body"
        );
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(said, _)| said == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header that must be there.
    pub(crate) fn told(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "wanted {status}, got {self:?}");
        self
    }

    /// Refused with this status and code, said alike in the header and in the body.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.told("x-ms-error-code"), code, "{}", answer.text());
        if !answer.body.is_empty() {
            assert_eq!(
                element(&answer.text(), "Code"),
                Some(code),
                "{}",
                answer.text()
            );
        }
        answer
    }
}

/// The text of the first element of that name, as it stands.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// The texts of all elements of that name.
pub(crate) fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name}>");
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&format!("</{name}>")))
        .map(|(text, _)| text)
        .collect()
}
