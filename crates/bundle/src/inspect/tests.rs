//! Bounds that no real archive reaches, made small.
