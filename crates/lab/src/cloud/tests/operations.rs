//! Long-running answers of every kind.

use super::*;

#[tokio::test]
async fn a_put_may_be_created_and_settle_by_its_operation() {
    let site = Site::new(Behaviour {
        put: PutAnswer::Created,
        retry_after: 3,
        ..Behaviour::default()
    });
    let below = "/exportPipelines/pipeline1";
    let body = export_pipeline(&site);
    let put = site.put(below, &body).await;
    assert_eq!((put.status, put.header("retry-after")), (201, "3"));
    assert_eq!(put.at("/properties/provisioningState"), "Creating");
    let at = put.header("azure-asyncoperation").to_owned();
    assert!(
        at.contains("/exportPipelines/pipeline1/operationStatuses/exportpipelines-"),
        "{at}"
    );
    let first = site.get(&at).await;
    assert_eq!(
        (first.status, first.at("/status")),
        (200, &json!("InProgress"))
    );
    assert_eq!(first.header("retry-after"), "3");
    let second = site.get(&at).await;
    assert_eq!(
        (second.status, second.at("/status")),
        (200, &json!("Succeeded"))
    );
    assert!(second.at("/endTime").is_string());
    assert_eq!(
        site.get(below).await.at("/properties/provisioningState"),
        "Succeeded"
    );
    // Put again: an update, followed by GET of the resource alone.
    let again = site.put(below, &body).await;
    assert_eq!(again.at("/properties/provisioningState"), "Updating");
    assert_eq!(
        again.at("/systemData/createdAt"),
        put.at("/systemData/createdAt")
    );
    assert_eq!(
        again.at("/identity/principalId"),
        put.at("/identity/principalId")
    );
    assert_eq!(site.get(&at).await.error().1, "OperationNotFound");
    assert_eq!(
        site.get(below).await.at("/properties/provisioningState"),
        "Updating"
    );
    assert_eq!(
        site.get(below).await.at("/properties/provisioningState"),
        "Succeeded"
    );
}

#[tokio::test]
async fn a_delete_may_be_accepted_and_settle_by_its_location() {
    let site = Site::new(Behaviour {
        delete: 202,
        retry_after: 2,
        ..Behaviour::default()
    });
    let below = "/exportPipelines/pipeline1";
    let body = export_pipeline(&site);
    site.put(below, &body).await;
    let deleted = site.delete(below).await;
    assert_eq!((deleted.status, deleted.header("retry-after")), (202, "2"));
    let at = deleted.header("location").to_owned();
    let first = site.get(&at).await;
    assert_eq!((first.status, first.header("location")), (202, at.as_str()));
    assert_eq!(
        site.get("/exportPipelines")
            .await
            .at("/value/0/properties/provisioningState"),
        "Deleting"
    );
    // As often as it is asked.
    assert_eq!(site.get(&at).await.status, 200);
    assert_eq!(site.get(&at).await.status, 200);
    assert_eq!(site.get(below).await.status, 404);
    site.put(below, &body).await;
    assert_eq!(site.delete(below).await.status, 202);
    assert_eq!(
        site.get(below).await.at("/properties/provisioningState"),
        "Deleting"
    );
    assert_eq!(site.get(below).await.status, 404);
    site.change(|behaviour| behaviour.delete = 204);
    site.put(below, &body).await;
    assert_eq!(site.delete(below).await.status, 204);
    assert_eq!(site.get(below).await.status, 404);
}
