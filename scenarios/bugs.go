package scenarios

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Bug is what the searches for one defect say together.
type Bug struct {
	Defect, Title string
	Expected      string // the judge that is to catch it
	Searches      []Detection
}

// BugsOf puts searches together by their defects, in the order in which these come first.
func BugsOf(all []Detection) []Bug {
	var bugs []Bug
	for _, at := range all {
		i := slices.IndexFunc(bugs, func(b Bug) bool { return b.Defect == at.Defect })
		if i < 0 {
			i = len(bugs)
			bugs = append(bugs, Bug{Defect: at.Defect, Title: at.Title,
				Expected: Catalogue[at.Defect]})
		}
		bugs[i].Searches = append(bugs[i].Searches, at)
	}
	return bugs
}

// Found returns the searches that have found the defect.
func (b Bug) Found() []Detection {
	return slices.DeleteFunc(slices.Clone(b.Searches), func(at Detection) bool {
		return !at.Found()
	})
}

// Signatures lists what the runs that show the defect fail with first, each once.
func (b Bug) Signatures() []string {
	var all []string
	for _, at := range b.Found() {
		if !slices.Contains(all, at.Signature) {
			all = append(all, at.Signature)
		}
	}
	return all
}

// AsExpected counts the runs that show the defect where the judge meant for it was the first to
// object.
func (b Bug) AsExpected() int {
	return len(slices.DeleteFunc(b.Found(), func(at Detection) bool {
		return !strings.HasPrefix(at.Signature, b.Expected+"/")
	}))
}

// Failed counts all runs that failed with the defect on. Those that it explains by ablation, since
// they pass without it, are the ones found.
func (b Bug) Failed() int {
	n := 0
	for _, at := range b.Searches {
		n += at.Runs - at.Tried
	}
	return n
}

// Named returns of how many failing runs it was asked what explains them, of how many ablation
// named this defect and no other, and of how many one defect that it needs and no other.
func (b Bug) Named() (exact, needed, asked int) {
	for _, at := range b.Searches {
		exact += at.Exact
		needed += at.Needed
		asked += at.Asked
	}
	return exact, needed, asked
}

// Seeds returns how many seeds it takes to find the defect, by the median of the searches; 0 if
// more than half of them have not found it.
func (b Bug) Seeds() int {
	var tried []int
	for _, at := range b.Searches {
		if at.Found() {
			tried = append(tried, at.Tried)
		} else {
			tried = append(tried, math.MaxInt)
		}
	}
	if m := median(tried); m < math.MaxInt {
		return m
	}
	return 0
}

// Wall returns how long the searches took.
func (b Bug) Wall() time.Duration {
	var all time.Duration
	for _, at := range b.Searches {
		all += time.Duration(at.WallNS)
	}
	return all
}

// Shortest returns the token of the run that shows the defect with the fewest events; empty: none
// does.
func (b Bug) Shortest() string {
	found := b.Found()
	if len(found) == 0 {
		return ""
	}
	return slices.MinFunc(found, func(a, o Detection) int {
		return int(a.Events) - int(o.Events)
	}).Token
}
