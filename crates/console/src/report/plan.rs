//! What a copy is going to do: the dry run for people, the `plan` line for programs.

use std::io::{self, Write};

use blobferry_transfer::{Decision, Outline};
use serde::Serialize;

use super::{Rows, line};
use crate::quantity::{count, time};
use crate::{Size, redact};

/// A plan that can be shown.
#[derive(Debug, Clone, Copy)]
pub struct PlanReport<'a>(pub &'a Outline);

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    decision: &'static str,
    source: String,
    destination: String,
    via: Option<&'static str>,
    bytes: Option<u64>,
    block_size: u64,
    blocks: Option<u32>,
    blocks_resumed: u32,
    bytes_resumed: u64,
    existing: Option<Standing<'a>>,
    digests: &'a [&'static str],
    will_prove: bool,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Standing<'a> {
    etag: &'a str,
    bytes: u64,
    last_modified: Option<String>,
}

/// The last line in JSON of what went no further than its plan.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'a str,
    source: String,
    destination: String,
    via: Option<&'static str>,
    bytes: Option<u64>,
    blocks: Option<u32>,
    blocks_resumed: u32,
}

impl PlanReport<'_> {
    /// Writes the plan for people.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_text(&self, to: &mut dyn Write) -> io::Result<()> {
        let plan = self.0;
        let mut rows = Rows::default();
        match plan.decision {
            Decision::Copy => rows.add("would copy", size(plan.length)),
            Decision::SkipNotNewer => {
                rows.add(
                    "would skip",
                    "the destination is at least as new as the source",
                );
            }
        }
        rows.add("from", &plan.source);
        rows.add("to", &plan.destination);
        rows.add(
            "replacing",
            self.existing_in_words()
                .unwrap_or_else(|| "nothing".to_owned()),
        );
        rows.add_some("via", plan.way.map(blobferry_transfer::Way::word));
        rows.add("blocks", self.blocks_in_words());
        if plan.blocks_resumed > 0 {
            rows.add(
                "resuming",
                format!(
                    "{}, {}, are there already",
                    count(u64::from(plan.blocks_resumed), "block"),
                    Size(plan.bytes_resumed)
                ),
            );
        }
        rows.add(
            "digests",
            if plan.digests.is_empty() {
                "none".to_owned()
            } else {
                plan.digests.join(", ")
            },
        );
        rows.add(
            "proof",
            if plan.will_prove {
                "compared with what is expected"
            } else {
                "none: no digest is expected"
            },
        );
        for note in &plan.notes {
            rows.add("note", note);
        }
        rows.write(to)
    }

    /// Writes the plan as one JSON line.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let plan = self.0;
        line(
            to,
            &Record {
                kind: "plan",
                decision: match plan.decision {
                    Decision::Copy => "copy",
                    Decision::SkipNotNewer => "skip",
                },
                source: redact(&plan.source).into_owned(),
                destination: redact(&plan.destination).into_owned(),
                via: plan.way.map(blobferry_transfer::Way::word),
                bytes: plan.length,
                block_size: plan.block_size,
                blocks: plan.blocks,
                blocks_resumed: plan.blocks_resumed,
                bytes_resumed: plan.bytes_resumed,
                existing: plan.existing.as_ref().map(|existing| Standing {
                    etag: &existing.etag,
                    bytes: existing.length,
                    last_modified: existing.last_modified.map(time),
                }),
                digests: &plan.digests,
                will_prove: plan.will_prove,
                notes: plan
                    .notes
                    .iter()
                    .map(|note| redact(note).into_owned())
                    .collect(),
            },
        )
    }

    /// Writes the line that ends, in JSON, what went no further than its plan: a summary with this
    /// status, `planned` or `skipped`.
    ///
    /// # Errors
    /// What `to` says.
    pub fn write_end_json(&self, to: &mut dyn Write, status: &str) -> io::Result<()> {
        let plan = self.0;
        line(
            to,
            &Planned {
                kind: "summary",
                status,
                source: redact(&plan.source).into_owned(),
                destination: redact(&plan.destination).into_owned(),
                via: plan.way.map(blobferry_transfer::Way::word),
                bytes: plan.length,
                blocks: plan.blocks,
                blocks_resumed: plan.blocks_resumed,
            },
        )
    }

    /// What stands at the destination, to ask a person about; `None`: nothing.
    #[must_use]
    pub fn existing_in_words(&self) -> Option<String> {
        self.0.existing.as_ref().map(|existing| {
            let size = Size(existing.length).exact();
            match existing.last_modified {
                Some(at) => format!("{size}, last modified {}", time(at)),
                None => size,
            }
        })
    }

    fn blocks_in_words(self) -> String {
        let of = Size(self.0.block_size);
        match self.0.blocks {
            Some(blocks) => format!("{} of {of}", count(u64::from(blocks), "block")),
            None => format!("of {of}, growing with the length"),
        }
    }
}

fn size(length: Option<u64>) -> String {
    length.map_or_else(
        || "a stream of unknown length".to_owned(),
        |bytes| Size(bytes).exact(),
    )
}
