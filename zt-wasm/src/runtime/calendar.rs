//! Weekdays and times of day in a zone, and when they flip.
