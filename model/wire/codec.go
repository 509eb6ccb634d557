package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// Seal returns b behind its checksum.
func Seal(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)), b...)
}

// Unseal returns what was sealed, or false if it is damaged.
func Unseal(sealed []byte) ([]byte, bool) {
	if len(sealed) < 4 {
		return nil, false
	}
	b := sealed[4:]
	return b, crc32.ChecksumIEEE(b) == binary.LittleEndian.Uint32(sealed)
}

// Encoder writes values one after another; what it writes, a Decoder reads in the same order.
type Encoder struct{ b []byte }

// Bytes returns what was written.
func (e *Encoder) Bytes() []byte { return e.b }

// Int writes a number.
func (e *Encoder) Int(i int) { e.b = binary.AppendVarint(e.b, int64(i)) }

// Bool writes a truth value.
func (e *Encoder) Bool(b bool) {
	if b {
		e.Int(1)
	} else {
		e.Int(0)
	}
}

// Uint64 writes a word.
func (e *Encoder) Uint64(x uint64) { e.b = binary.LittleEndian.AppendUint64(e.b, x) }

// String writes a string.
func (e *Encoder) String(s string) {
	e.Int(len(s))
	e.b = append(e.b, s...)
}

// Schema writes a schema.
func (e *Encoder) Schema(s Schema) {
	e.Int(len(s))
	for _, c := range s {
		e.String(c.Name)
		e.Bool(c.Key)
		e.Int(int(c.Default))
	}
}

// Request writes a request's identity.
func (e *Encoder) Request(r RequestID) {
	e.Int(int(r.Client))
	e.Int(int(r.Seq))
}

// Strings writes a list of texts.
func (e *Encoder) Strings(list []string) {
	e.Int(len(list))
	for _, s := range list {
		e.String(s)
	}
}

// Servers writes a list of servers.
func (e *Encoder) Servers(ids []ServerID) {
	e.Int(len(ids))
	for _, id := range ids {
		e.Int(int(id))
	}
}

// Config writes a configuration.
func (e *Encoder) Config(c RaftConfig) {
	e.Int(int(c.Index))
	e.Int(len(c.Members))
	for _, m := range c.Members {
		e.Int(int(m.ID))
		e.Int(m.marks())
	}
}

// Decoder reads what an Encoder wrote. Once the input has proved damaged, everything it returns
// is zero.
type Decoder struct {
	b       []byte
	damaged bool
}

// NewDecoder returns a decoder of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Done reports whether everything was read and nothing was damaged.
func (d *Decoder) Done() bool { return !d.damaged && len(d.b) == 0 }

func (d *Decoder) fail() { d.b, d.damaged = nil, true }

// Int reads a number.
func (d *Decoder) Int() int {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return int(v)
}

// Rest returns what is left to read.
func (d *Decoder) Rest() []byte {
	rest := d.b
	d.b = nil
	return rest
}

// Count reads the number of items that follow, each of which takes at least one byte.
func (d *Decoder) Count() int {
	n := d.Int()
	if n < 0 || n > len(d.b) {
		d.fail()
		return 0
	}
	return n
}

// Bool reads a truth value.
func (d *Decoder) Bool() bool { return d.Int() == 1 }

// Uint64 reads a word.
func (d *Decoder) Uint64() uint64 {
	if len(d.b) < 8 {
		d.fail()
		return 0
	}
	x := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return x
}

// String reads a string.
func (d *Decoder) String() string {
	n := d.Count()
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// Schema reads a schema.
func (d *Decoder) Schema() Schema {
	s := make(Schema, d.Count())
	for i := range s {
		s[i] = Column{Name: d.String(), Key: d.Bool(), Default: int64(d.Int())}
	}
	return s
}

// Request reads a request's identity.
func (d *Decoder) Request() RequestID {
	return RequestID{Client: ServerID(d.Int()), Seq: int64(d.Int())}
}

// Config reads a configuration.
func (d *Decoder) Config() RaftConfig {
	c := RaftConfig{Index: int64(d.Int())}
	for range d.Count() {
		c.Members = append(c.Members, memberOf(ServerID(d.Int()), d.Int()))
	}
	return c
}

// Servers reads a list of servers.
func (d *Decoder) Servers() []ServerID {
	var ids []ServerID
	for range d.Count() {
		ids = append(ids, ServerID(d.Int()))
	}
	return ids
}

// Strings reads a list of texts.
func (d *Decoder) Strings() []string {
	var list []string
	for range d.Count() {
		list = append(list, d.String())
	}
	return list
}
