//! What a new pipeline's identity needs, as commands of the az CLI: to read the secret, or to use the container.

use blobferry_acr::pipeline::{Pipeline, StorageAccessMode};
use url::Url;

use crate::command::quoted;

/// One command for each identity. None where the service told no identity.
pub(super) fn commands(pipeline: &Pipeline) -> Vec<String> {
    let system = pipeline.principal.clone().map(|id| quoted(&id));
    let user = pipeline
        .user_identities
        .iter()
        .map(|(id, principal, _)| match principal {
            Some(principal) => quoted(principal),
            None => format!(
                "\"$(az identity show --ids {} --query principalId -o tsv)\"",
                quoted(id)
            ),
        });
    let Some((role, scope)) = grant(pipeline) else {
        return Vec::new();
    };
    let principals = system.into_iter().chain(user);
    principals
        .map(|principal| {
            format!(
                "az role assignment create --assignee-principal-type ServicePrincipal --assignee-object-id {principal} \
                 --role '{role}' --scope {scope}"
            )
        })
        .collect()
}

/// Role and scope, as narrow as they can be. None for an address without names: the az CLI finds accounts by name.
fn grant(pipeline: &Pipeline) -> Option<(&'static str, String)> {
    match pipeline.mode {
        StorageAccessMode::SasToken => {
            let secret = Url::parse(pipeline.secret.as_deref()?).ok()?;
            let (vault, _) = secret.domain()?.split_once('.')?;
            let name = secret.path_segments()?.nth(1)?;
            let vault = quoted(vault);
            let scope = format!(
                "\"$(az keyvault show -n {vault} --query id -o tsv)\"/secrets/{}",
                quoted(name)
            );
            Some(("Key Vault Secrets User", scope))
        }
        StorageAccessMode::ManagedIdentity => {
            let container = Url::parse(pipeline.container.as_deref()?).ok()?;
            let (account, _) = container.domain()?.split_once('.')?;
            let name = container.path_segments()?.next()?;
            let scope = format!(
                "\"$(az storage account show -n {} --query id -o tsv)\"/blobServices/default/containers/{}",
                quoted(account),
                quoted(name)
            );
            Some(("Storage Blob Data Contributor", scope))
        }
    }
}

#[cfg(test)]
mod tests {
    use blobferry_acr::pipeline::Direction;

    use super::*;

    fn pipeline(mode: StorageAccessMode) -> Pipeline {
        Pipeline {
            id: String::new(),
            name: "pipe1".to_owned(),
            direction: Direction::Export,
            container: Some("https://acct.blob.core.windows.net/Cont".to_owned()),
            secret: Some("https://vault1.vault.azure.net/secrets/sas1/0123".to_owned()),
            mode,
            options: Vec::new(),
            source_trigger: None,
            provisioning_state: None,
            principal: Some("p-1".to_owned()),
            user_identities: vec![("/subscriptions/s/u'1".to_owned(), None, None)],
            raw: serde_json::Value::Null,
        }
    }

    #[test]
    fn each_identity_gets_the_narrowest_role() {
        let commands = commands(&pipeline(StorageAccessMode::SasToken));
        assert_eq!(commands.len(), 2);
        assert!(commands[0].contains("--assignee-object-id p-1 --role 'Key Vault Secrets User'"));
        assert!(
            commands[0].contains("keyvault show -n vault1 ")
                && commands[0].ends_with("/secrets/sas1")
        );
        assert!(
            commands[1].contains(r"--ids '/subscriptions/s/u'\''1'"),
            "{}",
            commands[1]
        );
    }

    #[test]
    fn without_a_sas_it_is_the_container() {
        let commands = commands(&pipeline(StorageAccessMode::ManagedIdentity));
        assert!(commands[0].contains("'Storage Blob Data Contributor'"));
        assert!(commands[0].ends_with("/containers/Cont"), "{}", commands[0]);
    }
}
