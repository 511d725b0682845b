//! How the blob gets across: by wire, or in a bundle that loses parts on its way.

use std::io;
use std::path::Path;

use blobferry_console::{ExitStatus, Failure};

use super::failed;
use super::journey::{BLOB, Journey};

/// The bundle's directory.
const BUNDLE: &str = "usb/run1";

/// Six parts of at most 1 MiB; any two that are lost are computed from the others.
const CUT: &str = "--part-size 1MiB --parity 2";

impl Journey<'_> {
    /// A carrier who may read here and write there.
    pub(crate) async fn carry_by_wire(&mut self, digest: &str) -> Result<(), Failure> {
        let (east, west) = (&self.ground.east, &self.ground.west);
        self.mint(east, "copy-from", "east/read.sas", "7d").await?;
        self.mint(west, "copy-to", "west/write.sas", "7d").await?;
        self.copy_by_wire(digest).await?;
        self.verify_upload(digest).await
    }

    pub(crate) async fn copy_by_wire(&mut self, digest: &str) -> Result<(), Failure> {
        let (east, west) = (&self.ground.east, &self.ground.west);
        let command = format!(
            "blobferry copy {} {} --source-sas-file east/read.sas --destination-sas-file west/write.sas --ca-cert east/ca.pem --ca-cert west/ca.pem --expect-digest {digest}",
            east.blob(BLOB),
            west.blob(BLOB)
        );
        let title = "across, and visible only when it is proven";
        self.stage.well(west, title, &command).await
    }

    async fn verify_upload(&mut self, digest: &str) -> Result<(), Failure> {
        let west = &self.ground.west;
        let command = format!(
            "blobferry verify {} --source-sas-file west/write.sas --ca-cert west/ca.pem --expect-digest {digest}",
            west.blob(BLOB)
        );
        let title = "every byte once more, as it stands there";
        self.stage.well(west, title, &command).await
    }

    /// Across a gap that no wire crosses. `beyond`: more parts are lost than the parity mends, and are sent again.
    pub(crate) async fn carry_in_a_bundle(
        &mut self,
        digest: &str,
        beyond: bool,
    ) -> Result<(), Failure> {
        let (east, west) = (&self.ground.east, &self.ground.west);
        self.mint(east, "copy-from", "east/read.sas", "7d").await?;
        let from = format!(
            "--source-sas-file east/read.sas --ca-cert east/ca.pem --expect-digest {digest}"
        );
        if beyond {
            let command = format!("blobferry copy {} {BLOB} {from}", east.blob(BLOB));
            self.stage
                .well(east, "the blob onto the disk", &command)
                .await?;
            let command = format!(
                "blobferry-bundle pack {BLOB} --out {BUNDLE} {CUT} --expect-digest {digest}"
            );
            self.stage
                .well(east, "into a bundle, with parity", &command)
                .await?;
            self.lose(&["part-0001", "part-0003", "part-0004"])?;
            self.send_again().await?;
        } else {
            let command = format!(
                "blobferry copy {} bundle:{BUNDLE} {CUT} {from}",
                east.blob(BLOB)
            );
            self.stage
                .well(east, "straight into a bundle, with parity", &command)
                .await?;
            self.lose(&["part-0001"])?;
        }
        if !beyond {
            let missing = ExitStatus::Verification;
            let verify = format!("blobferry-bundle verify {BUNDLE}");
            self.stage
                .run(west, "what arrived? Not all: exit 3", &verify, missing)
                .await?;
            let repair = format!("blobferry-bundle repair {BUNDLE}");
            self.stage
                .well(west, "the lost part from the others", &repair)
                .await?;
            self.stage
                .well(west, "all there, and right", &verify)
                .await?;
        }
        self.mint(west, "copy-to", "west/write.sas", "7d").await?;
        self.upload_the_bundle(digest).await?;
        self.verify_upload(digest).await
    }

    pub(crate) async fn upload_the_bundle(&mut self, digest: &str) -> Result<(), Failure> {
        let west = &self.ground.west;
        let command = format!(
            "blobferry copy bundle:{BUNDLE} {} --destination-sas-file west/write.sas --ca-cert west/ca.pem --expect-digest {digest}",
            west.blob(BLOB)
        );
        let title = "up, and visible only when it is proven";
        self.stage.well(west, title, &command).await
    }

    /// More is lost than two parts of parity bring back: the tool says so, and says what to send again.
    async fn send_again(&mut self) -> Result<(), Failure> {
        let (east, west) = (&self.ground.east, &self.ground.west);
        let repair = format!("blobferry-bundle repair {BUNDLE}");
        let title = "three are too many for a parity of two: exit 3";
        self.stage
            .run(west, title, &repair, ExitStatus::Verification)
            .await?;
        let missing = format!("blobferry-bundle missing {BUNDLE} --code --quiet");
        let title = "a code for the telephone: what is missing";
        let said = self
            .stage
            .run(west, title, &missing, ExitStatus::Verification)
            .await?;
        let code = said.last().trim().to_owned();
        let again = format!("blobferry-bundle pack {BLOB} --out usb/again {CUT} --resend {code}");
        self.stage
            .well(east, "just those parts again", &again)
            .await?;
        let folder = self.stage.folder().to_owned();
        self.stage
            .act(west, "the second stick is copied into the bundle", || {
                let copied = copy_parts(&folder.join("usb/again"), &folder.join(BUNDLE));
                let copied =
                    copied.map_err(|error| failed("cannot copy the parts").because(&error))?;
                Ok(copied.join(", "))
            })?;
        let verify = format!("blobferry-bundle verify {BUNDLE}");
        self.stage.well(west, "all there, and right", &verify).await
    }

    /// The way across is rough.
    fn lose(&mut self, parts: &[&str]) -> Result<(), Failure> {
        let bundle = self.stage.folder().join(BUNDLE);
        let title = format!(
            "{} lost on the way",
            if parts.len() == 1 {
                "a part is"
            } else {
                "parts are"
            }
        );
        self.stage.act(&self.ground.west, &title, || {
            for part in parts {
                fs_err::remove_file(bundle.join(part))
                    .map_err(|error| failed("there is no such part").because(&error))?;
            }
            Ok(format!("gone: {}", parts.join(", ")))
        })
    }
}

/// Copies the parts of a resend into the bundle; their names.
fn copy_parts(from: &Path, to: &Path) -> io::Result<Vec<String>> {
    let mut copied = Vec::new();
    for entry in fs_err::read_dir(from)? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("part-") {
            fs_err::copy(from.join(&name), to.join(&name))?;
            copied.push(name.to_string_lossy().into_owned());
        }
    }
    copied.sort();
    Ok(copied)
}
