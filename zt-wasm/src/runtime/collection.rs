//! Sets, lists and maps: membership, union, intersection, difference.
