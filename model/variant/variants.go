package variant

import (
	"fmt"
	"slices"
	"strings"
)

// Selection is what a person asks for, in words.
type Selection struct {
	Profile string   // empty: the default
	Defects []string // added, with what they need
	Without []string // defects or defences removed
	Options []string // NAME=VALUE, over those of the profile; the last one of a name counts
}

// Variants is a system as it was selected. The zero value has every switch off and is of no
// use; see Selection.Resolve.
type Variants struct {
	Options
	on    [switchCount]bool
	asked func(Switch)
	noted *Questions
}

// Questions are the switches about which a system was asked.
type Questions [switchCount]bool

// On reports whether a switch is on.
func (v Variants) On(s Switch) bool {
	if v.asked != nil {
		v.asked(s)
	}
	if v.noted != nil {
		v.noted[s] = true
	}
	return v.on[s]
}

// Asking returns the same system, which tells whenever it is asked about a switch; nil: nobody. Who
// judges it asks so that nobody is told.
func (v Variants) Asking(asked func(Switch)) Variants {
	v.asked = asked
	return v
}

// Noting returns the same system, which notes about what it is asked, by whomever.
func (v Variants) Noting(q *Questions) Variants {
	v.noted = q
	return v
}

// SameTo reports whether who asked these questions, and saw the options, got the same answers from
// the other system.
func (v Variants) SameTo(q *Questions, other Variants) bool {
	for s, asked := range q {
		if asked && v.on[s] != other.on[s] {
			return false
		}
	}
	return v.Options == other.Options
}

// Resolve returns the system that was selected, or an error that names what is not known.
func (s Selection) Resolve() (Variants, error) {
	profile, err := FindProfile(s.Profile)
	if err != nil {
		return Variants{}, err
	}
	active, err := s.defects(profile)
	if err != nil {
		return Variants{}, err
	}
	v := Variants{Options: defaultOptions}
	for _, d := range Defences {
		v.on[d.Switch] = true
	}
	for _, d := range Defects {
		if slices.Contains(active, d.Switch) {
			v.on[d.Switch] = true
			for _, need := range d.Needs {
				if need >= FullReportByTerm {
					v.on[need] = false
				}
			}
		}
	}
	for _, id := range s.Without {
		if d, ok := findDefence(id); ok {
			v.on[d.Switch] = false
		}
	}
	for _, o := range append(slices.Clone(profile.Options), s.Options...) {
		if err := v.Options.set(o); err != nil {
			return Variants{}, err
		}
	}
	return v, v.Options.check()
}

// defects returns the defects that are on.
func (s Selection) defects(profile Profile) ([]Switch, error) {
	active := slices.Clone(profile.Defects)
	for _, id := range s.Defects {
		d, ok := FindDefect(id)
		if !ok {
			return nil, fmt.Errorf("unknown defect %q", id)
		}
		active = append(active, d.Switch)
		for _, need := range d.Needs {
			if need < FullReportByTerm {
				active = append(active, need)
			}
		}
	}
	for _, id := range s.Without {
		d, isDefect := FindDefect(id)
		if _, isDefence := findDefence(id); !isDefect && !isDefence {
			return nil, fmt.Errorf("unknown defect or defence %q", id)
		}
		if isDefect {
			active = slices.DeleteFunc(active, func(s Switch) bool { return s == d.Switch })
		}
	}
	return active, nil
}

// ActiveDefects returns the ids of the defects that are on, in the order of the table.
func (v Variants) ActiveDefects() []string {
	ids := []string{}
	for _, d := range Defects {
		if v.on[d.Switch] {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// FindProfile returns the profile of that id; the empty id is the default.
func FindProfile(id string) (Profile, error) {
	if id == "" {
		return Profiles[0], nil
	}
	for _, p := range Profiles {
		if p.ID == id {
			return p, nil
		}
	}
	var known []string
	for _, p := range Profiles {
		known = append(known, p.ID)
	}
	return Profile{}, fmt.Errorf("unknown profile %q; there are %s", id, strings.Join(known, ", "))
}

// FindDefect returns the defect of that id.
func FindDefect(id string) (Defect, bool) {
	i := slices.IndexFunc(Defects, func(d Defect) bool { return d.ID == id })
	if i < 0 {
		return Defect{}, false
	}
	return Defects[i], true
}

// Defences returns the ids of the defences that the defect needs off, if it has code of its own
// besides.
func (d Defect) Defences() []string {
	var ids []string
	for _, known := range Defences {
		if slices.Contains(d.Needs, known.Switch) && !slices.Contains(Bare, d.Switch) {
			ids = append(ids, known.ID)
		}
	}
	return ids
}

func findDefence(id string) (Defence, bool) {
	i := slices.IndexFunc(Defences, func(d Defence) bool { return d.ID == id })
	if i < 0 {
		return Defence{}, false
	}
	return Defences[i], true
}

// The questions that the model asks where a solution stands for a defect's absence.

// RoutesBySoftState: work for a tablet goes where the replica map says.
func (v Variants) RoutesBySoftState() bool { return v.On(KUDU1353) && v.Fix != FixHardState }

// FullReportOnNewLeader: a server that turns to a new leader master sends it a full report.
func (v Variants) FullReportOnNewLeader() bool { return !v.On(KUDU1374) || v.Fix == FixFullReport }

// FullReportByTerm: a server sends a full report for every term in which a master is ready to lead.
func (v Variants) FullReportByTerm() bool {
	return v.On(FullReportByTerm) || v.Fix == FixLeaderTerm
}

// AsksAfterLoad: a master that has loaded its catalog asks every server for a full report.
func (v Variants) AsksAfterLoad() bool { return v.Fix == FixAskAfterLoad }

// HeartbeatsToAll: servers heartbeat to every master, and followers register them.
func (v Variants) HeartbeatsToAll() bool {
	return !v.On(KUDU1358) || v.Fix == FixHeartbeatAll || v.Fix == FixHeartbeatAllNarrow
}

// FollowersKeepReports: masters that do not lead fill the replica map too, and keep it.
func (v Variants) FollowersKeepReports() bool { return v.Fix == FixHeartbeatAll }

// SyncsAlways: logs and consensus metadata are on the disk before anything is promised.
func (v Variants) SyncsAlways() bool { return !v.On(KUDU2195) && v.Sync == "always" }

// PersistsTServers: tablet servers are rows of the master tablet.
func (v Variants) PersistsTServers() bool { return v.Fix == FixPersistTServers }
