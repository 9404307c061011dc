//! Processor time and memory of a function's process, from Linux's `/proc`
//! (<https://docs.kernel.org/filesystems/proc.html>).

use std::fs;
use std::time::Duration;

use crate::lambda::Lambda;

/// Figures of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    /// Processor time of all its threads.
    pub cpu: Duration,
    /// Largest resident memory so far, in megabytes.
    pub memory_mb: f64,
}

/// Reads the figures of a function's first process.
pub fn read(lambda: &Lambda, function: &str) -> Meter {
    let process = lambda.process_id(function);
    let mut cpu = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        // The first number is the time on a processor in nanoseconds. A thread can end meanwhile.
        let Ok(times) = fs::read_to_string(thread.unwrap().path().join("schedstat")) else { continue };
        let nanoseconds = times.split(' ').next().and_then(|first| first.parse().ok());
        cpu += Duration::from_nanos(nanoseconds.unwrap_or_default());
    }
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 =
        peak.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default();
    Meter { cpu, memory_mb: kilobytes / 1024.0 }
}
