package gdrive

import rego.v1

default allow := false

subject := data.entities[input.subject]

resource := data.entities[input.resource]

allow if {
	input.action == "read"
	resource.public
}

allow if {
	input.action == "read"
	resource.is_in[subject.view]
}

allow if {
	input.action in {"read", "write", "share"}
	subject.owned_documents[input.resource]
}

allow if {
	input.action in {"read", "write", "share"}
	some folder, _ in resource.is_in
	subject.owned_folders[folder]
}

allow if {
	input.action == "change_owner"
	subject.owned_documents[input.resource]
}

allow if {
	input.action == "create_document"
	subject.owned_folders[input.resource]
}
