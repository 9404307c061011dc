//! Named tests with a shared resource. It starts before the first test and stops after the last, even if tests fail.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// Number of stories that run at once, unless the command line says another: most of their time they wait.
const AT_ONCE: usize = 4;

/// A test: an async function of the shared resource.
pub type Story<S> = fn(Arc<S>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists tests by their names.
#[macro_export]
macro_rules! stories {
    ($($story:path),* $(,)?) => {
        &[ $( (stringify!($story), |shared| Box::pin($story(shared)) as _) ),* ]
    };
}

/// Runs the stories that the command line selects, as `cargo test` does.
pub fn run<S, F>(start: fn() -> F, stories: &'static [(&'static str, Story<S>)]) -> ExitCode
where
    S: Send + Sync + 'static,
    F: Future<Output = S> + Send + 'static,
{
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let runtime = Arc::new(Runtime::new().unwrap());
    let shared: Arc<OnceLock<Arc<S>>> = Arc::default();
    let trials = stories.iter().map(|(name, story)| {
        let (runtime, shared) = (Arc::clone(&runtime), Arc::clone(&shared));
        Trial::test(*name, move || {
            let shared = Arc::clone(shared.get_or_init(|| Arc::new(runtime.block_on(start()))));
            runtime.block_on(run_story(*story, shared))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // Dropping the shared resource needs a runtime, because it stops processes and servers.
    let _inside = runtime.enter();
    drop(shared);
    conclusion.exit_code()
}

/// Runs one story; a panic becomes its failure.
async fn run_story<S: Send + Sync + 'static>(story: Story<S>, shared: Arc<S>) -> Result<(), Failed> {
    match tokio::spawn(story(shared)).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").into())
        }
    }
}
