//! Source triggers.
