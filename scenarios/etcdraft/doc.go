// Package etcdraft sets etcd's core of Raft, go.etcd.io/raft, beside the testbed's own.
package etcdraft
