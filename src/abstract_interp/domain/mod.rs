//! Lattices: tnum, ranges, and their product. No instructions, no diagnostics.
