//! Strict JSON: one text for each value. The reader refuses everything that the writer would not
//! write: white space, keys out of order or twice, fractions, needless escapes.

mod text;

/// Deepest nesting; the root is 1.
const DEEPEST: usize = 8;

/// Most values in a file: several times what the largest manifest has.
const MOST_VALUES: usize = 1 << 17;

/// The largest number that every JSON reader takes exactly: 2^53 - 1.
pub(super) const LARGEST: u64 = (1 << 53) - 1;

/// A JSON value without fractions and negative numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    Text(String),
    Array(Vec<Value>),
    /// Keys in ascending order of their UTF-8 bytes.
    Object(Vec<(String, Value)>),
    /// `true`, `false`, `null`: nothing of ours, but a later version may have them.
    Word(&'static str),
}

/// Where a file is not canonical: at which byte, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

impl Value {
    /// Appends the value's one text.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => text::write(text, out),
            Self::Word(word) => out.push_str(word),
            Self::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    out.push_str(if place == 0 { "[" } else { "," });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(fields) => {
                for (place, (key, value)) in fields.iter().enumerate() {
                    out.push(if place == 0 { '{' } else { ',' });
                    text::write(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if fields.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// Reads a file that is one value and a newline.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Refused> {
    let text = str::from_utf8(bytes).map_err(|error| Refused {
        at: error.valid_up_to(),
        reason: "not UTF-8",
    })?;
    let mut reader = Reader {
        text,
        at: 0,
        values: 0,
    };
    let value = reader.value(1)?;
    reader.expect("\n", "one newline must follow the value")?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.refuse("something follows the last newline")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn refuse(&self, reason: &'static str) -> Refused {
        let at = self.at;
        Refused { at, reason }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: &str, reason: &'static str) -> Result<(), Refused> {
        let found = self.eat(wanted);
        found.then_some(()).ok_or_else(|| self.refuse(reason))
    }

    fn value(&mut self, depth: usize) -> Result<Value, Refused> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(self.refuse("too many values"));
        }
        match self.peek() {
            Some(b'{' | b'[') if depth > DEEPEST => Err(self.refuse("nested too deep")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'0'..=b'9') => self.number().map(Value::Number),
            Some(b' ' | b'\t' | b'\r' | b'\n') => Err(self.refuse("white space")),
            Some(b'-') => Err(self.refuse("a negative number")),
            _ => ["true", "false", "null"]
                .into_iter()
                .find(|word| self.eat(word))
                .map(Value::Word)
                .ok_or_else(|| self.refuse("no value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refused> {
        self.at += 1;
        let mut fields: Vec<(String, Value)> = Vec::new();
        while !self.eat("}") {
            if !fields.is_empty() {
                self.expect(",", "neither , nor } follows a field")?;
            }
            let key_at = self.at;
            let key = self.text()?;
            if let Some((before, _)) = fields.last().filter(|(before, _)| *before >= key) {
                let twice = *before == key;
                return Err(Refused {
                    at: key_at,
                    reason: if twice {
                        "a key stands twice"
                    } else {
                        "keys are not in the order of their bytes"
                    },
                });
            }
            self.expect(":", "no : follows a key")?;
            fields.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Object(fields))
    }

    fn array(&mut self, depth: usize) -> Result<Value, Refused> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.eat("]") {
            if !items.is_empty() {
                self.expect(",", "neither , nor ] follows an item")?;
            }
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn number(&mut self) -> Result<u64, Refused> {
        let rest = self.rest();
        let end = rest.bytes().take(17).take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..end).unwrap_or_default();
        let number = digits.parse().ok().filter(|number| *number <= LARGEST);
        let Some(number) = number else {
            return Err(self.refuse("a number above 2^53 - 1"));
        };
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.refuse("a number with a leading zero"));
        }
        self.at += end;
        match self.peek() {
            Some(b'.' | b'e' | b'E') => Err(self.refuse("a number that is no plain integer")),
            _ => Ok(number),
        }
    }

    fn text(&mut self) -> Result<String, Refused> {
        self.expect("\"", "no string")?;
        let (text, len) = text::read(self.rest()).map_err(|(offset, reason)| Refused {
            at: self.at + offset,
            reason,
        })?;
        self.at += len;
        Ok(text)
    }
}
