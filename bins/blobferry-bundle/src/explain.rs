//! From the library's errors to what a user reads: exit status, causes, and the next command.

use std::io;
use std::path::Path;

use blobferry_bundle::{BundleError, Class, GeometryError, Problem};
use blobferry_terminal::{ExitStatus, Failure};
use rustix::io::Errno;

/// Most problems that an error lists: the first ones tell the story, `verify` tells all.
const MOST_LISTED: usize = 20;

/// What the system says when a disk went away or broke under the work.
const VANISHED: [Errno; 7] = [
    Errno::IO,
    Errno::NODEV,
    Errno::NXIO,
    Errno::NOMEDIUM,
    Errno::SHUTDOWN,
    Errno::STALE,
    Errno::NOTCONN,
];

/// An error of the library, with what to do about it.
pub(crate) fn explain(error: &BundleError) -> Failure {
    let failure = Failure::of(status(error), error);
    match error {
        BundleError::Io { source, .. } => disk(failure, source),
        BundleError::ReadBack { .. } => failure
            .hint("the disk does not keep what it is given: use another one")
            .hint("the same command, run again, writes only that file anew"),
        BundleError::NotABundle { path, .. } => failure
            .hint("name the directory that holds manifest.json")
            .hint(command("missing", path) + " says what is there"),
        BundleError::Manifest { .. } => {
            failure.hint("ask for manifest.json again: nothing can be proven without it")
        }
        BundleError::Damaged { path, problems } => {
            let failure = list(failure, problems);
            if problems.iter().all(is_about_trust) {
                return failure.hint("ask who packed it, and do not use it before they answered");
            }
            failure
                .hint(command("repair", path) + " mends what the parity can")
                .hint(command("missing --code", path) + " makes a code to ask for the rest")
        }
        BundleError::BeyondRepair { path, problems } => list(failure, problems)
            .hint(command("missing --code", path) + " makes a code to ask for what is lost"),
        BundleError::Exists { path } => failure.hint(format!(
            "nothing is replaced: name another place, or remove {} first",
            path.display()
        )),
        BundleError::Busy { .. } => failure.hint("wait until it is done, or stop it"),
        BundleError::SourceChanged => {
            failure.hint("run the same command again when nobody writes to it")
        }
        BundleError::Geometry(cut) => match cut {
            GeometryError::TooManyParts { .. } => failure.hint("use a larger --part-size"),
            GeometryError::Parity { .. } => {
                failure.hint("use less --parity, or a larger --part-size")
            }
            _ => failure,
        },
        BundleError::Interrupted => failure.hint("run the same command again to go on"),
        BundleError::Mismatch { .. } | BundleError::Refused(_) => failure,
    }
}

/// A command of ours on a directory, to be typed as it stands.
pub(crate) fn command(verb: &str, dir: &Path) -> String {
    format!("`blobferry-bundle {verb} {}`", dir.display())
}

fn list(failure: Failure, problems: &[Problem]) -> Failure {
    let shown = problems.iter().take(MOST_LISTED);
    shown.fold(failure, |failure, problem| {
        failure.cause(problem.to_string())
    })
}

/// Whether it is about whose bundle this is, not about its bytes.
fn is_about_trust(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Signature { .. } | Problem::TooFewSigners { .. } | Problem::Chain { .. }
    )
}

/// What to do about a disk that refused.
pub(crate) fn disk(failure: Failure, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.hint("make room, then run the same command again to go on")
        }
        io::ErrorKind::FileTooLarge => failure.hint(
            "the file system takes no file that long (FAT32: less than 4 GiB): use a smaller --part-size, \
             the default fits",
        ),
        io::ErrorKind::PermissionDenied => failure.hint("check the permissions of the directory"),
        io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint("the disk is read-only: remount it, or name another place with --out")
        }
        _ if is_vanished(error) => failure.hint(
            "check that the disk is there and healthy, then run the same command again to go on",
        ),
        _ => failure,
    }
}

fn is_vanished(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| VANISHED.contains(&errno))
}

/// How the process ends over an error of the file system.
pub(crate) fn io_status(error: &io::Error) -> ExitStatus {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ExitStatus::Incomplete
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ExitStatus::Denied,
        _ if is_vanished(error) => ExitStatus::Incomplete,
        _ => ExitStatus::Failed,
    }
}

fn status(error: &BundleError) -> ExitStatus {
    if let BundleError::Io { source, .. } = error {
        return io_status(source);
    }
    match error.class() {
        Class::Failed => ExitStatus::Failed,
        Class::Usage => ExitStatus::Usage,
        Class::Verification => ExitStatus::Verification,
        Class::Incomplete => ExitStatus::Incomplete,
        Class::Denied => ExitStatus::Denied,
        Class::SourceChanged => ExitStatus::SourceChanged,
        Class::Interrupted => ExitStatus::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errno: Errno) -> Failure {
        explain(&BundleError::Io {
            doing: "write",
            path: "/media/usb/part-0000".into(),
            source: errno.into(),
        })
    }

    #[test]
    fn a_disk_that_may_come_back_is_incomplete_and_a_closed_door_is_denied() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG]
            .into_iter()
            .chain(VANISHED)
        {
            assert_eq!(refused(errno).exit(), ExitStatus::Incomplete, "{errno}");
        }
        for errno in [Errno::ROFS, Errno::ACCESS] {
            assert_eq!(refused(errno).exit(), ExitStatus::Denied, "{errno}");
        }
        assert_eq!(refused(Errno::ISDIR).exit(), ExitStatus::Failed);
    }
}
