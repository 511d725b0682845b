//! Registries read and judged: Debian's docker-registry filled by skopeo, the lab's by an Entra login, and one of our own
//! that throttles, pages, asks for tokens and lies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "registry/judged.rs"]
mod judged;
#[path = "registry/lab.rs"]
mod lab;
#[path = "registry/lies.rs"]
mod lies;
#[path = "registry/real.rs"]
mod real;
#[path = "registry/served.rs"]
mod served;
#[path = "registry/tokens.rs"]
mod tokens;

use blobferry_acr::artifact::{Artifact, Selection};
use blobferry_acr::http::{Network, NetworkOptions};
use blobferry_acr::login::Secret;
use blobferry_acr::registry::{Registry, RegistryError, RegistryLogin};

fn network() -> Network {
    Network::new(NetworkOptions::default()).unwrap()
}

/// Over plain http, which loopback may have.
async fn connect(host: &str, login: &RegistryLogin) -> Result<Registry, RegistryError> {
    Registry::connect(&format!("http://{host}"), login, &network(), false).await
}

async fn anonymous(host: &str) -> Registry {
    connect(host, &RegistryLogin::Anonymous).await.unwrap()
}

fn password(user: &str, password: &str) -> RegistryLogin {
    RegistryLogin::Password {
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

fn artifact(text: &str) -> Artifact {
    text.parse().unwrap()
}

fn selections(texts: &[&str]) -> Vec<Selection> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// One list of texts a selection.
async fn expanded(registry: &Registry, texts: &[&str]) -> Vec<Vec<String>> {
    let lists = registry.expand(&selections(texts)).await.unwrap();
    let shown = |list: Vec<Artifact>| list.iter().map(ToString::to_string).collect();
    lists.into_iter().map(shown).collect()
}
