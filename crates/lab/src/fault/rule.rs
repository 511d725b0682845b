//! One rule: which requests it is about, which of those it acts upon, and what it does to them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::fields::Fields;
use super::script::ScriptError;
use super::{Action, action, glob};
use crate::{Address, Operation};

/// Characters of a glob: a container and a blob name, and some.
const LONGEST_GLOB: usize = 2048;

/// A rule, as read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    on: Vec<Selector>,
    account: Option<String>,
    path: Option<String>,
    trigger: Trigger,
    after: u64,
    times: Option<u64>,
    /// What it does.
    pub(super) action: Action,
    /// As it was written.
    pub(super) written: Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Selector {
    Any,
    Reads,
    Writes,
    One(Operation),
}

#[derive(Clone, Debug, PartialEq)]
enum Trigger {
    Always,
    /// These matches, counted from 1.
    Nth(BTreeSet<u64>),
    Every(u64),
    Probability(f64),
}

/// One thing, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_list(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

impl Rule {
    /// Reads rule `number` of a script.
    pub(super) fn read(number: usize, written: Value) -> Result<Self, ScriptError> {
        let mut fields = Fields::of(format!("rule {number}"), written.clone())?;
        fields.optional::<String>("note")?;
        let on = selectors(&mut fields)?;
        let account = glob_field(&mut fields, "account")?;
        let path = glob_field(&mut fields, "path")?;
        let counted = fields.has("nth");
        let trigger = trigger(&mut fields)?;
        for window in ["after", "times"] {
            if counted && fields.has(window) {
                return Err(fields.wrong(window, "has no meaning beside `nth`, which says it all"));
            }
        }
        let after = fields.optional("after")?.unwrap_or(0);
        let times = fields.positive("times")?;
        let (name, action) = action::read(&mut fields)?;
        fields.end(&format!("a rule that does {name}"))?;
        Ok(Self {
            on,
            account,
            path,
            trigger,
            after,
            times,
            action,
            written,
        })
    }

    /// Whether the request is one that this rule counts.
    pub(super) fn matches(&self, operation: Operation, address: &Address, path: &str) -> bool {
        let fits = |glob: &Option<String>, text: &str| {
            glob.as_ref().is_none_or(|glob| glob::matches(glob, text))
        };
        self.on.iter().any(|selector| selector.covers(operation))
            && fits(&self.account, &address.account)
            && fits(&self.path, path)
    }

    /// Whether it acts upon its match number `count` (from 1), having acted `acted` times. `chance` makes this rule's
    /// own random numbers.
    pub(super) fn acts(&self, count: u64, acted: u64, chance: impl FnOnce(u64) -> f64) -> bool {
        let Some(count @ 1..) = count.checked_sub(self.after) else {
            return false;
        };
        self.times.is_none_or(|times| acted < times)
            && match &self.trigger {
                Trigger::Always => true,
                Trigger::Nth(these) => these.contains(&count),
                Trigger::Every(n) => count.is_multiple_of(*n),
                Trigger::Probability(p) => chance(count) < *p,
            }
    }
}

impl Selector {
    fn covers(self, operation: Operation) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => one == operation,
            Self::Reads => reads(operation),
            Self::Writes => !reads(operation) && operation != Operation::Unsupported,
        }
    }
}

/// Operations that change nothing. Everything else that is supported writes.
fn reads(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::ListContainers
            | O::GetServiceProperties
            | O::GetAccountInformation
            | O::GetUserDelegationKey
            | O::GetContainerProperties
            | O::GetContainerAcl
            | O::ListBlobs
            | O::GetBlockList
            | O::GetBlob
            | O::GetBlobProperties
            | O::GetBlobMetadata
            | O::GetBlobTags
    )
}

fn selectors(fields: &mut Fields) -> Result<Vec<Selector>, ScriptError> {
    let names = list::<String>(fields, "on", "must be a name or a list of names")?
        .ok_or_else(|| fields.wrong("on", "is missing; \"any\" is for all operations"))?;
    let selector = |name: String| match name.as_str() {
        "any" => Ok(Selector::Any),
        "reads" => Ok(Selector::Reads),
        "writes" => Ok(Selector::Writes),
        _ => match serde_json::from_value(Value::String(name.clone())) {
            Ok(operation) if operation != Operation::Unsupported => Ok(Selector::One(operation)),
            _ => Err(fields.wrong(
                "on",
                format!(
                    "`{name}` is no operation; they are called as in the REST reference \
                     (PutBlock, GetBlob, …), or any, reads, writes"
                ),
            )),
        },
    };
    names.into_iter().map(selector).collect()
}

/// Takes one thing or a list of at least one.
fn list<T: serde::de::DeserializeOwned>(
    fields: &mut Fields,
    field: &'static str,
    shape: &'static str,
) -> Result<Option<Vec<T>>, ScriptError> {
    if !fields.has(field) {
        return Ok(None);
    }
    let list = fields
        .required::<OneOrMany<T>>(field)
        .map_err(|_| fields.wrong(field, shape))?
        .into_list();
    if list.is_empty() {
        return Err(fields.wrong(field, "is an empty list"));
    }
    Ok(Some(list))
}

fn glob_field(fields: &mut Fields, field: &'static str) -> Result<Option<String>, ScriptError> {
    match fields.optional::<String>(field)? {
        Some(glob) if glob.is_empty() || glob.len() > LONGEST_GLOB => {
            Err(fields.wrong(field, "must be 1 to 2048 bytes"))
        }
        glob => Ok(glob),
    }
}

fn trigger(fields: &mut Fields) -> Result<Trigger, ScriptError> {
    let mut given = ["nth", "every", "probability"]
        .into_iter()
        .filter(|field| fields.has(field));
    if let (Some(one), Some(other)) = (given.next(), given.next()) {
        let problem = format!("and `{one}` exclude each other: a rule has one trigger");
        return Err(fields.wrong(other, problem));
    }
    if let Some(nth) = list::<u64>(fields, "nth", "must be a number or a list of numbers")? {
        if nth.contains(&0) {
            return Err(fields.wrong("nth", "counts from 1"));
        }
        return Ok(Trigger::Nth(nth.into_iter().collect()));
    }
    if let Some(n) = fields.positive("every")? {
        return Ok(Trigger::Every(n));
    }
    Ok(match fields.optional::<f64>("probability")? {
        None => Trigger::Always,
        Some(p) if (0.0..=1.0).contains(&p) => Trigger::Probability(p),
        Some(_) => return Err(fields.wrong("probability", "must be between 0 and 1")),
    })
}
