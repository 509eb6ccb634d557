package scenarios
import ("testing";"fmt";"tabletop/model/variant";"tabletop/sim";"os";"strconv")
func TestZ(t *testing.T){
 n,_:=strconv.ParseUint(os.Getenv("SEED"),10,64)
 p,_:=Draw(os.Getenv("S"),n,variant.Selection{Profile:os.Getenv("P")})
 Run(p,Options{Trace:func(r sim.Record){ fmt.Println(r.At,r.Topic,r.Text)}})
}
