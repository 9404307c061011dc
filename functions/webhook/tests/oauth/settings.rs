//! Settings of the pages, from the environment.

use bitbucket::oauth::BITBUCKET;
use webhook::oauth::PagesSettings;

#[test]
fn unset_urls_keep_their_defaults_and_invalid_ones_are_named() {
    for unset in [None, Some(String::new())] {
        let settings = PagesSettings::from_environment(|_| unset.clone()).unwrap();
        assert_eq!((settings.public_url, settings.oauth_url.as_str()), (None, BITBUCKET));
        assert_eq!(settings.api_url, "https://api.bitbucket.org/2.0");
    }
    let set = |url: &'static str| PagesSettings::from_environment(move |_| Some(url.to_owned()));
    assert_eq!(set("https://x.example/a").unwrap().public_url.unwrap().path(), "/a");
    for invalid in ["x.example", "mailto:x", "javascript:alert(1)"] {
        assert!(set(invalid).unwrap_err().to_string().contains("BITRELAY_PUBLIC_URL"));
    }
}
