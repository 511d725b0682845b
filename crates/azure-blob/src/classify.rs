//! The one table that says what an error answer means and what can be done about it.
//!
//! Codes come from "Blob service error codes", "Common REST API error codes" and the pages of the
//! operations. The code decides; the status only where there is no code we know. Free text of the
//! service is never looked at: it is not stable, and for authentication errors it holds the string to
//! sign.

use blobferry_transfer::ErrorClass;

use crate::operation::Operation;

mod codes;
mod from_url;

/// An error answer, reduced to what a decision needs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Refusal<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// `x-ms-error-code`, or the body's `Code`; empty where there is none.
    pub(crate) code: &'a str,
    /// `x-ms-copy-source-status-code`: what the source told the service.
    pub(crate) source_status: Option<u16>,
    /// `x-ms-copy-source-error-code`.
    pub(crate) source_code: &'a str,
}

/// What it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What can be done.
    pub(crate) class: ErrorClass,
    /// What it means, for the user; may be empty.
    pub(crate) meaning: &'static str,
    /// What the user can do next; may be empty.
    pub(crate) hint: &'static str,
}

impl Verdict {
    const fn new(class: ErrorClass, meaning: &'static str, hint: &'static str) -> Self {
        Self {
            class,
            meaning,
            hint,
        }
    }

    const fn plain(class: ErrorClass, meaning: &'static str) -> Self {
        Self::new(class, meaning, "")
    }
}

/// Decides.
pub(crate) fn classify(operation: Operation, refusal: Refusal<'_>) -> Verdict {
    if operation == Operation::StageFrom
        && let Some(verdict) = from_url::verdict(refusal)
    {
        return verdict;
    }
    if operation == Operation::DelegationKey
        && let Some(verdict) = delegation(refusal)
    {
        return verdict;
    }
    if let Some(verdict) = condition(operation, refusal) {
        return verdict;
    }
    codes::by_code(refusal.code).unwrap_or_else(|| by_status(operation, refusal.status))
}

/// The credential is a login here, not a SAS.
fn delegation(refusal: Refusal<'_>) -> Option<Verdict> {
    let by_login = matches!(
        refusal.code,
        "" | "AuthorizationPermissionMismatch"
            | "InvalidAuthenticationInfo"
            | "AuthenticationFailed"
            | "NoAuthenticationInformation"
    );
    (by_login && matches!(refusal.status, 401 | 403)).then(|| {
        Verdict::new(
            ErrorClass::Denied,
            "the account gives this login no key",
            "the login needs the role Storage Blob Delegator on the account (and, for the SAS to open anything, Storage \
             Blob Data Contributor or Reader), in the account's own tenant",
        )
    })
}

/// A condition that we set did not hold: on reads the source moved on, on the commit something else
/// stands at the destination.
fn condition(operation: Operation, refusal: Refusal<'_>) -> Option<Verdict> {
    let failed = matches!(refusal.code, "ConditionNotMet" | "TargetConditionNotMet")
        || (refusal.status == 412 && refusal.code.is_empty());
    match operation {
        Operation::Commit if failed => Some(Verdict::new(
            ErrorClass::Exists,
            "what stands at the destination is not what the plan saw",
            "run the command again to look anew",
        )),
        Operation::SetMetadata | Operation::SetProperties if failed => Some(Verdict::new(
            ErrorClass::Changed,
            "the blob was changed since it was read; nothing was set",
            "run the command again",
        )),
        Operation::Get | Operation::Tags | Operation::Properties if failed => Some(Verdict::plain(
            ErrorClass::Changed,
            "the blob was replaced since it was first read",
        )),
        // The range lies behind the end of what is there now.
        Operation::Get if refusal.status == 416 => Some(Verdict::plain(
            ErrorClass::Changed,
            "the blob is shorter than it was",
        )),
        _ => None,
    }
}

fn by_status(operation: Operation, status: u16) -> Verdict {
    use ErrorClass as Class;
    match status {
        401 | 403 => Verdict::plain(Class::Denied, "the service refuses the credential"),
        404 => Verdict::plain(Class::NotFound, "there is nothing at this URL"),
        407 => Verdict::new(
            Class::Denied,
            "the proxy wants a login",
            "put it into HTTPS_PROXY: http://user:password@proxy:port",
        ),
        429 => Verdict::plain(Class::Throttled, "too many requests"),
        408 | 500 | 502 | 503 | 504 => Verdict::plain(Class::Transient, "a failure that may pass"),
        413 => Verdict::plain(
            Class::Rejected,
            "the block is larger than the service takes",
        ),
        501 => Verdict::plain(
            Class::Unsupported,
            "the service does not offer this operation",
        ),
        300..=399 => Verdict::new(
            Class::Rejected,
            "the server points to another address",
            "give the final URL: redirects are not followed, because the SAS would go along",
        ),
        _ if operation == Operation::Commit => Verdict::plain(
            Class::Rejected,
            "the service refuses the commit; nothing changed",
        ),
        _ => Verdict::plain(Class::Rejected, "the service refuses the request"),
    }
}

#[cfg(test)]
mod tests;
