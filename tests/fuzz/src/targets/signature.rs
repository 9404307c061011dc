//! Signature headers. Nothing is accepted but the one signature of the body (G1).

use bitbucket::{Delivery, WebhookSecret};
use serde_json::Value;

use super::support::{SECRET, bytes, list, secret, text};
use crate::target::Target;
use crate::traits::Traits;

#[derive(Debug)]
struct Signatures {
    secrets: Vec<WebhookSecret>,
}

/// Makes the target. An input is `{"values": [header, ...], "body": text}`; `{signed}` in a header stands for the
/// signature of the body.
pub fn make() -> Box<dyn Target> {
    let other = WebhookSecret::new("an older secret").unwrap();
    Box::new(Signatures { secrets: vec![other, secret()] })
}

impl Target for Signatures {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        let body = bytes(text(input, "body").unwrap_or_default());
        let signed = secret().sign(&body);
        let values = list(input, "values").iter().filter_map(Value::as_str);
        let signatures: Vec<_> = values.map(|value| bytes(&value.replace("{signed}", &signed))).collect();
        let delivery =
            Delivery { signatures: signatures.clone(), body: body.clone().into(), ..Delivery::default() };
        assert!(!format!("{delivery:?}").contains(&signed), "a signature is printed");
        match delivery.verify(&self.secrets) {
            Ok(verified) => {
                let genuine = self.secrets.iter().map(|secret| secret.sign(&body).into_bytes());
                let is_genuine = genuine.into_iter().any(|signature| signatures == [signature]);
                assert!(is_genuine, "{signatures:?} was accepted for {body:?}");
                traits.note(("accepted", verified.payload().is_ok()));
            }
            Err(error) => {
                assert_ne!(signatures, [signed.into_bytes()], "the genuine signature was refused");
                assert_eq!(error.status(), 401);
                assert!(!error.to_string().contains(SECRET));
                traits.note(("refused", error.to_string(), signatures.len().min(3)));
            }
        }
        traits
    }
}
