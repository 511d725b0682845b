//! Strict JSON: a bounded reader that refuses what is not canonical.
