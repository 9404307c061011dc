//! Processor time and memory of a process on Linux (<https://man7.org/linux/man-pages/man5/proc.5.html>), and a limit
//! for its processor time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

/// A clock tick of `/proc/self/stat`: `USER_HZ` is 100 on every architecture that Lambda has.
const TICK: Duration = Duration::from_millis(10);

/// Thousandths of a processor that a function of 256 MB gets: 1,769 MB correspond to one processor
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
pub const SHARE: u32 = 256_000 / 1_769;

/// Period over which the kernel enforces the share, in microseconds: its default.
const PERIOD_US: u32 = 100_000;

/// Returns the processor time that all threads of this process have used so far.
///
/// # Errors
///
/// If the system does not provide it.
pub fn cpu_used() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in brackets, which may contain spaces.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no program name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(TICK * ticks.sum::<Result<u32, _>>()?)
}

/// Returns the peak of this process's memory since [`forget_peak`], in MB.
///
/// # Errors
///
/// If the system does not provide it.
pub fn peak_mb() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("/proc/self/status has no VmHWM")?;
    let kb: u64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kb / 1_024)
}

/// Restarts the measurement of the memory's peak.
///
/// # Errors
///
/// If the system refuses it.
pub fn forget_peak() -> anyhow::Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// A control group that limits one process to [`SHARE`] of a processor. Dropping it removes the group.
#[derive(Debug)]
pub struct Limit(PathBuf);

impl Limit {
    /// Moves a process into a group of its own. Supports both versions of the interface
    /// (<https://docs.kernel.org/scheduler/sched-bwc.html>, <https://docs.kernel.org/admin-guide/cgroup-v2.html>).
    ///
    /// # Errors
    ///
    /// If there are no control groups, or this user may not write them.
    pub fn new(process: u32) -> anyhow::Result<Self> {
        let quota = SHARE * PERIOD_US / 1_000;
        let root = Path::new("/sys/fs/cgroup");
        let old = root.join("cpu");
        let name = format!("bench-links-{process}");
        let (group, settings) = if old.is_dir() {
            let settings =
                [("cpu.cfs_period_us", PERIOD_US.to_string()), ("cpu.cfs_quota_us", quota.to_string())];
            (old.join(name), settings.to_vec())
        } else {
            (root.join(name), vec![("cpu.max", format!("{quota} {PERIOD_US}"))])
        };
        fs::create_dir(&group)
            .with_context(|| format!("cannot create the control group {}", group.display()))?;
        let limit = Self(group);
        for (setting, value) in settings {
            fs::write(limit.0.join(setting), value).with_context(|| format!("cannot set {setting}"))?;
        }
        fs::write(limit.0.join("cgroup.procs"), process.to_string())
            .context("cannot move the process into its control group")?;
        Ok(limit)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // This fails while the process lives. An empty group then remains until the machine restarts.
        let _ = fs::remove_dir(&self.0);
    }
}
