//! Reads what a rule does: the name in `do`, and the fields that this name needs.

use std::time::Duration;

use super::Action;
use super::fields::Fields;
use super::script::ScriptError;

/// The names that `do` knows.
const NAMES: &str = "answer, server-busy, timeout, internal-error, too-many-requests, full, \
    invalid-block-list, reset-before, reset-after, reset-at-end, lose-answer, stall, slow, truncate, flip-bit, \
    lie-crc, change-etag, expire-sas, revoke-sas, forget-blocks, latency";

/// Takes `do` and its fields. Also gives the name, for the message about fields that are left.
pub(super) fn read(fields: &mut Fields) -> Result<(String, Action), ScriptError> {
    let name: String = fields.required("do")?;
    let action = match name.as_str() {
        "answer" => {
            let status = status(fields)?.ok_or_else(|| fields.wrong("status", "is missing"))?;
            let code = code(fields)?;
            refusal(fields, status, &code)?
        }
        "server-busy" => refusal(fields, 503, "ServerBusy")?,
        "timeout" => refusal(fields, 500, "OperationTimedOut")?,
        "internal-error" => refusal(fields, 500, "InternalError")?,
        "too-many-requests" => refusal(fields, 429, "TooManyRequests")?,
        "invalid-block-list" => refusal(fields, 400, "InvalidBlockList")?,
        "full" => match status(fields)?.unwrap_or(507) {
            507 => refusal(fields, 507, "InsufficientStorage")?,
            409 => refusal(fields, 409, "AccountCapacityExceeded")?,
            _ => return Err(fields.wrong("status", "must be 507 or 409 for full")),
        },
        "reset-before" => Action::ResetBefore,
        "reset-after" => Action::ResetAfter(fields.required("bytes")?),
        "reset-at-end" => Action::ResetAtEnd,
        "lose-answer" => Action::LoseAnswer,
        "stall" => {
            let time = time(fields, "seconds", 1.0)?;
            match fields.optional("bytes")? {
                Some(bytes) => Action::StallAfter(bytes, time),
                None => Action::Stall(time),
            }
        }
        "slow" => match fields.positive("bytes_per_second")? {
            Some(rate) => Action::Slow(rate),
            None => return Err(fields.wrong("bytes_per_second", "is missing")),
        },
        "truncate" => Action::Truncate(fields.required("bytes")?),
        "flip-bit" => Action::FlipBit(fields.required("byte")?),
        "lie-crc" => Action::LieCrc,
        "change-etag" => Action::ChangeEtag,
        "expire-sas" => Action::ExpireSas,
        "revoke-sas" => Action::RevokeSas,
        "forget-blocks" => Action::ForgetBlocks,
        "latency" => Action::Latency(time(fields, "ms", 1e-3)?),
        other => {
            return Err(fields.wrong("do", format!("`{other}` is not known; there are: {NAMES}")));
        }
    };
    Ok((name, action))
}

fn time(fields: &mut Fields, field: &'static str, unit: f64) -> Result<Duration, ScriptError> {
    fields
        .time(field, unit)?
        .ok_or_else(|| fields.wrong(field, "is missing"))
}

fn status(fields: &mut Fields) -> Result<Option<u16>, ScriptError> {
    match fields.optional("status")? {
        Some(status) if !(400..=599).contains(&status) => {
            Err(fields.wrong("status", "must be an error, 400 to 599"))
        }
        status => Ok(status),
    }
}

/// Goes into a header: letters and digits, as all codes of the service.
fn code(fields: &mut Fields) -> Result<String, ScriptError> {
    let code: String = fields.required("code")?;
    let sound = (1..=128).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if sound {
        Ok(code)
    } else {
        Err(fields.wrong("code", "must be 1 to 128 letters and digits"))
    }
}

fn refusal(fields: &mut Fields, status: u16, code: &str) -> Result<Action, ScriptError> {
    let message = fields
        .optional("message")?
        .unwrap_or_else(|| format!("{code}, answered by the fault script."));
    let seconds = fields.time("retry_after_seconds", 1.0)?;
    let milliseconds = fields.time("retry_after_ms", 1e-3)?;
    if seconds.is_some() && milliseconds.is_some() {
        return Err(fields.wrong(
            "retry_after_ms",
            "and `retry_after_seconds` exclude each other",
        ));
    }
    Ok(Action::Answer {
        status,
        code: code.to_owned(),
        message,
        retry_after: seconds.or(milliseconds),
    })
}
