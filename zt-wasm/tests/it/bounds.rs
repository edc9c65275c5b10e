//! Requests that a module has no memory for, or that are no requests at all, get the invalid decision and nothing else.

use zt_eval::decision::Mode;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::host::{Host, HostLimits};
use zt_wasm::{Target, compile};

const POLICY: &str = "package notes

entity User { names: List<String>, labels: Map<List<String>> }
entity Note { tags: Set<String> }

action read: User -> Note

allow tagged: read
  when subject.names == [\"a\"] or resource.tags contains \"b\" or subject.labels contains \"c\"
";

fn policy() -> Policy {
    let mut sources = Sources::new();
    sources.add("notes.zt", POLICY.as_bytes());
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

/// A request of about so many bytes.
fn request(len: usize, element: &str) -> Vec<u8> {
    let elements = vec![element; len / (element.len() + 1) + 1].join(",");
    let labels: Vec<String> = (0..900).map(|at| format!("\"{at}\":[{}]", element)).collect();
    format!(
        r#"{{"subject":{{"type":"User","id":"a","properties":{{"names":[{elements}],"labels":{{{}}}}}}},
            "action":{{"name":"read"}},"resource":{{"type":"Note","id":"n","properties":{{"tags":[{elements}]}}}}}}"#,
        labels.join(",")
    )
    .into_bytes()
}

#[test]
fn without_memory_a_request_is_invalid_and_the_next_is_decided() {
    let (policy, store) = (policy(), Store::empty());
    let module = compile(&policy, &store, Target::Core(Default::default())).unwrap();
    let small = request(10, "\"a\"");
    let mut denied = 0;
    // From the module's own pages on.
    for pages in 6..24 {
        let limits = HostLimits { memory_bytes_max: pages << 16, instances_max: 2, ..HostLimits::default() };
        let mut instance = Host::new(limits).unwrap().load(&module, None).unwrap().instantiate().unwrap();
        for len in [1 << 10, 10 << 10, 60 << 10, 200 << 10, 600 << 10, 2 << 20] {
            for element in ["\"a\"", "\"\\u00e9\\n\"", "\"a long text, longer than others\"", "[]", "0"] {
                let decision = instance.decide(&request(len, element), None, Mode::Full).unwrap();
                denied += usize::from(decision.windows(17).any(|part| part == b"\"reason\":\"invalid"));
            }
            let decision = instance.decide(&small, None, Mode::Effect).unwrap();
            assert!(decision.windows(14).any(|part| part == b"\"effect\":\"deny"));
        }
    }
    assert!(denied > 50, "only {denied} had no memory or broke a limit");
}

#[test]
fn what_is_no_request_is_invalid() {
    let module = compile(&policy(), &Store::empty(), Target::Core(Default::default())).unwrap();
    let host = Host::new(HostLimits::default()).unwrap();
    let mut instance = host.load(&module, None).unwrap().instantiate().unwrap();
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    for text in [&b""[..], b"{", b"null", b"\xff", b"\xef\xbb\xbf{}", b"{\"subject\":", &deep] {
        let decision = instance.decide(text, None, Mode::Full).unwrap();
        let text = String::from_utf8_lossy(decision);
        assert!(text.contains("\"effect\":\"deny\"") && text.contains("\"reason\":\"invalid\""), "{text}");
    }
}
