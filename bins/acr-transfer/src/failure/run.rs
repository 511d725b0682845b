//! A run that came to a bad end: the service's own message, and what it usually means.

use blobferry_acr::resource::TransferId;
use blobferry_acr::run::{PipelineRun, RunState};
use blobferry_terminal::{ExitStatus, Failure};

use crate::command::quoted;

/// What a message usually means, by words in it (lower case, all of them); the first that fits is told.
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &["vault", "403"],
        "the pipeline's identity may not read the secret: it needs secret get in the Key Vault (`show` of the \
         pipeline tells its principal)",
    ),
    (
        &["vault", "forbidden"],
        "the pipeline's identity may not read the secret: it needs secret get in the Key Vault (`show` of the \
         pipeline tells its principal)",
    ),
    (
        &["authorizationfailure"],
        "storage refuses the service itself: a firewall or private endpoint (a registry is no trusted service of a storage \
         account), or a SAS for other addresses or https only",
    ),
    (
        &["authorizationpermissionmismatch"],
        "the SAS or the role lacks a permission: an export needs rwla, an import rl, and d to delete the blob",
    ),
    (
        &["authenticationfailed"],
        "the SAS is expired or its key was rotated: `acr-transfer secret show` tells its validity, `acr-transfer sas mint` \
         makes another",
    ),
    (
        &["already exists"],
        "an export replaces a blob only with the pipeline's option OverwriteBlobs, an import a tag only with OverwriteTags",
    ),
];

/// Exit 8, whatever HTTP said.
pub(crate) fn run_failed(run: &PipelineRun) -> Failure {
    let word = match run.state {
        RunState::Canceled => "was canceled",
        _ => "failed",
    };
    let failure = Failure::new(
        ExitStatus::RunFailed,
        format!("the run {} {word}", run.name),
    );
    let Some(message) = &run.error else {
        return failure.cause("the service gives no pipelineRunErrorMessage");
    };
    let failure = failure.cause(message);
    let failure = failure.hint(meaning(message).unwrap_or_default());
    match run.id.parse::<TransferId>() {
        Ok(id) => failure.hint(format!(
            "`acr-transfer diagnose --subscription {} -g {} -r {} --run {}` looks for the cause",
            quoted(&id.registry.subscription),
            quoted(&id.registry.resource_group),
            quoted(&id.registry.registry),
            quoted(&id.name)
        )),
        Err(_) => failure,
    }
}

fn meaning(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    MEANINGS
        .iter()
        .find(|(words, _)| words.iter().all(|word| message.contains(word)))
        .map(|(_, meaning)| *meaning)
}
