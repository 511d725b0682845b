//! Lists with pages, and the control endpoint.

use super::*;

#[tokio::test]
async fn lists_come_in_pages_that_lead_to_the_next() {
    let site = Site::new(Behaviour {
        page: 3,
        ..Behaviour::default()
    });
    let body = export_pipeline(&site);
    let names: Vec<String> = (0..7).map(|number| format!("Pipeline{number}")).collect();
    for name in &names {
        assert_eq!(
            site.put(&format!("/exportPipelines/{name}"), &body)
                .await
                .status,
            200
        );
    }
    let import = json!({ "properties": { "source": body["properties"]["target"] } });
    assert_eq!(
        site.put("/importPipelines/another", &import).await.status,
        200
    );
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    let mut at = "/exportPipelines".to_owned();
    loop {
        let page = site.get(&at).await;
        let value = page.at("/value").as_array().unwrap();
        sizes.push(value.len());
        seen.extend(
            value
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.at("/nextLink").as_str() else {
            break;
        };
        assert!(next.starts_with(site.cloud().endpoint()), "{next}");
        next.clone_into(&mut at);
    }
    assert_eq!((seen, sizes), (names, vec![3, 3, 1]));
    // A page that is just full leads nowhere.
    site.change(|behaviour| behaviour.page = 7);
    assert_eq!(
        site.get("/exportPipelines").await.at("/nextLink"),
        &Value::Null
    );
}

#[tokio::test]
async fn behaviour_is_read_by_all_and_changed_with_the_header_only() {
    let site = Site::new(Behaviour::default());
    let put = |body: &str, header: &'static str| {
        let request = site
            .request(&Method::PUT, "/_lab/behaviour")
            .body(body.to_owned());
        site.send(request.header(header, "1"))
    };
    let body = r#"{ "put": "created", "page": 5 }"#;
    assert_eq!(put(body, "x-other").await.status, 403);
    assert_eq!(site.cloud().behaviour(), Behaviour::default());
    let changed = put(body, "x-lab-control").await;
    assert_eq!((changed.status, changed.at("/page")), (200, &json!(5)));
    assert_eq!(site.cloud().behaviour().put, PutAnswer::Created);
    assert_eq!(put(r#"{ "pages": 5 }"#, "x-lab-control").await.status, 400);
    assert_eq!(
        put(r#"{ "delete": 500 }"#, "x-lab-control").await.status,
        400
    );
    let got = site
        .send(site.request(&Method::GET, "/_lab/behaviour"))
        .await;
    assert_eq!(got.body, changed.body);
    site.get("/exportPipelines").await;
    let status = site.send(site.request(&Method::GET, "/_lab/status")).await;
    assert_eq!(status.at("/requests/arm"), 1);
    assert_eq!(status.at("/requests/login"), 1);
    assert_eq!(status.at("/cloud"), "AzureLabEast");
    assert_eq!(
        site.send(site.request(&Method::GET, "/_lab/other"))
            .await
            .status,
        404
    );
}
