//! "did you mean": the nearest of the names that could stand in a place.

/// The candidate nearest to `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near_enough = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near_enough && *candidate != name)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance; a difference in letter case alone counts as the least.
fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) { 1 } else { strsim::osa_distance(a, b) }
}

/// `` `a`, `b` or `c` ``
#[must_use]
pub fn listed<S: AsRef<str>>(names: &[S], joiner: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {joiner} {last}", rest.join(", ")),
    }
}
