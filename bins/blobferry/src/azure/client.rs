//! The HTTP client that both ends share.

use std::cell::OnceCell;

use blobferry_azure_blob::{Service, ServiceOptions};
use blobferry_console::Failure;

use crate::cli::RemoteArgs;
use crate::settings::{flag, flag_if};
use crate::value;

/// Made when a blob needs it: a copy between local files pays nothing for certificates.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    remote: &'a RemoteArgs,
    options: ServiceOptions,
    made: OnceCell<Service>,
}

impl<'a> Client<'a> {
    /// Reads the flags. `tags`: the source's index tags are wanted.
    pub(crate) fn new(
        remote: &'a RemoteArgs,
        stall_timeout: &str,
        tags: bool,
    ) -> Result<Self, Failure> {
        let version = flag_if(
            "--x-ms-version",
            remote.x_ms_version.as_ref(),
            value::version,
        )?;
        let mut options = ServiceOptions::default();
        options.version = version.unwrap_or(options.version);
        options.stall_timeout = flag("--stall-timeout", value::time(stall_timeout))?;
        options.tags = tags;
        Ok(Self {
            remote,
            options,
            made: OnceCell::new(),
        })
    }

    /// Whether http:// is accepted for any host.
    pub(super) fn allows_http(&self) -> bool {
        self.remote.allow_http
    }

    /// The client, made now if it was not yet.
    pub(super) fn service(&self) -> Result<&Service, Failure> {
        if let Some(service) = self.made.get() {
            return Ok(service);
        }
        let mut options = self.options.clone();
        for path in &self.remote.ca_cert {
            let pem = fs_err::read(path).map_err(|error| {
                Failure::usage("--ca-cert: the file cannot be read").because(&error)
            })?;
            options.ca_certs.push(pem);
        }
        let service = Service::new(options).map_err(|error| {
            Failure::usage("no way to the service can be set up").because(&error)
        })?;
        Ok(self.made.get_or_init(|| service))
    }
}
