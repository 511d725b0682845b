//! What a failed run's message is about: which entry of the list of known troubles, and what to do. The service's wording is
//! not documented, so this is by words, the more telling ones first.

/// An entry of the list that a message fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) point: u8,
    pub(super) todo: &'static str,
}

/// All of the words, in lower case; the entry's number; what to do.
type Rule = (&'static [&'static str], u8, &'static str);

const RULES: [Rule; 22] = [
    (
        &["exportpolicy"],
        0,
        "enable the registry's export policy: `az acr update --allow-exports true`",
    ),
    (
        &["export policy"],
        0,
        "enable the registry's export policy: `az acr update --allow-exports true`",
    ),
    (&["vault", "403"], 4, VAULT),
    (&["vault", "forbidden"], 4, VAULT),
    (&["secret", "forbidden"], 4, VAULT),
    (&["vault", "denied"], 4, VAULT),
    (
        &["secret", "not found"],
        4,
        "the pipeline names a secret that is not there: `acr-transfer secret set`",
    ),
    (
        &["foreign"],
        16,
        "push the base image's layers to the source registry first",
    ),
    (
        &["layer", "8"],
        1,
        "rebuild the image with smaller layers: `acr-transfer preflight` names them",
    ),
    (
        &["layer", "large"],
        1,
        "rebuild the image with smaller layers: `acr-transfer preflight` names them",
    ),
    (
        &["authorizationfailure"],
        5,
        "a storage firewall or private endpoint: ACR is no trusted service of Storage; let the account be reached from public networks",
    ),
    (
        &["not authorized to perform this operation"],
        5,
        "a storage firewall or private endpoint: ACR is no trusted service of Storage; let the account be reached from public networks",
    ),
    (
        &["authorizationpermissionmismatch"],
        5,
        "the SAS lacks a permission (export rwla, import rl, and d to delete), or the identity lacks Storage Blob Data Contributor",
    ),
    (
        &["authenticationfailed"],
        5,
        "the SAS expired, or its key was rotated: make a new one and put it into the secret",
    ),
    (
        &["failed to authenticate"],
        5,
        "the SAS expired, or its key was rotated: make a new one and put it into the secret",
    ),
    (
        &["blob", "already exists"],
        7,
        "give the pipeline the option OverwriteBlobs, or take another blob name",
    ),
    (
        &["tag", "already exists"],
        7,
        "give the pipeline the option OverwriteTags",
    ),
    (
        &["containernotfound"],
        9,
        "create the storage container, or mend the pipeline's URI",
    ),
    (
        &["container", "does not exist"],
        9,
        "create the storage container, or mend the pipeline's URI",
    ),
    (
        &["blob", "not"],
        9,
        "check the blob's name: an import takes it from the pipeline's container",
    ),
    (
        &["manifest", "unknown"],
        12,
        "check the artifacts' names: `acr-transfer preflight` reads each of them",
    ),
    (
        &["not found"],
        12,
        "check the names of artifacts and blob: `acr-transfer preflight` reads each artifact",
    ),
];

const VAULT: &str = "the pipeline's identity may not read its secret: give it secret get";

/// The entry that a message fits, where it fits one.
pub(super) fn read(message: &str) -> Option<Match> {
    let text = message.to_lowercase();
    let fits = |(words, ..): &&Rule| words.iter().all(|word| text.contains(word));
    let found = RULES.iter().find(fits).copied();
    let late = [
        (
            ["template"].as_slice(),
            3,
            "mend the template; `acr-transfer` needs none: it makes pipelines and runs itself",
        ),
        (
            &["digest"],
            12,
            "the blob is not the one that was exported: compare its digest, carry it again",
        ),
        (
            &["50"],
            12,
            "at most 50 artifacts a run: `acr-transfer export` splits them",
        ),
        (
            &["403"],
            5,
            "the storage account refused: see the checks of SAS, blob and container",
        ),
    ];
    let found = found.or_else(|| late.into_iter().find(|rule| fits(&rule)));
    found.map(|(_, point, todo)| Match { point, todo })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lead_to_their_entry() {
        for (message, point) in [
            (
                "Error when accessing Key Vault: operation returned 403 (Forbidden)",
                Some(4),
            ),
            ("The layer sha256:ab is larger than 8 GB", Some(1)),
            (
                "RESPONSE 403: This request is not authorized to perform this operation. AuthorizationFailure",
                Some(5),
            ),
            ("Server failed to authenticate the request.", Some(5)),
            ("The blob export.tar already exists", Some(7)),
            ("The specified container does not exist.", Some(9)),
            ("BlobNotFound", Some(9)),
            ("manifest unknown: app:9", Some(12)),
            ("the template is not valid", Some(3)),
            ("something else", None),
        ] {
            assert_eq!(read(message).map(|found| found.point), point, "{message}");
        }
    }
}
