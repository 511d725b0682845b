//! The cloud's control endpoint: how it behaves, and what it has done.

use hyper::Method;
use serde_json::{Value, json};

use crate::service::{CONTROL_HEADER, lock};

use super::ask::Ask;
use super::reply::Reply;
use super::{Behaviour, Cloud};

pub(super) fn answer(cloud: &Cloud, ask: &Ask, wants: &[&str]) -> Reply {
    if ask.method != Method::GET && ask.header(CONTROL_HEADER).is_none() {
        let error = format!("set the header {CONTROL_HEADER}: 1 to change anything");
        return Reply::json(403, json!({ "error": error }));
    }
    match (ask.method.as_str(), wants) {
        ("GET", ["behaviour"]) => behaviour(cloud),
        ("PUT", ["behaviour"]) => match Behaviour::read(&ask.body) {
            Ok(changed) => {
                cloud.set_behaviour(changed);
                behaviour(cloud)
            }
            Err(error) => Reply::json(400, json!({ "error": error })),
        },
        ("GET", ["status"]) => Reply::json(200, status(cloud)),
        _ => {
            let known = "GET status, GET behaviour, PUT behaviour";
            let error = format!("the cloud's control endpoint knows {known}");
            Reply::json(404, json!({ "error": error }))
        }
    }
}

fn behaviour(cloud: &Cloud) -> Reply {
    match serde_json::to_value(cloud.behaviour()) {
        Ok(value) => Reply::json(200, value),
        Err(error) => Reply::json(500, json!({ "error": error.to_string() })),
    }
}

fn status(cloud: &Cloud) -> Value {
    let names: Vec<&str> = cloud
        .registries
        .iter()
        .map(|held| held.registry.name.as_str())
        .collect();
    let triggers = cloud.trigger_findings().into_iter().map(|finding| {
        let verdict = finding.verdict.to_string();
        json!({ "pipeline": finding.pipeline, "blob": finding.blob, "verdict": verdict })
    });
    json!({
        "cloud": cloud.options.name,
        "registries": names,
        "time": cloud.clock.now().to_string(),
        "requests": *lock(&cloud.counted),
        "running": cloud.running.count(),
        "triggers": triggers.collect::<Vec<_>>(),
    })
}
