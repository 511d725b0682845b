//! Problems as a program reads them: one JSON line each.

use blobferry_bundle::Problem;
use blobferry_terminal::{Failure, line, redact};
use serde::Serialize;

use crate::streams::Streams;

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    problem: &'static str,
    file: Option<String>,
    text: &'a str,
}

/// Says every problem, one a line.
pub(crate) fn show(problems: &[Problem], streams: &Streams) -> Result<(), Failure> {
    for problem in problems {
        let text = problem.to_string();
        // A file's name may hold anything; it must not look like lines of ours.
        let text = redact(&text).lines().collect::<Vec<_>>().join(" ");
        let (word, file) = word(problem);
        let record = Record {
            kind: "problem",
            problem: word,
            file,
            text: &text,
        };
        streams.result(|to| writeln!(to, "{text}"), |to| line(to, &record))?;
    }
    Ok(())
}

/// A problem's kind for programs, and the file that it is about.
fn word(problem: &Problem) -> (&'static str, Option<String>) {
    let (word, file) = match problem {
        Problem::Missing { file } => ("missing", Some(file)),
        Problem::Extra { file } => ("extra", Some(file)),
        Problem::WrongCase { file, .. } => ("wrong_case", Some(file)),
        Problem::NotAFile { file } => ("not_a_file", Some(file)),
        Problem::Length { file, .. } => ("length", Some(file)),
        Problem::Digest { file } => ("digest", Some(file)),
        Problem::Blocks { piece, .. } => return ("blocks", Some(piece.to_string())),
        Problem::Sums { .. } => return ("sums", Some(blobferry_bundle::SUMS.to_owned())),
        Problem::Signature { file, .. } => ("signature", Some(file)),
        Problem::TooFewSigners { .. } => ("too_few_signers", None),
        Problem::Chain { .. } => ("chain", None),
        _ => ("other", None),
    };
    (word, file.cloned())
}
