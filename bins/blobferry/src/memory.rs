//! Memory: how much this process may use by default, and how much it used.

use std::path::{Path, PathBuf};

use blobferry_transfer::DEFAULT_MEMORY;

/// Blocks get a quarter of the cgroup's limit: the rest is for the program, for the kernel's socket
/// buffers and the page cache, which count against the same limit.
const SHARE: u64 = 4;

/// Below this nothing useful fits, whatever the limit.
const LEAST: u64 = 1 << 20;

/// The default memory for blocks, in bytes.
pub(crate) fn default() -> u64 {
    default_under(Path::new("/"))
}

fn default_under(root: &Path) -> u64 {
    let quarter = cgroup_limit(root).map_or(u64::MAX, |limit| limit / SHARE);
    DEFAULT_MEMORY.min(quarter).max(LEAST)
}

/// The tightest memory limit of this process's cgroup and those above it, versions 2 and 1.
fn cgroup_limit(root: &Path) -> Option<u64> {
    let groups = fs_err::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        // `hierarchy:controllers:path`; version 2 has no controllers.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        limits.extend(limits_up(&root.join(mount), path, file));
    }
    limits.into_iter().min()
}

/// Limits of `path` and everything above it up to the mount. Inside a container the path may name
/// what only the host sees; the mount itself is then ours.
fn limits_up(mount: &Path, path: &str, file: &str) -> Vec<u64> {
    let own = PathBuf::from(path.trim_start_matches('/'));
    own.ancestors()
        .filter_map(|above| fs_err::read_to_string(mount.join(above).join(file)).ok())
        // `max` is no number, and no limit.
        .filter_map(|text| text.trim().parse().ok())
        .collect()
}

/// Most memory this process ever held, in bytes (`VmHWM`); `None` where the system does not say.
pub(crate) fn peak() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_quarter_of_the_tightest_limit_above_us() {
        let v2 = root(&[
            ("proc/self/cgroup", "0::/user.slice/job\n"),
            ("sys/fs/cgroup/user.slice/job/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "67108864\n"),
        ]);
        assert_eq!(default_under(v2.path()), 16 << 20);
        let v1 = root(&[
            (
                "proc/self/cgroup",
                "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n"),
        ]);
        assert_eq!(default_under(v1.path()), 32 << 20);
    }

    #[test]
    fn no_limit_a_huge_one_and_a_tiny_one() {
        assert_eq!(default_under(root(&[]).path()), DEFAULT_MEMORY);
        let group = ("proc/self/cgroup", "0::/\n");
        let limited = |limit| root(&[group, ("sys/fs/cgroup/memory.max", limit)]);
        assert_eq!(
            default_under(limited("9223372036854771712").path()),
            DEFAULT_MEMORY
        );
        assert_eq!(default_under(limited("1024").path()), LEAST);
    }

    #[test]
    fn this_process_has_a_peak() {
        assert!(peak().is_some_and(|bytes| bytes > 1 << 20));
    }
}
