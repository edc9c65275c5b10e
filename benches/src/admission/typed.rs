//! What a program written for this one policy would read of a review: only the fields that the standard asks for.
#![allow(dead_code, reason = "the time to read it is what counts")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a program written for this one policy would read: only the fields that the standard asks for.
#[derive(Deserialize)]
pub struct Typed {
    context: TypedContext,
}

#[derive(Deserialize)]
struct TypedContext {
    review: TypedReview,
}

#[derive(Deserialize)]
struct TypedReview {
    request: TypedRequest,
}

#[derive(Deserialize)]
struct TypedRequest {
    kind: TypedKind,
    operation: String,
    object: TypedPod,
}

#[derive(Deserialize)]
struct TypedKind {
    group: String,
    kind: String,
}

#[derive(Deserialize)]
struct TypedPod {
    spec: TypedSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedSpec {
    host_network: bool,
    #[serde(rename = "hostPID")]
    host_pid: bool,
    #[serde(rename = "hostIPC")]
    host_ipc: bool,
    containers: Vec<TypedContainer>,
    init_containers: Vec<TypedContainer>,
    ephemeral_containers: Vec<TypedContainer>,
    volumes: Vec<BTreeMap<String, IgnoredAny>>,
    security_context: TypedSecurity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedContainer {
    ports: Vec<TypedPort>,
    liveness_probe: Option<TypedHandler>,
    readiness_probe: Option<TypedHandler>,
    startup_probe: Option<TypedHandler>,
    lifecycle: TypedLifecycle,
    security_context: TypedSecurity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedPort {
    host_port: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedLifecycle {
    post_start: Option<TypedHandler>,
    pre_stop: Option<TypedHandler>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedHandler {
    http_get: Option<TypedHost>,
    tcp_socket: Option<TypedHost>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TypedHost {
    host: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedSecurity {
    privileged: Option<bool>,
    allow_privilege_escalation: Option<bool>,
    run_as_non_root: Option<bool>,
    run_as_user: Option<i64>,
    capabilities: TypedCapabilities,
    seccomp_profile: Option<TypedProfile>,
    app_armor_profile: Option<TypedProfile>,
    se_linux_options: Option<TypedLabel>,
    proc_mount: Option<String>,
    sysctls: Vec<TypedSysctl>,
    windows_options: Option<TypedWindows>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TypedCapabilities {
    add: Vec<String>,
    drop: Vec<String>,
}

#[derive(Deserialize)]
struct TypedProfile {
    r#type: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TypedLabel {
    r#type: String,
    user: String,
    role: String,
}

#[derive(Deserialize)]
struct TypedSysctl {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct TypedWindows {
    host_process: bool,
}
