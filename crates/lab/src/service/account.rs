//! Operations on an account: its containers, properties, delegation keys.

use hyper::Response;
use jiff::SignedDuration;

use super::answer::Answer;
use super::body::AnswerBody;
use super::{Call, list, xml};
use crate::auth::DelegationFields;
use crate::{Operation, Refusal, auth};

/// What Get Blob Service Properties answers until it is set otherwise: everything off, as for a new account.
const PROPERTIES: [(&str, &str); 6] = [
    (
        "Logging",
        "<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>",
    ),
    (
        "HourMetrics",
        "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></HourMetrics>",
    ),
    (
        "MinuteMetrics",
        "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></MinuteMetrics>",
    ),
    ("Cors", "<Cors />"),
    (
        "DeleteRetentionPolicy",
        "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>",
    ),
    (
        "StaticWebsite",
        "<StaticWebsite><Enabled>false</Enabled></StaticWebsite>",
    ),
];

/// A delegation key lasts at most so long ("Get User Delegation Key").
const DELEGATION: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn perform(call: &Call<'_>) -> Result<Response<AnswerBody>, Refusal> {
    let answer = match call.route.operation {
        Operation::ListContainers => list_containers(call)?,
        Operation::GetServiceProperties => properties(call),
        Operation::SetServiceProperties => set_properties(call)?,
        Operation::GetUserDelegationKey => delegation_key(call)?,
        _ => Answer::new(200)
            .header("x-ms-sku-name", "Standard_LRS")
            .header("x-ms-account-kind", "StorageV2")
            .header("x-ms-is-hns-enabled", "false"),
    };
    Ok(answer.done())
}

fn list_containers(call: &Call<'_>) -> Result<Answer, Refusal> {
    let query = &call.route.query;
    let account = &call.route.address.account;
    let (page, next) = call.service.store.list_containers(
        account,
        query.text("prefix"),
        query.text("marker"),
        call.max_results()?,
    )?;
    let text = list::containers(
        &call.endpoint(),
        query.text("prefix"),
        &page,
        &next,
        query.lists("include", "metadata"),
    );
    Ok(Answer::new(200).xml(&text))
}

fn properties(call: &Call<'_>) -> Answer {
    let all = call.service.properties();
    let set = all.get(&call.route.address.account);
    let text: String = PROPERTIES
        .iter()
        .map(|(name, usual)| {
            set.and_then(|set| set.get(*name))
                .map_or(*usual, String::as_str)
        })
        .collect();
    Answer::new(200).xml(&format!(
        "<StorageServiceProperties>{text}</StorageServiceProperties>"
    ))
}

/// Sections that are not sent stay as they were.
fn set_properties(call: &Call<'_>) -> Result<Answer, Refusal> {
    let sections = xml::sections(&call.body.text)?;
    let known = |name: &str| PROPERTIES.iter().any(|(known, _)| *known == name);
    let mut all = call.service.properties();
    let account = call.route.address.account.clone();
    all.entry(account)
        .or_default()
        .extend(sections.into_iter().filter(|(name, _)| known(name)));
    Ok(Answer::new(202))
}

fn delegation_key(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut start = None;
    let mut expiry = None;
    for (name, text) in xml::sections(&call.body.text)? {
        let value = text
            .trim_start_matches(&format!("<{name}>"))
            .trim_end_matches(&format!("</{name}>"))
            .to_owned();
        match name.as_str() {
            "Start" => start = Some(value),
            "Expiry" => expiry = Some(value),
            _ => {}
        }
    }
    let now = call.service.clock.now();
    let expiry = expiry.ok_or_else(xml::invalid)?;
    let latest = now.checked_add(DELEGATION + SignedDuration::from_mins(5));
    let ends: jiff::Timestamp = expiry.parse().map_err(|_| xml::invalid())?;
    if latest.is_ok_and(|latest| ends > latest) {
        return Err(xml::invalid().detail("Reason", "Expiry is more than 7 days away."));
    }
    let key = call.key()?;
    let who = auth::identity(call.headers(), &key, call.service.issuer.as_deref(), now)?;
    let fields = DelegationFields {
        oid: who.oid,
        tid: who.tid,
        start: start.unwrap_or_else(|| now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        expiry,
        service: "b".to_owned(),
        version: call.version().to_owned(),
        delegated_tid: String::new(),
    };
    let value = auth::delegation_key(&key, &fields).to_base64();
    let mut xml = list::Xml::default();
    xml.within("UserDelegationKey", |xml| {
        xml.element("SignedOid", &fields.oid);
        xml.element("SignedTid", &fields.tid);
        xml.element("SignedStart", &fields.start);
        xml.element("SignedExpiry", &fields.expiry);
        xml.element("SignedService", &fields.service);
        xml.element("SignedVersion", &fields.version);
        xml.element("Value", value);
    });
    Ok(Answer::new(200).xml(&xml.into_string()))
}
