//! What the numbers were measured on, without which they say nothing.

use std::fmt;
use std::process::Command;

/// The machine, as far as these numbers depend on it.
#[derive(Debug)]
pub struct Machine {
    model: String,
    sha_instructions: bool,
    cores: usize,
    kernel: String,
    openssl: String,
}

impl Machine {
    /// Looks at the machine it runs on; what cannot be found out is `?`.
    #[must_use]
    pub fn here() -> Self {
        let cpu = fs_err::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |names: &[&str]| {
            let mut lines = cpu.lines().filter_map(|line| line.split_once(':'));
            let found = lines.find(|(name, _)| names.contains(&name.trim()));
            found.map_or_else(|| "?".to_owned(), |(_, value)| value.trim().to_owned())
        };
        let flags = field(&["flags", "Features"]);
        Self {
            model: field(&["model name", "CPU part"]),
            sha_instructions: flags
                .split(' ')
                .any(|flag| flag == "sha_ni" || flag == "sha2"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: said_by("uname", "-r"),
            openssl: said_by("openssl", "version"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sha = if self.sha_instructions {
            "with"
        } else {
            "without"
        };
        write!(
            formatter,
            "{}, {sha} SHA-256 instructions, {} cores, Linux {}, {}",
            self.model, self.cores, self.kernel, self.openssl
        )
    }
}

fn said_by(program: &str, arg: &str) -> String {
    let output = Command::new(program).arg(arg).output();
    output.map_or_else(
        |_| "?".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
