//! What a process used, and how much it may use, as Linux tells (<https://man7.org/linux/man-pages/man5/proc.5.html>).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

/// A clock tick of `/proc/self/stat`: `USER_HZ` is 100 on every architecture that Lambda has.
const TICK: Duration = Duration::from_millis(10);

/// The share of a processor that a function of 256 MB has, in thousandths: 1,769 MB are one processor
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
pub const SHARE: u32 = 256_000 / 1_769;

/// The period over which the share is kept, in microseconds: the kernel's default.
const PERIOD_US: u32 = 100_000;

/// Processor time that this process has used so far, all of its threads together.
///
/// # Errors
///
/// Where the system does not say.
pub fn cpu_used() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name, in brackets, and may have spaces.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(TICK * ticks.sum::<Result<u32, _>>()?)
}

/// The most memory that this process had at once since [`forget_peak`], in MB.
///
/// # Errors
///
/// Where the system does not say.
pub fn peak_mb() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kb: u64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kb / 1_024)
}

/// Measures the peak of memory from here on.
///
/// # Errors
///
/// Where the system refuses it.
pub fn forget_peak() -> anyhow::Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// A control group that holds one process to [`SHARE`] of a processor. It is removed when it is dropped.
#[derive(Debug)]
pub struct Limit(PathBuf);

impl Limit {
    /// Puts a process into a group of its own; the older or the newer interface, whichever is there
    /// (<https://docs.kernel.org/scheduler/sched-bwc.html>, <https://docs.kernel.org/admin-guide/cgroup-v2.html>).
    ///
    /// # Errors
    ///
    /// Where there are no control groups that this user may write.
    pub fn of(process: u32) -> anyhow::Result<Self> {
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
        fs::create_dir(&group).with_context(|| format!("cannot make {}", group.display()))?;
        let limit = Self(group);
        for (setting, value) in settings {
            fs::write(limit.0.join(setting), value).with_context(|| format!("cannot set {setting}"))?;
        }
        fs::write(limit.0.join("cgroup.procs"), process.to_string()).context("cannot move the process")?;
        Ok(limit)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // Fails while the process lives; then an empty group stays until the next start of the machine.
        let _ = fs::remove_dir(&self.0);
    }
}
