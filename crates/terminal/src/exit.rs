//! Exit status: one table for every binary.

/// How a process ends. Scripts rely on these numbers; they never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Done,
    /// Failed, and repeating will not help.
    Failed,
    /// Wrong usage.
    Usage,
    /// A digest, parity or signature did not hold; nothing was committed.
    Verification,
    /// Incomplete: the same command resumes.
    Incomplete,
    /// A credential is missing, expired, or lacks a permission.
    Denied,
    /// The source changed during the copy.
    SourceChanged,
    /// Nothing matched.
    NothingMatched,
    /// The pipeline run failed.
    RunFailed,
    /// Stopped by the user; resumable.
    Interrupted,
}

/// The table as `--help` shows it.
pub const EXIT_TABLE: &str = "\
Exit status:
    0  done
    1  failed
    2  usage
    3  verification failed (digest, parity, signature): nothing was committed
    4  incomplete: run the same command again to resume
    5  credential or permission
    6  the source changed during the copy
    7  nothing matched
    8  the pipeline run failed
  130  interrupted; run the same command again to resume";

impl ExitStatus {
    /// The number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Verification => 3,
            Self::Incomplete => 4,
            Self::Denied => 5,
            Self::SourceChanged => 6,
            Self::NothingMatched => 7,
            Self::RunFailed => 8,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_status() {
        use ExitStatus as S;
        let all = [
            S::Done,
            S::Failed,
            S::Usage,
            S::Verification,
            S::Incomplete,
            S::Denied,
            S::SourceChanged,
            S::NothingMatched,
            S::RunFailed,
            S::Interrupted,
        ];
        let listed: Vec<&str> = EXIT_TABLE
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(listed, all.map(|status| status.code().to_string()));
    }
}
