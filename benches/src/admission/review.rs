//! AdmissionReviews: Pods that keep the standard, and for each control Pods that do not.

use serde_json::{Value, json};

use crate::documents::Document;

/// How many Pods in order there are.
const SOUND: usize = 24;

/// What breaks a control: where in the object, and what is written there. A place that does not exist is made.
const FLAWS: [(&str, &str); 24] = [
    ("/spec/securityContext/windowsOptions", r#"{"hostProcess": true}"#),
    ("/spec/hostNetwork", "true"),
    ("/spec/hostPID", "true"),
    ("/spec/containers/2/securityContext/privileged", "true"),
    ("/spec/containers/1/ports/0/hostPort", "8443"),
    ("/spec/containers/0/livenessProbe/httpGet/host", r#""169.254.169.254""#),
    ("/spec/containers/2/lifecycle", r#"{"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 80}}}"#),
    ("/spec/containers/0/securityContext/appArmorProfile", r#"{"type": "Unconfined"}"#),
    ("/spec/securityContext/seLinuxOptions", r#"{"type": "spc_t"}"#),
    ("/spec/containers/1/securityContext/seLinuxOptions", r#"{"user": "sysadm_u"}"#),
    ("/spec/containers/1/securityContext/procMount", r#""Unmasked""#),
    ("/spec/securityContext/sysctls", r#"[{"name": "kernel.msgmax", "value": "65536"}]"#),
    ("/spec/volumes/1", r#"{"name": "sockets", "hostPath": {"path": "/run/containerd"}}"#),
    ("/spec/volumes/0", r#"{"name": "cache", "nfs": {"server": "files", "path": "/"}}"#),
    ("/spec/containers/2/securityContext/allowPrivilegeEscalation", "true"),
    ("/spec/initContainers/0/securityContext", "{}"),
    ("/spec/securityContext/runAsNonRoot", "false"),
    ("/spec/containers/1/securityContext/runAsNonRoot", "false"),
    ("/spec/securityContext/runAsUser", "0"),
    ("/spec/initContainers/0/securityContext/runAsUser", "0"),
    ("/spec/securityContext/seccompProfile/type", r#""Unconfined""#),
    ("/spec/containers/0/securityContext/seccompProfile", r#"{"type": "Unconfined"}"#),
    ("/spec/containers/0/securityContext/capabilities/drop", r#"["NET_RAW"]"#),
    ("/spec/containers/0/securityContext/capabilities/add", r#"["SYS_ADMIN"]"#),
];

/// All reviews, sound and flawed ones in turn.
#[must_use]
pub fn reviews() -> Vec<Document> {
    let sound = (0..SOUND).map(|index| document(index, None));
    let flawed = FLAWS.iter().enumerate().map(|(index, flaw)| document(SOUND + index, Some(flaw)));
    sound.zip(flawed).flat_map(|(sound, flawed)| [sound, flawed]).collect()
}

/// What distinguishes a review in messages: its Pod's labels.
#[must_use]
pub fn name(document: &Document) -> String {
    let value: Value = serde_json::from_slice(&document.json).unwrap();
    value["context"]["review"]["request"]["object"]["metadata"]["labels"].to_string()
}

fn document(index: usize, flaw: Option<&(&str, &str)>) -> Document {
    let mut pod = pod(index);
    if let Some((place, value)) = flaw {
        set(&mut pod, place, serde_json::from_str(value).unwrap());
        pod["metadata"]["labels"]["flaw"] = json!(place.replace('/', "."));
    }
    let json = asked(index, &pod).to_string().into_bytes();
    Document { json, allowed: flaw.is_none() }
}

/// Writes at a place, whose last member may be missing.
fn set(object: &mut Value, place: &str, value: Value) {
    let (holder, member) = place.rsplit_once('/').expect("a place has a slash");
    let holder = object.pointer_mut(holder).unwrap_or_else(|| panic!("there is no {holder}"));
    match holder {
        Value::Array(elements) => elements[member.parse::<usize>().unwrap()] = value,
        holder => holder[member] = value,
    }
}

/// The whole question, as a webhook would ask it.
fn asked(index: usize, pod: &Value) -> Value {
    let user = "system:serviceaccount:kube-system:replicaset-controller";
    let groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"];
    let parents: Vec<Value> = groups.iter().map(|id| json!({"type": "zt.k8s.Group", "id": id})).collect();
    json!({
        "subject": {"type": "zt.k8s.User", "id": user, "parents": parents},
        "action": {"name": "create"},
        "resource": {"type": "zt.k8s.Resource", "id": format!("pods/shop/web-{index}"),
            "parents": [{"type": "zt.k8s.Namespace", "id": "shop"}]},
        "context": {"review": {
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
            "request": {
                "uid": format!("0b4d1f3a-6c1e-4b8a-8f53-{index:012}"),
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
                "requestResource": {"group": "", "version": "v1", "resource": "pods"},
                "namespace": "shop", "operation": "CREATE",
                "userInfo": {"username": user, "uid": "c0a1d9be-77f5-4b0e-a1a4-3c2f8e5f2f11", "groups": groups},
                "object": pod, "oldObject": null, "dryRun": false,
                "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
            },
        }},
    })
}

fn pod(index: usize) -> Value {
    let hash = format!("7c9d8f6b{index:02}");
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "generateName": format!("web-{hash}-"), "namespace": "shop", "creationTimestamp": null,
            "labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop", "pod-template-hash": hash},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("web-{hash}"),
                "uid": "6d8b1c0e-4a52-4a2b-9c0e-0f6a3a1b7f10", "controller": true, "blockOwnerDeletion": true}],
            "managedFields": managed_fields(),
        },
        "spec": {
            "volumes": [
                {"name": "cache", "emptyDir": {"sizeLimit": "256Mi"}},
                {"name": "config", "configMap": {"name": "web-config", "defaultMode": 420}},
                {"name": "kube-api-access-x7q2k", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                ]}},
            ],
            "initContainers": [container("migrate", index)],
            "containers": [container("web", index), container("proxy", index), container("metrics", index)],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "web", "serviceAccount": "web",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"}},
            "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300}],
        },
        "status": {},
    })
}

fn container(name: &str, index: usize) -> Value {
    let probe = json!({"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1,
        "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3});
    json!({
        "name": name,
        "image": format!("registry.example.com/shop/{name}@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f1116120{index:05}"),
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "volumeMounts": [{"name": "cache", "mountPath": "/var/cache/web"},
            {"name": "config", "readOnly": true, "mountPath": "/etc/web"}],
        "livenessProbe": probe,
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
            "capabilities": {"drop": ["ALL"]}},
    })
}

/// What the API server keeps of who wrote which field: bulk that no rule asks for.
fn managed_fields() -> Value {
    let container = json!({".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:env": {}, "f:resources": {},
        "f:securityContext": {".": {}, "f:allowPrivilegeEscalation": {}, "f:capabilities": {}}});
    json!([{
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-03-02T09:58:41Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:annotations": {".": {}, "f:prometheus.io/scrape": {}}, "f:generateName": {},
                "f:labels": {".": {}, "f:app.kubernetes.io/name": {}, "f:pod-template-hash": {}}},
            "f:spec": {"f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:securityContext": {}, "f:containers": {
                "k:{\"name\":\"web\"}": container.clone(), "k:{\"name\":\"proxy\"}": container.clone(),
                "k:{\"name\":\"metrics\"}": container,
            }},
        },
    }])
}
