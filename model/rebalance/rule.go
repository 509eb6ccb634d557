package rebalance

// Rule is what decided which server gets a replica from the policy phase.
type Rule string

// The rules, the first that leaves one server only.
const (
	OnlyChoice   Rule = "the only server left in its location"
	LeastOfRange Rule = "fewest replicas of its range"
	LeastOfTable Rule = "fewest replicas of its table"
	LeastOfAll   Rule = "fewest replicas of all"
	FirstOfEqual Rule = "the first among equals"
	LastOfEqual  Rule = "the last among equals"
)

// FixerTie says by which rules the server is chosen, once its location is known.
type FixerTie string

// Whose rules.
const (
	// KuduTie is the master's: LeastOfRange, LeastOfTable, LeastOfAll, FirstOfEqual, where the
	// master draws (PlacementPolicy::SelectReplica).
	KuduTie FixerTie = "kudu"
	// ArticleTie is what the example in the article on locations shows: LeastOfAll, LastOfEqual.
	ArticleTie FixerTie = "article"
)

func (t FixerTie) rules() []Rule {
	if t == ArticleTie {
		return []Rule{LeastOfAll}
	}
	return []Rule{LeastOfRange, LeastOfTable, LeastOfAll}
}
