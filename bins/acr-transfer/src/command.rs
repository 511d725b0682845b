//! Commands of this tool, written out so that a user can paste them into a shell.

use std::fmt::Write as _;

use blobferry_acr::pipeline::Direction;
use blobferry_acr::resource::{Kind, TransferId};

use crate::cli::shared::{CloudArgs, LoginWord};

/// The group of commands for a kind of resource.
pub(crate) fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::ExportPipeline => "export-pipeline",
        Kind::ImportPipeline => "import-pipeline",
        Kind::PipelineRun => "pipeline-run",
    }
}

/// A kind of resource in a sentence.
pub(crate) fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::ExportPipeline => "export pipeline",
        Kind::ImportPipeline => "import pipeline",
        Kind::PipelineRun => "pipeline run",
    }
}

/// The kind of pipeline that carries this way.
pub(crate) fn kind(direction: Direction) -> Kind {
    match direction {
        Direction::Export => Kind::ExportPipeline,
        Direction::Import => Kind::ImportPipeline,
    }
}

/// `acr-transfer GROUP VERB` for one resource, with the flags that lead to the same cloud by the same login.
pub(crate) fn line(verb: &str, id: &TransferId, shared: &CloudArgs) -> String {
    let registry = &id.registry;
    let mut line = format!("acr-transfer {} {verb}", group(id.kind));
    for (flag, value) in [
        ("--subscription", &registry.subscription),
        ("-g", &registry.resource_group),
        ("-r", &registry.registry),
        ("-n", &id.name),
    ] {
        add(&mut line, flag, value);
    }
    if shared.cloud != "public" {
        add(&mut line, "--cloud", &shared.cloud);
    }
    for path in &shared.ca_file {
        add(&mut line, "--ca-file", &path.display().to_string());
    }
    if shared.login != LoginWord::Auto {
        let word = clap::ValueEnum::to_possible_value(&shared.login);
        let word = word.as_ref().map_or("auto", |word| word.get_name());
        add(&mut line, "--login", word);
    }
    if shared.api_version != blobferry_acr::arm::DEFAULT_API_VERSION {
        add(&mut line, "--api-version", &shared.api_version);
    }
    line
}

fn add(line: &mut String, flag: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(line, " {flag} {}", quoted(value));
}

/// A word for a POSIX shell.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        assert_eq!(quoted("a-1_b.c/d"), "a-1_b.c/d");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(quoted(""), "''");
    }
}
