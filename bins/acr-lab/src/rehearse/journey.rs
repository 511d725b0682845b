//! The journey, step by step: out of the east's registry into a blob, across, and into the west's registry; with what goes
//! wrong on the way where a scenario asks for it.

use blobferry_console::{ExitStatus, Failure};
use blobferry_lab::cloud::PutAnswer;
use serde_json::Value;

use super::ground::{CONTAINER, Ground, Side};
use super::stage::Stage;
use super::{failed, layout};
use crate::cli::{RehearseArgs, ScenarioWord};
use crate::cloud::RESOURCE_GROUP;

/// The blob.
pub(crate) const BLOB: &str = "run1.tar";
/// What travels beside it.
pub(crate) const RECEIPT: &str = "run1.receipt.json";

/// What the user gives to export: a pattern and a chart.
const PATTERNS: &str = "'samples/*' charts/hello:0.1.0";

/// The same without what does not pass.
const WITHOUT_HUGE: &str =
    "'samples/hello:*' 'samples/zones:*' 'samples/data:*' charts/hello:0.1.0";

/// Seconds by which the clock of the east is moved: past the SAS, which is good for an hour.
const TWO_HOURS: i64 = 2 * 3600;

pub(crate) struct Journey<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) stage: &'a mut Stage,
    args: &'a RehearseArgs,
}

impl<'a> Journey<'a> {
    pub(crate) fn new(ground: &'a Ground, stage: &'a mut Stage, args: &'a RehearseArgs) -> Self {
        Self {
            ground,
            stage,
            args,
        }
    }

    fn is(&self, scenario: ScenarioWord) -> bool {
        self.args.scenario == Some(scenario)
    }

    /// All of it.
    pub(crate) async fn play(mut self) -> Result<(), Failure> {
        self.make_exporter().await?;
        self.preflight().await?;
        match self.args.scenario {
            Some(ScenarioWord::ExpiredSas) => self.export_with_an_expired_sas().await?,
            Some(ScenarioWord::FailedRun) => self.export_that_the_service_fails().await?,
            _ => {}
        }
        self.export(ExitStatus::Done).await?;
        let digest = self.in_the_receipt("/runs/0/blob/sha256")?;
        if self.args.air_gap || self.is(ScenarioWord::LostPart) {
            let beyond = self.is(ScenarioWord::LostPart);
            self.carry_in_a_bundle(&digest, beyond).await?;
        } else {
            self.carry_by_wire(&digest).await?;
        }
        self.make_importer().await?;
        if self.is(ScenarioWord::WrongDigest) {
            self.import_what_was_changed(&digest).await?;
        }
        self.import(ExitStatus::Done).await?;
        self.compare()
    }

    /// `-g lab -r eastregistry`, and whose certificates to trust.
    pub(crate) fn at(side: &Side) -> String {
        format!(
            "-g {RESOURCE_GROUP} -r {} --ca-file {}/ca.pem",
            side.registry, side.name
        )
    }

    /// A SAS with no more than its purpose needs, in a file.
    pub(crate) async fn mint(
        &mut self,
        side: &Side,
        purpose: &str,
        file: &str,
        valid: &str,
    ) -> Result<(), Failure> {
        let command = format!(
            "acr-transfer sas mint --for {purpose} --account {0} --container {CONTAINER} --key-file {0}/account.key --expiry {valid} > {file}",
            side.name
        );
        let title = format!("a SAS for {purpose}, with no more than that needs");
        self.stage.well(side, &title, &command).await
    }

    /// Puts a SAS into the Key Vault of its side.
    async fn keep_secret(&mut self, side: &Side, name: &str, file: &str) -> Result<(), Failure> {
        let command = format!(
            "acr-transfer secret set -s {} --value-file {file} --ca-file {}/ca.pem",
            side.secret(name),
            side.name
        );
        let title = "the SAS into the Key Vault";
        self.stage.well(side, title, &command).await
    }

    async fn make_exporter(&mut self) -> Result<(), Failure> {
        let east = &self.ground.east;
        let valid = if self.is(ScenarioWord::ExpiredSas) {
            "1h"
        } else {
            "7d"
        };
        self.mint(east, "export", "east/export.sas", valid).await?;
        self.keep_secret(east, "export-sas", "east/export.sas")
            .await?;
        let command = format!(
            "acr-transfer export-pipeline create {} -n exporter -c {} -s {} -z OverwriteBlobs",
            Self::at(east),
            east.container(),
            east.secret("export-sas")
        );
        self.stage.well(east, "an export pipeline", &command).await
    }

    async fn preflight(&mut self) -> Result<(), Failure> {
        let east = &self.ground.east;
        let command = format!("acr-transfer preflight {} -a {PATTERNS}", Self::at(east));
        if self.is(ScenarioWord::BigLayer) {
            self.stage.act(
                east,
                "somebody pushes an image with a layer of 9 GB",
                || {
                    layout::add_huge(&east.layout)
                        .map_err(|error| failed("cannot add it").because(&error))?;
                    Ok("samples/huge:1.0 is in the registry".to_owned())
                },
            )?;
            let title = "would it pass? No: exit 3, and nothing is run";
            let said = self
                .stage
                .run(east, title, &command, ExitStatus::Verification)
                .await?;
            said.names("samples/huge:1.0")?;
            self.export(ExitStatus::Verification).await?;
            return Ok(());
        }
        self.stage.well(east, "would it pass?", &command).await
    }

    async fn export(&mut self, expected: ExitStatus) -> Result<(), Failure> {
        let east = &self.ground.east;
        let sbom = layout::names(&east.layout)
            .map_err(|error| failed("the east's registry cannot be read").because(&error))?
            .into_keys()
            .find(|name| name.contains('@'));
        // The patterns without what does not pass, and the SBOM that no tag names.
        let artifacts = match (self.is(ScenarioWord::BigLayer), expected) {
            (true, ExitStatus::Done) => WITHOUT_HUGE,
            _ => PATTERNS,
        };
        let command = format!(
            "acr-transfer export {} -p exporter -b {BLOB} --receipt {RECEIPT} -a {artifacts} {}",
            Self::at(east),
            sbom.unwrap_or_default()
        );
        let title = match expected {
            ExitStatus::Done => "preflight, run, wait, look at the blob, receipt",
            ExitStatus::RunFailed => "the run fails: exit 8",
            _ => "the export itself does not begin, either: exit 3",
        };
        self.stage
            .run(east, title, &command, expected)
            .await
            .map(drop)
    }

    /// The SAS in the vault has run out when the pipeline uses it.
    async fn export_with_an_expired_sas(&mut self) -> Result<(), Failure> {
        let east = &self.ground.east;
        self.stage
            .act(east, "two hours pass; the SAS was good for one", || {
                east.lab.clock().advance(TWO_HOURS);
                Ok("the east's clock is two hours ahead".to_owned())
            })?;
        self.export(ExitStatus::RunFailed).await?;
        self.diagnose("expired").await?;
        self.mint(east, "export", "east/export.sas", "7d").await?;
        self.keep_secret(east, "export-sas", "east/export.sas")
            .await
    }

    /// The service fails the run; what is wrong with it is mended on its side.
    async fn export_that_the_service_fails(&mut self) -> Result<(), Failure> {
        let east = &self.ground.east;
        self.stage.act(
            east,
            "the service will fail runs, and answer HTTP 200",
            || {
                east.behave(|behaviour| {
                    behaviour.fail_runs = Some("the storage account is being moved".to_owned());
                    behaviour.put = PutAnswer::Ended;
                });
                Ok("as recorded traffic shows it: status Failed in the body of a 200".to_owned())
            },
        )?;
        self.export(ExitStatus::RunFailed).await?;
        let command = format!("acr-transfer pipeline-run list {}", Self::at(east));
        let said = self
            .stage
            .run(
                east,
                "what the service tells of its runs",
                &command,
                ExitStatus::Done,
            )
            .await?;
        said.names("Failed")?;
        self.diagnose("the storage account is being moved").await?;
        self.stage.act(east, "the service is well again", || {
            east.behave(|behaviour| {
                behaviour.fail_runs = None;
                behaviour.put = PutAnswer::Done;
            });
            Ok("runs do their work".to_owned())
        })
    }

    /// What is wrong with the exporter and its run; the answer must name it.
    async fn diagnose(&mut self, what: &str) -> Result<(), Failure> {
        let east = &self.ground.east;
        let run = self.in_the_receipt("/runs/0/run")?;
        let command = format!(
            "acr-transfer diagnose {} -p exporter -t export -n {run} -b {BLOB}",
            Self::at(east)
        );
        let said = self
            .stage
            .run(east, "what is wrong?", &command, ExitStatus::Verification)
            .await?;
        said.names(what)
    }

    /// What the far side expects, and what a failed run is called.
    fn in_the_receipt(&self, pointer: &str) -> Result<String, Failure> {
        let receipt = fs_err::read(self.stage.folder().join(RECEIPT));
        let receipt = receipt.map_err(|error| failed("there is no receipt").because(&error))?;
        let receipt: Value = serde_json::from_slice(&receipt)
            .map_err(|error| failed("the receipt is not JSON").because(&error))?;
        let text = receipt.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| failed(format!("the receipt has no {pointer}")))
    }

    async fn make_importer(&mut self) -> Result<(), Failure> {
        let west = &self.ground.west;
        self.mint(west, "import", "west/import.sas", "7d").await?;
        self.keep_secret(west, "import-sas", "west/import.sas")
            .await?;
        let command = format!(
            "acr-transfer import-pipeline create {} -n importer -c {} -s {} -e false",
            Self::at(west),
            west.container(),
            west.secret("import-sas")
        );
        self.stage
            .well(west, "an import pipeline, its trigger off", &command)
            .await
    }

    async fn import(&mut self, expected: ExitStatus) -> Result<(), Failure> {
        let west = &self.ground.west;
        let command = format!(
            "acr-transfer import {} -p importer --receipt {RECEIPT}",
            Self::at(west)
        );
        let title = match expected {
            ExitStatus::Done => "check the blob, run, wait, compare with the receipt",
            _ => "the blob is not the receipt's: exit 3, and no run",
        };
        self.stage
            .run(west, title, &command, expected)
            .await
            .map(drop)
    }

    /// Somebody has had his hands on the blob.
    async fn import_what_was_changed(&mut self, digest: &str) -> Result<(), Failure> {
        let west = &self.ground.west;
        self.stage
            .act(west, "somebody changes a byte of the blob", || {
                west.change_a_byte(BLOB)
            })?;
        self.import(ExitStatus::Verification).await?;
        let command = format!("acr-transfer pipeline-run list {} -o json", Self::at(west));
        let said = self
            .stage
            .run(west, "no run was made", &command, ExitStatus::Done)
            .await?;
        said.names("\"count\":0}")?;
        if self.args.air_gap {
            self.upload_the_bundle(digest).await
        } else {
            self.copy_by_wire(digest).await
        }
    }

    /// Every digest of the source's registry against the target's, from the disk.
    fn compare(&mut self) -> Result<(), Failure> {
        let (east, west) = (&self.ground.east, &self.ground.west);
        let mut compared = Vec::new();
        let done = self
            .stage
            .act(west, "every digest in both registries, hashed anew", || {
                let (all, more) =
                    layout::compare(&east.layout, &west.layout, &["samples/huge:1.0"]).map_err(
                        |error| failed("the registries cannot be compared").because(&error),
                    )?;
                compared = all;
                if let Some(one) = compared.iter().find(|one| !one.is_same()) {
                    let failure = failed(format!("{} has not arrived as it was", one.name));
                    return Err(failure.cause(one.wrong.clone().unwrap_or_default()));
                }
                if compared.is_empty() || !more.is_empty() {
                    return Err(failed(format!(
                        "the west's registry also has {}",
                        more.join(", ")
                    )));
                }
                let manifests: usize = compared.iter().map(|one| one.manifests).sum();
                let blobs: usize = compared.iter().map(|one| one.blobs).sum();
                Ok(format!(
                    "{} artifacts, {manifests} manifests, {blobs} configs and layers: all the same",
                    compared.len()
                ))
            });
        self.stage.compared(&compared);
        done
    }
}
