//! Long-running operations: what `Azure-AsyncOperation` (PUT) and `Location` (DELETE) lead to.

use serde_json::json;

use crate::cloud::estate::{Kind, Work, date};
use crate::cloud::reply::{Answered, Reply};
use crate::service::lock;

use super::Call;

pub(super) fn get(call: &Call<'_>, kind: Kind, name: &str, operation: &str) -> Answered {
    let prefix = format!("{}-", kind.segment().to_ascii_lowercase());
    let id = operation.strip_prefix(&prefix).unwrap_or_default();
    let pause = call.cloud.behaviour().retry_after.to_string();
    let key = call.key(kind, name);
    let mut estate = lock(&call.cloud.estate);
    if estate.has_deleted(id) {
        return Ok(Reply::new(200));
    }
    let resource = estate.resources.get_mut(&key);
    let Some(resource) = resource.filter(|resource| resource.standing.operation == id) else {
        let message = format!("The operation '{operation}' was not found.");
        return Err(Reply::error(404, "OperationNotFound", message));
    };
    let settled = resource.standing.settles();
    if resource.standing.work == Work::Delete {
        if settled {
            estate.remove(&key);
            return Ok(Reply::new(200));
        }
        let at = call.operation(kind, name, id);
        return Ok(Reply::new(202)
            .header("location", at)
            .header("retry-after", pause));
    }
    let mut status = json!({
        "id": format!("{}/operationStatuses/{operation}", call.id(kind, &resource.name)),
        "name": operation,
        "status": if settled { "Succeeded" } else { "InProgress" },
        "startTime": date(resource.standing.modified.1),
    });
    if let (true, Some(status)) = (settled, status.as_object_mut()) {
        status.insert("endTime".to_owned(), json!(date(call.now)));
    }
    let reply = Reply::json(200, status);
    Ok(if settled {
        reply
    } else {
        reply.header("retry-after", pause)
    })
}
