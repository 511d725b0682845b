//! `sas mint`: standard output gets the SAS (or its URL) and nothing else, so that it can be piped into a file or
//! `secret set --value-file -`; what it allows is said on standard error.

use blobferry_azure_blob::sas::{
    AccountKey, Grant, Permissions, SasRole, SasTime, SasToken, VERSION,
};
use blobferry_azure_blob::{LONGEST_DELEGATION, user_delegation_key};
use blobferry_console::failure::of_store;
use blobferry_terminal::{ExitStatus, Failure, quantity};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::cli::sas::{KindWord, MintArgs, RoleWord, SasArgs, SasCommand};
use crate::cli::shared::CloudArgs;
use crate::context::Context;
use crate::input::Origin;
use crate::reveal;
use crate::streams::{Streams, Summary};

mod place;
mod when;

/// What a program reads.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sas: &'a str,
    url: Option<&'a str>,
    account: &'a str,
    container: &'a str,
    blob: Option<&'a str>,
    permissions: &'a str,
    starts: Option<Timestamp>,
    expires: Timestamp,
    version: &'static str,
}

/// Does it.
pub(crate) async fn run(
    args: &SasArgs,
    shared: &CloudArgs,
    streams: &Streams,
) -> Result<ExitStatus, Failure> {
    let SasCommand::Mint(args) = &args.command;
    let now = Timestamp::now();
    let grant = grant(args, now)?;
    for note in grant.check(now).map_err(|error| refused(&error))? {
        streams.note(&note);
    }
    let (endpoint, sas) = match args.kind {
        KindWord::UserDelegation => delegated(&grant, args, shared, now).await?,
        KindWord::Service | KindWord::Account => {
            let key = key(args)?;
            let made = if args.kind == KindWord::Account {
                grant.account_wide(&key)
            } else {
                grant.service(&key)
            };
            let endpoint = if args.url || args.endpoint.is_some() {
                Some(place::offline(args, shared).await?)
            } else {
                None
            };
            (endpoint, made.map_err(|error| unmade(&error))?)
        }
    };
    print(&grant, args, endpoint.as_ref(), &sas, streams)?;
    streams.note(&in_words(&grant, args, &sas, now));
    streams.record(&Summary::new("minted", None))?;
    Ok(ExitStatus::Done)
}

fn grant(args: &MintArgs, now: Timestamp) -> Result<Grant, Failure> {
    if args.delete && args.role != RoleWord::Import {
        return Err(Failure::usage("--delete is for --for import"));
    }
    let role = match args.role {
        RoleWord::Export => SasRole::Export,
        RoleWord::Import => SasRole::Import {
            delete: args.delete,
        },
        RoleWord::CopyFrom => SasRole::CopyFrom,
        RoleWord::CopyTo => SasRole::CopyTo,
    };
    let start = args.start.as_deref();
    let start = start
        .map(|text| when::read("--start", text, now))
        .transpose()?;
    Ok(Grant {
        role,
        account: args.account.clone(),
        container: args.container.clone(),
        blob: args.blob.clone(),
        start: start.map(SasTime::from),
        expiry: SasTime::from(when::read("--expiry", &args.expiry, now)?),
        ip_range: args.ip.clone(),
    })
}

fn refused(error: &blobferry_azure_blob::sas::GrantError) -> Failure {
    Failure::usage(format!("--{error}"))
}

fn unmade(error: &blobferry_azure_blob::sas::MintError) -> Failure {
    Failure::new(ExitStatus::Failed, "the SAS cannot be made").because(error)
}

fn key(args: &MintArgs) -> Result<AccountKey, Failure> {
    let origin = Origin {
        what: "account key",
        flag: "--key-file",
        file: args.key_file.as_deref(),
        variable: "AZURE_STORAGE_KEY",
    };
    let text = origin.read().map_err(|failure| {
        failure.hint("without the account's key, --kind user-delegation signs by your login")
    })?;
    let bad = || Failure::new(ExitStatus::Denied, "the account key cannot be used");
    if text.expose().is_empty() {
        return Err(bad().cause("it is empty"));
    }
    AccountKey::from_base64(text.expose()).map_err(|error| {
        bad()
            .because(&error)
            .hint("wanted the key itself, as `az storage account keys list` shows it")
    })
}

/// Signed by a key that the account gives to the login.
async fn delegated(
    grant: &Grant,
    args: &MintArgs,
    shared: &CloudArgs,
    now: Timestamp,
) -> Result<(Option<Url>, SasToken), Failure> {
    if args.key_file.is_some() {
        return Err(Failure::usage(
            "--key-file and --kind user-delegation contradict each other",
        ));
    }
    if grant.expiry.at().duration_since(now) > LONGEST_DELEGATION {
        return Err(
            Failure::usage("--expiry: a user delegation SAS lasts at most 7 days")
                .hint("write --expiry 7d, or sign with the account's key: --kind service"),
        );
    }
    let context = Context::new(shared).await?;
    let endpoint = place::endpoint(args, &context.cloud)?;
    let key = user_delegation_key(
        &endpoint,
        context.credential.inner(),
        context.network.client_options(),
        grant.expiry.at(),
    );
    let key = key.await.map_err(|error| of_store(&error))?;
    let sas = grant.delegated(key).map_err(|error| unmade(&error))?;
    Ok((Some(endpoint), sas))
}

fn print(
    grant: &Grant,
    args: &MintArgs,
    endpoint: Option<&Url>,
    sas: &SasToken,
    streams: &Streams,
) -> Result<(), Failure> {
    let url = endpoint
        .map(|endpoint| place::signed(endpoint, grant, sas))
        .transpose()?;
    if !streams.is_json() {
        let text = url.filter(|_| args.url);
        return reveal::line(text.as_deref().unwrap_or(sas.expose()));
    }
    let record = Record {
        kind: "sas",
        sas: sas.expose(),
        url: url.as_deref().filter(|_| args.url),
        account: &grant.account,
        container: &grant.container,
        blob: grant.blob.as_deref(),
        permissions: sas.permissions().map_or("", |own| own.as_str()),
        starts: grant.start.as_ref().map(SasTime::at),
        expires: grant.expiry.at(),
        version: VERSION,
    };
    reveal::record(&record)
}

/// What it allows, in one sentence.
fn in_words(grant: &Grant, args: &MintArgs, sas: &SasToken, now: Timestamp) -> String {
    let own = sas.permissions();
    let words = own.into_iter().flat_map(Permissions::words);
    let words: Vec<&str> = words.map(|(_, word)| word).collect();
    let (account, container) = (&grant.account, &grant.container);
    let where_to = match (args.kind, &grant.blob) {
        (KindWord::Account, _) => format!("EVERY container of account {account}"),
        (_, Some(blob)) => format!("blob {blob} in container {container} of account {account}"),
        (_, None) => format!("container {container} of account {account}"),
    };
    let by = match args.kind {
        KindWord::UserDelegation => "; it opens what your own roles open, and no more",
        _ => "",
    };
    let from = grant.ip_range.as_ref();
    let from = from.map_or_else(String::new, |range| format!(", from {range} only"));
    let end = grant.expiry.at();
    format!(
        "for {}: {} on {where_to}, https only{from}, until {} (in {}){by}",
        grant.role.words(),
        words.join(", "),
        quantity::time(end),
        quantity::duration(now.duration_until(end).unsigned_abs()),
    )
}
