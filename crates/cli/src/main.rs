//! The program `bitrelay`: the machine's environment, clock and terminal around [`cli::run`].

use std::process::ExitCode;
use std::sync::Arc;

use cli::{Console, Environment, run};
use probe::RealTime;
use store::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok();
    let mut environment = Environment {
        variable: &variable,
        clock: Arc::new(SystemClock),
        time: &RealTime,
        terminal: &mut Console,
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
    };
    ExitCode::from(run(std::env::args_os(), &mut environment).await)
}
