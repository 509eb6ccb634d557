package variant

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func resolve(t *testing.T, s Selection) Variants {
	v, err := s.Resolve()
	require.NoError(t, err)
	return v
}

func TestIdealHasEveryDefenceAndNoDefect(t *testing.T) {
	v := resolve(t, Selection{})
	require.Empty(t, v.ActiveDefects())
	for _, d := range Defences {
		require.True(t, v.On(d.Switch), d.ID)
	}
}

func TestDefectBringsWhatItNeeds(t *testing.T) {
	v := resolve(t, Selection{Defects: []string{"KUDU-1353"}})
	require.Equal(t, []string{"KUDU-1353", "KUDU-1374"}, v.ActiveDefects())
	require.False(t, v.On(FullReportByTerm))
	require.False(t, v.On(ResumeIntentions))
	require.True(t, v.On(ExactlyOnceDDL), "nothing else is touched")
}

// Without a defect of which some code is left, the system lacks what it lacked with it.
func TestDefencesOfDefects(t *testing.T) {
	for id, want := range map[string][]string{
		"KUDU-1374": {"full-report-by-term", "resume-intentions"},
		"KUDU-1353": nil, // what it needs is a defect
		"KUDU-1537": nil, // it is nothing but the absence of a defence
	} {
		d, _ := FindDefect(id)
		require.Equal(t, want, d.Defences(), id)
	}
	for _, s := range Bare {
		d := Defects[slices.IndexFunc(Defects, func(d Defect) bool { return d.Switch == s })]
		require.NotEmpty(t, d.Needs, d.ID)
	}
}

func TestWithoutRemovesOneThing(t *testing.T) {
	v := resolve(t, Selection{Profile: "kudu-0.7", Without: []string{"KUDU-1537"}})
	require.True(t, v.On(ExactlyOnceDDL), "the defence that only this defect needed off is back")
	require.NotContains(t, v.ActiveDefects(), "KUDU-1537")
	require.Contains(t, v.ActiveDefects(), "KUDU-1353")
	v = resolve(t, Selection{Without: []string{"confirmed-reads"}})
	require.False(t, v.On(ConfirmedReads))
}

func TestEveryMissingDefenceOfAProfileHasAName(t *testing.T) {
	for _, p := range Profiles {
		v := resolve(t, Selection{Profile: p.ID, Without: resolve(t, Selection{Profile: p.ID}).ActiveDefects()})
		for _, d := range Defences {
			require.True(t, v.On(d.Switch), "%s without its defects lacks %s", p.ID, d.ID)
		}
	}
}

func TestLaterOptionsCount(t *testing.T) {
	v := resolve(t, Selection{Profile: "kudu-0.7", Options: []string{"masters=5", "masters=1",
		"waits-end-with-term=true"}})
	require.Equal(t, 1, v.Masters)
	require.True(t, v.WaitsEndWithTerm)
}

func TestEveryOptionSetsWhatItGets(t *testing.T) {
	other := map[string]string{"masters": "5", "spare-masters": "2", "allow-even-masters": "true", "tservers": "7",
		"clients": "2", "pre-election": "false", "master-failure-detection": "false",
		"waits-end-with-term": "false", "fix": "hard-state", "net": "wan", "disk": "hdd", "consensus": "etcd",
		"restart-delay": "7s", "expiry-interval": "7s", "follower-unavailable": "5s",
		"replica-management": "3-2-3", "log-segment-size": "2KiB", "max-log-segments": "3",
		"max-batch":   "2KiB",
		"data-blocks": "3", "consensus-rpc-timeout": "3s", "sync": "os", "clock-error": "2s",
		"max-moves-per-server": "2", "max-run-time": "5s",
		"move-replicas-from-ignored-tservers": "true", "auto-leader-rebalancing": "true",
		"auto-leader-rebalancing-interval": "5s",
		"auto-rebalancing":                 "true", "auto-rebalancing-interval": "5s",
		"tablet-creation-timeout": "5s", "max-message": "2KiB", "check-tserver-count": "false",
		"locations": "ts-1:/a,ts-2:/a,ts-3:/b,client-1:/b,ts-1@master-2:",
		"placement": "two-choices", "location-match": "whole"}
	for _, o := range OptionList {
		value, ok := other[o.Name]
		require.True(t, ok, o.Name)
		require.NotEqual(t, value, o.Default())
		v := resolve(t, Selection{Options: []string{o.Name + "=" + value}})
		require.Equal(t, value, o.get(v.Options))
	}
}

func TestBadSelectionsNameTheCulprit(t *testing.T) {
	for want, s := range map[string]Selection{
		`unknown profile "x"`:                         {Profile: "x"},
		`unknown defect "x"`:                          {Defects: []string{"x"}},
		`unknown defect or defence "x"`:               {Without: []string{"x"}},
		`unknown option "x"`:                          {Options: []string{"x=1"}},
		`option "masters": want NAME=VALUE`:           {Options: []string{"masters"}},
		"option masters=0: want a number from 1":      {Options: []string{"masters=0"}},
		"option masters=4: an even number":            {Options: []string{"masters=4"}},
		"option net=radio: want one of lan":           {Options: []string{"net=radio"}},
		"option pre-election=yes: want true or":       {Options: []string{"pre-election=yes"}},
		"option restart-delay=-1s: want a duration":   {Options: []string{"restart-delay=-1s"}},
		"option log-segment-size=1GiB: want a size":   {Options: []string{"log-segment-size=1GiB"}},
		"option log-segment-size=2: want a size from": {Options: []string{"log-segment-size=2"}},
		"option locations: bad location":              {Options: []string{"locations=ts-1:a"}},
		`bad entry "/a": want NODE:LOCATION`:          {Options: []string{"locations=/a"}},
		"ts-1 has two locations":                      {Options: []string{"locations=ts-1:/a,ts-1:/b"}},
		"option locations: ts-3 has none":             {Options: []string{"locations=ts-1:/a,ts-2:/a"}},
		"option locations: there is no ts-1@master-9": {Options: []string{
			"locations=ts-1:/a,ts-2:/a,ts-3:/a,ts-1@master-9:/b"}},
	} {
		_, err := s.Resolve()
		require.ErrorContains(t, err, want)
	}
	resolve(t, Selection{Options: []string{"masters=4", "allow-even-masters=true"}})
}

func TestEverySwitchIsDescribedOnce(t *testing.T) {
	seen := map[Switch]bool{}
	for _, d := range Defects {
		require.False(t, seen[d.Switch], d.ID)
		seen[d.Switch] = true
		require.NotEmpty(t, d.Title)
		require.NotEmpty(t, d.Entry)
	}
	for _, d := range Defences {
		require.False(t, seen[d.Switch], d.ID)
		seen[d.Switch] = true
	}
	require.Len(t, seen, int(switchCount))
}
