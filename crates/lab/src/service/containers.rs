//! Operations on a container.

use hyper::Response;

use super::answer::Answer;
use super::body::AnswerBody;
use super::list::Shown;
use super::{Call, headers, list, xml};
use crate::store::{Container, ListQuery};
use crate::{Operation, Refusal};

pub(super) fn perform(call: &Call<'_>) -> Result<Response<AnswerBody>, Refusal> {
    let (store, at) = (&call.service.store, &call.route.address);
    let conditions = headers::conditions(call.headers());
    let answer = match call.route.operation {
        Operation::CreateContainer => {
            let metadata = headers::metadata(call.headers())?;
            Answer::new(201).container(&store.create_container(at, metadata)?)
        }
        Operation::GetContainerProperties => properties(&store.container(at)?),
        Operation::SetContainerMetadata => {
            let metadata = headers::metadata(call.headers())?;
            let container = store.set_container_metadata(at, metadata, &conditions)?;
            Answer::new(200).container(&container)
        }
        Operation::GetContainerAcl => {
            let container = store.container(at)?;
            Answer::new(200)
                .container(&container)
                .xml(&list::policies(&container.policies))
        }
        Operation::SetContainerAcl => {
            let policies = xml::policies(&call.body.text)?;
            Answer::new(200).container(&store.set_policies(at, policies)?)
        }
        Operation::DeleteContainer => {
            store.delete_container(at, &conditions)?;
            Answer::new(202)
        }
        _ => list_blobs(call)?,
    };
    Ok(answer.done())
}

fn properties(container: &Container) -> Answer {
    Answer::new(200)
        .container(container)
        .metadata(&container.metadata)
        .header("x-ms-lease-status", "unlocked")
        .header("x-ms-lease-state", "available")
        .header("x-ms-has-immutability-policy", "false")
        .header("x-ms-has-legal-hold", "false")
        .header("x-ms-immutable-storage-with-versioning-enabled", "false")
        .header("x-ms-default-encryption-scope", "$account-encryption-key")
        .header("x-ms-deny-encryption-scope-override", "false")
}

fn list_blobs(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (given, at) = (&call.route.query, &call.route.address);
    let query = ListQuery {
        prefix: given.text("prefix").to_owned(),
        delimiter: given.text("delimiter").to_owned(),
        marker: given.text("marker").to_owned(),
        max_results: call.max_results()?,
        include_uncommitted: given.lists("include", "uncommittedblobs"),
    };
    let page = call.service.store.list_blobs(at, &query)?;
    let shown = Shown {
        metadata: given.lists("include", "metadata"),
        tags: given.lists("include", "tags"),
    };
    let text = list::blobs(&call.endpoint(), &at.container, &query, &page, shown);
    Ok(Answer::new(200).xml(&text))
}
