package master

import (
	"tabletop/model/catalog"
	"tabletop/model/variant"
	"tabletop/model/wire"
	"tabletop/sim"
)

// confirm reports whether this master may answer from its catalog: with the defence, a majority
// has just confirmed that it leads; without, it believes so.
func (m *Master) confirm(p *sim.Proc, term int64) bool {
	if !m.v.On(variant.ConfirmedReads) {
		return true
	}
	return m.consensus.ConfirmLeadership(p, term, p.Now().Add(confirmTimeout)) == nil
}

// read lets a request in that only reads. The function runs at the instant of the read.
func (m *Master) read(p *sim.Proc, answer func(), refuse func(wire.Status)) {
	term, ok := m.enter()
	if !ok {
		refuse(errNotLeader)
		return
	}
	defer m.leave()
	if !m.confirm(p, term) {
		refuse(errNotLeader)
		return
	}
	answer()
}

// getTableSchema tells the schema that every tablet has (CatalogManager::GetTableSchema).
func (m *Master) getTableSchema(p *sim.Proc,
	req *wire.GetTableSchemaRequest) *wire.TableSchemaResponse {
	resp := &wire.TableSchemaResponse{}
	m.read(p, func() {
		t := m.cat.names[req.Name]
		if t == nil {
			resp.Status = noTable(req.Name)
			return
		}
		resp.Table, resp.Version, resp.Schema = t.row.ID, t.row.AppliedVersion, t.row.Applied
	}, func(s wire.Status) { resp.Status = s })
	return resp
}

func (m *Master) listTables(p *sim.Proc) *wire.ListTablesResponse {
	resp := &wire.ListTablesResponse{}
	m.read(p, func() {
		for _, name := range sim.Keys(m.cat.names) {
			resp.Tables = append(resp.Tables, wire.ListedTable{Name: name,
				ID: m.cat.names[name].row.ID})
		}
	}, func(s wire.Status) { resp.Status = s })
	return resp
}

// isCreateTableDone: every attached tablet runs (CatalogManager::IsCreateTableDone).
func (m *Master) isCreateTableDone(p *sim.Proc,
	req *wire.IsCreateTableDoneRequest) *wire.DoneResponse {
	return m.isDone(p, req.Table, func(t *tableInfo) bool {
		for _, tablet := range t.tablets {
			if tablet.row.State != catalog.TabletRunning {
				return false
			}
		}
		return true
	})
}

// isAlterTableDone: the table is not altering (CatalogManager::IsAlterTableDone).
func (m *Master) isAlterTableDone(p *sim.Proc,
	req *wire.IsAlterTableDoneRequest) *wire.DoneResponse {
	return m.isDone(p, req.Table, func(t *tableInfo) bool {
		return t.row.State != catalog.TableAltering
	})
}

func (m *Master) isDone(p *sim.Proc, id wire.TableID,
	done func(*tableInfo) bool) *wire.DoneResponse {
	resp := &wire.DoneResponse{}
	m.read(p, func() {
		t := m.cat.tables[id]
		if t == nil || !t.row.Live() {
			resp.Status = noTable(id.String())
			return
		}
		resp.Done, resp.Version = done(t), t.row.Version
	}, func(s wire.Status) { resp.Status = s })
	return resp
}
