//! The steps: each is announced, done, timed, held to the exit status that is documented for it, and remembered for the
//! table at the end.

use std::path::{Path, PathBuf};
use std::time::Instant;

use blobferry_console::{ExitStatus, Failure};
use clap::ValueEnum as _;
use serde_json::json;
use tokio::process::Command;

use super::ground::{Ground, Side, quoted};
use super::layout::Compared;
use super::say::Say;
use super::tools::Tools;
use super::{child, failed};
use crate::cli::RehearseArgs;

/// A step that was tried.
struct Done {
    title: String,
    exit: Option<i32>,
    seconds: f64,
    is_ok: bool,
}

/// Where the steps happen.
pub(crate) struct Stage {
    folder: PathBuf,
    tools: Tools,
    say: Say,
    began: Instant,
    steps: Vec<Done>,
    artifacts: usize,
}

/// What a tool said.
#[derive(Debug)]
pub(crate) struct Said {
    command: String,
    lines: Vec<String>,
}

impl Said {
    /// Holds the tool to having said something, in any case of letters.
    pub(crate) fn names(&self, what: &str) -> Result<(), Failure> {
        let text = self.lines.join(" ").to_lowercase();
        if text.contains(&what.to_lowercase()) {
            return Ok(());
        }
        Err(failed(format!("`{}` did not say {what:?}", self.command)))
    }

    /// The last line.
    pub(crate) fn last(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }
}

impl Stage {
    pub(crate) fn new(folder: &Path, tools: Tools, say: Say) -> Self {
        Self {
            folder: folder.to_owned(),
            tools,
            say,
            began: Instant::now(),
            steps: Vec::new(),
            artifacts: 0,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Says what there is.
    pub(crate) fn begin(&self, ground: &Ground, args: &RehearseArgs) {
        let say = self.say;
        say.event(
            "begin",
            &json!({
                "folder": self.folder,
                "air_gap": args.air_gap,
                "scenario": scenario(args),
            }),
        );
        say.prose("Two clouds on this machine, each with a storage account, a registry, a Key Vault, a login and a CA of its own. Neither can see the other.");
        say.line(&format!("$ cd {}", quoted(&self.folder)));
        for side in [&ground.east, &ground.west] {
            let variables = side.environment.iter();
            let variables: serde_json::Map<_, _> = variables
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            say.event(
                "environment",
                &json!({"side": side.name, "variables": variables}),
            );
            say.line(&format!(
                "\n# {}: `. {}/environment` sets",
                side.name, side.name
            ));
            for (name, value) in &side.environment {
                say.line(&format!("export {name}={value}"));
            }
        }
    }

    /// Runs a command of a user on that side, in the rehearsal's folder. Words are split at spaces; single quotes keep
    /// patterns from the shell, of which there is none; `> FILE` at the end is done as the shell does it.
    pub(crate) async fn run(
        &mut self,
        side: &Side,
        title: &str,
        command: &str,
        expected: ExitStatus,
    ) -> Result<Said, Failure> {
        self.heading(side.name, title);
        let say = self.say;
        say.command(command);
        let (words, into) = match command.split_once(" > ") {
            Some((words, file)) => (words, Some(self.folder.join(file))),
            None => (command, None),
        };
        let mut words = words.split_whitespace().map(|word| word.trim_matches('\''));
        let program = words.next().unwrap_or_default();
        let mut process = Command::new(self.tools.path(program));
        child::clean(&mut process);
        process
            .args(words)
            .current_dir(&self.folder)
            .envs(side.environment.iter().map(|(name, value)| (name, value)))
            // Journals belong to the rehearsal.
            .env("XDG_STATE_HOME", self.folder.join("state"))
            .env("COLUMNS", "76");
        let began = Instant::now();
        let mut lines = Vec::new();
        let ended = child::run(&mut process, into.as_deref(), &mut |line| {
            say.prose(&format!("  {line}"));
            lines.push(line.to_owned());
        })
        .await
        .map_err(|error| {
            let path = self.tools.path(program);
            failed(format!("{} cannot be run", path.display())).because(&error)
        });
        let exit = ended.as_ref().ok().copied().flatten();
        let is_ok = exit == Some(i32::from(expected.code()));
        self.done(
            side.name,
            title,
            Some((command, expected)),
            exit,
            began,
            is_ok,
            &lines,
        );
        ended?;
        if is_ok {
            let command = command.to_owned();
            return Ok(Said { command, lines });
        }
        Err(self.unexpected(title, program, exit, expected, &lines))
    }

    /// A tool that did not end as it should.
    fn unexpected(
        &self,
        title: &str,
        program: &str,
        exit: Option<i32>,
        expected: ExitStatus,
        lines: &[String],
    ) -> Failure {
        let shown = exit.map_or_else(
            || "a signal".to_owned(),
            |exit| format!("exit status {exit}"),
        );
        let mut failure = failed(format!(
            "{title}: {shown}, where {} is right",
            expected.code()
        ));
        for line in lines.iter().rev().take(3).rev() {
            failure = failure.cause(line);
        }
        if exit == Some(i32::from(ExitStatus::Usage.code())) {
            failure = failure.hint(format!(
                "is {} of another build? `cargo rehearse` builds all",
                self.tools.path(program).display()
            ));
        }
        failure.hint("--keep leaves everything there to look at")
    }

    /// Runs a command that must do well.
    pub(crate) async fn well(
        &mut self,
        side: &Side,
        title: &str,
        command: &str,
    ) -> Result<(), Failure> {
        self.run(side, title, command, ExitStatus::Done)
            .await
            .map(drop)
    }

    /// Something that the rehearsal does by itself: what went wrong on purpose, and what is looked at past the tools.
    pub(crate) fn act(
        &mut self,
        side: &Side,
        title: &str,
        work: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        self.heading(side.name, title);
        let began = Instant::now();
        let done = work();
        let lines: Vec<String> = match &done {
            Ok(line) => vec![line.clone()],
            // With --keep it is long until the failure is told at the end.
            Err(failure) => {
                let mut said = Vec::new();
                let _ = failure.write_text(&mut said);
                let said = String::from_utf8_lossy(&said);
                said.lines().map(str::to_owned).collect()
            }
        };
        for line in &lines {
            self.say.prose(&format!("  {line}"));
        }
        self.done(side.name, title, None, None, began, done.is_ok(), &lines);
        done.map(drop)
    }

    fn heading(&self, side: &str, title: &str) {
        let number = self.steps.len() + 1;
        self.say.line(&format!("\n== {number}. {side}: {title}"));
    }

    #[expect(clippy::too_many_arguments, reason = "everything about a step")]
    fn done(
        &mut self,
        side: &str,
        title: &str,
        command: Option<(&str, ExitStatus)>,
        exit: Option<i32>,
        began: Instant,
        is_ok: bool,
        lines: &[String],
    ) {
        let seconds = began.elapsed().as_secs_f64();
        if let Some((_, expected)) = command {
            let shown = exit.map_or_else(|| "a signal".to_owned(), |exit| exit.to_string());
            let right = match (is_ok, expected) {
                (true, ExitStatus::Done) => "",
                (true, _) => ", as documented",
                (false, _) => ", which is not right",
            };
            self.say
                .line(&format!("  -> exit {shown} in {seconds:.2} s{right}"));
        }
        self.steps.push(Done {
            title: format!("{side}: {title}"),
            exit,
            seconds,
            is_ok,
        });
        self.say.event(
            "step",
            &json!({
                "number": self.steps.len(),
                "side": side,
                "title": title,
                "command": command.map(|(command, _)| command),
                "exit": exit,
                "expected": command.map(|(_, expected)| expected.code()),
                "ok": is_ok,
                "seconds": seconds,
                "output": lines,
            }),
        );
    }

    /// What became of each artifact.
    pub(crate) fn compared(&mut self, artifacts: &[Compared]) {
        self.artifacts = artifacts.len();
        for one in artifacts {
            self.say.event(
                "artifact",
                &json!({
                    "name": one.name,
                    "digest": one.digest,
                    "arrived": one.arrived,
                    "same": one.is_same(),
                    "manifests": one.manifests,
                    "blobs": one.blobs,
                    "wrong": one.wrong,
                }),
            );
        }
    }

    /// The table of all steps.
    pub(crate) fn summary(&self, args: &RehearseArgs, is_ok: bool) {
        let say = self.say;
        let seconds = self.began.elapsed().as_secs_f64();
        say.line("\n== All steps\n");
        say.line("  #  step                                                       exit    time");
        for (at, step) in self.steps.iter().enumerate() {
            let exit = step
                .exit
                .map_or_else(|| "-".to_owned(), |exit| exit.to_string());
            let mark = if step.is_ok { ' ' } else { '!' };
            say.line(&format!(
                "{mark}{:2}  {:<58} {exit:>4} {:6.2}s",
                at + 1,
                step.title,
                step.seconds
            ));
        }
        let (steps, artifacts) = (self.steps.len(), self.artifacts);
        if is_ok {
            say.line("");
            say.prose(&format!("{steps} steps in {seconds:.1} s: {artifacts} artifacts of the east are in the west, and every manifest, config and layer has the digest that it had there."));
        }
        if !is_ok {
            say.line(
                "\nThe step marked with ! did not do what it should; nothing after it was tried.",
            );
        }
        say.event(
            "summary",
            &json!({
                "ok": is_ok,
                "air_gap": args.air_gap,
                "scenario": scenario(args),
                "steps": steps,
                "artifacts": artifacts,
                "seconds": seconds,
            }),
        );
    }

    /// How to go on, with --keep.
    pub(crate) fn kept(&self, ground: &Ground) {
        let say = self.say;
        say.line("\n== Both clouds serve until ^C. To play, in another terminal:\n");
        say.line(&format!("$ cd {}", quoted(&self.folder)));
        for side in [&ground.east, &ground.west] {
            say.line(&format!("\n$ . {}/environment", side.name));
            say.command(&format!(
                "acr-transfer pipeline-run list -g {} -r {} --ca-file {}/ca.pem",
                crate::cloud::RESOURCE_GROUP,
                side.registry,
                side.name
            ));
            say.line(&format!("  its blobs     {}", side.container()));
            say.line(&format!(
                "  its registry  {}/registry (an OCI image layout)",
                side.name
            ));
        }
        say.line("\nThe folder stays after ^C; remove it when you like.");
        say.event("kept", &json!({"folder": self.folder}));
    }

    pub(crate) fn interrupted(&self) {
        self.say
            .line("\ninterrupted: both clouds and all files are gone");
        self.say.event("interrupted", &json!({}));
    }
}

/// The scenario's word.
fn scenario(args: &RehearseArgs) -> Option<String> {
    let value = args.scenario?.to_possible_value()?;
    Some(value.get_name().to_owned())
}
