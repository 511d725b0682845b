//! What an answer that is an error says, in all the shapes that ARM and what stands before it have.

use serde_json::Value;

use super::answer::Answer;
use super::send::Call;
use super::{ArmClass, ArmError};
use crate::blank::blank;

/// Longest message, in characters.
const LONGEST: usize = 4000;

/// How deep details of details are read.
const DEEPEST: usize = 4;

/// What a body says.
#[derive(Default)]
struct Said {
    code: Option<String>,
    message: String,
}

impl Answer {
    /// The error that this answer is.
    pub(super) fn refusal(&self, call: &Call) -> ArmError {
        let said = self.json().map(|body| read(&body)).unwrap_or_default();
        let message = if said.message.is_empty() {
            let reason = reqwest::StatusCode::from_u16(self.status).ok();
            let reason = reason.and_then(|status| status.canonical_reason());
            format!(
                "HTTP {} {}: {}",
                self.status,
                reason.unwrap_or_default(),
                self.start()
            )
        } else {
            said.message.chars().take(LONGEST).collect()
        };
        let class = classify(
            self.status,
            said.code.as_deref().unwrap_or_default(),
            &message,
        );
        let mut error = call.error(class, message);
        error.status = Some(self.status);
        error.code = said.code.map(|code| blank(&code));
        error.correlation = self.correlation();
        error
    }
}

fn classify(status: u16, code: &str, message: &str) -> ArmClass {
    let about_policy = [code, message]
        .iter()
        .any(|text| text.to_ascii_lowercase().contains("exportpolicy"));
    match status {
        401 | 403 => ArmClass::Denied,
        400..500 if about_policy => ArmClass::Denied,
        404 => ArmClass::NotFound,
        408 | 429 | 500.. => ArmClass::Unavailable,
        400..500 => ArmClass::Rejected,
        _ => ArmClass::Nonsense,
    }
}

/// The error of an operation that ended badly: the same object, in a status of 200.
pub(super) fn of_operation(body: &Value) -> (Option<String>, String) {
    let said = read(body);
    (said.code, said.message)
}

/// `{"error": {code, message, details}}`, `{code, message}`, `{"Message": …}`, `{"error": "…", "error_description": "…"}`.
fn read(body: &Value) -> Said {
    let inner = match field(body, "error") {
        Some(error) if error.is_object() => error,
        _ => body,
    };
    let mut message = String::new();
    gather(inner, &mut message, 0);
    let code = text(inner, "code").or_else(|| text(body, "error"));
    let code = code.map(str::to_owned);
    if message.is_empty() {
        let rest = text(body, "error_description").or(code.as_deref());
        rest.unwrap_or_default().clone_into(&mut message);
    }
    Said { code, message }
}

/// A message and those of its details, each once.
fn gather(error: &Value, message: &mut String, depth: usize) {
    if let Some(text) = text(error, "message")
        && !message.contains(text)
    {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(text);
    }
    let details = field(error, "details").and_then(Value::as_array);
    if depth < DEEPEST && message.len() < LONGEST {
        for detail in details.into_iter().flatten().take(20) {
            gather(detail, message, depth.saturating_add(1));
        }
    }
}

/// A field in any case: `Message` is older than `message`.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    let text = field(value, name)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}
