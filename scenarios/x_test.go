package scenarios

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"tabletop/model/variant"
	"testing"
)

func TestX(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	if n == 0 {
		n = 20
	}
	f := Fuzz{Scenario: os.Getenv("S"), Select: variant.Selection{Profile: os.Getenv("P")}, First: 0, Count: n, Each: func(r *Result) bool {
		if r.Verdict != Pass && n <= 100 {
			fmt.Println(r.Seed, r.Verdict, r.Signature, r.Detail)
		}
		return true
	}}
	s, err := f.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.Sort()
	fmt.Println(s.Runs, s.Verdicts, s.Wall, s.Virtual, s.Events)
	for _, g := range s.Groups {
		fmt.Println(g.Count, g.Signature, g.First[0].Seed)
		if n > 100 {
			fmt.Println(g.First[0].Detail)
		}
	}
	for _, d := range s.Distributions() {
		fmt.Println(d)
	}
	fmt.Println(s.Vacuous, s.FaultKinds())
}
