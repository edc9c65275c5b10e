//! A policy of any number of rules, as a company with many teams and projects would write it, for measuring the compiler.

use std::fmt::Write;

/// The declarations of [`policy_text`].
const HEAD: &str = r#"package company

enum Clearance { public < internal < confidential < secret }
enum Posture { compliant, outdated, unassessed }

source idp verified
source edr verified
source client unverified

entity Group in Group from idp
entity User in Group from idp {
  clearance: Clearance from idp
  department: String from idp
  manager: User? from idp
}
entity Device { posture: Posture from edr fresh 24h since attested_at, attested_at: Timestamp from edr }
entity Folder in Folder
entity Document in Folder {
  owner: User
  classification: Clearance
  legal_hold: Bool
  tags: Set<String>
  project: String
}

context {
  device: Device from edr
  mfa: Bool from idp fresh 15m since auth_time step_up "urn:example:acr:mfa" gives true
  auth_time: Timestamp from idp
  source_ip: Ip
  user_agent: String from client
}

obligation audit(level: String)

action read, list, write, delete, share: User -> Document
action change = write, delete, share

let office = [10.0.0.0/8, 2001:db8::/32]
fn cleared(u: User, d: Document) = u.clearance >= d.classification
"#;

/// A policy of so many rules, as a company with many teams and projects would write them: who may read and change what of
/// which project, and what must never happen.
#[must_use]
pub fn policy_text(rules: usize) -> String {
    let mut text = String::from(HEAD);
    for index in 0..rules {
        rule(&mut text, index);
    }
    text
}

/// The rule at an index; each tenth has the same shape, with names of its own.
fn rule(text: &mut String, index: usize) {
    let team = index / 10;
    let rule = match index % 10 {
        0 => format!(
            "allow team_{team}_read: read, list\n  for subject in Group::\"team-{team}\", resource in Folder::\"project-{team}\"\n  when cleared(subject, resource)"
        ),
        1 => format!(
            "allow team_{team}_change: change\n  for subject in Group::\"team-{team}-editors\", resource in Folder::\"project-{team}\"\n  when cleared(subject, resource) and context.mfa and context.device.posture == compliant\n  oblige audit(level: \"high\")"
        ),
        2 => format!(
            "allow owner_{team}: read, change\n  for resource in Folder::\"project-{team}\"\n  when subject == resource.owner and context.source_ip in office"
        ),
        3 => format!(
            "allow manager_{team}: read\n  for resource in Folder::\"project-{team}\"\n  when resource.owner.manager is present and resource.owner.manager == subject"
        ),
        4 => format!(
            "allow department_{team}: list\n  when subject.department == \"department-{team}\" and resource.project == \"project-{team}\""
        ),
        5 => format!(
            "allow tagged_{team}: read\n  for subject in Group::\"team-{team}-guests\"\n  when resource.tags contains \"shared-with-{team}\" and resource.classification <= internal"
        ),
        6 => format!(
            "deny hold_{team}: change\n  for resource in Folder::\"project-{team}\"\n  when resource.legal_hold\n  because \"project {team} has documents under legal hold\""
        ),
        7 => format!(
            "deny network_{team}: write, delete\n  for resource in Folder::\"project-{team}\"\n  when context.source_ip not in [10.{}.{}.0/24, 192.168.0.0/16]\n  because \"change project {team} from its own network\"",
            team / 256 % 256,
            team % 256
        ),
        8 => format!(
            "deny secret_{team}: share\n  for resource in Folder::\"project-{team}\"\n  when resource.classification == secret or resource.tags contains_any [\"export-control\", \"embargo-{team}\"]\n  because \"secrets of project {team} stay within it\""
        ),
        _ => format!(
            "deny agent_{team}: any\n  for resource in Folder::\"project-{team}\"\n  when context.user_agent like \"*bot-{team}/*\"\n  because \"project {team} is not for bots\""
        ),
    };
    // Writing to a string does not fail.
    let _ = write!(text, "\n{rule}\n");
}

/// A request for the policy of [`policy_text`]: a member of a team reads a document of the team's project.
pub const REQUEST: &str = r#"{
  "subject": {"type": "User", "id": "ann", "properties": {"clearance": "secret", "department": "department-7", "manager": null},
    "parents": [{"type": "Group", "id": "team-7"}]},
  "action": {"name": "read"},
  "resource": {"type": "Document", "id": "plan", "properties": {"owner": {"type": "User", "id": "bea"}, "classification": "internal",
    "legal_hold": false, "tags": ["draft"], "project": "project-7"}, "parents": [{"type": "Folder", "id": "project-7"}]},
  "context": {"device": {"type": "Device", "id": "laptop"}, "mfa": true, "auth_time": "2026-03-02T09:55:00Z", "source_ip": "10.0.7.3",
    "user_agent": "curl/8.0"},
  "entities": [{"type": "User", "id": "bea", "properties": {"manager": {"type": "User", "id": "cid"}}},
    {"type": "Group", "id": "team-7", "parents": []}, {"type": "Folder", "id": "project-7", "parents": []},
    {"type": "Device", "id": "laptop", "properties": {"posture": "compliant", "attested_at": "2026-03-02T08:00:00Z"}}]
}"#;

#[cfg(test)]
mod tests {
    use zt_eval::decision::Mode;
    use zt_eval::value::Timestamp;
    use zt_eval::{Effect, Pdp, Store};
    use zt_lang::{Options, Sources};

    use super::*;

    #[test]
    fn the_generated_policy_has_no_mistakes_and_allows_its_request() {
        let text = policy_text(1_000);
        let checked = zt_lang::parse(Sources::single("company.zt", &text), &Options::default()).typecheck();
        let checked = checked.unwrap_or_else(|report| panic!("{report}"));
        assert!(checked.warnings().diagnostics.is_empty(), "{}", checked.warnings());
        let pdp = Pdp::new(checked.lower().unwrap(), Store::empty()).unwrap();
        let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
        let decision = pdp.decide_json(REQUEST.as_bytes(), now, Mode::Full);
        assert_eq!(decision.effect, Effect::Allow, "{decision:?}");
    }
}
