package wptest

import "testing"

// A demo of the usual size and any larger one have each of the faults, once at its place.
func TestADemoHasEachFault(t *testing.T) {
	for _, n := range []int{60, 200, 5000} {
		all := Demo(n)
		for i, s := range all {
			if s.Fault != demoFaults[i] {
				t.Errorf("%d sites: site %d has the fault %q, want %q", n, i, s.Fault, demoFaults[i])
			}
		}
		if len(all) != n {
			t.Errorf("%d sites, want %d", len(all), n)
		}
	}
}
