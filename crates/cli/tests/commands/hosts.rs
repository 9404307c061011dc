//! Hosts of tables, secrets and stacks in tests: those of the store's contract tests.
#![allow(dead_code, reason = "not all of a shared module is used here")]

#[path = "../../../store/tests/contract/hosts/ministack.rs"]
pub(crate) mod ministack;
#[path = "../../../store/tests/contract/hosts/process.rs"]
pub(crate) mod process;
#[path = "../../../store/tests/contract/hosts/schema.rs"]
pub(crate) mod schema;
