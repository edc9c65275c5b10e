//! Kubewarden, by waPC.
//!
//! The subject is the `zt.k8s.User` of the request's `userInfo`, in its groups; the action is the operation in small letters;
//! the resource is the `zt.k8s.Resource` with the id `RESOURCE/NAMESPACE/NAME` in its namespace; `context.review` is the
//! request as the API server sent it. There is nothing else in the context, and no clock. Settings are values of those
//! parameters that the module was built to take them for.

use std::collections::BTreeMap;

use serde_json::json;
use zt_eval::id::EntityTypeId;
use zt_eval::schema::Action;
use zt_eval::{Policy, Store};

use crate::code::I32;
use crate::describe;
use crate::layout::*;
use crate::link::{Import, Parts};
use crate::module::Export;
use crate::profile::{self, Unsupplied};
use crate::tables::data::{Data, number};
use crate::tables::schema::Header;

/// The target's name.
pub(super) const NAME: &str = "kubewarden";
/// What subjects are.
const USER: &str = "zt.k8s.User";
/// What resources are.
const RESOURCE: &str = "zt.k8s.Resource";
/// The actions that operations are.
const ACTIONS: [&str; 4] = ["create", "update", "delete", "connect"];

/// What modules for Kubewarden are to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Obligations go to the API server's audit log, as the annotation `zt-obligations`. Otherwise access that comes with
    /// obligations is denied, for Kubewarden cannot discharge them.
    pub record_obligations: bool,
}

impl Options {
    /// These, but with obligations recorded or not.
    #[must_use]
    pub fn with_record_obligations(self, record_obligations: bool) -> Self {
        Self { record_obligations }
    }
}

pub(super) fn exports() -> Vec<Export> {
    vec![Export::Memory("memory"), Export::Function { name: "__guest_call", of: "wapc_guest_call" }]
}

/// Whether a policy can be asked by Kubewarden, with these entities.
pub(super) fn check(policy: &Policy, entities: &Store) -> Result<(), Unsupplied> {
    profile::without_clock(policy, NAME)?;
    if operations(policy).is_empty() {
        let actions = format!("{}` by a `{USER}` on a `{RESOURCE}", ACTIONS.join("`, `"));
        return Err(Unsupplied::Actions { target: NAME, actions });
    }
    profile::context_of(policy, NAME, &["review"])?;
    profile::attributes_of(policy, NAME, entities)
}

/// The operations that a policy has actions for.
fn operations(policy: &Policy) -> Vec<String> {
    let actions =
        ACTIONS.iter().filter(|name| policy.schema().actions.iter().any(|action| is_asked(policy, action, name)));
    actions.map(|name| name.to_ascii_uppercase()).collect()
}

/// Whether an action is what a request of this operation asks for.
fn is_asked(policy: &Policy, action: &Action, operation: &str) -> bool {
    let has = |types: &[EntityTypeId], name: &str| {
        types.iter().any(|ty| policy.schema().entity(*ty).is_some_and(|entity| &*entity.name == name))
    };
    &*action.name == operation && has(&action.subjects, USER) && has(&action.resources, RESOURCE)
}

/// The texts that are answered and compared with, and the host's functions.
pub(super) fn tables(options: Options, policy: &Policy, data: &mut Data, parts: &mut Parts) -> Header {
    for (of, name) in
        [("guest_request", "__guest_request"), ("guest_response", "__guest_response"), ("guest_error", "__guest_error")]
    {
        let import = Import { module: "wapc", name, params: vec![I32, I32], result: None };
        parts.imports.insert(of.to_owned(), import);
    }
    let mut texts = TEXTS;
    texts.sort_by_key(|(place, _)| *place);
    debug_assert!(texts.iter().zip(0..).all(|((place, _), at)| *place == at));
    let texts: Vec<u8> = texts.iter().flat_map(|(_, text)| data.span(text).to_le_bytes()).collect();
    let messages: Vec<u8> = policy
        .rules()
        .iter()
        .flat_map(|rule| {
            let message =
                rule.extras.because.as_ref().map_or_else(|| format!("rule {} denies", rule.name), |it| it.to_string());
            let text = json!(message).to_string();
            // Without its quotes: it stands in a longer text.
            let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
            data.span(inner).to_le_bytes()
        })
        .collect();
    vec![
        (WAPC_TEXTS, data.shared(&texts, 8)),
        (WAPC_MESSAGES, data.shared(&messages, 8)),
        (WAPC_RECORDS, number(usize::from(options.record_obligations))),
    ]
}

/// What Kubewarden wants to know before it loads a module: the section's name, and what is in it.
pub(super) fn metadata(policy: &Policy) -> (&'static str, Vec<u8>) {
    let metadata = json!({
        "protocolVersion": "v1",
        "rules": [{
            "apiGroups": ["*"],
            "apiVersions": ["*"],
            "resources": ["*"],
            "operations": operations(policy),
        }],
        "annotations": annotations(policy),
        "mutating": false,
        // What scans a cluster asks in nobody's name.
        "backgroundAudit": false,
        "executionMode": "kubewarden-wapc",
        "policyType": "kubernetes",
        "contextAwareResources": [],
    });
    ("io.kubewarden.metadata", metadata.to_string().into_bytes())
}

/// What the policy says of itself, by the names that Kubewarden has for it.
fn annotations(policy: &Policy) -> BTreeMap<String, String> {
    let mut said = describe::annotations(policy);
    said.entry("title".to_owned()).or_insert_with(|| policy.name().to_owned());
    said.retain(|name, text| ANNOTATIONS.contains(&&**name) && !text.is_empty());
    said.into_iter().map(|(name, text)| (format!("io.kubewarden.policy.{name}"), text)).collect()
}

/// What Kubewarden has names for.
const ANNOTATIONS: [&str; 9] =
    ["title", "version", "description", "author", "url", "source", "license", "severity", "category"];

const TEXTS: [(i32, &str); 40] = [
    (WAPC_PROTOCOL_VERSION, "protocol_version"),
    (WAPC_VALIDATE_SETTINGS, "validate_settings"),
    (WAPC_VALIDATE, "validate"),
    (WAPC_V1, r#""v1""#),
    (WAPC_VALID, r#"{"valid":true}"#),
    (WAPC_SETTINGS_GIVEN, r#"{"valid":false,"message":"this policy takes no settings"}"#),
    (WAPC_NO_OPERATION, "there is no such operation"),
    (WAPC_NO_MEMORY, "there is no memory left"),
    (WAPC_KEYS_OF_PAYLOAD, "request"),
    (WAPC_KEYS_OF_PAYLOAD + 1, "settings"),
    (WAPC_KEYS_OF_REQUEST, "userInfo"),
    (WAPC_KEYS_OF_REQUEST + 1, "operation"),
    (WAPC_KEYS_OF_REQUEST + 2, "resource"),
    (WAPC_KEYS_OF_REQUEST + 3, "namespace"),
    (WAPC_KEYS_OF_REQUEST + 4, "name"),
    (WAPC_KEYS_OF_USER, "username"),
    (WAPC_KEYS_OF_USER + 1, "groups"),
    (WAPC_KEYS_OF_RESOURCE, "resource"),
    (WAPC_SUBJECT, r#"{"subject":{"type":"zt.k8s.User","id":"#),
    (WAPC_PARENTS, r#","parents":["#),
    (WAPC_GROUP, r#"{"type":"zt.k8s.Group","id":"#),
    (WAPC_ACTION, r#"]},"action":{"name":""#),
    (WAPC_RESOURCE, r#""},"resource":{"type":"zt.k8s.Resource","id":""#),
    (WAPC_NAMESPACE, r#"{"type":"zt.k8s.Namespace","id":"#),
    (WAPC_CONTEXT, r#"]},"context":{"review":{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":"#),
    (WAPC_END, "}}}"),
    (WAPC_ACCEPTED, r#"{"accepted":true"#),
    (WAPC_ANNOTATIONS, r#","audit_annotations":{"zt-obligations":"#),
    (WAPC_DENIED, r#"{"accepted":false,"message":""#),
    (WAPC_FORBIDDEN, r#"","code":403}"#),
    (WAPC_BAD_REQUEST, r#"","code":400}"#),
    (WAPC_NO_RULE, "no rule allows this"),
    (WAPC_INVALID, "the request does not fit this policy"),
    (WAPC_OBLIGED, "access comes with obligations, which Kubewarden cannot discharge"),
    (WAPC_BETWEEN, "; "),
    (WAPC_DENIED_WITHOUT_MEMORY, r#"{"accepted":false,"message":"there is no memory left","code":500}"#),
    (WAPC_NOT_VALID, r#"{"valid":false,"message":"#),
    (WAPC_BAD_SETTINGS, r#"{"accepted":false,"message":"#),
    (WAPC_MISCONFIGURED, r#","code":500}"#),
    (WAPC_NOT_VALID_WITHOUT_MEMORY, r#"{"valid":false,"message":"there is no memory left"}"#),
];
