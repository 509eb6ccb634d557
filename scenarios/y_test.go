package scenarios

import (
	"fmt"
	"os"
	"strconv"
	"tabletop/model/variant"
	"testing"
)

func TestY(t *testing.T) {
	n, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	p, _ := Draw(os.Getenv("S"), n, variant.Selection{Profile: os.Getenv("P")})
	if os.Getenv("PLAN") != "" {
		fmt.Println(p)
	}
	r, err := Run(p, Options{Story: func(l Line) {
		if !l.Detail || os.Getenv("D") != "" {
			fmt.Println(l)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(r.Verdict, r.Signature, r.Detail)
}
