//! The built-in library: packages written in the language and embedded in the compiler.

/// Name, file name and text of each package.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("zt.http", "zt/http.zt", include_str!("http.zt")),
    ("zt.k8s", "zt/k8s.zt", include_str!("k8s.zt")),
    ("zt.mesh", "zt/mesh.zt", include_str!("mesh.zt")),
    ("zt.oidc", "zt/oidc.zt", include_str!("oidc.zt")),
];

/// File name and text of a built-in package.
#[must_use]
pub fn find(package: &str) -> Option<(&'static str, &'static str)> {
    PACKAGES.iter().find(|(name, ..)| *name == package).map(|&(_, file, text)| (file, text))
}

/// The names of the built-in packages.
pub fn names() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|&(name, ..)| name)
}
