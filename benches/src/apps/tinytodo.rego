package tinytodo

import rego.v1

default allow := false

subject := data.entities[input.subject]

resource := data.entities[input.resource]

# Whoever may, and is not denied.
allow if {
	granted
	not denied
}

denied if {
	input.action == "create_list"
	subject.is_in["Team::interns"]
}

granted if input.action in {"create_list", "get_lists"}

granted if input.subject == resource.owner

granted if {
	input.action == "get_list"
	subject.is_in[resource.readers]
}

granted if {
	input.action in {"get_list", "update_list", "create_task", "update_task", "delete_task"}
	subject.is_in[resource.writers]
}
