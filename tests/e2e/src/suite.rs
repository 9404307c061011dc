//! Named tests around what they share: it is made before the first one and stopped after the last, whatever they did.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// A test: what is shared, and what happens.
pub type Story<S> = fn(Arc<S>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists async functions that take what is shared, by their names.
#[macro_export]
macro_rules! stories {
    ($($story:path),* $(,)?) => {
        &[ $( (stringify!($story), |shared| Box::pin($story(shared)) as _) ),* ]
    };
}

/// Runs the stories that the command line asks for, as `cargo test` does.
pub fn run<S, F>(start: fn() -> F, stories: &'static [(&'static str, Story<S>)]) -> ExitCode
where
    S: Send + Sync + 'static,
    F: Future<Output = S> + Send + 'static,
{
    let arguments = Arguments::from_args();
    let runtime = Arc::new(Runtime::new().unwrap());
    let shared: Arc<OnceLock<Arc<S>>> = Arc::default();
    let trials = stories.iter().map(|(name, story)| {
        let (runtime, shared) = (Arc::clone(&runtime), Arc::clone(&shared));
        Trial::test(*name, move || {
            let shared = Arc::clone(shared.get_or_init(|| Arc::new(runtime.block_on(start()))));
            runtime.block_on(tell(*story, shared))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // What is shared stops while there is still a runtime to stop it in.
    let _inside = runtime.enter();
    drop(shared);
    conclusion.exit_code()
}

async fn tell<S: Send + Sync + 'static>(story: Story<S>, shared: Arc<S>) -> Result<(), Failed> {
    match tokio::spawn(story(shared)).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").into())
        }
    }
}
