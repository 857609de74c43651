package writeprobe

// LayerName is the name of the layer.
const LayerName = "Write probe"

// backAgain is the check that the list is as it was.
const backAgain = "PX-PROBE-09"

// Always are the checks that are part of a probe, whichever others of the layer are asked
// for: the one that clears, or the one that says whether the list is as it was.
func Always(clears bool) []string {
	if clears {
		return []string{ready}
	}
	return []string{backAgain}
}
