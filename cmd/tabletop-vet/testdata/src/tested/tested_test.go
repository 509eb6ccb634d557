package tested

import (
	"os"
	"testing"
)

func TestStart(t *testing.T) { go os.Exit(0) }

//tabletop:allow float: there is none, but tests are not checked
