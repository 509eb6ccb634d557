package sim_test

import (
	"fmt"
	"time"

	"tabletop/sim"
)

// A register that is kept twice: a primary takes writes, copies each to its backup, and answers
// when the backup has it. Both keep it in a file. A client writes 1, 2, 3, ... and remembers what
// was acknowledged; a judge holds the pair to one promise: what was acknowledged is on the disk of
// the backup. With `careful` false the backup answers before its disk has the value.

// put is a message with a number.
type put struct{ Value uint64 }

var kindPut = sim.NewKind("Put")

func (put) Kind() *sim.Kind      { return kindPut }
func (m put) Fold(d *sim.Digest) { d.Uint64(m.Value) }
func (put) Size() int            { return 8 }

const (
	primary sim.NodeID = iota
	backup
	writer
)

// store writes the value to the node's file; careful waits for the disk.
func store(p *sim.Proc, value uint64, careful bool) {
	disk := p.Node().Disk()
	tmp := disk.Create("register.tmp")
	tmp.Append(fmt.Append(nil, value))
	if careful {
		p.Must(tmp.Sync(p))
	}
	disk.Rename("register.tmp", "register")
	if careful {
		p.Must(disk.SyncDir(p))
	}
}

// stored reads what a node's disk would surely hold after a loss of power.
func stored(n *sim.Node) (value uint64) {
	if b, ok := n.Disk().Durable("register"); ok {
		_, _ = fmt.Sscan(string(b), &value)
	}
	return value
}

func startPrimary(n *sim.Node) {
	var busy sim.Mutex
	n.Serve(func(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
		busy.Lock(p, "an earlier write")
		defer busy.Unlock()
		store(p, req.(put).Value, true)
		for {
			if _, err := p.Call(backup, req, p.Now().Add(time.Second)); err == nil {
				return req
			}
			p.Sleep("back-off", 100*time.Millisecond)
		}
	})
}

func startBackup(careful bool) func(*sim.Node) {
	return func(n *sim.Node) {
		n.Serve(func(p *sim.Proc, _ sim.NodeID, req sim.Message) sim.Message {
			store(p, req.(put).Value, careful)
			return req
		})
	}
}

func startWriter(n *sim.Node) {
	n.Go("write", func(p *sim.Proc) {
		for i := uint64(1); ; i++ {
			for {
				if _, err := p.Call(primary, put{i}, p.Now().Add(2*time.Second)); err == nil {
					break
				}
				p.Sleep("back-off", 100*time.Millisecond)
			}
			p.Sleep("pace", 10*time.Millisecond)
		}
	})
}

// try runs the pair for a minute under faults drawn from the seed and says what broke.
func try(seed uint64, careful bool) (broken string) {
	w := sim.New(sim.Config{Seed: seed})
	defer w.Close()
	w.AddNode("primary", startPrimary)
	w.AddNode("backup", startBackup(careful))
	w.AddNode("writer", startWriter)

	// The judge watches what is delivered; it reads and changes nothing.
	sim.Delivered.Subscribe(w, func(e *sim.Envelope) {
		if e.Response && e.To == writer {
			if has, want := stored(w.Node(backup)), e.Msg.(put).Value; has < want && broken == "" {
				broken = fmt.Sprintf("%d was acknowledged, the backup has %d", want, has)
				w.Halt()
			}
		}
	})
	for _, n := range w.Nodes() {
		n.Boot()
	}

	// The nemesis: loss of power of the one or the other, now and then, and links that lose a tenth.
	r := sim.NewRand(seed, sim.NewStream("example/nemesis"))
	w.Disturb(sim.LinkFault{Lose: 100_000}, sim.Direction{From: primary, To: backup})
	for range 20 {
		w.RunFor(r.Duration(0, 3*time.Second))
		n := w.Node(sim.NodeID(r.Intn(2)))
		n.PowerOff()
		w.RunFor(r.Duration(0, time.Second))
		n.Boot()
	}
	if f := w.Finding(); f != nil {
		return f.String()
	}
	return broken
}

// A small system that is not a database of tables, its judge and its nemesis, over many seeds: the
// careful one holds its promise, the careless one is found out, each time in the same way.
func Example() {
	for _, careful := range []bool{true, false} {
		failed := 0
		first := ""
		for seed := range uint64(100) {
			if broken := try(seed, careful); broken != "" {
				if failed++; first == "" {
					first = fmt.Sprintf("; seed %d: %s", seed, broken)
				}
			}
		}
		fmt.Printf("careful=%v: %d of 100 seeds fail%s\n", careful, failed, first)
	}
	// Output:
	// careful=true: 0 of 100 seeds fail
	// careful=false: 100 of 100 seeds fail; seed 0: 1 was acknowledged, the backup has 0
}
