//! Errors: their status, category, and whether a retry may help.

use bitbucket::Category;
use relay::LinkId;
use store::Error;

#[test]
fn every_error_has_its_status_and_category() {
    let text = String::new;
    let link: LinkId = "acme".parse().unwrap();
    let unavailable =
        Error::Unavailable { service: "DynamoDB", operation: "GetItem", code: None, reason: text() };
    let refused = Error::Refused { service: "DynamoDB", operation: "GetItem", code: None, reason: text() };
    let too_large = Error::TooLarge { what: "the state", bytes: 2, max_bytes: 1 };
    let table = [
        (unavailable, 503, true, Category::Storage),
        (Error::Contended { attempts: 12 }, 503, true, Category::Limit),
        (Error::TooSlow { seconds: 6 }, 503, true, Category::Storage),
        (refused, 500, false, Category::Internal),
        (Error::Corrupt { pk: text(), sk: text(), reason: text() }, 500, false, Category::Storage),
        (Error::NewerFormat { pk: text(), sk: text(), format: 2 }, 500, false, Category::Storage),
        (Error::TooManyWrites { writes: 101, max: 100 }, 500, false, Category::Limit),
        (
            Error::RetentionInvalid { lowest: 30, highest: 9_999, given: String::new() },
            500,
            false,
            Category::Internal,
        ),
        (too_large, 500, false, Category::Limit),
        (Error::LinkInvalid { link: link.clone(), reason: text() }, 500, false, Category::Internal),
        (Error::TooManyUnknownLinks(link.clone()), 503, true, Category::Limit),
        (Error::LinkWithoutSecret(link), 500, false, Category::Internal),
    ];
    for (error, status, retryable, category) in table {
        assert_eq!(error.status(), status, "{error}");
        assert_eq!(error.retryable(), retryable, "{error}");
        assert_eq!(error.category(), category, "{error}");
    }
}
