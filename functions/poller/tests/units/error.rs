//! Errors, and the failures that the poller reacts to.

use poller::Error;
use relay::polling::Failure;

#[test]
fn each_error_maps_to_its_failure() {
    let operation = "list tasks";
    let api = bitbucket::Error::Api {
        operation,
        status: 429,
        message: String::new(),
        retry_after_seconds: Some(7),
    };
    let unreachable = bitbucket::Error::Unreachable { operation, reason: String::new() };
    for (error, failure) in [
        (Error::from(api), Failure::Status { status: 429, retry_after_seconds: Some(7) }),
        (unreachable.into(), Failure::Unavailable),
        (bitbucket::Error::GrantRefused { operation, code: "" }.into(), Failure::Unavailable),
        (bitbucket::Error::ConsumerRefused { operation, code: "" }.into(), Failure::Unavailable),
        (bitbucket::Error::AllowanceSpent { operation }.into(), Failure::OutOfCalls),
        (bitbucket::Error::AnswerInvalid { operation, reason: "" }.into(), Failure::Other),
        (store::Error::unavailable("down").into(), Failure::Unavailable),
        (store::Error::Contended { attempts: 12 }.into(), Failure::Other),
        (Error::NoLink, Failure::Unconfigured),
        (Error::NoCredential, Failure::Unconfigured),
        (Error::NoRepository, Failure::Unconfigured),
        (Error::NotNamed, Failure::NotNamed),
        (Error::RepositoryRefused, Failure::RepositoryRefused),
        (Error::QueueRefused(String::new()), Failure::Other),
    ] {
        assert_eq!(error.failure(), failure, "{error}");
    }
}
