package placement

import "time"

// halving has 2^(-i/16), in units of 1/Whole.
var halving = [...]int64{1048576, 1004120, 961548, 920782, 881744, 844361, 808563, 774282,
	741455, 710020, 679917, 651091, 623487, 597053, 571740, 547500}

// Decay returns what is left of a load that halves in every halfLife, after a time of which the
// rest, less than a sixteenth of halfLife, is still to count
// (TSDescriptor::DecayRecentReplicaCreationsUnlocked).
func Decay(load int64, after, halfLife time.Duration) (left int64, rest time.Duration) {
	step := halfLife / time.Duration(len(halving))
	steps := int64(after / step)
	halved := load >> min(steps/int64(len(halving)), 62)
	return halved * halving[steps%int64(len(halving))] / Whole, after % step
}
