//! What is left of rules once a part of a request is known, as text.

use zt_eval::decision::{Mode, Reason};
use zt_eval::eval::{self, Scratch};
use zt_eval::specialize::{Missing, Partial, Residual};
use zt_eval::value::Timestamp;
use zt_eval::{Effect, Policy, Request, Store};
use zt_lang::{Options, Sources};

const POLICY: &str = r#"
package papers
enum Level { public < secret }
source idp verified
source hr verified complete
entity Group in Group
entity User in Group { level: Level from idp  clearances: Set<Level> from idp  phone: String? from hr  pin: String from idp sensitive }
entity Folder in Folder
entity Paper in Folder { owner: User  level: Level  held: Bool }
context {
  mfa: Bool from idp fresh 15m since auth_time step_up "urn:mfa" gives true
  auth_time: Timestamp from idp
  device: String from idp fresh 1h since auth_time
  site: String
  ends: Timestamp
}
obligation note(who: String, paper: Paper)
action read, write: User -> Paper
"#;

fn policy(rules: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("papers.zt", format!("{POLICY}{rules}").as_bytes());
    let checked = zt_lang::parse(sources, &Options::default()).typecheck().unwrap();
    checked.lower().unwrap()
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

const ANN: &str = r#"{
  "subject": { "type": "User", "id": "ann",
               "properties": { "level": "secret", "clearances": ["public"], "phone": null, "pin": "1234" },
               "parents": [{ "type": "Group", "id": "staff" }] },
  "action": { "name": "read" },
  "context": { "site": "lab", "ends": "2026-03-02T12:00:00Z", "auth_time": "2026-03-02T09:00:00Z", "device": "d1", "mfa": true }
}"#;

const STORE: &str = r#"[{ "type": "Group", "id": "staff", "parents": [{ "type": "Group", "id": "all" }] },
                       { "type": "Group", "id": "all", "parents": [] }]"#;

fn specialize(policy: &Policy, change: impl FnOnce(Partial) -> Partial, missing: Missing) -> Residual {
    let partial = change(Partial::from_json(policy, ANN.as_bytes()).unwrap());
    let store = Store::from_json(policy, STORE.as_bytes()).unwrap();
    policy.specialize(&partial, &store, missing).unwrap()
}

/// The rules that are left, without the declarations.
fn left(residual: &Residual) -> String {
    let text = residual.to_source().unwrap();
    let mut sources = Sources::new();
    sources.add("residual.zt", text.as_bytes());
    if let Err(report) = zt_lang::parse(sources, &Options::default()).typecheck() {
        panic!("{report}\n{text}");
    }
    let (_, rules) = text.rsplit_once("\naction write: User -> Paper\n").unwrap();
    rules.trim().to_owned()
}

fn left_of(rules: &str) -> String {
    left(&specialize(&policy(rules), |partial| partial, Missing::Kept))
}

#[test]
fn what_is_known_is_folded() {
    assert_eq!(
        left_of("allow a: read when subject.level >= resource.level and context.site == \"lab\""),
        "allow a: read\n  when resource.level <= Level.secret"
    );
    assert_eq!(left_of("allow a: read when subject.level == public and resource.held"), "");
    assert_eq!(left_of("allow a: write when subject.level == secret"), "");
    assert_eq!(
        left_of("allow a: read when any level in subject.clearances: (level == resource.level)"),
        "allow a: read\n  when resource.level == Level.public"
    );
    assert_eq!(
        left_of("allow a: read when resource.level in subject.clearances or subject.phone is present"),
        "allow a: read\n  when resource.level in [Level.public]"
    );
    assert_eq!(
        left_of("deny d: read when context.site == \"lab\" because \"not here\""),
        "deny d: read\n  because \"not here\""
    );
}

#[test]
fn the_hierarchy_is_folded_as_far_as_parents_are_known() {
    assert_eq!(
        left_of("allow a: read for subject in Group::\"all\", resource in Folder::\"shared\""),
        "allow a: read\n  when resource in Folder::\"shared\""
    );
    assert_eq!(left_of("allow a: read for subject in Group::\"board\""), "");
    let rules = policy("allow a: read for subject in Group::\"board\"");
    let open = specialize(&rules, |partial| partial.open(&rules, "subject parents").unwrap(), Missing::Kept);
    assert_eq!(left(&open), "allow a: read\n  when User::\"ann\" in Group::\"board\"");
}

#[test]
fn what_time_moves_stays_to_be_read() {
    let rules = "allow a: read when context.device == \"d1\" and now < context.ends\n";
    assert_eq!(left_of(rules), "allow a: read\n  when now < \"2026-03-02T12:00:00Z\" and context.device == \"d1\"");
    let rules = policy(rules);
    let later = |at: &str| specialize(&rules, |partial| partial.not_before(instant(at)), Missing::Settled);
    assert_eq!(left(&later("2026-03-02T10:00:00Z")).matches("and").count(), 1, "the device is fresh for an hour");
    assert_eq!(left(&later("2026-03-02T10:00:00.001Z")), "", "and then stale for good");
    assert_eq!(left(&later("2026-03-02T12:00:00Z")), "");
}

#[test]
fn what_can_be_renewed_and_what_is_sensitive_is_not_folded() {
    let rules = "allow a: read when context.mfa and subject.pin == \"1234\" and resource.held";
    let text = left_of(rules);
    assert!(text.contains("context.mfa") && text.contains("subject.pin == \"1234\""), "{text}");
    let residual = specialize(&policy("allow a: read when subject.pin == resource.owner.pin"), |it| it, Missing::Kept);
    assert!(!residual.to_source().unwrap().contains("1234"));
}

#[test]
fn obligations_overrides_and_what_reports_say_is_kept() {
    let rules = r#"
        @owner("records") deny held overridable: read when resource.held because "it is held" control "C-1"
        allow glass: read when subject.level == secret overrides held oblige note(who: context.site, paper: resource)
        allow watch audit: read when subject.level == secret
    "#;
    assert_eq!(
        left_of(rules),
        "@owner(\"records\")\ndeny held overridable: read\n  when resource.held\n  control \"C-1\"\n  because \"it is held\"\n\n\
         allow glass: read\n  oblige note(who: \"lab\", paper: resource)\n  overrides held\n\nallow watch audit: read"
    );
}

#[test]
fn obligations_are_guarded_where_the_condition_is_no_longer() {
    let declared = "record Box { tags: Set<String> }\ncontext {\n  next: Paper?  box: Box?";
    let text = POLICY.replace("context {", declared).replace("held: Bool", "held: Bool  site: String?");
    let text = text.replace(
        "action read",
        "obligation tell(who: User, site: String)\nobligation list(tags: Set<String>)\naction read",
    );
    let rules = r#"
        allow a: read
          when resource.held and context.next is present and context.next.site is present
            and context.next.owner == resource.owner
          oblige note(who: context.site, paper: context.next), tell(who: context.next.owner, site: context.next.site)
        allow b: read when context.box is present and (resource.held or resource.owner == subject)
          oblige list(tags: context.box.tags)
    "#;
    let mut sources = Sources::new();
    sources.add("papers.zt", format!("{text}{rules}").as_bytes());
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
    let known = ANN
        .replace(r#""context": {"#, r#""context": { "next": { "type": "Paper", "id": "p2" }, "box": { "tags": [] },"#);
    let partial = Partial::from_json(&policy, known.as_bytes()).unwrap();
    let residual = policy.specialize(&partial, &Store::empty(), Missing::Kept).unwrap();
    assert_eq!(
        left(&residual),
        "allow a: read\n  when context.next.site is present and resource.held and Paper::\"p2\".owner == resource.owner\n  \
         oblige note(who: \"lab\", paper: Paper::\"p2\"), tell(who: Paper::\"p2\".owner, site: context.next.site)\n\n\
         allow b: read\n  when (resource.held or resource.owner == User::\"ann\") and context.box.tags is present\n  \
         oblige list(tags: context.box.tags)"
    );
}

/// Every request of every example with its resource and its entities yet to be said.
#[test]
fn what_is_left_of_the_examples_can_be_written() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut refused = Vec::new();
    for folder in folders.filter(|folder| folder.join("requests").is_dir()) {
        let mut sources = Sources::new();
        add(&folder, &mut sources);
        let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
        let entities = std::fs::read(folder.join("entities.json")).unwrap_or_else(|_| b"[]".to_vec());
        let store = Store::from_json(&policy, &entities).unwrap();
        for entry in std::fs::read_dir(folder.join("requests")).unwrap() {
            let path = entry.unwrap().path();
            let Ok(mut known) = serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path).unwrap()) else {
                continue;
            };
            for part in ["resource", "entities"] {
                known.as_object_mut().map(|parts| parts.remove(part));
            }
            let Ok(partial) = Partial::from_json(&policy, known.to_string().as_bytes()) else { continue };
            for missing in [Missing::Kept, Missing::Settled] {
                let Ok(residual) = policy.specialize(&partial, &store, missing) else { continue };
                let written = residual.to_source().map_err(|error| error.to_string()).and_then(|text| {
                    let mut sources = Sources::new();
                    sources.add("residual.zt", text.as_bytes());
                    let checked = zt_lang::parse(sources, &Options::default()).typecheck();
                    checked.map(|_| ()).map_err(|report| format!("{report}"))
                });
                refused.extend(written.err().map(|error| format!("{} {missing:?}: {error}", path.display())));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn add(folder: &std::path::Path, sources: &mut Sources) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "zt") {
            sources.add(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn missing_is_not_the_same_as_not_known_yet() {
    let rules = policy("allow a: read when subject.level == secret\ndeny d: read when subject.level == public");
    let open = |partial: Partial| partial.open(&rules, "subject.level").unwrap();
    let missing = |partial: Partial| open(partial).missing(&rules, "subject").unwrap();
    let both =
        "allow a: read\n  when subject.level == Level.secret\n\ndeny d: read\n  when subject.level == Level.public";
    assert_eq!(left(&specialize(&rules, open, Missing::Kept)), both);
    assert_eq!(left(&specialize(&rules, open, Missing::Settled)), both);
    assert_eq!(left(&specialize(&rules, missing, Missing::Kept)), both);
    let settled = specialize(&rules, missing, Missing::Settled);
    assert_eq!(left(&settled), "deny d: read");
    assert_eq!(settled.effect(), Some(Effect::Deny));
}

#[test]
fn an_effect_is_settled_only_when_nothing_can_change_it() {
    let effect = |rules: &str| specialize(&policy(rules), |partial| partial, Missing::Kept).effect();
    assert_eq!(effect("allow a: read when subject.level == secret"), Some(Effect::Allow));
    assert_eq!(effect("allow a: read when subject.level == public"), Some(Effect::Deny));
    assert_eq!(effect("allow a: read\ndeny d: read when resource.held"), None);
    assert_eq!(effect("allow a: read\ndeny d: read when context.site == \"lab\""), Some(Effect::Deny));
    assert_eq!(effect("allow a: read oblige note(who: subject.pin, paper: resource)"), None);
}

#[test]
fn the_rest_is_put_together_with_what_was_known() {
    let whole = policy("allow a: read when subject.level >= resource.level and context.device == \"d1\"");
    let residual = specialize(&whole, |partial| partial, Missing::Kept);
    let rest = |subject: &str, level: &str| {
        let text = format!(
            r#"{{ "subject": {{ "type": "User", "id": "{subject}" }}, "action": {{ "name": "read" }},
                  "resource": {{ "type": "Paper", "id": "p", "properties": {{ "level": "{level}" }} }} }}"#
        );
        residual.complete(&Request::from_json(residual.policy(), text.as_bytes()).unwrap())
    };
    let request = rest("ann", "secret").unwrap();
    let store = Store::from_json(residual.policy(), STORE.as_bytes()).unwrap();
    let decide = |at: &str| {
        eval::decide(residual.policy(), &store, &request, Some(instant(at)), Mode::Full, &mut Scratch::new())
    };
    let decision = decide("2026-03-02T09:30:00Z");
    assert_eq!(decision.effect, Effect::Allow);
    assert_eq!(decision.valid_until, Some(instant("2026-03-02T10:00:00.001Z")), "the device's freshness is read anew");
    assert_eq!(decide("2026-03-02T11:00:00Z").reason, Some(Reason::NoRule));
    assert_eq!(rest("bob", "secret").unwrap_err().path(), "$.subject");
    let foreign = Request::from_json(
        &whole,
        ANN.replace("\"action\"", "\"resource\": {\"type\": \"Paper\", \"id\": \"p\"}, \"action\"").as_bytes(),
    );
    assert!(residual.complete(&foreign.unwrap()).is_err(), "a request for the whole policy is none for the residual");
}

#[test]
fn parts_that_there_are_not_are_refused() {
    let policy = policy("allow a: read");
    let partial = Partial::from_json(&policy, ANN.as_bytes()).unwrap();
    for part in ["context.nothing", "resource.held", "object", "User::\"bob\"x", "Nobody::\"bob\""] {
        assert!(partial.clone().open(&policy, part).is_err(), "{part}");
    }
    for part in ["context.site", "subject", "User::\"bob\".level", "User::\"bob\" parents", "entities", "context"] {
        assert!(partial.clone().open(&policy, part).is_ok(), "{part}");
        assert!(partial.clone().missing(&policy, part).is_ok(), "{part}");
    }
    assert!(partial.missing(&policy, "resource").is_err());
    let other = self::policy("allow b: read");
    let partial = Partial::from_json(&policy, ANN.as_bytes()).unwrap();
    assert!(other.specialize(&partial, &Store::empty(), Missing::Kept).is_err());
    assert!(Partial::from_json(&policy, b"{}").is_err());
}
