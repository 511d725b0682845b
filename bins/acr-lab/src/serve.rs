//! `acr-lab serve`: from the command line to a running lab, and its end.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::thread;

use blobferry_console::{ExitStatus, Failure};
use blobferry_lab::auth::AccountKey;
use blobferry_lab::cloud::CloudOptions;
use blobferry_lab::fault::Script;
use blobferry_lab::store::{Metadata, NewBlob};
use blobferry_lab::{Address, CopySources, Fill, Lab, Options, Refusal};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::cli::{OutputWord, ServeArgs, SourcesWord};
use crate::ending::Asked;
use crate::ready::{Around, Ready};
use crate::{cloud, logging, value};

/// Threads that are of any use to a lab.
const MOST_THREADS: usize = 256;

pub(crate) fn run(args: ServeArgs) -> Result<ExitStatus, Failure> {
    if args.verbose {
        logging::start();
    }
    let blobs: Vec<_> = args
        .blobs
        .iter()
        .map(|text| value::blob(text))
        .collect::<Result<_, _>>()?;
    let containers: Vec<_> = args
        .containers
        .iter()
        .map(|text| value::container(text))
        .collect::<Result<_, _>>()?;
    let (cloud, _samples) = around(&args)?;
    let kept = Around::of(cloud.as_ref());
    let lab = Lab::start(options(&args, cloud)?).map_err(|error| {
        let status = match error.kind() {
            io::ErrorKind::InvalidInput => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        };
        let failure = Failure::new(status, "the lab cannot start").because(&error);
        if error.kind() == io::ErrorKind::AddrInUse {
            failure
                .hint("choose another with --listen, --tls-listen or --cloud-listen; port 0 takes any that is free")
        } else {
            failure
        }
    })?;
    stock(&lab, &containers, blobs)?;
    let ca_file = write_certificate(&lab, args.ca_file)?;
    let ready = Ready {
        lab: &lab,
        ca_file: ca_file.as_deref(),
        around: kept.as_ref(),
    };
    let said = match args.output {
        OutputWord::Json => ready.json(&mut io::stdout()),
        OutputWord::Text => ready.text(&mut io::stdout()),
    };
    said.map_err(|error| {
        Failure::new(ExitStatus::Failed, "cannot say where the lab serves").because(&error)
    })?;
    until_asked(args.end_with_stdin)?;
    drop(lab);
    Ok(ExitStatus::Done)
}

/// Makes what shall be there from the beginning. What a folder holds already stays as it is: who begins again with the
/// same command goes on with the same versions.
fn stock(
    lab: &Lab,
    containers: &[Address],
    blobs: Vec<(Address, u64, Fill)>,
) -> Result<(), Failure> {
    let store = lab.store();
    let refused = |flag: &str, at: &Address, error: Refusal| {
        let what = format!("{flag} {}/{}: cannot be made", at.account, at.path());
        let failure = if error.status == 507 {
            Failure::new(ExitStatus::Failed, what)
        } else {
            Failure::usage(what)
        };
        let failure = failure.because(&error);
        if store.key(&at.account).is_some() {
            failure
        } else {
            failure.hint(format!(
                "there is no such account; --account {} makes it",
                at.account
            ))
        }
    };
    for at in containers {
        if store.container(at).is_err() {
            let made = store.create_container(at, Metadata::new());
            made.map_err(|error| refused("--container", at, error))?;
        }
    }
    for (at, size, fill) in blobs {
        let is_there = store.blob(&at).is_ok_and(|blob| blob.content.len() == size);
        if !is_there {
            let put = store.put_synthetic(&at, fill.content(size), NewBlob::default());
            put.map_err(|error| refused("--blob", &at, error))?;
        }
    }
    Ok(())
}

/// The cloud around the accounts, and the folder of its sample images.
fn around(args: &ServeArgs) -> Result<(Option<CloudOptions>, Option<TempDir>), Failure> {
    if !args.cloud {
        return Ok((None, None));
    }
    let listen = value::listen("--cloud-listen", &args.cloud_listen)?;
    let behaviour = cloud::behaviour(args.behaviour.as_deref())?;
    let (registries, samples) = cloud::registries(&args.registries)?;
    let options = cloud::options("AzureLab", 0, listen, registries, behaviour);
    Ok((Some(options), Some(samples)))
}

fn options(args: &ServeArgs, cloud: Option<CloudOptions>) -> Result<Options, Failure> {
    let accounts: Vec<(String, Option<AccountKey>)> = args
        .accounts
        .iter()
        .map(|text| value::account(text))
        .collect::<Result<_, _>>()?;
    let mut names = HashSet::new();
    if let Some((twice, _)) = accounts.iter().find(|(name, _)| !names.insert(name)) {
        return Err(Failure::usage(format!("--account {twice}: given twice")));
    }
    if !(1..=MOST_THREADS).contains(&args.threads) {
        let threads = args.threads;
        return Err(Failure::usage(format!(
            "--threads {threads}: 1 to {MOST_THREADS}"
        )));
    }
    let usual = Options::default();
    let listen_tls = if args.tls || args.cloud {
        Some(value::listen("--tls-listen", &args.tls_listen)?)
    } else {
        None
    };
    Ok(Options {
        listen: value::listen("--listen", &args.listen)?,
        listen_tls,
        accounts: if accounts.is_empty() {
            usual.accounts
        } else {
            accounts
        },
        data: args.data.clone(),
        null: args.null,
        copy_sources: match args.copy_sources {
            SourcesWord::Any => CopySources::Any,
            SourcesWord::Own => CopySources::Own,
            SourcesWord::Nothing => CopySources::Nothing,
        },
        faults: script(args)?,
        threads: args.threads,
        cloud,
    })
}

/// The script of --faults, with the line of --latency and --cap-mbps.
fn script(args: &ServeArgs) -> Result<Script, Failure> {
    let failed = || match &args.faults {
        Some(file) => Failure::usage(format!("--faults {}: cannot be used", file.display())),
        None => Failure::usage("--latency and --cap-mbps: there is no such line"),
    };
    let mut script = match &args.faults {
        None => json!({}),
        Some(file) => {
            let text = fs_err::read_to_string(file).map_err(|error| failed().because(&error))?;
            let named = |error: &dyn std::error::Error| {
                failed()
                    .because(error)
                    .hint("crates/lab/FAULTS.md lists every field and action")
            };
            // Read for its own sake first: its mistakes are not those of the flags.
            Script::parse(&text).map_err(|error| named(&error))?;
            serde_json::from_str(&text).map_err(|error| named(&error))?
        }
    };
    if let Some(latency) = &args.latency {
        let milliseconds = value::latency(latency)?.as_secs_f64() * 1000.0;
        set_line(&mut script, "latency_ms", milliseconds);
    }
    if let Some(cap) = &args.cap_mbps {
        set_line(&mut script, "total_mbps", value::cap(cap)?);
    }
    Script::parse(&script.to_string()).map_err(|error| failed().because(&error))
}

/// Sets a field of a script's line. What is no object is left for [`Script::parse`] to refuse.
fn set_line(script: &mut Value, field: &str, value: f64) {
    let line = script
        .as_object_mut()
        .map(|script| script.entry("line").or_insert_with(|| json!({})));
    if let Some(line) = line.and_then(Value::as_object_mut) {
        line.insert(field.to_owned(), json!(value));
    }
}

/// Where clients find the CA's certificate.
fn write_certificate(lab: &Lab, wanted: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    let (Some(file), Some(certificate)) = (wanted, lab.ca_certificate()) else {
        return Ok(None);
    };
    fs_err::write(&file, certificate).map_err(|error| {
        Failure::new(ExitStatus::Failed, "cannot write the CA's certificate").because(&error)
    })?;
    Ok(Some(file))
}

/// Waits for ^C, SIGTERM or, where asked for, the end of standard input.
fn until_asked(end_with_stdin: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let waited = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut asked = Asked::listen()?;
            let (_never, closed) = stdin_closes(end_with_stdin);
            tokio::select! {
                () = asked.arrive() => {}
                _ = closed => {}
            }
            Ok(())
        })
    });
    waited.map_err(|error| {
        Failure::new(ExitStatus::Failed, "cannot wait for signals").because(&error)
    })
}

/// Answers when standard input has come to its end. A thread, because that read cannot be cancelled.
fn stdin_closes(wanted: bool) -> (Option<oneshot::Sender<()>>, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    if !wanted {
        return (Some(sender), receiver);
    }
    thread::spawn(move || {
        let mut nothing = [0; 512];
        while matches!(io::stdin().read(&mut nothing), Ok(1..)) {}
        let _ = sender.send(());
    });
    (None, receiver)
}
