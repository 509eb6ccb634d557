package scenarios

import (
	_ "embed" // the golden digests are part of the program
	"fmt"
	"hash/crc32"
)

//go:embed testdata/digests.txt
var goldenDigests []byte

// CodeVersion stands for how the code behaves: it is another one whenever a change of the code has
// had the golden digests written anew. It is never zero.
var CodeVersion = max(1, crc32.ChecksumIEEE(goldenDigests))

// Origin says of a token what else was known when it was made.
type Origin struct {
	Code   uint32 // CodeVersion of that program; 0: it was an older one, which did not say
	Failed uint32 // stands for the signature; 0: the run did not fail
}

func originOf(signature string) Origin {
	o := Origin{Code: CodeVersion}
	if signature != "" {
		o.Failed = max(1, crc32.ChecksumIEEE([]byte(signature)))
	}
	return o
}

// Foreign says that another version of the code made the token; empty: this one did.
func (o Origin) Foreign() string {
	switch o.Code {
	case CodeVersion:
		return ""
	case 0:
		return fmt.Sprintf("an older version of the code made this token; this is version %08x",
			CodeVersion)
	}
	return fmt.Sprintf("version %08x of the code made this token; this is version %08x", o.Code,
		CodeVersion)
}

// What became of a token's run.
const (
	StillFails     = "still fails"
	FailsOtherwise = "fails otherwise"
	Passes         = "passes"
	ProvesNothing  = "proves nothing"
)

// outcome tells what became of the run when it was made again.
func (o Origin) outcome(r *Result) string {
	switch {
	case r.Verdict == Fail && (o.Code == 0 || o.Failed == originOf(r.Signature).Failed):
		return StillFails
	case r.Verdict == Fail:
		return FailsOtherwise
	case r.Verdict == Pass:
		return Passes
	}
	return ProvesNothing
}
