package rows

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tabletop/model/wire"
)

func genWrite(t *rapid.T, now wire.Timestamp) Write {
	w := Write{Request: wire.RequestID{Client: wire.ServerID(rapid.IntRange(1, 3).Draw(t, "client")),
		Seq: int64(now)}, Version: rapid.Int64Range(0, 3).Draw(t, "version"), Time: now}
	w.First = rapid.Int64Range(0, w.Request.Seq).Draw(t, "first")
	for range rapid.IntRange(0, 3).Draw(t, "ops") {
		w.Ops = append(w.Ops, wire.RowOp{Kind: wire.RowOpKind(rapid.IntRange(1, 3).Draw(t, "kind")),
			Key: rapid.Int64Range(-2, 2).Draw(t, "key"), Value: rapid.Int64().Draw(t, "value")})
	}
	return w
}

// A tablet shows, as of every time, what a plain map held then; it answers every request that its
// client may send again; and it comes back from its encoding as it was.
func TestDataIsAMapWithMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, plain := New(), map[int64]int64{}
		var past []map[int64]int64
		for now := wire.Timestamp(1); now <= 12; now++ {
			w := genWrite(t, now)
			require.Equal(t, w.Ops, append([]wire.RowOp(nil), DecodeWrite(w.Encode()).Ops...))
			var want []wire.Code
			for _, o := range w.Ops {
				want = append(want, change(plain, o))
			}
			require.Equal(t, want, data.Apply(w))
			require.Equal(t, now, data.Last())
			if len(w.Ops) > 0 {
				answer, found, _ := data.AnswerTo(w.Request)
				require.True(t, found)
				require.Equal(t, Answer{int64(now), want, now}, answer)
			}
			held := map[int64]int64{}
			for k, v := range plain {
				held[k] = v
			}
			past = append(past, held)
		}
		var e, again wire.Encoder
		data.Encode(&e)
		d := wire.NewDecoder(e.Bytes())
		back := Decode(d)
		require.True(t, d.Done())
		back.Encode(&again)
		require.Equal(t, e.Bytes(), again.Bytes())
		for i, held := range past {
			shown := map[int64]int64{}
			for _, r := range back.At(wire.Timestamp(i + 1)) {
				shown[r.Key] = r.Value
			}
			require.Equal(t, held, shown, "at %d", i+1)
		}
	})
}

func change(rows map[int64]int64, o wire.RowOp) wire.Code {
	_, there := rows[o.Key]
	switch {
	case o.Kind == wire.InsertRow && there:
		return wire.RowAlreadyPresent
	case o.Kind == wire.EraseRow && !there:
		return wire.RowNotFound
	case o.Kind == wire.EraseRow:
		delete(rows, o.Key)
	default:
		rows[o.Key] = o.Value
	}
	return wire.OK
}

// A request that its client has done with is neither answered nor carried out again.
func TestAnswersGoWhenTheClientIsDone(t *testing.T) {
	data := New()
	ops := []wire.RowOp{{Kind: wire.UpsertRow, Key: 1, Value: 2}}
	request := func(seq int64) wire.RequestID { return wire.RequestID{Client: 7, Seq: seq} }
	data.Apply(Write{Request: request(1), First: 1, Time: 10, Ops: ops})
	data.Apply(Write{Request: request(2), First: 1, Time: 11, Ops: ops})
	data.Apply(Write{Request: request(3), First: 2, Time: 12, Ops: ops})
	for seq, want := range map[int64][2]bool{1: {false, true}, 2: {true, false}, 3: {true, false},
		4: {false, false}} {
		_, found, stale := data.AnswerTo(request(seq))
		require.Equal(t, want, [2]bool{found, stale}, "request %d", seq)
	}
}
