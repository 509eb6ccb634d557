package client

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperationsReadBack(t *testing.T) {
	for _, words := range []string{
		"create t columns=k,a tablets=2 replicas=3",
		"create t columns=k tablets=2 ranges=0:100,100:200,200: replicas=1 no-wait",
		"alter t add:b drop:c rename:d:e change:f:-7 rename-to=u",
		"alter t replicas=5 add-range:0:100 drop-range:: add-range::0",
		"alter t add-range:0:100@hot-1 add-range::@a.b",
		"create t columns=k tablets=1 replicas=3 locations=/b dimension=hot",
		"delete t", "delete t reserve=1m30s", "recall t", "recall t rename-to=u no-wait", "get t",
		"list",
		"create t columns=k tablets=1 replicas=3 locations=/dc-0/rack-1,/b",
	} {
		op, err := ParseOp(strings.Fields(words))
		require.NoError(t, err, words)
		require.Equal(t, words, op.String())
	}
	for _, bad := range []string{"", "drop t", "create t", "create t columns=k tablets=0",
		"create t columns=k ranges=0-1", "create t columns=k ranges=", "alter t add:b:c",
		"alter t rename:b", "alter t change:b:x", "alter t change:b", "alter t add-range:5",
		"alter t add:", "alter t grow:b", "get t ranges=0:1", "alter t ranges=0:1", "list t",
		"delete t reserve=0s", "delete t reserve=x", "recall", "recall t add:b", "create t columns=k locations=a", "get t locations=/a", "alter t reserve=3s",
		"alter t add-range:0:100@", "alter t add-range:0:100@a@b", "alter t drop-range:0:100@hot",
		"alter t add-range@hot", "create t columns=k dimension=", "alter t dimension=hot",
		"create t columns=k ranges=0:1@hot"} {
		_, err := ParseOp(strings.Fields(bad))
		require.Error(t, err, bad)
	}
}
