//! Checks a SAS: that it is well formed, who signed it, when and from where it holds, and what it allows.

mod sign;
mod terms;

use std::net::IpAddr;

use jiff::Timestamp;

use crate::Refusal;

use super::permission::{Needs, ResourceType, needs};
use super::query::Query;
use super::time::sas_time;
use super::{AccountKey, Asked, DelegationFields, Policy, failed, identity};

pub(super) use sign::{Kind, string_to_sign};
use terms::Terms;

/// Finds the value of a user delegation key.
pub(super) type DelegationKey<'a> = &'a dyn Fn(&DelegationFields) -> AccountKey;

/// The order in which the service wants the letters of `sp`, in service and user delegation SAS.
const LETTERS: &str = "racwdxyltfmeopi";

/// Decides about a request with a SAS.
pub(super) fn check(
    asked: &Asked<'_>,
    query: &Query,
    key: &AccountKey,
    delegation: DelegationKey<'_>,
    policies: &[Policy],
    now: Timestamp,
) -> Result<(), Refusal> {
    let kind = Kind::of(query)?;
    check_signature(asked, query, kind, key, delegation)?;
    let terms = Terms::of(query, kind, policies)?;
    check_time("signed", terms.start, Some(terms.expiry), now)?;
    if kind == Kind::Delegation {
        check_delegation(asked, query, key, now)?;
    }
    check_protocol(query.get("spr"), asked.tls)?;
    check_ip(query.get("sip"), asked.client)?;
    check_permission(asked, query, kind, terms.permissions)
}

fn check_signature(
    asked: &Asked<'_>,
    query: &Query,
    kind: Kind,
    key: &AccountKey,
    delegation: DelegationKey<'_>,
) -> Result<(), Refusal> {
    let signature = query.get("sig");
    if signature.is_empty() {
        return Err(failed("sig is mandatory. Cannot be empty"));
    }
    let text = string_to_sign(query, kind, asked.address, asked.headers)?;
    let holds = match kind {
        Kind::Delegation => delegation(&delegation_fields(query)).verifies(&text, signature),
        Kind::Account | Kind::Service => key.verifies(&text, signature),
    };
    if holds {
        return Ok(());
    }
    // The headers and parameters that these two name may be secrets.
    if query.get("srh").is_empty() && query.get("srq").is_empty() {
        return Err(failed(format!(
            "Signature did not match. String to sign used was {text:?}"
        )));
    }
    Err(failed("Signature did not match."))
}

fn delegation_fields(query: &Query) -> DelegationFields {
    let field = |name| query.get(name).to_owned();
    DelegationFields {
        oid: field("skoid"),
        tid: field("sktid"),
        start: field("skt"),
        expiry: field("ske"),
        service: field("sks"),
        version: field("skv"),
        delegated_tid: field("skdutid"),
    }
}

/// The key's own time and service, and the user who alone may send the SAS.
fn check_delegation(
    asked: &Asked<'_>,
    query: &Query,
    key: &AccountKey,
    now: Timestamp,
) -> Result<(), Refusal> {
    let start = required_time("skt", query.get("skt"))?;
    let expiry = required_time("ske", query.get("ske"))?;
    check_time("signed key", Some(start), Some(expiry), now)?;
    if !query.get("sks").contains('b') {
        return Err(mismatch("AuthorizationServiceMismatch", "service"));
    }
    let user = query.get("sduoid");
    if !user.is_empty() && identity(asked.headers, key, asked.issuer, now)?.oid != user {
        return Err(failed(
            "the bearer token is not that of the user whom sduoid names",
        ));
    }
    Ok(())
}

fn required_time(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    sas_time(text).ok_or_else(|| failed(format!("{name} is not a valid time: {text:?}")))
}

fn check_time(
    what: &str,
    start: Option<Timestamp>,
    expiry: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let frame = |wrong: String| {
        let start = start.map_or_else(|| "none".to_owned(), |start| start.to_string());
        let expiry = expiry.map_or_else(|| "none".to_owned(), |expiry| expiry.to_string());
        failed(format!(
            "Signature not valid in the specified time frame: {wrong}; {what} start [{start}], {what} expiry \
             [{expiry}], now [{now:.0}]"
        ))
    };
    if let (Some(start), Some(expiry)) = (start, expiry)
        && expiry <= start
    {
        return Err(frame("it expires before it starts".to_owned()));
    }
    match (start, expiry) {
        (Some(start), _) if now < start => Err(frame(format!("valid only from {start} on"))),
        (_, Some(expiry)) if now >= expiry => Err(frame(format!("expired at {expiry}"))),
        _ => Ok(()),
    }
}

/// `spr`: `https`, or `https,http`, which is what its absence means.
fn check_protocol(allowed: &str, tls: bool) -> Result<(), Refusal> {
    match allowed {
        "https" if !tls => Err(mismatch("AuthorizationProtocolMismatch", "protocol")),
        "" | "https" | "https,http" | "http,https" => Ok(()),
        other => Err(failed(format!("spr is not well formed: {other:?}"))),
    }
}

/// `sip`: an IPv4 address or a range of them. IPv6's loopback counts as 127.0.0.1: on a laptop `localhost` is either,
/// as the resolver likes, and a rehearsal should not depend on it. Every other IPv6 address is outside of every range.
fn check_ip(allowed: &str, client: IpAddr) -> Result<(), Refusal> {
    if allowed.is_empty() {
        return Ok(());
    }
    let (first, last) = allowed.split_once('-').unwrap_or((allowed, allowed));
    let (Ok(first), Ok(last)) = (
        first.parse::<std::net::Ipv4Addr>(),
        last.parse::<std::net::Ipv4Addr>(),
    ) else {
        return Err(failed(format!("sip is not well formed: {allowed:?}")));
    };
    let inside = match client.to_canonical() {
        IpAddr::V4(client) => (first..=last).contains(&client),
        IpAddr::V6(client) => {
            client.is_loopback() && (first..=last).contains(&std::net::Ipv4Addr::LOCALHOST)
        }
    };
    if inside {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "AuthorizationSourceIPMismatch",
        format!(
            "This request is not authorized to perform this operation using this source IP {client}."
        ),
    ))
}

fn check_permission(
    asked: &Asked<'_>,
    query: &Query,
    kind: Kind,
    permissions: &str,
) -> Result<(), Refusal> {
    let Some(Needs {
        on,
        one_of,
        service_sas,
    }) = needs(asked.operation, asked.blob_exists)
    else {
        return Err(not_by_sas());
    };
    if kind == Kind::Account {
        if !query.get("ss").contains('b') {
            return Err(mismatch("AuthorizationServiceMismatch", "service"));
        }
        let letter = match on {
            ResourceType::Service => "s",
            ResourceType::Container => "c",
            ResourceType::Object => "o",
            ResourceType::Any => "",
        };
        if !query.get("srt").contains(letter) {
            return Err(
                mismatch("AuthorizationResourceTypeMismatch", "resource type").detail(
                    "ExtendedErrorDetail",
                    format!("srt={} has no {letter}", query.get("srt")),
                ),
            );
        }
    } else if !service_sas {
        return Err(not_by_sas());
    }
    if !permissions.chars().any(|letter| one_of.contains(letter)) {
        return Err(lacking(permissions, one_of));
    }
    if asked.headers.contains_key("x-ms-tags") && !permissions.contains('t') {
        return Err(lacking(permissions, "t"));
    }
    Ok(())
}

fn lacking(permissions: &str, one_of: &str) -> Refusal {
    mismatch("AuthorizationPermissionMismatch", "permission").detail(
        "ExtendedErrorDetail",
        format!("sp={permissions} has none of: {one_of}"),
    )
}

fn not_by_sas() -> Refusal {
    Refusal::new(
        403,
        "AuthorizationFailure",
        "This request is not authorized to perform this operation.",
    )
}

fn mismatch(code: &'static str, what: &str) -> Refusal {
    Refusal::new(
        403,
        code,
        format!("This request is not authorized to perform this operation using this {what}."),
    )
}
