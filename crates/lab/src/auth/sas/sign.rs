//! The strings to sign of the three kinds of SAS, in all their versions since 2015-04-05.

use hyper::header::HeaderMap;

use crate::{Address, Refusal};

use super::{Query, failed};

/// The kinds of SAS. They are told apart by their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum Kind {
    /// `ss` and `srt`
    Account,
    /// `sr`
    Service,
    /// `sr` and `skoid`
    Delegation,
}

/// The first version with an account SAS, and with `spr` and `sip`. Older SAS are refused.
const OLDEST: &str = "2015-04-05";
/// Signs `sr` and the snapshot's time; the first with user delegation.
const WITH_RESOURCE: &str = "2018-11-09";
/// Signs `saoid`, `suoid`, `scid`.
const WITH_AGENT: &str = "2020-02-10";
/// Signs `ses`.
const WITH_SCOPE: &str = "2020-12-06";
/// Signs `skdutid`, `sduoid`.
const WITH_DELEGATED_USER: &str = "2025-07-05";
/// Signs the headers and parameters that `srh` and `srq` name.
const WITH_REQUEST: &str = "2026-04-06";

impl Kind {
    /// # Errors
    /// 403 `AuthenticationFailed` where the fields are of no kind, of two, or of one that the lab does not have.
    pub(in crate::auth) fn of(query: &Query) -> Result<Self, Refusal> {
        let version = query.get("sv");
        if jiff::civil::Date::strptime("%Y-%m-%d", version).is_err() || version.len() != 10 {
            return Err(failed(format!("sv is not well formed: {version:?}")));
        }
        let delegated = !query.get("skoid").is_empty();
        let oldest = if delegated { WITH_RESOURCE } else { OLDEST };
        if version < oldest {
            return Err(failed(format!("sv={version} is older than {oldest}")));
        }
        let account = !query.get("ss").is_empty() || !query.get("srt").is_empty();
        match (query.get("sr"), account, delegated) {
            ("", true, false) => Ok(Self::Account),
            ("c" | "b", false, false) => Ok(Self::Service),
            ("c" | "b", false, true) => Ok(Self::Delegation),
            ("", false, _) => Err(failed("neither sr nor ss and srt are there")),
            ("bs" | "bv" | "d", false, _) => Err(failed(format!(
                "sr={} is for snapshots, versions and directories, which this account does not have",
                query.get("sr")
            ))),
            (_, true, _) => Err(failed(
                "the fields of an account SAS and of another kind are mixed",
            )),
            (other, false, _) => Err(failed(format!("sr is not well formed: {other:?}"))),
        }
    }
}

/// What is signed, for this address; `headers` only for `srh`.
///
/// # Errors
/// 403 `AuthenticationFailed` where a header or parameter that the SAS wants is not there.
pub(in crate::auth) fn string_to_sign(
    query: &Query,
    kind: Kind,
    address: &Address,
    headers: &HeaderMap,
) -> Result<String, Refusal> {
    let version = query.get("sv");
    let mut signed: Vec<&str> = Vec::with_capacity(26);
    let mut take = |names: &[&str]| signed.extend(names.iter().map(|name| query.get(name)));
    if kind == Kind::Account {
        take(&["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]);
        if version >= WITH_SCOPE {
            take(&["ses"]);
        }
        // Every field is ended by a newline, also the last.
        return Ok(format!("{}\n{}\n", address.account, signed.join("\n")));
    }
    take(&["sp", "st", "se"]);
    let head = signed.join("\n");
    let resource = resource(query, address);
    signed.clear();
    let mut take = |names: &[&str]| signed.extend(names.iter().map(|name| query.get(name)));
    if kind == Kind::Delegation {
        take(&["skoid", "sktid", "skt", "ske", "sks", "skv"]);
        if version >= WITH_AGENT {
            take(&["saoid", "suoid", "scid"]);
        }
        if version >= WITH_DELEGATED_USER {
            take(&["skdutid", "sduoid"]);
        }
    } else {
        take(&["si"]);
    }
    take(&["sip", "spr", "sv"]);
    if version >= WITH_RESOURCE {
        // For the snapshot's time: nothing is signed for containers and blobs, also not where the request has one.
        take(&["sr", ""]);
    }
    if version >= WITH_SCOPE {
        take(&["ses"]);
    }
    let request = if kind == Kind::Delegation && version >= WITH_REQUEST {
        request_parts(query, headers)?
    } else {
        String::new()
    };
    let response = ["rscc", "rscd", "rsce", "rscl", "rsct"].map(|name| query.get(name));
    let (middle, response) = (signed.join("\n"), response.join("\n"));
    Ok(format!("{head}\n{resource}\n{middle}\n{request}{response}"))
}

fn resource(query: &Query, address: &Address) -> String {
    let Address {
        account,
        container,
        blob,
    } = address;
    if query.get("sr") == "c" {
        format!("/blob/{account}/{container}")
    } else {
        format!("/blob/{account}/{container}/{blob}")
    }
}

/// The headers that `srh` names, `name:value` each ended by a newline, and the parameters that `srq` names, each begun by
/// one; a newline after each of the two lists. Names are separated by commas.
fn request_parts(query: &Query, headers: &HeaderMap) -> Result<String, Refusal> {
    let mut text = String::new();
    for name in query.get("srh").split(',').filter(|name| !name.is_empty()) {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.ok_or_else(|| failed(format!("srh wants the header {name:?}")))?;
        text.extend([name, ":", value, "\n"]);
    }
    text.push('\n');
    for name in query.get("srq").split(',').filter(|name| !name.is_empty()) {
        let value = query.get(&name.to_lowercase());
        if value.is_empty() {
            return Err(failed(format!("srq wants the parameter {name:?}")));
        }
        text.extend(["\n", name, ":", value]);
    }
    text.push('\n');
    Ok(text)
}
