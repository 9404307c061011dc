//! Seeded random histories in virtual time.

pub mod dice;

pub use dice::Dice;
