//! Where tables, secrets and stacks live in tests: the hosts of the store's contract tests.
#![allow(dead_code, reason = "not all of a shared module is used here")]

#[path = "../../../store/tests/contract/hosts/ministack.rs"]
pub(crate) mod ministack;
#[path = "../../../store/tests/contract/hosts/schema.rs"]
pub(crate) mod schema;
