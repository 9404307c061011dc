fn main() -> anyhow::Result<()> {
    for workload in polling::workloads::all() {
        if std::env::args().nth(1).is_some_and(|name| name != workload.name) { continue; }
        let begun = std::time::Instant::now();
        let per_comment = polling::outcome::Figures::of(&workload, &polling::per_comment::run(&workload)?);
        let a = begun.elapsed();
        let ours = polling::outcome::Figures::of(&workload, &polling::ours::run(&workload)?);
        println!("{} {} acts, {} s; {:?} {:?}", workload.name, workload.acts.len(), workload.seconds, a, begun.elapsed());
        for (name, f) in [("per comment", per_comment), ("ours", ours)] {
            let d = f.delays();
            println!("  {name:12} calls {} refused {} peak {} per change {:.1} edits {}/{} lost {} tasks {}/{} lost {} p50 {:?} p95 {:?} max {:?} latest {:?}",
              f.calls, f.refused, f.busiest_hour, f.calls_per_change(), f.edits.found, f.edits.made, f.edits.lost, f.tasks.found, f.tasks.made, f.tasks.lost,
              d.percentile(50), d.percentile(95), d.percentile(100), f.latest_after_window);
        }
    }
    Ok(())
}
