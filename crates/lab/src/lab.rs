//! A running lab: listeners, their thread, and the handle by which tests and the binary hold it.

mod listeners;
mod serve;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::oneshot;

use crate::auth::{AccountKey, SasTerms};
use crate::cloud::{Accounts, Cloud, CloudOptions};
use crate::fault::Script;
use crate::service::{Counted, Service};
use crate::store::Store;
use crate::tls::Authority;
use crate::{Address, Clock, CopySources};

use self::listeners::{listen, surroundings};
use self::serve::{Answers, Listener, Serving};

/// What stays as it is in a path; `/` too, because blob names may hold it.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// How a lab is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0: the kernel picks one.
    pub listen: SocketAddr,
    /// Also listen with TLS; port 0: the kernel picks one.
    pub listen_tls: Option<SocketAddr>,
    /// Names and keys of accounts; without a key one is made (or found in the data directory).
    pub accounts: Vec<(String, Option<AccountKey>)>,
    /// Where data and the CA are kept; `None`: in memory, and gone at the end.
    pub data: Option<PathBuf>,
    /// Discard what is put and serve a pattern; check nothing.
    pub null: bool,
    /// Where From-URL operations may fetch. With anything but [`CopySources::Any`], the runs and triggers of the lab's cloud
    /// reach its own accounts only, too.
    pub copy_sources: CopySources,
    /// The first fault script.
    pub faults: Script,
    /// Threads that serve.
    pub threads: usize,
    /// The rest of the cloud; `None`: storage accounts only. It is kept in memory even where there is a data directory.
    pub cloud: Option<CloudOptions>,
}

impl Default for Options {
    /// http on a free port of 127.0.0.1, the accounts `source` and `target`, in memory, no faults, two threads.
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            listen_tls: None,
            accounts: vec![("source".to_owned(), None), ("target".to_owned(), None)],
            data: None,
            null: false,
            copy_sources: CopySources::Any,
            faults: Script::default(),
            threads: 2,
            cloud: None,
        }
    }
}

/// The accounts as the lab's cloud sees them.
fn seen(address: SocketAddr, ports: &[u16], copy_sources: CopySources) -> Accounts {
    let is_alone = copy_sources != CopySources::Any;
    Accounts {
        address,
        only: is_alone.then(|| ports.to_vec()),
    }
}

/// A running lab. Dropping it ends it: open connections are closed, and nothing is left behind but the data directory.
pub struct Lab {
    service: Arc<Service>,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    authority: Option<Authority>,
    cloud: Option<Arc<Cloud>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lab {
    /// Starts a lab on threads of its own. It serves when this returns.
    ///
    /// # Errors
    /// When a port or the data directory cannot be had, or an account's name or key is no good.
    pub fn start(options: Options) -> io::Result<Self> {
        let clock = Clock::default();
        let store = match &options.data {
            _ if options.null => Store::null(clock.clone()),
            Some(folder) => Store::open(folder, clock.clone())?,
            None => Store::in_memory(clock.clone()),
        };
        for (name, key) in options.accounts {
            store.add_account(&name, key).map_err(io::Error::other)?;
        }
        let (plain, address) = listen(options.listen)?;
        let (secure, tls_address) = options.listen_tls.map(listen).transpose()?.unzip();
        let names: Vec<String> = store.accounts().into_iter().map(|(name, _)| name).collect();
        let authority = if secure.is_some() || options.cloud.is_some() {
            Some(Authority::new(options.data.as_deref(), &names)?)
        } else {
            None
        };
        let tls = || authority.as_ref().map(Authority::server);
        let client = serve::client(authority.as_ref())?;
        let ports = [Some(address), tls_address].into_iter().flatten();
        let ports: Vec<u16> = ports.map(|address| address.port()).collect();
        let around = options.cloud.map(|cloud| {
            let storage = tls_address.unwrap_or(address);
            let storage = seen(storage, &ports, options.copy_sources);
            surroundings(cloud, clock.clone(), client.clone(), storage, tls)
        });
        let (cloud, listeners) = around.transpose()?.unzip();
        let mut service = Service::new(store, clock, client);
        service.checks = !options.null;
        service.copy_sources = options.copy_sources;
        service.issuer = cloud.as_ref().map(|cloud: &Arc<Cloud>| cloud.issuer());
        service.ports = ports;
        service.put_script(options.faults);
        let service = Arc::new(service);
        let accounts = |socket, tls| Listener {
            socket,
            tls,
            answers: Answers::Accounts(Arc::clone(&service)),
        };
        let mut listeners = listeners.unwrap_or_default();
        listeners.push(accounts(plain, None));
        listeners.extend(secure.map(|secure| accounts(secure, tls())));
        let serving = Serving {
            listeners,
            cloud: cloud.clone(),
        };
        let (stop, stopped) = oneshot::channel();
        let runtime = serve::runtime(options.threads)?;
        let thread = thread::Builder::new()
            .name("lab".to_owned())
            .spawn(move || runtime.block_on(serving.until(stopped)))?;
        Ok(Self {
            service,
            address,
            tls_address,
            authority,
            cloud,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `https://127.0.0.1:PORT`, where the lab listens with TLS.
    #[must_use]
    pub fn tls_endpoint(&self) -> Option<String> {
        self.tls_address.map(|address| format!("https://{address}"))
    }

    /// The CA's certificate as PEM, where the lab listens with TLS or has a cloud.
    #[must_use]
    pub fn ca_certificate(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::certificate)
    }

    /// URL of a blob with a SAS of its own that may do everything with it until `expiry`; without a SAS where there is no
    /// such account.
    #[must_use]
    pub fn url(&self, at: &Address, expiry: Timestamp) -> String {
        let path = utf8_percent_encode(&at.blob, PATH);
        let url = format!("{}/{}/{}/{path}", self.endpoint(), at.account, at.container);
        let terms = SasTerms {
            permissions: "racwdt".to_owned(),
            expiry: Some(expiry),
            ..SasTerms::default()
        };
        match self.service.store.key(&at.account) {
            Some(key) => format!("{url}?{}", terms.sign(at, &key)),
            None => url,
        }
    }

    /// The accounts and what they hold.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.service.store
    }

    /// The rest of the cloud, where there is one.
    #[must_use]
    pub fn cloud(&self) -> Option<&Cloud> {
        self.cloud.as_deref()
    }

    /// The lab's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// Puts a fault script in force, in place of the last one.
    pub fn put_script(&self, script: Script) {
        self.service.put_script(script);
    }

    /// What it has done so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.service.counters.so_far()
    }

    /// Waits until the lab ends, which it does not by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
