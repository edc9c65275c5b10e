//! Requests to the gateway: most are in order, the others fail in one way each.

use crate::documents::Document;

use super::routes::{AUDIENCE, ISSUER, NOW, ROUTES_PER_RESOURCE, maintenance_hour, resource};

/// What is wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    None,
    Scope,
    Method,
    Expired,
    Issuer,
    Audience,
    Network,
    Blocked,
    Route,
    Depth,
}

/// By position: fifteen requests of 24 have no flaw, each other one a flaw of its own.
const FLAWS: [Flaw; 24] = {
    let mut flaws = [Flaw::None; 24];
    flaws[0] = Flaw::Scope;
    flaws[3] = Flaw::Method;
    flaws[6] = Flaw::Expired;
    flaws[9] = Flaw::Issuer;
    flaws[11] = Flaw::Audience;
    flaws[14] = Flaw::Network;
    flaws[17] = Flaw::Blocked;
    flaws[20] = Flaw::Route;
    flaws[22] = Flaw::Depth;
    flaws
};

/// So many requests for so many routes; the same ones each time.
#[must_use]
pub fn requests(routes: usize, count: usize) -> Vec<Document> {
    let resources = routes / ROUTES_PER_RESOURCE;
    // Steps that share no factor with the number of resources visit all of them.
    (0..count).map(|index| case(index, index.wrapping_mul(7_919) % resources, FLAWS[index % FLAWS.len()])).collect()
}

fn case(index: usize, served: usize, flaw: Flaw) -> Document {
    let name = resource(served);
    let id = 1000 + index * 37 % 9000;
    let (method, path, scope) = match index % ROUTES_PER_RESOURCE {
        0 => ("GET", format!("/v1/{name}"), "read"),
        1 => ("POST", format!("/v1/{name}"), "write"),
        2 => ("GET", format!("/v1/{name}/{id}"), "read"),
        3 => ("PUT", format!("/v1/{name}/{id}"), "write"),
        _ => ("GET", format!("/v1/{name}/{id}/parts/{}", index % 10), "read"),
    };
    let path = match flaw {
        Flaw::Route => path.replace("/v1/", "/v0/"),
        Flaw::Depth => format!("{path}/a/b/c"),
        _ => path,
    };
    let method = if flaw == Flaw::Method { "PATCH" } else { method };
    let scope = if flaw == Flaw::Scope { "none" } else { scope };
    let issuer = if flaw == Flaw::Issuer { "https://login.example.org" } else { ISSUER };
    let audience = if flaw == Flaw::Audience { "https://api.example.org" } else { AUDIENCE };
    let expiry = if flaw == Flaw::Expired { NOW - 60 } else { NOW + 3_000 };
    let address = match flaw {
        Flaw::Network => "172.16.9.9".to_owned(),
        Flaw::Blocked => "203.0.113.200".to_owned(),
        _ => format!("10.{}.{}.{}", served / 256 % 256, served % 256, index % 250 + 1),
    };
    let json = format!(
        r#"{{"subject":{{"type":"Client","id":"client-{id}"}},"action":{{"name":"call"}},"resource":{{"type":"Request","id":"r-{index}","properties":{{"method":"{method}","path":"{path}"}}}},"context":{{"now":{NOW},"source_ip":"{address}","user_agent":"sdk/3.2","token":{{"iss":"{issuer}","sub":"client-{id}","aud":["{audience}"],"exp":{expiry},"iat":{},"jti":"{:08x}","scopes":["{name}:{scope}","catalog:read","status:read"]}}}}}}"#,
        NOW - 600,
        index.wrapping_mul(2_654_435_761) % (1 << 32)
    );
    let in_maintenance = maintenance_hour(served) == 10;
    // A change from elsewhere is refused; everything else may come from anywhere that is not blocked.
    let harmless = flaw == Flaw::None || flaw == Flaw::Network && method != "PUT";
    Document { json: json.into_bytes(), allowed: harmless && !in_maintenance }
}
