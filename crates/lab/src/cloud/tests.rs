//! The cloud as clients see it: through real https, with the lab's own CA.

mod arm;
mod journey;
mod lists;
mod login;
mod operations;
mod runs;
mod vault;

use hyper::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Lab, Options};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const CLIENT: &str = "9d0351b5-bad2-4121-8f2a-17fa189c6ee4";
const SECRET: &str = "not-much-of-a-secret~";
const VERSION: &str = "2025-06-01-preview";

/// A lab with a cloud, and a client that trusts it.
struct Site {
    lab: Lab,
    client: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: hyper::HeaderMap,
    /// Null where there is no body.
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Code and message of the error.
    fn error(&self) -> (u16, &str, &str) {
        let text = |pointer| self.at(pointer).as_str().unwrap_or_default();
        (self.status, text("/error/code"), text("/error/message"))
    }
}

fn options(behaviour: Behaviour) -> CloudOptions {
    CloudOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        name: "AzureLabEast".into(),
        tenant: TENANT.into(),
        subscription: "00000000-0000-0000-0000-000000000000".into(),
        resource_group: "myResourceGroup".into(),
        client: (CLIENT.into(), SECRET.into()),
        registries: vec![RegistryOptions {
            name: "myRegistry".into(),
            content: RegistryContent::Remote("http://127.0.0.1:9".into()),
        }],
        behaviour,
    }
}

impl Site {
    fn new(behaviour: Behaviour) -> Self {
        Self::of(options(behaviour))
    }

    fn of(cloud: CloudOptions) -> Self {
        Self::with(cloud, crate::CopySources::Any)
    }

    fn with(cloud: CloudOptions, copy_sources: crate::CopySources) -> Self {
        let lab = Lab::start(Options {
            cloud: Some(cloud),
            copy_sources,
            ..Options::default()
        });
        let lab = lab.unwrap();
        let ca = reqwest::Certificate::from_pem(lab.ca_certificate().unwrap().as_bytes());
        let client = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(ca.unwrap())
            .build();
        Self {
            client: client.unwrap(),
            lab,
        }
    }

    fn cloud(&self) -> &Cloud {
        self.lab.cloud().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = self.cloud().behaviour();
        change(&mut behaviour);
        self.cloud().set_behaviour(behaviour);
    }

    /// Sends it as it is.
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    fn request(&self, method: &Method, url: &str) -> reqwest::RequestBuilder {
        let whole = if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{}{url}", self.cloud().endpoint())
        };
        self.client.request(method.clone(), whole)
    }

    /// Asks Entra ID with this form.
    async fn login(&self, form: &[(&str, &str)]) -> Answer {
        let url = format!("/{TENANT}/oauth2/v2.0/token");
        self.send(self.request(&Method::POST, &url).body(form_body(form)))
            .await
    }

    async fn token(&self, audience: &str) -> String {
        let scope = format!("{audience}/.default");
        let answer = self.login(&with_secret(&scope)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.at("/access_token").as_str().unwrap().to_owned()
    }

    /// Asks with a token for `audience`.
    async fn ask_for(
        &self,
        audience: &str,
        method: &Method,
        url: &str,
        body: Option<&Value>,
    ) -> Answer {
        let token = self.token(audience).await;
        let mut request = self.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        self.send(request).await
    }

    /// Asks the resource manager, below the registry.
    async fn arm(&self, method: Method, below: &str, body: Option<&Value>) -> Answer {
        let mark = if below.contains('?') {
            ""
        } else {
            "?api-version=2025-06-01-preview"
        };
        let url = if below.starts_with("http") {
            below.to_owned()
        } else {
            format!("{REGISTRY}{below}{mark}")
        };
        self.ask_for(self.cloud().endpoint(), &method, &url, body)
            .await
    }

    async fn get(&self, below: &str) -> Answer {
        self.arm(Method::GET, below, None).await
    }

    async fn put(&self, below: &str, body: &Value) -> Answer {
        self.arm(Method::PUT, below, Some(body)).await
    }

    async fn delete(&self, below: &str) -> Answer {
        self.arm(Method::DELETE, below, None).await
    }

    /// Asks the vault.
    async fn vault(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("{path}?api-version=7.5");
        self.ask_for("https://vault.localhost", &method, &url, body)
            .await
    }
}

/// `/subscriptions/…/registries/myRegistry`.
const REGISTRY: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup/providers/Microsoft.ContainerRegistry/registries/myRegistry";

fn form_body(form: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs = form
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn with_secret(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("scope", scope),
    ]
}

#[test]
fn a_registry_elsewhere_is_named_without_its_password() {
    let named = |url: &str| origin(url).unwrap();
    assert_eq!(
        named("http://me:hush@127.0.0.1:5000"),
        "http://127.0.0.1:5000"
    );
    assert_eq!(
        named("https://me:hush@Registry.example/"),
        "registry.example"
    );
    for wrong in [
        "registry.example",
        "ftp://a",
        "http://",
        "http://a/path",
        "http://a?b",
    ] {
        let remote = RegistryContent::Remote(wrong.to_owned());
        assert!(origin(wrong).is_err(), "{wrong}");
        let mut cloud = options(Behaviour::default());
        cloud.registries[0].content = remote;
        let started = Lab::start(Options {
            cloud: Some(cloud),
            ..Options::default()
        });
        let said = started.unwrap_err().to_string();
        assert!(said.contains("myRegistry"), "{said}");
    }
    let remote = RegistryContent::Remote("http://me:hush@127.0.0.1:5000".to_owned());
    assert!(!format!("{remote:?}").contains("hush"));
}

/// An export pipeline whose secret is `sas` in the cloud's own vault.
fn export_pipeline(site: &Site) -> Value {
    json!({
        "location": "westus",
        "identity": { "type": "SystemAssigned" },
        "properties": {
            "target": {
                "type": "AzureStorageBlobContainer",
                "uri": format!("{}/source/transfer", site.lab.endpoint()),
                "keyVaultUri": format!("{}/secrets/sas", site.cloud().endpoint()),
            },
            "options": ["OverwriteBlobs"],
        },
    })
}

/// A run of that pipeline.
fn export_run(pipeline: &str) -> Value {
    json!({
        "properties": {
            "request": {
                "pipelineResourceId": format!("{REGISTRY}/exportPipelines/{pipeline}"),
                "artifacts": ["hello-world", "team/app@sha256:0000"],
                "target": { "type": "AzureStorageBlob", "name": "team.tar" },
            },
        },
    })
}
