//! What a SAS grants and when, with what its stored access policy adds.

use jiff::Timestamp;

use super::{Kind, LETTERS, Policy, Query, Refusal, failed, required_time};

/// Permissions and times, wherever they came from.
pub(super) struct Terms<'a> {
    pub(super) permissions: &'a str,
    pub(super) start: Option<Timestamp>,
    pub(super) expiry: Timestamp,
}

impl<'a> Terms<'a> {
    /// Each field stands in the SAS or in the policy that `si` names, never in both ("Define a stored access policy").
    pub(super) fn of(
        query: &'a Query,
        kind: Kind,
        policies: &'a [Policy],
    ) -> Result<Self, Refusal> {
        let id = query.get("si");
        let policy = match id {
            "" => None,
            _ if kind != Kind::Service => {
                return Err(failed("si is not for this kind of SAS"));
            }
            _ => Some(
                policies
                    .iter()
                    .find(|policy| policy.id == id)
                    .ok_or_else(|| failed(format!("the container has no access policy {id:?}")))?,
            ),
        };
        let field = |name, given: fn(&Policy) -> &Option<String>| {
            let stored = policy.and_then(|policy| given(policy).as_deref());
            one_of_both(name, query.get(name), stored.unwrap_or_default())
        };
        let permissions = field("sp", |policy| &policy.permission)?;
        let start = field("st", |policy| &policy.start)?;
        let expiry = field("se", |policy| &policy.expiry)?;
        check_letters(permissions, kind)?;
        let start = match start {
            "" => None,
            text => Some(required_time("st", text)?),
        };
        Ok(Self {
            permissions,
            start,
            expiry: required_time("se", expiry)?,
        })
    }
}

fn one_of_both<'a>(name: &str, signed: &'a str, stored: &'a str) -> Result<&'a str, Refusal> {
    match (signed, stored) {
        (one, "") | ("", one) => Ok(one),
        _ => Err(Refusal::new(
            400,
            "InvalidQueryParameterValue",
            format!("{name} stands both in the SAS and in its stored access policy."),
        )
        .detail("QueryParameterName", name)),
    }
}

/// Known letters, each once; in the service's order, except in an account SAS, for which none is documented.
fn check_letters(permissions: &str, kind: Kind) -> Result<(), Refusal> {
    let known = if kind == Kind::Account {
        "rwdxylacuptfi"
    } else {
        LETTERS
    };
    let mut places = Vec::new();
    for letter in permissions.chars() {
        let place = known.find(letter).filter(|place| !places.contains(place));
        places.push(place.ok_or_else(|| {
            failed(format!(
                "sp={permissions} is not well formed: at {letter:?}"
            ))
        })?);
    }
    if permissions.is_empty() {
        return Err(failed("sp is mandatory. Cannot be empty"));
    }
    if kind != Kind::Account && !places.is_sorted() {
        return Err(failed(format!(
            "sp={permissions} is not in the order {known}"
        )));
    }
    Ok(())
}
