//! Blob URLs, their SAS, and the way to their services.

use std::path::Path;

use blobferry_azure_blob::sas::{Need, SasError, SasFinding, Severity, UrlError, Use};
use blobferry_azure_blob::{AzureBlob, Plaintext, Role, SasSource, SasToken, SasUrl};
use blobferry_console::{ExitStatus, Failure};
use jiff::Timestamp;

use crate::cli::{CopyArgs, TouchArgs, VerifyArgs};

mod client;

pub(crate) use client::Client;

/// How to reach the blob of one end.
#[derive(Debug)]
pub(crate) struct Connection<'a> {
    client: &'a Client<'a>,
    need: Need,
    sas_file: Option<&'a Path>,
}

/// A blob whose SAS was looked at and found good enough to try.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    url: SasUrl,
    sas: SasSource,
    /// What the user should know about the SAS.
    pub(crate) notes: Vec<String>,
}

impl<'a> Connection<'a> {
    /// To the source of a copy.
    pub(crate) fn source(args: &'a CopyArgs, client: &'a Client<'a>) -> Self {
        let tags = args.properties.s2s_preserve_blob_tags;
        let need = Need {
            purpose: Use::Source,
            tags,
        };
        Self {
            client,
            need,
            sas_file: args.sas.source_sas_file.as_deref(),
        }
    }

    /// To the destination of a copy.
    pub(crate) fn destination(args: &'a CopyArgs, client: &'a Client<'a>) -> Self {
        let tags = args.properties.s2s_preserve_blob_tags || args.properties.blob_tags.is_some();
        let need = Need {
            purpose: Use::Destination,
            tags,
        };
        Self {
            client,
            need,
            sas_file: args.sas.destination_sas_file.as_deref(),
        }
    }

    /// To what is verified.
    pub(crate) fn verify(args: &'a VerifyArgs, client: &'a Client<'a>) -> Self {
        Self {
            client,
            need: Need::of(Use::Source),
            sas_file: args.source_sas_file.as_deref(),
        }
    }

    /// To what is touched.
    pub(crate) fn touch(args: &'a TouchArgs, client: &'a Client<'a>) -> Self {
        Self {
            client,
            need: Need::of(Use::Touch),
            sas_file: args.sas_file.as_deref(),
        }
    }

    /// The end's name in messages, the flag for its SAS's file, the variable for the SAS itself.
    fn words(&self) -> [&'static str; 3] {
        match self.need.purpose {
            Use::Destination => [
                "destination",
                "--destination-sas-file",
                "BLOBFERRY_DESTINATION_SAS",
            ],
            Use::Touch => ["blob", "--sas-file", "BLOBFERRY_SAS"],
            _ => ["source", "--source-sas-file", "BLOBFERRY_SOURCE_SAS"],
        }
    }

    fn end(&self) -> &'static str {
        let [end, ..] = self.words();
        end
    }

    fn flag(&self) -> &'static str {
        let [_, flag, _] = self.words();
        flag
    }

    fn variable(&self) -> &'static str {
        let [.., variable] = self.words();
        variable
    }

    /// Whether something is to change there.
    fn writes(&self) -> bool {
        matches!(self.need.purpose, Use::Destination | Use::Touch)
    }

    /// A file or pipe takes no SAS.
    pub(crate) fn refuse_sas_file(&self) -> Result<(), Failure> {
        match self.sas_file {
            Some(_) => Err(Failure::usage(format!("{} is for a blob URL", self.flag()))),
            None => Ok(()),
        }
    }

    /// Understands a URL, finds its SAS, and refuses what the service would refuse. Nothing is sent.
    pub(crate) fn blob(&self, text: &str) -> Result<Blob, Failure> {
        let plaintext = if self.client.allows_http() {
            Plaintext::Anywhere
        } else {
            Plaintext::LoopbackOnly
        };
        let url = SasUrl::parse(text, plaintext).map_err(|error| self.bad_url(&error))?;
        if self.writes() {
            url.writable().map_err(|error| self.bad_url(&error))?;
        }
        let sas = self.sas(&url)?;
        let notes = match sas.current() {
            Some(token) => self.preflight(&url, &token)?,
            None if self.writes() => return Err(self.no_sas()),
            // A public blob needs none.
            None => Vec::new(),
        };
        Ok(Blob { url, sas, notes })
    }

    /// The SAS: in the URL, else in the file, else in the environment.
    fn sas(&self, url: &SasUrl) -> Result<SasSource, Failure> {
        let (end, flag) = (self.end(), self.flag());
        match (url.sas(), self.sas_file) {
            (Some(_), Some(_)) => {
                Err(Failure::usage(format!("the {end}'s URL has a SAS, and {flag} names another"))
                    .hint("leave the SAS out of the URL: a file is safer, and is read again when its SAS is renewed"))
            }
            (Some(token), None) => Ok(SasSource::fixed(Some(token.clone()))),
            (None, Some(path)) => SasSource::file(path).map_err(|error| self.bad_sas(&error)),
            (None, None) => self.sas_of_environment().map(SasSource::fixed),
        }
    }

    fn sas_of_environment(&self) -> Result<Option<SasToken>, Failure> {
        let name = self.variable();
        let Some(text) = std::env::var_os(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let text = text
            .into_string()
            .map_err(|_| Failure::new(ExitStatus::Denied, format!("{name} is not UTF-8")))?;
        let token = SasToken::parse(&text);
        token.map(Some).map_err(|error| {
            self.bad_sas(&error)
                .hint(format!("see the environment variable {name}"))
        })
    }

    /// Everything that can be known without asking the service.
    fn preflight(&self, url: &SasUrl, token: &SasToken) -> Result<Vec<String>, Failure> {
        let mut findings = token.check(url, self.need, Timestamp::now());
        if self.need.purpose == Use::Touch {
            // What is to be kept must be read first.
            let more = token.check(url, Need::of(Use::Source), Timestamp::now());
            let fatal = |finding: &SasFinding| finding.severity == Severity::Fatal;
            findings.extend(more.into_iter().filter(fatal));
        }
        let (fatal, notes): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| finding.severity == Severity::Fatal);
        if fatal.is_empty() {
            let note = |finding: &SasFinding| {
                format!("{}: {}; {}", self.end(), finding.message, finding.hint)
            };
            return Ok(notes.iter().map(note).collect());
        }
        let refused = Failure::new(
            ExitStatus::Denied,
            format!(
                "the {}'s SAS cannot be used for {}",
                self.end(),
                url.address()
            ),
        );
        Err(fatal.iter().fold(refused, |failure, finding| {
            failure.cause(&finding.message).hint(&finding.hint)
        }))
    }

    fn no_sas(&self) -> Failure {
        let end = self.end();
        Failure::new(ExitStatus::Denied, format!("the {end}'s URL has no SAS")).hint(format!(
            "put it into the URL, into a file named by {}, or into {}",
            self.flag(),
            self.variable()
        ))
    }

    fn bad_url(&self, error: &UrlError) -> Failure {
        // A URL that names no blob is wrong usage; one with a broken SAS has no credential.
        let exit = if matches!(error, UrlError::Sas(_)) {
            ExitStatus::Denied
        } else {
            ExitStatus::Usage
        };
        let failure =
            Failure::new(exit, format!("the {}'s URL cannot be used", self.end())).because(error);
        match (error.hint(), error) {
            (Some(hint), _) => failure.hint(hint),
            (None, UrlError::NoBlob { .. }) if self.need.purpose == Use::Destination => {
                failure.hint("a path that ends in / takes the source's name")
            }
            _ => failure,
        }
    }

    fn bad_sas(&self, error: &SasError) -> Failure {
        let message = format!("the {}'s SAS cannot be used", self.end());
        let failure = Failure::new(ExitStatus::Denied, message).because(error);
        error.hint().into_iter().fold(failure, Failure::hint)
    }
}

impl Blob {
    /// Where it is: for comparing.
    pub(crate) fn url(&self) -> &SasUrl {
        &self.url
    }

    /// Opens the way to it; asks the service nothing yet.
    pub(crate) fn open(self, connection: &Connection<'_>) -> Result<AzureBlob, Failure> {
        let role = if connection.writes() {
            Role::Destination
        } else {
            Role::Source
        };
        AzureBlob::connect(self.url, self.sas, role, connection.client.service()?)
            .map_err(|error| blobferry_console::failure::of_store(&error))
    }
}
