package github

import rego.v1

default allow := false

subject := data.entities[input.subject]

resource := data.entities[input.resource]

allow if {
	input.action in {"pull", "fork"}
	subject.is_in[resource.readers]
}

allow if {
	input.action == "triage"
	subject.is_in[resource.triagers]
}

allow if {
	input.action == "push"
	subject.is_in[resource.writers]
}

allow if {
	input.action == "maintain"
	subject.is_in[resource.maintainers]
}

allow if {
	input.action in {"add_reader", "add_triager", "add_writer", "add_maintainer", "add_admin"}
	subject.is_in[resource.admins]
}
