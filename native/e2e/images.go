//go:build images

// What the suite's pods run is built of the same module: it is named here for go.mod alone.
package main

import _ "k8s.io/kubernetes/test/images/agnhost"
