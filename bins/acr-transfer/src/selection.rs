//! The artifacts that a user names: from flags, files and standard input, every bad one reported at once.

use std::io::Read as _;
use std::path::Path;

use blobferry_acr::artifact::Selection;
use blobferry_terminal::Failure;

use crate::cli::preflight::ArtifactArgs;

/// Longest list read, bytes: 100,000 names of 160 characters.
const LONGEST: u64 = 16 << 20;

/// All selections in the order given.
pub(crate) fn read(args: &ArtifactArgs) -> Result<Vec<Selection>, Failure> {
    let mut words = args.artifacts.clone();
    for path in &args.artifacts_file {
        words.extend(lines(&text(path)?));
    }
    if words.is_empty() {
        return Err(Failure::usage("no artifact is named")
            .hint("--artifacts app:1.0 'team/*', or --artifacts-file FILE with one a line"));
    }
    let mut selections = Vec::new();
    let mut wrong = Vec::new();
    for word in &words {
        match word.parse::<Selection>() {
            Ok(selection) => selections.push(selection),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() {
        return Ok(selections);
    }
    let failure = Failure::usage("not every artifact can be understood");
    Err(wrong
        .iter()
        .take(20)
        .fold(failure, |failure, error| failure.because(error)))
}

/// The entries of a list: one a line, `#` begins a comment (no artifact has one in its name).
fn lines(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split('#').next())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn text(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!(
            "--artifacts-file: {} cannot be read",
            path.display()
        ))
        .because(&error)
    };
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(LONGEST)
            .read_to_string(&mut text)
    } else {
        let file = fs_err::File::open(path).map_err(failed)?;
        file.take(LONGEST).read_to_string(&mut text)
    };
    let read = read.map_err(failed)?;
    if u64::try_from(read).is_ok_and(|read| read < LONGEST) {
        return Ok(text);
    }
    Err(Failure::usage(format!(
        "--artifacts-file: {} is longer than {LONGEST} bytes",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_blank_lines() {
        let text = "# all\napp:1\r\n\n  team/*   # theirs\n#x\n";
        assert_eq!(lines(text), ["app:1", "team/*"]);
    }

    #[test]
    fn nothing_named_is_wrong_usage() {
        let args = ArtifactArgs {
            artifacts: Vec::new(),
            artifacts_file: Vec::new(),
        };
        let failure = read(&args).unwrap_err();
        assert_eq!(failure.exit().code(), 2);
    }
}
