package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// ddl carries out one request that changes the catalog, in the term in which it came in: it
// belongs to one leadership, and is not written in another.
type ddl struct {
	m        *Master
	term     int64
	req      wire.DDL
	deadline sim.Time // after which the client no longer waits
}

// ddl serves a request that changes the catalog.
func (m *Master) ddl(p *sim.Proc, req wire.DDL) *wire.DDLResponse {
	term, ok := m.enter()
	if !ok {
		return &wire.DDLResponse{Request: req.Header().Request, Status: errNotLeader}
	}
	defer m.leave()
	Began.Publish(m.node.World(), RequestEvent{m, req.Header().Request, term})
	d := &ddl{m, term, req, p.Now().Add(req.Header().Timeout)}
	if m.v.On(variant.ExactlyOnceDDL) {
		return d.once(p)
	}
	return d.execute(p)
}

// execute carries a request out. One whose entry could not be sent is refused (b4c317299).
func (d *ddl) execute(p *sim.Proc) *wire.DDLResponse {
	resp := d.carryOut(p)
	if resp.Status.Code == wire.EntryTooLarge {
		return d.refuse(p, resp.Status)
	}
	return resp
}

func (d *ddl) carryOut(p *sim.Proc) *wire.DDLResponse {
	switch req := d.req.(type) {
	case *wire.CreateTableRequest:
		return d.createTable(p, req)
	case *wire.DeleteTableRequest:
		return d.deleteTable(p, req)
	case *wire.AlterTableRequest:
		return d.alterTable(p, req)
	case *wire.RecallDeletedTableRequest:
		return d.recallTable(p, req)
	}
	panic("master: unexpected DDL")
}

func (d *ddl) answer(s wire.Status, table wire.TableID, version int64) *wire.DDLResponse {
	return &wire.DDLResponse{Request: d.req.Header().Request, Status: s, Table: table,
		Version: version}
}

// commit writes the batch, and with it the answer if answers are kept, and publishes it. Nothing
// is published, and the client not told, before the batch is applied.
func (d *ddl) commit(p *sim.Proc, b *catalog.Batch, resp *wire.DDLResponse) *wire.DDLResponse {
	b.Cause = d.req.Header().Request
	if d.m.v.On(variant.KUDU495) && len(b.Tablets) > 0 {
		return d.commitInParts(p, b, resp)
	}
	if d.m.v.On(variant.ExactlyOnceDDL) {
		b.Results = append(b.Results, &catalog.Result{Request: b.Cause, Code: resp.Status.Code,
			Msg: resp.Status.Msg, Table: resp.Table, Version: resp.Version})
	}
	if status := d.m.write(p, d.term, b); !status.OK() {
		return d.answer(status, 0, 0)
	}
	p.At(PointReplicated)
	d.m.publish(b)
	return resp
}

// refuse answers that the request has no effect. If that is read from the catalog, it must be
// true of the catalog and not of a deposed leader's memory of it; and with answers kept, the
// refusal is, so that no other attempt can take effect after it.
func (d *ddl) refuse(p *sim.Proc, s wire.Status) *wire.DDLResponse {
	resp := d.answer(s, 0, 0)
	return d.settle(p, resp)
}

// settle answers without an effect on tables or tablets.
func (d *ddl) settle(p *sim.Proc, resp *wire.DDLResponse) *wire.DDLResponse {
	if resp.Status.Code.Class() == wire.Environment {
		return resp
	}
	if d.m.v.On(variant.ExactlyOnceDDL) {
		return d.commit(p, &catalog.Batch{}, resp)
	}
	if !d.m.confirm(p, d.term) {
		return d.answer(errNotLeader, 0, 0)
	}
	return resp
}

// flight is a request being carried out, for other attempts at it to join.
type flight struct {
	seq    int64
	resp   *wire.DDLResponse
	landed sim.Cond
}

// once carries a request out at most once, whichever attempt comes first: a later one joins the
// attempt in flight or finds the recorded answer. A client has one request at a time, so its
// earlier ones are stale.
func (d *ddl) once(p *sim.Proc) *wire.DDLResponse {
	id := d.req.Header().Request
	cat := d.m.cat
	for {
		if r := cat.results[id.Client]; r != nil && r.Request.Seq >= id.Seq {
			return d.recorded(p, r)
		}
		f := cat.flights[id.Client]
		if f == nil {
			break
		}
		for f.resp == nil {
			f.landed.Wait(p, "an earlier attempt")
		}
		if f.seq == id.Seq {
			return f.resp
		}
	}
	f := &flight{seq: id.Seq}
	cat.flights[id.Client] = f
	f.resp = d.execute(p)
	delete(cat.flights, id.Client)
	f.landed.Broadcast()
	return f.resp
}

func (d *ddl) recorded(p *sim.Proc, r *catalog.Result) *wire.DDLResponse {
	if !d.m.confirm(p, d.term) {
		return d.answer(errNotLeader, 0, 0)
	}
	if r.Request.Seq > d.req.Header().Request.Seq {
		return d.answer(wire.Err(wire.StaleRequest, ""), 0, 0)
	}
	return d.answer(wire.Err(r.Code, r.Msg), r.Table, r.Version)
}

// reserve holds a name for a request in flight, so that no other gives it to a table meanwhile.
// It returns why the name cannot be had, or the function that lets go of it. Reservations are
// memory only: after a failover, what was loaded says which names are taken.
func (c *catalogManager) reserve(name string) (release func(), s wire.Status) {
	if c.names[name] != nil {
		return nil, wire.Err(wire.TableAlreadyPresent, "table "+name+" exists")
	}
	if c.reserved[name] {
		return nil, wire.Err(wire.NameReserved, "table "+name+" is being created or renamed")
	}
	c.reserved[name] = true
	return func() { delete(c.reserved, name) }, wire.Status{}
}
