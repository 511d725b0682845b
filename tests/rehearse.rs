//! `acr-lab rehearse`, whole: connected, across the gap, and every scenario, by the built programs.
