//! The resource manager's refusals: what is missing or forbidden, and the command that shows or mends it. What was asked
//! for is read back from the request's path, so no command has to say it again.

use std::borrow::Cow;

use blobferry_acr::arm::{ArmClass, ArmError};
use blobferry_acr::resource::Kind;
use blobferry_terminal::{ExitStatus, Failure};
use percent_encoding::percent_decode_str;

use crate::command::{self, quoted};

/// May do everything with pipelines and runs.
pub(crate) const ROLE: &str =
    "Container Registry Transfer Pipeline Contributor (bf94e731-3a51-4a7c-8c54-a1ab9971dfc1)";

/// The parts of a path that hints name, as the user wrote them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place<'a> {
    subscription: Cow<'a, str>,
    group: Cow<'a, str>,
    registry: Cow<'a, str>,
    kind: Option<Kind>,
    /// Empty where a whole kind was asked for.
    name: Cow<'a, str>,
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
            .hint("is something between here and the resource manager, a proxy's login page?"),
    };
    with_correlation(failure, error)
}

/// The same in the middle of a wait, where the run goes on and the same command waits again.
pub(super) fn waiting(error: &ArmError) -> Failure {
    if !matches!(
        error.class,
        ArmClass::Unavailable | ArmClass::Unreachable | ArmClass::Nonsense
    ) {
        return failure(error);
    }
    let failure = Failure::of(ExitStatus::Incomplete, error);
    with_correlation(failure, error).hint("the run goes on; the same command waits again")
}

/// Microsoft's support finds a request by its correlation id.
fn with_correlation(failure: Failure, error: &ArmError) -> Failure {
    match &error.correlation {
        Some(id) => failure.cause(format!(
            "correlation id {id} (Microsoft's support asks for it)"
        )),
        None => failure,
    }
}

/// 404: code and message tell which of the four is not there.
fn missing(error: &ArmError, place: &Place<'_>) -> Failure {
    let Place {
        subscription,
        group,
        registry,
        name,
        ..
    } = place;
    let words = [subscription, group, registry].map(|word| quoted(word));
    let [in_subscription, in_group, in_registry] = &words;
    let code = error.code.as_deref().unwrap_or_default();
    let (message, hint) = if code.contains("Subscription") {
        (
            format!("there is no subscription {subscription}, or this login may not see it"),
            "az account list -o table".to_owned(),
        )
    } else if code == "ResourceGroupNotFound" {
        (
            format!("there is no resource group {group} in subscription {subscription}"),
            format!("az group list --subscription {in_subscription} -o table"),
        )
    } else if place.is_about_registry(error) {
        (
            format!("there is no registry {registry} in resource group {group}"),
            format!("az acr list -g {in_group} --subscription {in_subscription} -o table"),
        )
    } else if let Some(kind) = place.kind {
        (
            format!(
                "there is no {} {name} in registry {registry}",
                command::noun(kind)
            ),
            format!(
                "acr-transfer {} list --subscription {in_subscription} -g {in_group} -r {in_registry}",
                command::group(kind)
            ),
        )
    } else {
        return Failure::of(ExitStatus::Failed, error);
    };
    Failure::new(ExitStatus::Failed, message)
        .because(error)
        .hint(format!("`{hint}` lists what there is"))
}

fn denied(error: &ArmError, place: &Place<'_>) -> Failure {
    let failure = Failure::of(ExitStatus::Denied, error);
    if speaks_of(error, "exportpolicy") || speaks_of(error, "export policy") {
        return failure.hint(format!(
            "the registry forbids exports, and so pipelines: `az acr update -n {} --allow-exports true` allows them",
            quoted(&place.registry)
        ));
    }
    if error.status == Some(401) {
        return failure.hint(
            "the resource manager does not take this login's token: is --cloud right? log in again",
        );
    }
    failure.hint(format!(
        "pipelines and runs need the role {ROLE}: `az role assignment create --assignee WHO --role \
         bf94e731-3a51-4a7c-8c54-a1ab9971dfc1 --scope {}`",
        quoted(&place.scope())
    ))
}

fn rejected(error: &ArmError, place: &Place<'_>) -> Failure {
    let failure = Failure::of(ExitStatus::Failed, error);
    if speaks_of(error, "api-version") || speaks_of(error, "api version") {
        return failure.hint("try another --api-version");
    }
    if speaks_of(error, "premium") || speaks_of(error, "sku") {
        return failure.hint(format!(
            "transfer needs a Premium registry: `az acr update -n {} --sku Premium`",
            quoted(&place.registry)
        ));
    }
    if error
        .code
        .as_deref()
        .is_some_and(|code| code.contains("InvalidSubscription"))
    {
        return failure.hint(
            "--subscription takes the id of a subscription, not its name: `az account list -o table` shows both",
        );
    }
    if error.status == Some(409) {
        return failure.hint("something is being done with it: try again when that has ended");
    }
    failure
}

/// Whether the service's words hold this one (lower case).
fn speaks_of(error: &ArmError, word: &str) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    [code, &error.message]
        .iter()
        .any(|text| text.to_ascii_lowercase().contains(word))
}

impl<'a> Place<'a> {
    /// Of a URL's path. A group may hold spaces, parentheses and letters of any language.
    fn of(path: &'a str) -> Self {
        let mut place = Self::default();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        while let Some(word) = segments.next() {
            let mut value = || {
                let word = segments.next().unwrap_or_default();
                percent_decode_str(word).decode_utf8_lossy()
            };
            match word.to_ascii_lowercase().as_str() {
                "subscriptions" => place.subscription = value(),
                "resourcegroups" => place.group = value(),
                "registries" => place.registry = value(),
                "exportpipelines" => {
                    place.kind = Some(Kind::ExportPipeline);
                    place.name = value();
                }
                "importpipelines" => {
                    place.kind = Some(Kind::ImportPipeline);
                    place.name = value();
                }
                "pipelineruns" => {
                    place.kind = Some(Kind::PipelineRun);
                    place.name = value();
                }
                _ => {}
            }
        }
        place
    }

    /// Whether it is the registry that is not there: a list of its children is, or the message names it and no child.
    fn is_about_registry(&self, error: &ArmError) -> bool {
        let message = error.message.to_ascii_lowercase();
        let quoted = format!("registries/{}'", self.registry.to_ascii_lowercase());
        !self.registry.is_empty()
            && (self.name.is_empty()
                || error.code.as_deref() == Some("ParentResourceNotFound")
                || message.contains(&quoted))
    }

    /// For a role assignment.
    fn scope(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
            self.subscription, self.group, self.registry
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "/subscriptions/s1/resourcegroups/g1/providers/Microsoft.ContainerRegistry/registries/myreg";

    fn error(class: ArmClass, child: &str, code: &str, message: &str) -> ArmError {
        ArmError {
            class,
            method: "GET",
            path: format!("{REGISTRY}{child}"),
            status: Some(404),
            code: Some(code.to_owned()),
            message: message.to_owned(),
            correlation: Some("c-1".to_owned()),
            login: None,
        }
    }

    fn told(error: &ArmError) -> String {
        let mut text = Vec::new();
        failure(error).write_text(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_lists_what_there_is() {
        let child = "/exportPipelines/pipe1";
        for (child, code, message, wanted) in [
            (child, "SubscriptionNotFound", "", "no subscription s1"),
            (child, "ResourceGroupNotFound", "", "no resource group g1"),
            (
                child,
                "ResourceNotFound",
                "The Resource 'Microsoft.ContainerRegistry/registries/MyReg' under resource group 'g1' was not found.",
                "no registry myreg in resource group g1",
            ),
            ("/pipelineRuns", "NotFound", "", "no registry myreg"),
            (
                child,
                "NotFound",
                "nothing",
                "no export pipeline pipe1 in registry myreg",
            ),
        ] {
            let text = told(&error(ArmClass::NotFound, child, code, message));
            assert!(text.contains(wanted), "{text}");
            assert!(
                text.contains("correlation id c-1") && text.contains("lists what there is"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_hint_can_be_pasted_whatever_the_group_is_called() {
        let mut error = error(ArmClass::NotFound, "/exportPipelines/p", "NotFound", "");
        error.path = error.path.replace("/g1/", "/my%20(gr%C3%BCn)/");
        let text = told(&error);
        assert!(text.contains("-g 'my (grün)' -r myreg"), "{text}");
    }

    #[test]
    fn a_subscription_by_name_is_told_from_one_by_id() {
        let mut error = error(
            ArmClass::Rejected,
            "/exportPipelines/p",
            "InvalidSubscriptionId",
            "malformed",
        );
        error.status = Some(400);
        assert!(told(&error).contains("not its name"));
    }

    #[test]
    fn what_is_forbidden_names_the_role_or_the_policy() {
        let text = told(&error(
            ArmClass::Denied,
            "/pipelineRuns/r",
            "AuthorizationFailed",
            "no",
        ));
        assert!(
            text.contains("bf94e731-3a51-4a7c-8c54-a1ab9971dfc1"),
            "{text}"
        );
        assert!(
            text.contains("--scope /subscriptions/s1/resourceGroups/g1/"),
            "{text}"
        );
        let text = told(&error(
            ArmClass::Denied,
            "/exportPipelines/p",
            "Forbidden",
            "exportPolicy is disabled",
        ));
        assert!(text.contains("--allow-exports true"), "{text}");
        assert!(!text.contains("bf94"), "{text}");
    }

    #[test]
    fn in_a_wait_what_passes_can_be_waited_for_again() {
        let mut busy = error(
            ArmClass::Unavailable,
            "/pipelineRuns/r",
            "TooManyRequests",
            "slow down",
        );
        busy.status = Some(429);
        assert_eq!(waiting(&busy).exit(), ExitStatus::Incomplete);
        assert_eq!(failure(&busy).exit(), ExitStatus::Failed);
        let gone = error(ArmClass::NotFound, "/pipelineRuns/r", "NotFound", "");
        assert_eq!(waiting(&gone).exit(), ExitStatus::Failed);
    }
}
