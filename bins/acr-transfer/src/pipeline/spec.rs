//! From flags and a parameter file to a pipeline that is checked before anything is asked.

use blobferry_acr::cloud::Cloud;
use blobferry_acr::pipeline::{
    Direction, Identity, PipelineOption, PipelineSpec, StorageAccessMode,
};
use blobferry_terminal::Failure;
use url::Url;

use crate::cli::pipeline::{CreateArgs, ModeWord};
use crate::cli::shared::PlaceArgs;
use crate::failure::Explained as _;
use crate::parameters::{Fill, needed};

/// What older versions of the az extension take among the options of an import pipeline.
const NO_TRIGGER: &str = "DisableSourceTrigger";

/// A pipeline, and where it is to be.
pub(super) struct Wanted {
    pub(super) place: PlaceArgs,
    pub(super) name: String,
    pub(super) spec: PipelineSpec,
}

/// The parameters that Microsoft's two templates call differently.
struct Names {
    pipeline: &'static str,
    container: &'static str,
    foreign: &'static str,
}

fn names(direction: Direction) -> Names {
    match direction {
        Direction::Export => Names {
            pipeline: "exportPipelineName",
            container: "targetUri",
            foreign: "importPipelineName",
        },
        Direction::Import => Names {
            pipeline: "importPipelineName",
            container: "sourceUri",
            foreign: "exportPipelineName",
        },
    }
}

/// Reads and checks.
pub(super) fn read(
    direction: Direction,
    args: &CreateArgs,
    trigger: Option<bool>,
    api_version: &str,
    cloud: &Cloud,
) -> Result<Wanted, Failure> {
    let fill = Fill::read(args.parameters.as_deref())?;
    let names = names(direction);
    fill.forbid(names.foreign, "it is for the other type of pipeline")?;
    let name = fill.text_or(args.name.as_ref(), names.pipeline)?;
    let container = fill.text_or(args.storage_container_uri.as_ref(), names.container)?;
    let container = needed(container, "-c/--storage-container-uri")?;
    let (options, trigger) = options(direction, args, trigger, &fill)?;
    let spec = PipelineSpec {
        direction,
        location: fill.text_or(args.location.as_ref(), "location")?,
        container: uri("--storage-container-uri", &container)?,
        mode: mode(args, &fill)?,
        secret: secret(args, &fill, cloud)?,
        identity: identity(args, &fill)?,
        options,
        source_trigger: trigger,
    };
    spec.check(api_version).explained()?;
    Ok(Wanted {
        place: fill.place(&args.place)?,
        name: needed(name, "-n/--name")?,
        spec,
    })
}

/// Options without repetition, and the trigger that one of them may speak of.
fn options(
    direction: Direction,
    args: &CreateArgs,
    trigger: Option<bool>,
    fill: &Fill,
) -> Result<(Vec<PipelineOption>, Option<bool>), Failure> {
    let words = fill.list_or(&args.options, "options")?;
    let (off, words): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|word| word.eq_ignore_ascii_case(NO_TRIGGER));
    let mut options = Vec::new();
    for word in words {
        let option = PipelineOption::parse(&word).explained()?;
        if !options.contains(&option) {
            options.push(option);
        }
    }
    if direction == Direction::Export {
        if off.is_empty() {
            return Ok((options, None));
        }
        return Err(Failure::usage(format!(
            "{NO_TRIGGER} is for import pipelines: an export has no trigger"
        )));
    }
    let from_file = match fill.text("sourceTriggerStatus")? {
        None => None,
        Some(word) if word.eq_ignore_ascii_case("enabled") => Some(true),
        Some(word) if word.eq_ignore_ascii_case("disabled") => Some(false),
        Some(_) => {
            return Err(Failure::usage(
                "sourceTriggerStatus in the parameter file is Enabled or Disabled",
            ));
        }
    };
    if !off.is_empty() && trigger == Some(true) {
        return Err(Failure::usage(format!(
            "{NO_TRIGGER} and --source-trigger-enabled true contradict each other"
        )));
    }
    let said = if off.is_empty() { trigger } else { Some(false) };
    // Said plainly, so that a pipeline that is made again gets what the user reads here.
    Ok((options, said.or(from_file).or(Some(true))))
}

fn mode(args: &CreateArgs, fill: &Fill) -> Result<StorageAccessMode, Failure> {
    let from_file = match fill.text("storageAccessMode")? {
        None => None,
        Some(word) => Some(
            <ModeWord as clap::ValueEnum>::from_str(&word, true).map_err(|_| {
                Failure::usage(
                    "storageAccessMode in the parameter file is SasToken or ManagedIdentity",
                )
            })?,
        ),
    };
    Ok(match args.storage_access_mode.or(from_file) {
        Some(ModeWord::ManagedIdentity) => StorageAccessMode::ManagedIdentity,
        Some(ModeWord::SasToken) | None => StorageAccessMode::SasToken,
    })
}

/// The flag, or the template's vault and secret names. With `-m ManagedIdentity` the file's are left aside: the template
/// wants them in any case.
fn secret(args: &CreateArgs, fill: &Fill, cloud: &Cloud) -> Result<Option<Url>, Failure> {
    let by_identity = mode(args, fill)? == StorageAccessMode::ManagedIdentity;
    match &args.secret_uri {
        // As the extension has it: whoever gives a secret expects that it is used.
        Some(_) if by_identity => {
            return Err(Failure::usage(
                "--secret-uri and the storage access mode ManagedIdentity contradict each other: that mode uses no SAS",
            ));
        }
        Some(text) => return uri("--secret-uri", text).map(Some),
        None if by_identity => return Ok(None),
        None => {}
    }
    let (vault, name) = (fill.text("keyVaultName")?, fill.text("sasTokenSecretName")?);
    match (vault, name) {
        (None, None) => Ok(None),
        (Some(vault), Some(name)) => {
            let host = cloud.vault_url(&vault).ok_or_else(|| {
                Failure::usage(format!(
                    "keyVaultName {vault:?} in the parameter file is no vault's name"
                ))
            })?;
            let text = format!("{}/secrets/{name}", host.as_str().trim_end_matches('/'));
            uri("sasTokenSecretName", &text).map(Some)
        }
        _ => Err(Failure::usage(
            "the parameter file has one of keyVaultName and sasTokenSecretName without the other",
        )),
    }
}

fn identity(args: &CreateArgs, fill: &Fill) -> Result<Identity, Failure> {
    let words = match fill.text("userAssignedIdentity")? {
        Some(id) if args.assign_identity.is_empty() => vec![id],
        _ => args.assign_identity.clone(),
    };
    Identity::parse(&words).explained()
}

/// The text is not repeated: it may hold a SAS.
fn uri(name: &str, text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| Failure::usage(format!("{name} is not a URI")).because(&error))
}
