package admission

import rego.v1

# The restricted Pod Security Standard for Pods as they are created; the rules are those of restricted.zt.

default allow := false

allow if {
	asked.operation == "CREATE"
	asked.kind.group == ""
	asked.kind.kind == "Pod"
	not denied
}

asked := input.context.review.request

spec := asked.object.spec

pod := object.get(spec, "securityContext", {})

containers := array.concat(
	array.concat(object.get(spec, "containers", []), object.get(spec, "initContainers", [])),
	object.get(spec, "ephemeralContainers", []),
)

# What may stand on the Pod and on each container.
contexts := array.concat([pod], [context | some c in containers; context := object.get(c, "securityContext", {})])

denied if {
	some context in contexts
	context.windowsOptions.hostProcess
}

denied if spec.hostNetwork

denied if spec.hostPID

denied if spec.hostIPC

denied if {
	some c in containers
	c.securityContext.privileged
}

denied if {
	some c in containers
	some port in c.ports
	port.hostPort != 0
}

denied if {
	some c in containers
	some probe in ["livenessProbe", "readinessProbe", "startupProbe"]
	elsewhere(c[probe])
}

denied if {
	some c in containers
	some hook in ["postStart", "preStop"]
	elsewhere(c.lifecycle[hook])
}

elsewhere(handler) if handler.httpGet.host != ""

elsewhere(handler) if handler.tcpSocket.host != ""

denied if {
	some context in contexts
	not context.appArmorProfile.type in {"RuntimeDefault", "Localhost"}
	context.appArmorProfile
}

denied if {
	some context in contexts
	not object.get(context.seLinuxOptions, "type", "") in {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
	context.seLinuxOptions
}

denied if {
	some context in contexts
	context.seLinuxOptions.user != ""
}

denied if {
	some context in contexts
	context.seLinuxOptions.role != ""
}

denied if {
	some c in containers
	c.securityContext.procMount != "Default"
}

denied if {
	some sysctl in pod.sysctls
	not sysctl.name in {
		"kernel.shm_rmid_forced",
		"net.ipv4.ip_local_port_range",
		"net.ipv4.ip_local_reserved_ports",
		"net.ipv4.ip_unprivileged_port_start",
		"net.ipv4.ping_group_range",
		"net.ipv4.tcp_fin_timeout",
		"net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes",
		"net.ipv4.tcp_keepalive_time",
		"net.ipv4.tcp_rmem",
		"net.ipv4.tcp_syncookies",
		"net.ipv4.tcp_wmem",
	}
}

denied if {
	some volume in spec.volumes
	not restricted_volume(volume)
}

restricted_volume(volume) if {
	some kind in ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"]
	volume[kind]
}

denied if {
	some c in containers
	object.get(object.get(c, "securityContext", {}), "allowPrivilegeEscalation", true)
}

denied if pod.runAsNonRoot == false

denied if {
	some c in containers
	not object.get(object.get(c, "securityContext", {}), "runAsNonRoot", object.get(pod, "runAsNonRoot", false))
}

denied if {
	some context in contexts
	context.runAsUser == 0
}

seccomp_of_pod := object.get(object.get(pod, "seccompProfile", {}), "type", "Unconfined")

denied if {
	pod.seccompProfile
	not seccomp_of_pod in {"RuntimeDefault", "Localhost"}
}

denied if {
	some c in containers
	profile := object.get(object.get(object.get(c, "securityContext", {}), "seccompProfile", {}), "type", seccomp_of_pod)
	not profile in {"RuntimeDefault", "Localhost"}
}

denied if {
	some c in containers
	not "ALL" in c.securityContext.capabilities.drop
}

denied if {
	some c in containers
	some added in c.securityContext.capabilities.add
	added != "NET_BIND_SERVICE"
}
